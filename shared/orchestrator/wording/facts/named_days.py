"""Days that have a name: Christmas Eve, Nochevieja, Thanksgiving."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from orchestrator.wording.facts.kinds import Found, NamedDay
from orchestrator.wording.facts.language import Language, any_of

_THURSDAY, _SUNDAY, _MONDAY = 3, 6, 0
# Days of the calendar as (month, day), and others as (month, weekday, which one; -1 is the last).
_FIXED = {
    "new_year": (1, 1), "epiphany": (1, 6), "valentine": (2, 14), "st_patrick": (3, 17), "labour_day": (5, 1),
    "juneteenth": (6, 19), "fourth_of_july": (7, 4), "bastille_day": (7, 14), "halloween": (10, 31),
    "all_saints": (11, 1), "veterans_day": (11, 11), "christmas_eve": (12, 24), "christmas": (12, 25),
    "boxing_day": (12, 26), "new_years_eve": (12, 31),
}  # fmt: skip
_BY_WEEKDAY = {
    "mlk_day": (1, _MONDAY, 3), "presidents_day": (2, _MONDAY, 3), "mothers_day": (5, _SUNDAY, 2),
    "memorial_day": (5, _MONDAY, -1), "fathers_day": (6, _SUNDAY, 3), "labor_day": (9, _MONDAY, 1),
    "columbus_day": (10, _MONDAY, 2), "thanksgiving": (11, _THURSDAY, 4),
}  # fmt: skip
_BY_EASTER = {"good_friday": -2, "easter": 0, "easter_monday": 1, "ascension": 39, "pentecost": 49}


def find_named_days(text: str, language: Language) -> Iterator[Found]:
    """Yield the places where a text names a day."""
    for match in _pattern(language).finditer(text):
        yield Found(match.start(), match.end(), (NamedDay(language.named_days[match[0].casefold()]),))


def is_named_day(name: str, day: date) -> bool:
    """Return whether a day has a name in its year."""
    from dateutil.easter import easter
    from dateutil.relativedelta import relativedelta, weekday

    if name in _FIXED:
        return (day.month, day.day) == _FIXED[name]
    if name in _BY_EASTER:
        return (day - easter(day.year)).days == _BY_EASTER[name]
    month, number, nth = _BY_WEEKDAY[name]
    start = date(day.year, month, 1) if nth > 0 else date(day.year, month, 1) + relativedelta(day=31)
    return day == start + relativedelta(weekday=weekday(number)(nth))


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    return re.compile(rf"(?i:\b{any_of(language.named_days)}\b)")
