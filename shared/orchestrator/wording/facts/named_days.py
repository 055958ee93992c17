"""Days that have a name: Christmas Eve, Nochevieja, Thanksgiving."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from orchestrator.rules.holidays import DayByEaster, FixedDay, HolidayRule, WeekdayOfMonth, holidays_in
from orchestrator.wording.facts.kinds import Found, NamedDay
from orchestrator.wording.facts.language import Language, any_of

_MONDAY, _THURSDAY, _SUNDAY = 0, 3, 6
# The days by their names in languages.toml.
_DAYS: dict[str, HolidayRule] = {
    "new_year": FixedDay(1, 1),
    "epiphany": FixedDay(1, 6),
    "valentine": FixedDay(2, 14),
    "st_patrick": FixedDay(3, 17),
    "labour_day": FixedDay(5, 1),
    "juneteenth": FixedDay(6, 19),
    "fourth_of_july": FixedDay(7, 4),
    "bastille_day": FixedDay(7, 14),
    "halloween": FixedDay(10, 31),
    "all_saints": FixedDay(11, 1),
    "veterans_day": FixedDay(11, 11),
    "christmas_eve": FixedDay(12, 24),
    "christmas": FixedDay(12, 25),
    "boxing_day": FixedDay(12, 26),
    "new_years_eve": FixedDay(12, 31),
    "mlk_day": WeekdayOfMonth(1, _MONDAY, 3),
    "presidents_day": WeekdayOfMonth(2, _MONDAY, 3),
    "mothers_day": WeekdayOfMonth(5, _SUNDAY, 2),
    "memorial_day": WeekdayOfMonth(5, _MONDAY, -1),
    "fathers_day": WeekdayOfMonth(6, _SUNDAY, 3),
    "labor_day": WeekdayOfMonth(9, _MONDAY, 1),
    "columbus_day": WeekdayOfMonth(10, _MONDAY, 2),
    "thanksgiving": WeekdayOfMonth(11, _THURSDAY, 4),
    "good_friday": DayByEaster(-2),
    "easter": DayByEaster(0),
    "easter_monday": DayByEaster(1),
    "ascension": DayByEaster(39),
    "pentecost": DayByEaster(49),
}


def find_named_days(text: str, language: Language) -> Iterator[Found]:
    """Yield the places where a text names a day."""
    for match in _pattern(language).finditer(text):
        yield Found(match.start(), match.end(), (NamedDay(language.named_days[match[0].casefold()]),))


def is_named_day(name: str, day: date) -> bool:
    """Return whether a day has a name in its year."""
    return day in holidays_in(day.year, (_DAYS[name],), observed=False)


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    return re.compile(rf"(?i:\b{any_of(language.named_days)}\b)")
