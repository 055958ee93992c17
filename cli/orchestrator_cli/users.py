"""People: added, shown and changed."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time
from typing import Annotated, Any

import psycopg
import typer
from rich import print as show
from rich import print_json
from rich.table import Table

from orchestrator.errors import InvalidPerson
from orchestrator.people import parse_number, zone_named
from orchestrator.settings import PolicySettings, load
from orchestrator.store import people
from orchestrator_cli.connection import AsJson, Local, open_database

app = typer.Typer(help="The people who get the texts.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="Our UUID of the person, or your own id of them.")]
Phone = Annotated[str | None, typer.Option(help="Number, such as +1 212 555 0123.")]
Name = Annotated[str | None, typer.Option(help="First name.")]
Zone = Annotated[str | None, typer.Option(help="IANA zone, such as America/New_York.")]
ExternalId = Annotated[str | None, typer.Option(help="Your own id of the person.")]
QuietHours = Annotated[str | None, typer.Option(help="Local window such as 21:00-08:00; 'none' turns it off.")]
Daily = Annotated[int | None, typer.Option(help="Texts per local day.", min=0)]
Hourly = Annotated[int | None, typer.Option(help="Texts in any 60 minutes.", min=0)]


@app.command()
def add(
    phone: Annotated[str, typer.Option(help="Number, such as +1 212 555 0123.")],
    name: Name = None,
    zone: Zone = None,
    external_id: ExternalId = None,
    quiet_hours: QuietHours = None,
    daily_limit: Daily = None,
    hourly_limit: Hourly = None,
    local: Local = False,
) -> None:
    """Add a person."""
    columns = _columns(phone, name, zone, external_id, quiet_hours, daily_limit, hourly_limit)
    with open_database(local) as (connection, clock), _taken_values_explained():
        user_id = people.add_user(connection, columns, clock())
    show(f"[green]Added[/] {user_id}")


@app.command("set")
def change(
    user: Reference,
    phone: Phone = None,
    name: Name = None,
    zone: Zone = None,
    external_id: ExternalId = None,
    quiet_hours: QuietHours = None,
    daily_limit: Daily = None,
    hourly_limit: Hourly = None,
    local: Local = False,
) -> None:
    """Change what is given, and leave the rest."""
    columns = _columns(phone, name, zone, external_id, quiet_hours, daily_limit, hourly_limit)
    if not columns:
        raise typer.BadParameter("Nothing to change. Give at least one option, such as --zone America/New_York.")
    with open_database(local) as (connection, clock), _taken_values_explained():
        user_id = people.change_user(connection, user, columns, clock())
    show(f"[green]Changed[/] {user_id}")


@app.command("show")
def show_person(user: Reference, local: Local = False, as_json: AsJson = False) -> None:
    """Show a person, their limits and what waits for them."""
    with open_database(local) as (connection, _):
        record = people.show_user(connection, user)
    fields = dataclasses.asdict(record)
    if as_json:
        print_json(data=fields, default=str)
        return
    policy = load(PolicySettings)
    table = Table(show_header=False, box=None)
    for field, value in fields.items():
        default = getattr(policy, field, None)
        table.add_row(field, f"{default} (default)" if value is None and default is not None else _words(value))
    show(table)


def _columns(
    phone: str | None,
    name: str | None,
    zone: str | None,
    external_id: str | None,
    quiet_hours: str | None,
    daily_limit: int | None,
    hourly_limit: int | None,
) -> dict[str, Any]:
    """The columns to write; what was not given is missing from them."""
    columns: dict[str, Any] = {
        "first_name": name,
        "timezone": _checked_zone(zone),
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


def _checked_zone(zone: str | None) -> str | None:
    if zone is not None and zone_named(zone) is None:
        raise InvalidPerson("zone", f"{zone!r} is no zone", "Use an IANA name such as America/New_York")
    return zone


def _window(text: str) -> tuple[time, time]:
    try:
        start, end = text.split("-")
        return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        raise InvalidPerson("quiet_hours", f"{text!r} is no window", "Write it as 21:00-08:00, or none") from None


@contextmanager
def _taken_values_explained() -> Iterator[None]:
    """Turns Postgres's word for a value in use into ours."""
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        field = "external_id" if "external_id" in str(error) else "phone_number"
        raise InvalidPerson(field, "belongs to another person", "Use `user set` on them, or another value") from None


def _words(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
    return str(value)
