"""Weekdays, and days as seen from today: tomorrow, tonight, next week."""

import re
from collections.abc import Iterator
from functools import cache

from orchestrator.wording.facts.kinds import Fact, Found, Frequency, RelativeDay, Weekday
from orchestrator.wording.facts.language import Language, any_of

# Abbreviations that are words of their own where they have no capital letter.
_SHORT = 4


def find_recurrences(text: str, language: Language, *, exact: bool) -> Iterator[Found]:
    """Yield the weekdays that come again: every Tuesday, every other Tuesday.

    Args:
        exact: read them as weekdays, too, as data may mean them.
    """
    for name, prefix in (("fortnightly", "two_"), ("weekly", "")):
        for match in _recurrences(language, name).finditer(text):
            day = _weekdays(language).search(match[0])
            if day and (len(day["day"]) >= _SHORT or day["day"][0].isupper()):
                number = language.weekdays[day["day"].casefold()]
                often: tuple[Fact, ...] = (Frequency(f"{prefix}weekday_{number}"),)
                yield Found(match.start(), match.end(), (*often, Weekday(number)) if exact else often)


def find_days(text: str, language: Language) -> Iterator[Found]:
    """Yield the weekdays and relative days of a text."""
    for match in _days(language).finditer(text):
        word = match[0].casefold()
        if name := language.days.get(word):
            yield Found(match.start(), match.end(), (RelativeDay(name),))
    for match in _weekdays(language).finditer(text):
        name = match["day"]
        if len(name) < _SHORT and not name[0].isupper():
            continue
        yield Found(match.start(), match.end(), (Weekday(language.weekdays[name.casefold()]),))
    for match in re.finditer(rf"(?i:{language.patterns.get('short_weekday', '(?!)')})", text):
        number = next(number for name, number in language.weekdays.items() if name.startswith(match["day"].casefold()))
        yield Found(match.start("day"), match.end("day"), (Weekday(number),))


@cache
def _days(language: Language) -> re.Pattern[str]:
    return re.compile(rf"(?i:\b{any_of(language.days)}\b)")


@cache
def _recurrences(language: Language, name: str) -> re.Pattern[str]:
    pattern = language.patterns[name].replace("{d}", any_of(language.weekdays))
    return re.compile(rf"(?i:\b(?:{pattern})\b)")


@cache
def _weekdays(language: Language) -> re.Pattern[str]:
    return re.compile(rf"(?i:\b(?P<day>{any_of(language.weekdays)})(?:s|n)?\b)\.?")
