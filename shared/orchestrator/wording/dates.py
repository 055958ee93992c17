"""The days that a text names, and whether the data names them too (G7)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_NAMED = re.compile(
    rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?\b|\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}", re.IGNORECASE
)
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?(?![\d/])")
_RELATIVE = re.compile(r"\b(today|tonight|tomorrow|yesterday|next week|next month|this weekend)\b", re.IGNORECASE)
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAYS)})s?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Day:
    """A day as a text names it; the year only where the text has one."""

    month: int
    day: int
    year: int | None = None


def days_in(data_texts: Sequence[str]) -> set[Day]:
    """The days that texts name: 2026-11-22, Nov 22, 22 November, 11/22, 22/11."""
    return {day for text in data_texts for day in _days(text)}


def foreign_days(text: str, data_texts: Sequence[str]) -> Iterator[str]:
    """Days, weekdays and words such as tomorrow that a text names and the data does not."""
    known = days_in(data_texts)
    dates = {(day.month, day.day) for day in known}
    for match in (*_NAMED.finditer(text), *_ISO.finditer(text), *_SLASHED.finditer(text)):
        days = set(_days(match[0]))
        if days and not any((day.month, day.day) in dates and _year_fits(day, known) for day in days):
            yield match[0]
    haystack = "\n".join(data_texts).casefold()
    weekdays = {_WEEKDAYS[date(day.year, day.month, day.day).weekday()] for day in known if day.year}
    for match in _WEEKDAY.finditer(text):
        name = match[1].casefold()
        if name not in weekdays and name[:3] not in haystack:
            yield match[0]
    for match in _RELATIVE.finditer(text):
        if match[0].casefold() not in haystack:
            yield match[0]


def _year_fits(day: Day, known: set[Day]) -> bool:
    years = {other.year for other in known if (other.month, other.day) == (day.month, day.day)}
    return day.year is None or None in years or day.year in years


def _days(text: str) -> Iterator[Day]:
    for match in _NAMED.finditer(text):
        month, number = (match[1], match[2]) if match[1] else (match[4], match[3])
        yield from _valid(_MONTHS.index(month.lower()) + 1, int(number), None)
    for match in _ISO.finditer(text):
        yield from _valid(int(match[2]), int(match[3]), int(match[1]))
    for match in _SLASHED.finditer(text):
        year = int(match[3]) + (2000 if len(match[3]) == 2 else 0) if match[3] else None
        # Who knows which of the two is the month: either may be.
        yield from _valid(int(match[1]), int(match[2]), year)
        yield from _valid(int(match[2]), int(match[1]), year)


def _valid(month: int, day: int, year: int | None) -> Iterator[Day]:
    try:
        date(year or 2024, month, day)
    except ValueError:
        return
    yield Day(month, day, year)
