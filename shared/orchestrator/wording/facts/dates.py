"""Dates, months and days of a month, in numbers and in the words of a language."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache

from orchestrator.wording.facts.amounts import currency_names
from orchestrator.wording.facts.kinds import Date, DayOfMonth, Fact, Found, Month, Number
from orchestrator.wording.facts.language import Language, any_of

_ISO = re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])")
_ISO_MONTH = re.compile(r"(?<![\d-])((?:19|20)\d{2})-(0[1-9]|1[0-2])(?![\d-])")
# In a range such as 12/24-12/28 both ends are dates.
_NUMERIC = re.compile(
    r"(?<![\w/.])(?:(?<!-)|(?<=/\d-)|(?<=/\d\d-))"
    r"(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{4}|\d{2}))?(?![\w/]|-(?!\d{1,2}/\d))(\.?)"
)
_ORDINAL = re.compile(r"(?<![\w.,])(\d{1,2})(?:st|nd|rd|th)\b")
# English words that are months only with a capital letter, and behind one of these.
_VERBS = frozenset({"may", "march", "mar"})
_BEFORE_MONTH = re.compile(
    r"(?i:\b(?:in|of|by|until|till|since|this|next|last|early|late|mid|through|from|to|every|for|end|during|before"
    r"|after))[ -]$"
)

# Behind "may" as a verb: "North 7 may get rain". A date goes on with another kind of word.
_MODAL = re.compile(r"\s(?!(?:at|on|in|to|from|by|and|or|until|till|for|with|is|was|we|you)\b)[a-z]")


def find_dates(text: str, language: Language) -> Iterator[Found]:
    """Yield the dates of a text."""
    for match in _ISO.finditer(text):
        yield from _found(match.start(), match.end(), _day(int(match[2]), int(match[3]), int(match[1])))
    for match in _ISO_MONTH.finditer(text):
        yield Found(match.start(), match.end(), (Month(int(match[2]), int(match[1])),))
    yield from _find_named(text, language)
    for match in _NUMERIC.finditer(text):
        yield from _numeric(match, language)
    for match in _ORDINAL.finditer(text):
        yield Found(match.start(), match.end(), (DayOfMonth(int(match[1])), Number(Decimal(match[1]))))


def _find_named(text: str, language: Language) -> Iterator[Found]:
    for match in _named(language).finditer(text):
        groups = match.groupdict()
        name = next(groups[key] for key in ("m1", "m2", "m3") if groups[key])
        month = language.months[name.rstrip(".").casefold()]
        year = next((int(groups[key]) for key in ("y1", "y2", "y3") if groups[key]), None)
        days = [int(groups[key]) for key in ("d1", "e1", "d2", "e2") if groups[key]]
        if not days:
            is_acronym = name.isupper() and not text.isupper()
            is_number = year is None and name.casefold().rstrip(".") in language.numbers  # sept is seven in French
            if not is_acronym and not is_number and _is_month(name, text[: match.start("m3")], year):
                yield Found(match.start(), match.end(), (Month(month, year),))
            continue
        if name == "may" and language.code == "en" and _MODAL.match(text[match.end() :]):
            continue
        readings = [_day(month, day, year) for day in days]
        if not all(readings):
            continue
        # A range such as "December 2-4" is one place with two dates; both have to be known.
        for place, day in enumerate(readings):
            start = match.start() if place == 0 else match.end() - 1
            end = match.end() - 1 if len(readings) > 1 and place == 0 else match.end()
            yield from _found(start, end, day)


def _is_month(name: str, before: str, year: int | None) -> bool:
    if name[:1].islower() and len(name) < 4:
        return False
    return (
        year is not None or name.casefold() not in _VERBS or (name[0].isupper() and bool(_BEFORE_MONTH.search(before)))
    )


def _numeric(match: re.Match[str], language: Language) -> Iterator[Found]:
    first, mark, second, year_digits = int(match[1]), match[2], int(match[3]), match[4]
    if mark == "-" and not year_digits:
        return
    if mark == "." and not (year_digits or (match[5] and language.code == "de")):
        return
    if mark == "/" and not year_digits and (first, second) in ((24, 7), (1, 2), (1, 3), (1, 4), (2, 3), (3, 4)):
        return
    year = int(year_digits) + (2000 if len(year_digits) == 2 else 0) if year_digits else None
    month_first = language.code == "en" and mark == "/"
    orders = ((first, second), (second, first)) if month_first else ((second, first), (first, second))
    day = next((found for month, day in orders if (found := _day(month, day, year))), None)
    if day is not None:
        yield Found(match.start(), match.end(), (day,))


def both_orders(day: str) -> Iterator[Fact]:
    """Yield both readings of a date in numbers, for data, which does not show which one is meant."""
    for match in _NUMERIC.finditer(day):
        if match[2] == "/" or match[4]:
            year = int(match[4]) + (2000 if len(match[4]) == 2 else 0) if match[4] else None
            for month, number in ((int(match[1]), int(match[3])), (int(match[3]), int(match[1]))):
                if found := _day(month, number, year):
                    yield found


def _found(start: int, end: int, day: Date | None) -> Iterator[Found]:
    if day is not None:
        yield Found(start, end, (day,))


def _day(month: int, day: int, year: int | None) -> Date | None:
    try:
        date(year or 2024, month, day)
    except ValueError:
        return None
    return Date(month, day, year)


@cache
def _named(language: Language) -> re.Pattern[str]:
    month = any_of(language.months) + r"\b\.?"
    suffix, and_ = r"(?:st|nd|rd|th|er|º|ª|\.)?", r"\s?(?:-|to|and|y|et|e|und|bis|al|a|au|&)\s?"
    year = r"(?:,?\s+(?:de\s+|del\s+)?(?P<{}>(?:19|20)\d{{2}})(?!\s?(?:%|" + currency_names(language) + r")))?(?!:?\d)"
    return re.compile(
        rf"(?i:\b(?P<m1>{month})\s+(?:the\s)?(?P<d1>\d{{1,2}}){suffix}(?:{and_}(?P<e1>\d{{1,2}}){suffix})?\b(?!\s?[ap]\.?m\b)"
        rf"{year.format('y1')})"
        rf"|(?i:\b(?:(?P<d2>\d{{1,2}}){suffix}{and_})?(?P<e2>\d{{1,2}}){suffix}\s+(?:of\s+|de\s+|d')?(?P<m2>{month})"
        rf"{year.format('y2')})"
        rf"|(?i:\b(?P<m3>{month}){year.format('y3')})"
    )
