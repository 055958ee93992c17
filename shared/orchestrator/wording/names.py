"""What a person may be called: names come from databases, and hold anything."""

import tomllib
import unicodedata
from functools import cache
from pathlib import Path

LONGEST = 30


def sayable_name(first_name: str | None) -> str | None:
    """Return a first name that a text may use; None for a placeholder, a number, an address, a sentence, or nothing.

    Example:
        >>> sayable_name(" Ada "), sayable_name("null"), sayable_name("Free Money Now"), sayable_name("+12125550101")
        ('Ada', None, None, None)
    """
    name = " ".join((first_name or "").split())
    parts = name.split(" ")
    folded = name.casefold().rstrip(".")
    if not 0 < len(name) <= LONGEST or len(parts) > 3 or folded in _words()["placeholders"]:
        return None
    if len(folded) > 2 and len(set(folded)) == 1:  # xxxx
        return None
    if not all(_is_name_part(part) for part in parts):
        return None
    if len(parts) > 1 and any(_is_no_name(part) for part in parts):
        return None
    return name


def _is_no_name(part: str) -> bool:
    """Whether one of several words is a title, belongs to a sentence, or lacks the capital that a name has."""
    folded = part.casefold().rstrip(".")
    is_title = folded in _words()["placeholders"] and len(folded) > 1
    return part[0].islower() or is_title or folded in _words()["sentence_words"]


def _is_name_part(part: str) -> bool:
    """Letters and their marks, with hyphens and apostrophes inside; one dot at the end, as in J."""
    letters = [character for character in part.removesuffix(".") if character not in "-'\u2019"]
    return bool(letters) and all(unicodedata.category(character)[0] in "LM" for character in letters)


@cache
def _words() -> dict[str, frozenset[str]]:
    content = tomllib.loads((Path(__file__).parent / "names.toml").read_text())
    return {name: frozenset(words) for name, words in content.items()}
