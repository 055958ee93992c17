"""Times of day: 3:30 PM, 15:30, 14h30, 15 Uhr, noon."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from orchestrator.wording.facts.kinds import Duration, Fact, Found, Number, Time
from orchestrator.wording.facts.language import Language, any_of, words_pattern

_HALF_DAY = re.compile(r"(?<![\w:.,])(\d{1,2})(?:[:.](\d{2}))?\s?([ap])\.?\s?m\b\.?", re.IGNORECASE)
# The first of two times that share what comes after them: "3-4 PM".
_SHARED = re.compile(
    r"(?<![\w:.,])(\d{1,2})(?:[:.](\d{2}))?(?=\s?(?:-|to|and|until)\s?\d{1,2}(?::\d{2}\b|(?:[:.]\d{2})?\s?[ap]\.?\s?m\b))",
    re.IGNORECASE,
)
# Also behind the date of an instant, and before its offset; the date is hidden by then.
_CLOCK = re.compile(r"(?:(?<![\w:.,])|(?<=\0[Tt]))([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?!\w|:\d)")
# The clock of an instant, with its offset; "13:00-17:00" is a range.
_INSTANT = re.compile(
    r"(?<=\0[Tt ])([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})(?![\w:])"
)
_HOURS = re.compile(
    r"(?<![\w:.,])([01]?\d|2[0-3])(?:\.(?P<minutes>[0-5]\d))?\s?(?:h|heures?|horas?)\s?([0-5]\d)?\b", re.IGNORECASE
)
_UHR = re.compile(r"(?<![\w:.,])([01]?\d|2[0-4])(?:[.:]([0-5]\d))?\sUhr\b")
# Languages in which "16 h" is a time of day.
_HOURS_OF_DAY = frozenset({"fr", "pt", "es"})
# Entries of languages.toml that put a time into words, with the minutes that they add; {m} is how many times.
_PAST = (
    ("half_past", 30), ("quarter_past", 15), ("quarter_to", -15), ("half_to", -30), ("minutes_past", 1),
    ("minutes_to", -1), ("one_oclock", 0), ("oclock", 0),
)  # fmt: skip
_HOUR = r"(?<![\d:.,])\d{1,2}|one|una|une|uma|eins|ein"
NOON = 12 * 60
DAY = 24 * 60


def find_times(text: str, language: Language, *, exact: bool) -> Iterator[Found]:
    """Yield the times of a text.

    Args:
        exact: read 3:30 as the early morning alone, as data means it; a text may mean 15:30.
    """
    for match in _HALF_DAY.finditer(text):
        yield from _half_day(match, match[3])
    yield from _first_of_two(text)
    yield from _in_words(text, language)
    yield from _hours_by_part_of_day(text, language)
    for pattern in (*((_INSTANT,) if exact else ()), _UHR, _CLOCK, _HOURS):
        for match in pattern.finditer(text):
            past = (match["minutes"] or match[3]) if pattern is _HOURS else match[2]
            if pattern is _HOURS and not (match[3] or language.code in _HOURS_OF_DAY):
                continue
            minutes = (int(match[1]) * 60 + int(past or 0)) % DAY
            readings: tuple[Fact, ...] = (Time(minutes),)
            if not exact and pattern is _CLOCK and match[1][0] != "0" and int(match[1]) <= 12:
                readings = _of_half(minutes, text[match.end() :], language)
            if pattern is _HOURS and not match[3]:  # 3 h and 1.50 h are lengths of time, too
                readings += (Duration(Decimal(f"{match[1]}.{past or 0}") * 3_600, "second"),)
            yield Found(match.start(), match.end(), readings)
    for name, minutes in (("noon", NOON), ("midnight", 0)):
        for match in _word(language, name).finditer(text):
            yield Found(match.start(), match.end(), (Time(minutes),))


def _first_of_two(text: str) -> Iterator[Found]:
    for match in _SHARED.finditer(text):
        if int(match[1]) > 12:
            continue
        minutes = int(match[1]) % 12 * 60 + int(match[2] or 0)
        number = () if match[2] else (Number(Decimal(match[1])),)  # "Garage 4 until 22:15"
        yield Found(match.start(), match.end(), (Time(minutes), Time(minutes + NOON), *number))


def _of_half(minutes: int, after: str, language: Language) -> tuple[Fact, ...]:
    """The times that a clock of twelve hours may mean, by the part of the day that is named behind it."""
    both = (Time(minutes), Time((minutes + NOON) % DAY))
    if re.match(rf"\s?(?i:{language.patterns['before_noon']})\b", after):
        return tuple(time for time in both if time.minutes < NOON)
    if re.match(rf"\s?(?i:{language.patterns['after_noon']})\b", after):
        return tuple(time for time in both if time.minutes >= NOON)
    return both


def hour_of_day(hour: int, after: str, language: Language) -> tuple[Fact, ...]:
    """Return the times that a bare hour may mean, as in "at 3" or "a las 4 de la tarde"."""
    return _of_half(hour * 60, after, language) if hour <= 12 else (Time(hour % 24 * 60),)


def _in_words(text: str, language: Language) -> Iterator[Found]:
    """Half past three, ten to nine, halb acht, las tres y media, sept heures dix, zehn Uhr."""
    for name, added in _PAST:
        if name not in language.patterns:
            continue
        for match in _time_in_words(language, name).finditer(text):
            hour = _number(match["hour"], language)
            minutes = added * _number(match["minutes"], language) if "minutes" in match.groupdict() else added
            if hour <= 24 and abs(minutes) < 60:
                at = (hour * 60 + minutes) % DAY
                readings = _of_half(at, text[match.end() :], language) if hour <= 12 else (Time(at),)
                yield Found(match.start(), match.end(), readings)


def _number(word: str, language: Language) -> int:
    return int(word) if word.isdigit() else int(language.numbers.get(word.casefold(), 1))


@cache
def _time_in_words(language: Language, name: str) -> re.Pattern[str]:
    numbers = any_of(language.numbers)
    pattern = language.patterns[name].replace("{n}", rf"(?P<hour>{_HOUR}|{numbers})")
    pattern = pattern.replace("{m}", rf"(?P<minutes>{numbers}|[0-5]\d)").replace("{at}", words_pattern(language, "at"))
    return re.compile(rf"(?i:\b(?:{pattern})\b)")


def _hours_by_part_of_day(text: str, language: Language) -> Iterator[Found]:
    """An hour before the part of its day: seven in the evening, 9 in the morning, siete de la tarde."""
    parts = rf"{language.patterns['before_noon']}|{language.patterns['after_noon']}"
    hour = rf"(?P<hour>(?<![\d:.,])\d{{1,2}}|{any_of(language.numbers)})"
    hours = any_of(word for word, unit in language.units.items() if unit == "hour" and len(word) > 1)
    unit = rf"(?:\s{hours})?" if language.code in _HOURS_OF_DAY else ""
    for match in re.finditer(rf"(?i:\b{hour}\b{unit}(?=\s(?:{parts})\b))", text):
        number = _number(match["hour"], language)
        if 1 <= number <= 12:
            yield Found(match.start(), match.end(), _of_half(number % 12 * 60, text[match.end() :], language))
    for name, is_late in (("early_today", False), ("late_today", True)):
        for match in re.finditer(rf"(?i:\b{hour}\b{unit}(?=\s(?:{language.patterns[name]})\b))", text):
            number = _number(match["hour"], language)
            if 1 <= number <= 12:  # "5 this evening" may be five of something
                time = Time(number % 12 * 60 + NOON * is_late)
                yield Found(match.start(), match.end(), (time, Number(Decimal(number))))


def _half_day(match: re.Match[str], half: str) -> Iterator[Found]:
    hour = int(match[1])
    if 1 <= hour <= 12:
        minutes = hour % 12 * 60 + int(match[2] or 0) + (NOON if half in "pP" else 0)
        yield Found(match.start(), match.end(), (Time(minutes),))


@cache
def _word(language: Language, name: str) -> re.Pattern[str]:
    flags = "" if language.code == "de" else "i"  # Mittag is noon, mittags a part of the day
    return re.compile(rf"(?{flags}:(?<!-)\b{words_pattern(language, name)}\b)")
