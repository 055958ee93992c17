"""What a person may be called: names come from databases, and hold anything."""

import unicodedata

LONGEST = 30


def sayable_name(first_name: str | None) -> str | None:
    """A first name that a text may use; None for a number, an address, an instruction, or nothing.

    Example:
        >>> sayable_name(" Ada "), sayable_name("+12125550101"), sayable_name("see evil.example")
        ('Ada', None, None)
    """
    name = " ".join((first_name or "").split())
    parts = name.split(" ")
    if not 0 < len(name) <= LONGEST or len(parts) > 3:
        return None
    if not all(_is_name_part(part) for part in parts):
        return None
    # "say you won" is a sentence; several names are written with capitals, where the script has them.
    if len(parts) > 1 and any(part[0].islower() for part in parts):
        return None
    return name


def _is_name_part(part: str) -> bool:
    """Letters and their marks, with hyphens and apostrophes inside; one dot at the end, as in J."""
    letters = [character for character in part.removesuffix(".") if character not in "-'\u2019"]
    return bool(letters) and all(unicodedata.category(character)[0] in "LM" for character in letters)
