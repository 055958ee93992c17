"""Reads the fields of the law's files (R15): what each may hold, and an error that names the row and the field."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from orchestrator.errors import SettingsError
from orchestrator.people import find_zone
from orchestrator.purpose import Purpose
from orchestrator.rules.holidays import DayByEaster, FixedDay, HolidayRule, WeekdayOfMonth
from orchestrator.rules.law import OpenHours

PURPOSES = frozenset(Purpose)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# fmt: off
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)
# fmt: on
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")
_FIXED = re.compile(rf"({'|'.join(_MONTHS)}) ([1-9]|[12][0-9]|3[01])")
_WEEKDAY = re.compile(rf"({'|'.join(_NTH)}) ({'|'.join(WEEKDAYS)}) of ({'|'.join(_MONTHS)})")
_BY_EASTER = re.compile(r"([1-9][0-9]?) days (before|after) easter")
_DAY_AFTER = "the day after "
_Value = TypeVar("_Value")


class MalformedField(ValueError):
    """A value that cannot be read; the text says what it should be."""


class RowFields:
    """The fields of one row, each read once; a field that is never read is unknown."""

    def __init__(self, where: str, values: object) -> None:
        self.where = where
        if not isinstance(values, Mapping):
            raise SettingsError(f"{where}: should be a table.")
        self.values = dict(values)
        self.unread = set(values)

    def read(self, field: str, parse: Callable[[object], _Value]) -> _Value:
        """Read a field.

        Raises:
            SettingsError: it is missing, or malformed; the text names the row and the field.
        """
        if field not in self.values:
            raise SettingsError(f"{self.where}, field {field}: is missing.")
        self.unread.discard(field)
        try:
            return parse(self.values[field])
        except MalformedField as problem:
            raise SettingsError(f"{self.where}, field {field}: {problem}.") from None

    def read_or(self, field: str, default: _Value, parse: Callable[[object], _Value]) -> _Value:
        """Read a field that may be missing."""
        return self.read(field, parse) if field in self.values else default

    def end(self) -> None:
        """Check that no field is unknown.

        Raises:
            SettingsError: a field was not read.
        """
        if self.unread:
            raise SettingsError(f"{self.where}, field {min(self.unread)}: is unknown.")


def text(value: object) -> str:
    """Read a text that shows something."""
    if not isinstance(value, str) or not value.strip():
        raise MalformedField("should be a text")
    return value


def whole_number(value: object) -> int:
    """Read a whole number, zero included."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise MalformedField("should be a whole number")
    return value


def true_or_false(value: object) -> bool:
    """Read true or false; 0 and 1 are neither."""
    if not isinstance(value, bool):
        raise MalformedField("should be true or false")
    return value


def calendar_date(value: object) -> date:
    """Read a date of TOML, not one in quotation marks."""
    if type(value) is not date:
        raise MalformedField("should be a date without quotation marks, such as 2026-11-25")
    return value


def list_of(parse: Callable[[object], _Value]) -> Callable[[object], tuple[_Value, ...]]:
    """Make a reader of a list that is not empty from the reader of its entries."""

    def parse_list(value: object) -> tuple[_Value, ...]:
        if not isinstance(value, list) or not value:
            raise MalformedField("should be a list with something in it")
        return tuple(parse(entry) for entry in value)

    return parse_list


def purposes_in(value: object) -> frozenset[str]:
    """Read the purposes of texts."""
    purposes = frozenset(list_of(text)(value))
    if not purposes <= PURPOSES:
        raise MalformedField(f"should name purposes: {', '.join(sorted(PURPOSES))}")
    return purposes


def zone_name(value: object) -> str:
    """Read the IANA name of a place's zone."""
    if not isinstance(value, str) or find_zone(value) is None:
        raise MalformedField("should be the IANA zone of a place, such as America/Chicago")
    return value


def zone_in(value: object) -> ZoneInfo | None:
    """Read a zone by its IANA name."""
    return find_zone(zone_name(value))


def iso_country(value: object) -> str:
    """Read a country by its ISO code."""
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{2}", value):
        raise MalformedField("should be the ISO code of a country, such as GB")
    return value


def open_hours(value: object) -> OpenHours | None:
    """Read the hours of a day; None for a day without texts."""
    if value == "none":
        return None
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise MalformedField('should be "none" or hours such as "08:00-20:00"')
    opens = 60 * int(found[1]) + int(found[2])
    closes = 60 * int(found[3]) + int(found[4]) if found[3] else 24 * 60
    if opens >= closes:
        raise MalformedField("should end later than they begin")
    return OpenHours(opens, closes)


def holiday_rule(value: object) -> HolidayRule:
    """Read a holiday by its rule, such as `last Monday of May`."""
    words = value.casefold() if isinstance(value, str) else ""
    later = int(words.startswith(_DAY_AFTER))
    words = words.removeprefix(_DAY_AFTER)
    if found := _WEEKDAY.fullmatch(words):
        month, weekday = _MONTHS.index(found[3]) + 1, WEEKDAYS.index(found[2])
        return WeekdayOfMonth(month, weekday, _NTH[found[1]], later)
    if found := _BY_EASTER.fullmatch(words):
        return DayByEaster(int(found[1]) * (-1 if found[2] == "before" else 1) + later)
    if found := _FIXED.fullmatch(words):
        month, day = _MONTHS.index(found[1]) + 1, int(found[2])
        try:
            date(2024, month, day)  # a leap year
        except ValueError:
            raise MalformedField(f"should name days that exist, not {value}") from None
        return FixedDay(month, day, later)
    raise MalformedField('should name days such as "July 4", "last Monday of May" or "2 days before Easter"')
