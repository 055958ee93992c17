"""Times of day: 3:30 PM, 15:30, 14h30, 15 Uhr, noon."""

import re
from collections.abc import Iterator
from functools import cache

from orchestrator.wording.facts.kinds import Found, Time
from orchestrator.wording.facts.language import Language, words_pattern

_HALF_DAY = re.compile(r"(?<![\w:.,])(\d{1,2})(?:[:.](\d{2}))?\s?([ap])\.?\s?m\b\.?", re.IGNORECASE)
# The first of two times that share what comes after them: "3-4 PM".
_SHARED = re.compile(
    r"(?<![\w:.,])(\d{1,2})(?:[:.](\d{2}))?\s?(?:-|to|and|until)\s?(?=\d{1,2}(?:[:.]\d{2})?\s?[ap]\.?\s?m\b)",
    re.IGNORECASE,
)
# Also behind the date of an instant, and before its offset; the date is hidden by then.
_CLOCK = re.compile(
    r"(?:(?<![\w:.,])|(?<=\0[Tt]))([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?(?![\w:])"
)
_HOURS = re.compile(r"(?<![\w:.,])([01]?\d|2[0-3])\s?h\s?([0-5]\d)?\b", re.IGNORECASE)
_UHR = re.compile(r"(?<![\w:.,])([01]?\d|2[0-4])(?:[.:]([0-5]\d))?\sUhr\b")
NOON = 12 * 60
DAY = 24 * 60


def find_times(text: str, language: Language, *, exact: bool = False) -> Iterator[Found]:
    """Yield the times of a text.

    Args:
        exact: read 3:30 as the early morning alone, as data means it; a text may mean 15:30.
    """
    for match in _HALF_DAY.finditer(text):
        yield from _half_day(match, match[3])
    for match in _SHARED.finditer(text):
        minutes = int(match[1]) % 12 * 60 + int(match[2] or 0)
        yield Found(match.start(), match.end(), (Time(minutes), Time(minutes + NOON)))
    for pattern in (_UHR, _CLOCK, _HOURS):
        for match in pattern.finditer(text):
            if pattern is _HOURS and not (match[2] or language.code in ("fr", "pt")):
                continue
            minutes = (int(match[1]) * 60 + int(match[2] or 0)) % DAY
            afternoon = not exact and pattern is _CLOCK and match[1][0] != "0" and minutes < 13 * 60
            yield Found(
                match.start(),
                match.end(),
                (Time(minutes), Time((minutes + NOON) % DAY)) if afternoon else (Time(minutes),),
            )
    for name, minutes in (("noon", NOON), ("midnight", 0)):
        for match in _word(language, name).finditer(text):
            yield Found(match.start(), match.end(), (Time(minutes),))


def _half_day(match: re.Match[str], half: str) -> Iterator[Found]:
    hour = int(match[1])
    if 1 <= hour <= 12:
        minutes = hour % 12 * 60 + int(match[2] or 0) + (NOON if half in "pP" else 0)
        yield Found(match.start(), match.end(), (Time(minutes),))


@cache
def _word(language: Language, name: str) -> re.Pattern[str]:
    flags = "" if language.code == "de" else "i"  # Mittag is noon, mittags a part of the day
    return re.compile(rf"(?{flags}:\b{words_pattern(language, name)}\b)")
