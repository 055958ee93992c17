"""Reads the law of the place (R15): our rows, and the rows of an owner's own file, checked strictly.

A file that is broken stops the function at its start. No part of it is left out: what is left out would allow.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.errors import InvalidPerson, SettingsError
from orchestrator.jurisdiction_fields import (
    WEEKDAYS,
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
from orchestrator.rules.law import (
    COUNTRIES,
    LONGEST_PERIOD,
    CapRow,
    HolidayRow,
    HoursRow,
    Law,
    Origin,
    Place,
)
from orchestrator.rules.places import find_place

# An owner's file is named from the package's folder, which becomes the functions' layer: shared/orchestrator here.
ROOT = Path(__file__).parent
_RULES = ROOT / "rules"

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


def has_own_rows(own_file: str) -> bool:
    """Whether an owner's file that `read_law` reads holds a row of any kind; one that holds none changes nothing."""
    return any(_content(ROOT / own_file, "LAW_FILE").values())


def parse_place(typed: str, own_file: str | None = None) -> str:
    """Check the state or province that an operator typed, by code or name.

    Raises:
        InvalidPerson: no such place exists.
    """
    place = find_place(typed, read_law(own_file))
    if place is None:
        raise InvalidPerson(
            "place", f"{typed!r} is no place of the law", "`orchestrator law show` lists them, such as FL"
        )
    return place


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
            purposes = fields.read("purposes", purposes_in)
            zone = fields.read_or("zone", None, zone_in)
            usual = fields.read_or("every_day", None, open_hours)
            # Without `every_day` each day needs its own hours.
            needed = WEEKDAYS if "every_day" not in fields.values else ()
            days = tuple(
                fields.read(day, open_hours) if day in needed else fields.read_or(day, usual, open_hours)
                for day in WEEKDAYS
            )
            on_holidays = fields.read_or("holidays", None, open_hours)
            named = "holidays" in fields.values
            fields.end()
            rows += [HoursRow(place, purposes, days, on_holidays, named, zone, origin) for place in places]
        return _without_repetition(self.name, "hours", rows)

    def caps(self) -> list[CapRow]:
        rows: list[CapRow] = []
        for fields, places, origin in self._rows("caps"):
            purposes = fields.read("purposes", purposes_in)
            texts = fields.read("texts", whole_number)
            hours = fields.read("hours", whole_number)
            if not 0 < hours <= LONGEST_PERIOD.days * 24:
                raise SettingsError(f"{fields.where}, field hours: should be 1 to {LONGEST_PERIOD.days * 24}.")
            fields.end()
            rows += [CapRow(place, purposes, texts, timedelta(hours=hours), origin) for place in places]
        return _without_repetition(self.name, "caps", rows)

    def holidays(self) -> list[HolidayRow]:
        rows: list[HolidayRow] = []
        for fields, places, origin in self._rows("holidays"):
            days = fields.read("days", list_of(holiday_rule))
            observed = fields.read("observed", true_or_false)
            fields.end()
            rows += [HolidayRow(place, days, observed, origin) for place in places]
        return rows

    def _rows(self, kind: str) -> Iterator[tuple[RowFields, Sequence[str], Origin]]:
        for fields in _tables(self.name, self.content, kind):
            places = fields.read("places", list_of(text))
            for place in places:
                if place not in self.codes:
                    raise SettingsError(f"{fields.where}, field places: {place!r} is no place that exists.")
            fields.where += f" ({', '.join(places)})"
            origin = Origin(
                source=fields.read("source", text),
                checked=fields.read("checked", calendar_date),
                primary=fields.read("primary", true_or_false),
            )
            yield fields, places, origin


def _read_places() -> dict[str, Place]:
    content = _content(_RULES / "places.toml", "places.toml")
    places = {}
    for code, values in content.items():
        fields = RowFields(f"places.toml, {code}", values)
        places[code] = Place(
            code=code,
            name=fields.read("name", text),
            country=fields.read("country", text),
            iso_country=None,
            area_codes=frozenset(fields.read("area_codes", list_of(whole_number))),
            zones=fields.read("zones", list_of(zone_name)),
        )
        fields.end()
    return places


def _own_places(content: Mapping[str, Any], ours: Mapping[str, Place]) -> dict[str, Place]:
    """The countries that an owner added."""
    places = {}
    for fields in _tables("LAW_FILE", content, "places"):
        code = fields.read("code", text)
        if code in ours or code in COUNTRIES or code in places:
            raise SettingsError(f"{fields.where}, field code: {code!r} is a place already.")
        places[code] = Place(
            code=code,
            name=fields.read("name", text),
            country=code,
            iso_country=fields.read("iso_country", iso_country),
            area_codes=frozenset(),
            zones=fields.read("zones", list_of(zone_name)),
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


def _tables(name: str, content: Mapping[str, Any], kind: str) -> Iterator[RowFields]:
    tables = content.get(kind, [])
    if not isinstance(tables, list):
        raise SettingsError(f"{name}: {kind} should be rows, each headed [[{kind}]].")
    for number, values in enumerate(tables, start=1):
        yield RowFields(f"{name}, row {number} of {kind}", values)


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
