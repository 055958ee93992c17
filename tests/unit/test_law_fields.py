"""The fields of the rows of the law: what each reader takes, as what, and what it refuses."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestrator.errors import SettingsError
from orchestrator.jurisdiction_fields import (
    MalformedField,
    RowFields,
    calendar_date,
    holiday_rule,
    iso_country,
    list_of,
    open_hours,
    purposes_in,
    text,
    true_or_false,
    whole_number,
    zone_in,
    zone_name,
)
from orchestrator.rules.holidays import DayByEaster, FixedDay, WeekdayOfMonth
from orchestrator.rules.law import OpenHours

Reader = Callable[[object], object]


@pytest.mark.parametrize(
    ("reader", "given", "read"),
    [
        (text, "a", "a"),
        (whole_number, 0, 0),
        (whole_number, 7, 7),
        (true_or_false, True, True),
        (true_or_false, False, False),
        (calendar_date, date(2026, 11, 25), date(2026, 11, 25)),
        (list_of(text), ["a"], ("a",)),
        (list_of(text), ["a", "b"], ("a", "b")),
        (purposes_in, ["marketing"], frozenset({"marketing"})),
        (zone_name, "America/Chicago", "America/Chicago"),
        (zone_in, "America/Chicago", ZoneInfo("America/Chicago")),
        (iso_country, "GB", "GB"),
        (open_hours, "none", None),
        (open_hours, "00:00-24:00", OpenHours(0, 1440)),
        (open_hours, "00:00-00:01", OpenHours(0, 1)),
        (open_hours, "08:00-20:00", OpenHours(480, 1200)),
        (open_hours, "09:05-23:59", OpenHours(545, 1439)),
        (open_hours, "19:59-20:10", OpenHours(1199, 1210)),
        (holiday_rule, "January 1", FixedDay(1, 1, 0)),
        (holiday_rule, "December 31", FixedDay(12, 31, 0)),
        (holiday_rule, "february 29", FixedDay(2, 29, 0)),
        (holiday_rule, "the day after June 9", FixedDay(6, 9, 1)),
        (holiday_rule, "first Monday of January", WeekdayOfMonth(1, 0, 1, 0)),
        (holiday_rule, "second Tuesday of October", WeekdayOfMonth(10, 1, 2, 0)),
        (holiday_rule, "third Monday of February", WeekdayOfMonth(2, 0, 3, 0)),
        (holiday_rule, "the day after fourth Thursday of November", WeekdayOfMonth(11, 3, 4, 1)),
        (holiday_rule, "fifth Sunday of May", WeekdayOfMonth(5, 6, 5, 0)),
        (holiday_rule, "last Saturday of December", WeekdayOfMonth(12, 5, -1, 0)),
        (holiday_rule, "2 days before Easter", DayByEaster(-2)),
        (holiday_rule, "1 days after Easter", DayByEaster(1)),
        (holiday_rule, "99 days after Easter", DayByEaster(99)),
        (holiday_rule, "the day after 47 days before Easter", DayByEaster(-46)),
    ],
)
def test_a_field_is_read(reader: Reader, given: object, read: object) -> None:
    assert reader(given) == read


@pytest.mark.parametrize(
    ("reader", "given"),
    [
        *((text, given) for given in ("", " ", 7, None, ["a"])),
        *((whole_number, given) for given in (-1, 1.0, True, False, "1", None)),
        *((true_or_false, given) for given in (0, 1, "true", None)),
        *((calendar_date, given) for given in ("2026-11-25", datetime(2026, 11, 25), 20261125, None)),  # noqa: DTZ001
        *((list_of(text), given) for given in ([], "a", None, {"a": 1}, ["a", ""])),
        *((purposes_in, given) for given in ([], ["adverts"], ["marketing", "adverts"], "marketing")),
        *((zone_name, given) for given in ("EST", "Mars/Base", "", 7, None)),
        *((iso_country, given) for given in ("gb", "GBR", "G", "", 7, None)),
        *((open_hours, given) for given in ("08:00-08:00", "20:00-08:00", "24:00-24:00", "8:00-20:00", "None")),
        *((open_hours, given) for given in ("08:00-25:00", "08:60-20:00", "08:00-20:60", "08:00-24:01", 7, None)),
        *((holiday_rule, given) for given in ("February 30", "June 31", "June 0", "June 32", "Juni 1", 7, None)),
        *((holiday_rule, given) for given in ("sixth Monday of May", "last Monday", "0 days before Easter", "Easter")),
        *((holiday_rule, given) for given in ("100 days after Easter", "2 days by Easter", "the day after", "")),
    ],
)
def test_anything_else_is_refused_in_words(reader: Reader, given: object) -> None:
    with pytest.raises(MalformedField, match=r"^should "):
        reader(given)


def test_each_field_of_a_row_is_read_and_named() -> None:
    row = RowFields("row 1", {"a": "x", "b": 7, "c": 1, "d": 2})
    assert (row.read("a", text), row.read_or("b", 0, whole_number), row.read_or("e", 9, whole_number)) == ("x", 7, 9)
    with pytest.raises(SettingsError, match=r"^row 1, field e: is missing\.$"):
        row.read("e", text)
    with pytest.raises(SettingsError, match=r"^row 1, field b: should be a text\.$"):
        row.read_or("b", "", text)
    with pytest.raises(SettingsError, match=r"^row 1, field c: is unknown\.$"):
        row.end()
    assert (row.read("c", whole_number), row.read("d", whole_number)) == (1, 2)
    row.end()
    with pytest.raises(SettingsError, match=r"^row 2: should be a table\.$"):
        RowFields("row 2", ["a"])
