"""Turns the options of `orchestrator user add` and `user set` into the columns of a person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import time
from typing import Any

import psycopg

from orchestrator.clock import parse_wall_time
from orchestrator.errors import InvalidPerson
from orchestrator.jurisdictions import parse_place
from orchestrator.people import parse_number, parse_zone
from orchestrator.sender_settings import LawSettings
from orchestrator.settings import PolicySettings, load
from orchestrator_cli.changes import changes_between


def columns_of(
    phone: str | None,
    name: str | None,
    zone: str | None,
    place: str | None,
    external_id: str | None,
    quiet_hours: str | None,
    daily_limit: int | None,
    hourly_limit: int | None,
) -> dict[str, Any]:
    """The columns to write, without those whose option was not given."""
    columns: dict[str, Any] = {
        "first_name": name,
        "timezone": parse_zone(zone) if zone is not None else None,
        "law_place": None if place is None else parse_place(place, load(LawSettings).law_file),
        "external_id": external_id,
        "daily_limit": daily_limit,
        "hourly_limit": hourly_limit,
    }
    if phone is not None:
        columns["phone_number"] = parse_number(phone, load(PolicySettings).allowed_countries)
    if quiet_hours == "none":
        columns["quiet_hours_enabled"] = False
    elif quiet_hours is not None:
        columns["quiet_hours_start"], columns["quiet_hours_end"] = _window(quiet_hours)
        columns["quiet_hours_enabled"] = True
    return {column: value for column, value in columns.items() if value is not None}


@contextmanager
def explain_conflicts() -> Iterator[None]:
    """Turn a uniqueness violation of Postgres into an error that names the field."""
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        field = "external_id" if "external_id" in str(error) else "phone_number"
        raise InvalidPerson(
            field, "belongs to another person", "Change that person with `user set`, or use another value"
        ) from None


# What `user show` calls the columns.
_FACTS = {"timezone": "zone", "law_place": "place"}


def changes_of(facts: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The facts of a person that these columns change: the old value and the new one, by the names of `user show`."""
    after = {_FACTS.get(name, name): value for name, value in columns.items() if not name.startswith("quiet_hours")}
    if "quiet_hours_start" in columns:
        after["quiet_hours"] = f"{columns['quiet_hours_start']:%H:%M}-{columns['quiet_hours_end']:%H:%M}"
    elif "quiet_hours_enabled" in columns:
        after["quiet_hours"] = "none"
    return changes_between(facts, after)


def _window(text: str) -> tuple[time, time]:
    try:
        first, last = (part.strip() for part in text.split("-"))
        start, end = parse_wall_time(first), parse_wall_time(last)
    except ValueError:
        raise InvalidPerson(
            "quiet_hours", f"{text!r} is not a time window", "Write it as 21:00-08:00, or none"
        ) from None
    if start == end and first != last:
        fix = "Write none, or hold the texts with `orchestrator pause --user`"
        raise InvalidPerson("quiet_hours", f"{text!r} is a whole day, and would mean no quiet hours", fix)
    return start, end
