"""Lengths of time and how often: 35 minutes, two weeks, an hour and a half, monthly, every day."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache

from orchestrator.wording.facts.kinds import Duration, Fact, Found, Frequency, Measure
from orchestrator.wording.facts.language import Language, any_of, words_pattern
from orchestrator.wording.facts.numerals import number_pattern, values_in

# Each unit in the base unit of its kind.
UNITS: dict[str, tuple[Decimal | int, str]] = {
    "millisecond": (Decimal("0.001"), "second"),
    "second": (1, "second"),
    "minute": (60, "second"),
    "hour": (3_600, "second"),
    "day": (86_400, "second"),
    "week": (604_800, "second"),
    "month": (1, "month"),
    "quarter": (3, "month"),
    "year": (12, "month"),
    "business_day": (1, "business_day"),
    "night": (1, "night"),
}
# Hours with minutes, in signs that mean other units alone: 7h 12m, 5 h 40 min.
_HOURS_MINUTES = re.compile(r"(?<![\w.,:])(\d{1,3})\s?h(?:rs?)?\s?([0-5]?\d)\s?m(?:ins?)?\b", re.IGNORECASE)
_JOINT = re.compile(r",?\s*(?:and|y|et|e|und)?\s*")
_ISO = re.compile(r"\bP(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?\b")


def duration_of(value: Decimal, unit: str) -> Duration:
    """Return a duration in its base unit."""
    factor, base = UNITS[unit]
    return Duration(value * factor, base)


def find_hours_and_minutes(text: str) -> Iterator[Found]:
    """Yield the durations whose signs are also those of times and of metres: 7h 12m, 5 h 40 min."""
    for match in _HOURS_MINUTES.finditer(text):
        seconds = int(match[1]) * 3_600 + int(match[2]) * 60
        yield Found(match.start(), match.end(), (Duration(Decimal(seconds), "second"),))


def find_durations(text: str, language: Language) -> Iterator[Found]:
    """Yield the durations and frequencies of a text; adjoining parts such as "2 hours 30 minutes" are one."""
    for match in _ISO.finditer(text):
        seconds = sum(
            int(part or 0) * factor for part, factor in zip(match.groups(), (86_400, 3_600, 60, 1), strict=True)
        )
        if seconds:
            yield Found(match.start(), match.end(), (Duration(Decimal(seconds), "second"),))
    for name, minutes in (
        ("hour_and_half", 90),
        ("hour_and_quarter", 75),
        ("three_quarters", 45),
        ("half_hour", 30),
        ("quarter_hour", 15),
    ):
        for match in re.finditer(rf"(?i:\b(?:{language.patterns[name]})\b)", text):
            yield Found(match.start(), match.end(), (Duration(Decimal(minutes * 60), "second"),))
    yield from join_parts(text, list(_find_parts(text, language)))
    for match in _frequencies(language).finditer(text):
        word = (match["word"] or match["unit"] or match["times"]).casefold()
        unit = language.frequencies.get(word) or language.units[word]
        yield Found(match.start(), match.end(), (Frequency(f"two_{unit}s" if match["alternate"] else unit),))


def _find_parts(text: str, language: Language) -> Iterator[Found]:
    for match in _parts(language).finditer(text):
        unit = language.units[(match["unit"] or match["unit2"]).casefold()]
        values = values_in(match["number"], language) if match["number"] else frozenset({Decimal(1)})
        if match["half"] or match["and_half"]:  # a year and a half
            values = frozenset(value + Decimal("0.5") for value in values)
        readings: tuple[Fact, ...] = tuple(duration_of(value, unit) for value in values)
        start = next(match.start(name) for name in ("number", "article", "one") if match[name])
        yield Found(start, match.end(), readings)


def join_parts(text: str, parts: list[Found]) -> Iterator[Found]:
    """Yield durations, or measures, that follow each other as their sum."""
    while parts:
        found = parts.pop(0)
        while parts and _JOINT.fullmatch(text[found.end : parts[0].start]) and (sums := _sums(found, parts[0])):
            found = Found(found.start, parts.pop(0).end, sums)
        yield found


def _sums(first: Found, second: Found) -> tuple[Fact, ...]:
    """The sums of two quantities of one unit, where the second is the smaller one."""
    return tuple(
        replace(one, value=one.value + two.value)
        for one in first.readings
        for two in second.readings
        if isinstance(one, Duration | Measure) and isinstance(two, Duration | Measure)
        if type(one) is type(two) and one.unit == two.unit and two.value < one.value
    )


@cache
def _parts(language: Language) -> re.Pattern[str]:
    unit = any_of(language.units)
    within, articles = words_pattern(language, "within"), words_pattern(language, "articles")
    half = language.patterns["and_half"]
    return re.compile(
        rf"(?i:\b(?P<one>{articles})\s(?P<unit2>{unit})(?P<half>{half})\b)"
        rf"|(?:{number_pattern(language)}[\s-]?(?:more\s)?|(?i:\b{within}\s(?P<article>{articles})\s))"
        rf"(?i:(?P<unit>{unit})\b(?P<and_half>{half}\b)?)"
    )


@cache
def _frequencies(language: Language) -> re.Pattern[str]:
    unit = any_of(language.units)
    # "a day" says how often only behind a number or "once".
    every = any_of(word for word in language.patterns["every"].split() if word not in ("a", "al", "ao", "à"))
    often = (
        any_of(word for word in language.patterns["every"].split() if word in ("a", "al", "ao", "à"))
        if language.code != "de"
        else "(?!)"
    )
    return re.compile(
        rf"(?i:\b(?P<word>{any_of(language.frequencies)})\b|(?:\b{every}\s(?P<alternate>(?:{language.patterns['alternate']})\s)?|/\s?)(?P<unit>{unit})\b"
        rf"|(?:(?<=[\d\0])|(?<=\bonce)|(?<=\btwice)|(?<=\btimes)|(?<=\bdollars)|(?<=\beuros))\s{often}n?\s(?P<times>{unit})\b)"
    )
