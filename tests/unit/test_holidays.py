"""The day of a holiday's rule in a year, read off a printed calendar."""

from datetime import date

import pytest

from orchestrator.rules.holidays import DayByEaster, FixedDay, HolidayRule, WeekdayOfMonth, holidays_in

MONDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 2, 3, 4, 5, 6


@pytest.mark.parametrize(
    ("rule", "year", "days"),
    [
        (FixedDay(2, 29), 2028, "02-29"),
        (FixedDay(2, 29), 2026, ""),
        (FixedDay(12, 31, days_later=1), 2026, "01-01"),
        (FixedDay(1, 1, days_later=-1), 2026, "12-31"),
        # The month begins on the weekday, on the day after it, and on the day before it.
        (WeekdayOfMonth(6, MONDAY, 1), 2026, "06-01"),
        (WeekdayOfMonth(12, MONDAY, 1), 2026, "12-07"),
        (WeekdayOfMonth(11, MONDAY, 1), 2026, "11-02"),
        (WeekdayOfMonth(11, SUNDAY, 2), 2026, "11-08"),
        (WeekdayOfMonth(1, THURSDAY, 5), 2026, "01-29"),
        (WeekdayOfMonth(3, MONDAY, 5), 2026, "03-30"),
        (WeekdayOfMonth(4, FRIDAY, 5), 2026, ""),
        (WeekdayOfMonth(2, SUNDAY, 5), 2026, ""),
        # The month ends on the weekday, on the day after it, and on the day before it.
        (WeekdayOfMonth(5, SUNDAY, -1), 2026, "05-31"),
        (WeekdayOfMonth(11, SUNDAY, -1), 2026, "11-29"),
        (WeekdayOfMonth(1, SUNDAY, -1), 2026, "01-25"),
        (WeekdayOfMonth(4, FRIDAY, -1), 2026, "04-24"),
        (WeekdayOfMonth(2, SATURDAY, -1), 2026, "02-28"),
        (WeekdayOfMonth(2, MONDAY, -1), 2028, "02-28"),
        (WeekdayOfMonth(12, THURSDAY, -1), 2026, "12-31"),
        (WeekdayOfMonth(12, WEDNESDAY, -1), 2026, "12-30"),
        (WeekdayOfMonth(11, THURSDAY, 4, days_later=1), 2026, "11-27"),
        (WeekdayOfMonth(12, THURSDAY, -1, days_later=2), 2027, "01-02"),
        (DayByEaster(-47), 2026, "02-17"),
        (DayByEaster(0), 2026, "04-05"),
    ],
)
def test_the_day_of_a_rule(rule: HolidayRule, year: int, days: str) -> None:
    found = holidays_in(year, (rule,), observed=False)
    assert " ".join(f"{day:%m-%d}" for day in sorted(found)) == days
    assert {day.year for day in found} <= {year}


@pytest.mark.parametrize(
    ("day", "days"),
    [
        (date(2026, 7, 2), {2}),
        (date(2026, 7, 3), {3}),
        (date(2026, 7, 4), {3, 4}),
        (date(2026, 7, 5), {5, 6}),
        (date(2026, 7, 6), {6}),
    ],
    ids=["Thursday", "Friday", "Saturday", "Sunday", "Monday"],
)
def test_a_holiday_of_a_weekend_is_observed_on_the_working_day_beside_it(day: date, days: set[int]) -> None:
    rules = (FixedDay(day.month, day.day),)
    assert holidays_in(2026, rules, observed=True) == {date(2026, 7, number) for number in days}
    assert holidays_in(2026, rules, observed=False) == {day}
