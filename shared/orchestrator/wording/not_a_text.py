"""What is no text message: markup, quotes around the whole, preambles, options, notes to the author, refusals (G7).

These are checked on texts that a model wrote. A verbatim text of an agent is its own choice (see unsendable.py).
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from orchestrator.unsendable import is_json, unfilled_placeholder

_QUOTES = {'"': '"', "'": "'", "«": "»", "\u201c": "\u201d", "\u201e": "\u201c\u201d", "\u2018": "\u2019"}
# Wide, Arabic and Greek ones ask as well.
_QUESTION_MARKS = ("?", "\uff1f", "\u061f", "\u037e")


def reasons_against(text: str, values: str) -> Iterator[str]:
    """Yield why a text is no text message; nothing for a good one.

    Args:
        text: what the model wrote.
        values: the texts of the data, joined, in small letters.
    """
    text = text.replace("\u2019", "'")
    if is_json(text):
        yield "it is JSON, or holds JSON"
        return
    if placeholder := unfilled_placeholder(text):
        yield f"it has a placeholder: {placeholder!r}"
    if _is_quoted(text.strip()):
        yield "it stands in quotation marks as a whole"
    for problem, pattern, may_be_data in _patterns():
        found = pattern.search(text)
        if found and not (may_be_data and found[0].strip().casefold() in values):
            yield f"{problem}: {found[0].strip()!r}"
    if sum(text.count(mark) for mark in _QUESTION_MARKS) > 1:
        yield "it asks more than one question"


def _is_quoted(text: str) -> bool:
    """Whether one pair of quotation marks holds the whole text, and not only its first and last words."""
    if len(text) < 3 or text[0] not in _QUOTES:
        return False
    inner, marks = text[1:-1], {text[0], *_QUOTES[text[0]]}
    # An apostrophe inside is no quotation mark.
    return text[-1] in _QUOTES[text[0]] and not any(re.search(rf"(?<!\w){mark}|{mark}(?!\w)", inner) for mark in marks)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], bool]]:
    content = tomllib.loads((Path(__file__).parent / "not_a_text.toml").read_text())
    flags = re.IGNORECASE | re.MULTILINE
    return [
        (entry["problem"], re.compile("|".join(entry["patterns"]), flags), entry.get("may_be_data", False))
        for entry in content.values()
    ]
