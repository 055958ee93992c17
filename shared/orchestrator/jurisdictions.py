"""Reads the law of the place (R15): our rows, and the rows of an owner's own file, checked strictly.

A file that is broken stops the function at its start. No part of it is left out: what is left out would allow.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from orchestrator.errors import SettingsError
from orchestrator.people import find_zone
from orchestrator.rules.holidays import DayByEaster, FixedDay, HolidayRule, WeekdayOfMonth
from orchestrator.rules.law import COUNTRIES, CapRow, HolidayRow, HoursRow, Law, OpenHours, Origin, Place

# An owner's file is named from the package's folder, which becomes the functions' layer: shared/orchestrator here.
ROOT = Path(__file__).parent
_RULES = ROOT / "rules"

# The longest period of a cap: the texts of so many days are counted.
LONGEST_PERIOD = timedelta(days=7)
PURPOSES = frozenset({"transactional", "informational", "marketing"})
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
_Row = TypeVar("_Row", HoursRow, CapRow)


@cache
def read_law(own_file: str | None = None) -> Law:
    """Read the law of the place, once for each process.

    Args:
        own_file: the path of an owner's file, from `ROOT` or from the root of the file system; None without one. Its
            rows replace ours of the same kind, place and purpose; its holidays join ours.

    Raises:
        SettingsError: a file cannot be read or is broken; the text names the file, the row and the field.
    """
    places = _read_places()
    ours = _File("jurisdictions.toml", _content(_RULES / "jurisdictions.toml", "jurisdictions.toml"), places)
    if own_file is None:
        return Law(places, ours.hours(), ours.caps(), ours.holidays())
    content = _content(ROOT / own_file, "LAW_FILE")
    places = {**places, **_own_places(content, places)}
    own = _File("LAW_FILE", content, places)
    return Law(
        places=places,
        hours=_replaced(ours.hours(), own.hours()),
        caps=_replaced(ours.caps(), own.caps()),
        holidays=[*ours.holidays(), *own.holidays()],
    )


class _Broken(ValueError):
    """A value that cannot be read; the text says what it should be."""


class _Fields:
    """The fields of one row, each read once; a field that is never read is unknown."""

    def __init__(self, where: str, values: object) -> None:
        self.where = where
        if not isinstance(values, Mapping):
            raise SettingsError(f"{where}: should be a table.")
        self.values = dict(values)
        self.unread = set(values)

    def read(self, field: str, parse: Callable[[object], _Value]) -> _Value:
        if field not in self.values:
            raise SettingsError(f"{self.where}, field {field}: is missing.")
        self.unread.discard(field)
        try:
            return parse(self.values[field])
        except _Broken as problem:
            raise SettingsError(f"{self.where}, field {field}: {problem}.") from None

    def read_or(self, field: str, default: _Value, parse: Callable[[object], _Value]) -> _Value:
        return self.read(field, parse) if field in self.values else default

    def end(self) -> None:
        if self.unread:
            raise SettingsError(f"{self.where}, field {min(self.unread)}: is unknown.")


class _File:
    """The rows of one file."""

    def __init__(self, name: str, content: Mapping[str, Any], places: Mapping[str, Place]) -> None:
        self.name = name
        self.content = content
        self.codes = {*places, *COUNTRIES}
        if unknown := content.keys() - {"hours", "caps", "holidays", "places"}:
            raise SettingsError(
                f"{name}: {min(unknown)} is no kind of row; known are hours, caps, holidays and places."
            )

    def hours(self) -> list[HoursRow]:
        rows: list[HoursRow] = []
        for fields, places, origin in self._rows("hours"):
            purposes = fields.read("purposes", _purposes)
            zone = fields.read_or("zone", None, _zone)
            usual = fields.read_or("every_day", None, _open_hours)
            # Without `every_day` each day needs its own hours.
            needed = WEEKDAYS if "every_day" not in fields.values else ()
            days = tuple(
                fields.read(day, _open_hours) if day in needed else fields.read_or(day, usual, _open_hours)
                for day in WEEKDAYS
            )
            on_holidays = fields.read_or("holidays", None, _open_hours)
            named = "holidays" in fields.values
            fields.end()
            rows += [HoursRow(place, purposes, days, on_holidays, named, zone, origin) for place in places]
        return _without_repetition(self.name, "hours", rows)

    def caps(self) -> list[CapRow]:
        rows: list[CapRow] = []
        for fields, places, origin in self._rows("caps"):
            purposes = fields.read("purposes", _purposes)
            texts = fields.read("texts", _whole_number)
            period = timedelta(hours=fields.read("hours", _whole_number))
            if not timedelta(0) < period <= LONGEST_PERIOD:
                raise SettingsError(f"{fields.where}, field hours: should be 1 to {LONGEST_PERIOD.days * 24}.")
            fields.end()
            rows += [CapRow(place, purposes, texts, period, origin) for place in places]
        return _without_repetition(self.name, "caps", rows)

    def holidays(self) -> list[HolidayRow]:
        rows: list[HolidayRow] = []
        for fields, places, origin in self._rows("holidays"):
            days = fields.read("days", _list_of(_holiday_rule))
            observed = fields.read("observed", _true_or_false)
            fields.end()
            rows += [HolidayRow(place, days, observed, origin) for place in places]
        return rows

    def _rows(self, kind: str) -> Iterator[tuple[_Fields, Sequence[str], Origin]]:
        for fields in _tables(self.name, self.content, kind):
            places = fields.read("places", _list_of(_text))
            for place in places:
                if place not in self.codes:
                    raise SettingsError(f"{fields.where}, field places: {place!r} is no place that exists.")
            fields.where += f" ({', '.join(places)})"
            origin = Origin(
                source=fields.read("source", _text),
                checked=fields.read("checked", _calendar_date),
                primary=fields.read("primary", _true_or_false),
            )
            yield fields, places, origin


def _read_places() -> dict[str, Place]:
    content = _content(_RULES / "places.toml", "places.toml")
    places = {}
    for code, values in content.items():
        fields = _Fields(f"places.toml, {code}", values)
        places[code] = Place(
            code=code,
            name=fields.read("name", _text),
            country=fields.read("country", _text),
            iso_country=None,
            area_codes=frozenset(fields.read("area_codes", _list_of(_whole_number))),
            zones=fields.read("zones", _list_of(_zone_name)),
        )
        fields.end()
    return places


def _own_places(content: Mapping[str, Any], ours: Mapping[str, Place]) -> dict[str, Place]:
    """The countries that an owner added."""
    places = {}
    for fields in _tables("LAW_FILE", content, "places"):
        code = fields.read("code", _text)
        if code in ours or code in COUNTRIES or code in places:
            raise SettingsError(f"{fields.where}, field code: {code!r} is a place already.")
        places[code] = Place(
            code=code,
            name=fields.read("name", _text),
            country=code,
            iso_country=fields.read("iso_country", _iso_country),
            area_codes=frozenset(),
            zones=fields.read("zones", _list_of(_zone_name)),
        )
        fields.end()
    return places


def _content(path: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{name}: the file of the law cannot be read.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: the file of the law is not TOML: {error}.") from None


def _tables(name: str, content: Mapping[str, Any], kind: str) -> Iterator[_Fields]:
    tables = content.get(kind, [])
    if not isinstance(tables, list):
        raise SettingsError(f"{name}: {kind} should be rows, each headed [[{kind}]].")
    for number, values in enumerate(tables, start=1):
        yield _Fields(f"{name}, row {number} of {kind}", values)


def _without_repetition(name: str, kind: str, rows: list[_Row]) -> list[_Row]:
    named: set[tuple[str, str]] = set()
    for row in rows:
        for purpose in sorted(row.purposes):
            if (row.place, purpose) in named:
                raise SettingsError(f"{name}, {kind}: {row.place} has two rows for {purpose} texts.")
            named.add((row.place, purpose))
    return rows


def _replaced(ours: Iterable[_Row], own: Sequence[_Row]) -> list[_Row]:
    """Our rows without the purposes that an owner's row of the same place names, and the owner's."""
    replaced = {(row.place, purpose) for row in own for purpose in row.purposes}
    rows: list[_Row] = []
    for row in ours:
        purposes = frozenset(purpose for purpose in row.purposes if (row.place, purpose) not in replaced)
        rows += [replace(row, purposes=purposes)] if purposes else []
    rows.extend(own)
    return rows


# What a field may hold ------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Broken("should be a text")
    return value


def _whole_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _Broken("should be a whole number")
    return value


def _true_or_false(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Broken("should be true or false")
    return value


def _calendar_date(value: object) -> date:
    if type(value) is not date:
        raise _Broken("should be a date without quotation marks, such as 2026-11-25")
    return value


def _list_of(parse: Callable[[object], _Value]) -> Callable[[object], tuple[_Value, ...]]:
    def parse_list(value: object) -> tuple[_Value, ...]:
        if not isinstance(value, list) or not value:
            raise _Broken("should be a list with something in it")
        return tuple(parse(entry) for entry in value)

    return parse_list


def _purposes(value: object) -> frozenset[str]:
    purposes = frozenset(_list_of(_text)(value))
    if not purposes <= PURPOSES:
        raise _Broken(f"should name purposes: {', '.join(sorted(PURPOSES))}")
    return purposes


def _zone_name(value: object) -> str:
    if not isinstance(value, str) or find_zone(value) is None:
        raise _Broken("should be the IANA zone of a place, such as America/Chicago")
    return value


def _zone(value: object) -> ZoneInfo | None:
    return find_zone(_zone_name(value))


def _iso_country(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{2}", value):
        raise _Broken("should be the ISO code of a country, such as GB")
    return value


def _open_hours(value: object) -> OpenHours | None:
    if value == "none":
        return None
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _Broken('should be "none" or hours such as "08:00-20:00"')
    opens = 60 * int(found[1]) + int(found[2])
    closes = 60 * int(found[3]) + int(found[4]) if found[3] else 24 * 60
    if opens >= closes:
        raise _Broken("should end later than they begin")
    return OpenHours(opens, closes)


def _holiday_rule(value: object) -> HolidayRule:
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
            raise _Broken(f"should name days that exist, not {value}") from None
        return FixedDay(month, day, later)
    raise _Broken('should name days such as "July 4", "last Monday of May" or "2 days before Easter"')
