"""Codes: words of letters and digits that mean something only as they stand, such as A-77, WINTER15, wf_99."""

import re
from collections.abc import Iterator

from orchestrator.wording.facts.kinds import Code, Found

_WORD = re.compile(r"(?<![\w.])\w+(?:[-_/.#:]\w+)*")
# Expressions that look like codes and are ordinary words.
_ORDINARY = re.compile(
    r"\d+(?:st|nd|rd|th|er|re|e|ª|º|x)|24/7|\d+/\d+|b2[bc]|[1-9]d|[2-6]g|1:1|1-on-1|one-on-one|mp[34]|a[3-5]|covid-19|h2o|co2"
    r"|\d+(?:[.,]\d+)?(?:k|m|mm|bn)",
    re.IGNORECASE,
)
# Three numbers or more; neither a number with thousands nor a phone number.
_VERSION = re.compile(
    r"(?<![\w.,/-])[vV]?(?P<numbers>(?!\d{1,3}(?:\.\d{3})+(?![\w.-])|\d{3}\.\d{3}\.\d{4}|\d\d(?:\.\d\d){4})\d+(?:\.\d+){2,}(?:-\w+(?:\.\w+)*)?)(?![\w/-])"
)
# 30-year, 24-month: a number with a word in small letters.
_COMPOUND = re.compile(r"\d+(?:-[a-z\u00e0-\u00ff]+)+")


def find_versions(text: str) -> Iterator[Found]:
    """Yield versions and addresses of numbers alone: 4.12.1, with or without a v."""
    for match in _VERSION.finditer(text):
        yield Found(match.start(), match.end(), (Code(match["numbers"]),))


def find_codes(text: str) -> Iterator[Found]:
    """Yield the codes of a text."""
    for match in _WORD.finditer(text):
        word = match[0]
        has_digit, has_letter = re.search(r"\d", word), re.search(r"[^\W\d_]", word)
        if not ((has_digit and has_letter) or "_" in word.strip("_")) or _is_ordinary(word):
            continue
        yield Found(match.start(), match.end(), (Code(word),))


def _is_ordinary(word: str) -> bool:
    return bool(_ORDINARY.fullmatch(word) or _COMPOUND.fullmatch(word))
