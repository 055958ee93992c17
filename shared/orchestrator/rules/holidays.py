"""Holidays by rule: fixed days, weekdays of a month, days around Easter, and the days on which they are observed."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class FixedDay:
    """The same date in each year, such as July 4."""

    month: int
    day: int
    days_later: int = 0


@dataclass(frozen=True, slots=True)
class WeekdayOfMonth:
    """Such as the third Monday of January.

    Attributes:
        weekday: 0 is Monday.
        nth: 1 to 5; -1 is the last one.
    """

    month: int
    weekday: int
    nth: int
    days_later: int = 0


@dataclass(frozen=True, slots=True)
class DayByEaster:
    """So many days after Easter Sunday; a negative number before it."""

    days_later: int


HolidayRule = FixedDay | WeekdayOfMonth | DayByEaster


@lru_cache(maxsize=1_000)
def holidays_in(year: int, rules: tuple[HolidayRule, ...], *, observed: bool) -> frozenset[date]:
    """The holidays of a year.

    Args:
        observed: whether the Friday before a holiday on a Saturday, and the Monday after one on a Sunday, are holidays
            too, as federal offices keep them (5 USC 6103(b), Executive Order 11582). The day itself stays one.
    """
    days = {day for around in (year - 1, year, year + 1) for rule in rules if (day := _day_of(rule, around))}
    if observed:
        days |= {_observed_day(day) for day in days}
    return frozenset(day for day in days if day.year == year)


def _day_of(rule: HolidayRule, year: int) -> date | None:
    """The day; None in a year that has no fifth such weekday, or no February 29."""
    try:
        match rule:
            case FixedDay(month, day, later):
                found = date(year, month, day)
            case WeekdayOfMonth(month, weekday, nth, later):
                found = _weekday_of_month(year, month, weekday, nth)
            case DayByEaster(later):
                found = easter_sunday(year)
    except ValueError:
        return None
    return found + timedelta(days=later)


def _weekday_of_month(year: int, month: int, weekday: int, nth: int) -> date:
    if nth > 0:
        first = date(year, month, 1)
        return first.replace(day=1 + (weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year, month, monthrange(year, month)[1])
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def _observed_day(day: date) -> date:
    return day + timedelta(days={_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0))


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876, as Meeus prints it)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    leap_centuries, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - correction + 15) % 30
    leap_years, rest = divmod(of_century, 4)
    to_sunday = (32 + 2 * century_rest + 2 * leap_years - epact - rest) % 7
    shift = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
