"""The command `user list`: people, those at their limit, and those who opted out."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import Connection

from orchestrator.people import Person
from orchestrator.rules.explanations import describe_opt_out
from orchestrator.rules.limits import budget_day, limits_of
from orchestrator.rules.local_time import format_time
from orchestrator.settings import PolicySettings, load
from orchestrator.store.people_list import FIRST_ID, iterate_people
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AS_TIME, AsJson, parse_id
from orchestrator_cli.output import Table, show, show_json, stack_lines
from orchestrator_cli.target import on_target


@on_target
def list_people(
    at_limit: Annotated[
        bool, typer.Option("--at-limit", help="Only those whose daily or hourly limit is used up now.")
    ] = False,
    opted_out: Annotated[bool, typer.Option("--opted-out", help="Only those who opted out.")] = False,
    since: Annotated[
        datetime | None, typer.Option(help="With --opted-out: only at this time or later; UTC.", **AS_TIME)
    ] = None,
    limit: Annotated[int, typer.Option(help="People of a page.", min=1)] = 50,
    after: Annotated[
        UUID | None, typer.Option(help="The last id of the page before.", parser=parse_id, metavar="ID")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List people by id, with how much of their limits is used, a page at a time."""
    if since and not opted_out:
        raise typer.BadParameter("--since needs --opted-out.")
    with open_database() as (connection, clock):
        found = iterate_with_limits(
            connection,
            clock(),
            after or FIRST_ID,
            at_limit=at_limit,
            opted_out=opted_out,
            opted_out_since=since,
        )
        rows = list(islice(found, limit))
    if as_json:
        show_json(rows)
        return
    if not rows:
        show("No people.")
        return
    table = Table("person", "number", "today", "this hour", "state")
    for row in rows:
        names = " ".join(str(row[name]) for name in ("external_id", "first_name") if row[name])
        table.add_row(
            stack_lines(row["user_id"], *([names] if names else [])),
            row["phone_number"],
            f"{row['sent_today']} of {row['daily_limit']}",
            f"{row['sent_this_hour']} of {row['hourly_limit']}",
            stack_lines(*_state(row)),
        )
    show(table)
    if len(rows) == limit:
        show(f"The next page: --after {rows[-1]['user_id']}")


def _state(row: dict[str, Any]) -> list[str]:
    lines = ["at limit"] if row["at_limit"] else []
    if row["opted_out"]:
        how = describe_opt_out(row["opted_out_by"], None, None)
        lines.append(f"opted out {format_time(row['opted_out_at'])}: {how}")
    return lines


def iterate_with_limits(
    connection: Connection,
    now: datetime,
    after: UUID,
    *,
    at_limit: bool,
    opted_out: bool,
    opted_out_since: datetime | None = None,
    page: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield people by id, from above an id on, each with the limits in force and whether one of them is used up.

    Args:
        page: how many people a statement returns at most; None for the default.
    """
    policy = load(PolicySettings)
    people = iterate_people(
        connection, now, after, opted_out=opted_out, opted_out_since=opted_out_since, texted=at_limit, page=page
    )
    for row in people:
        person = Person(
            row["user_id"],
            row["phone_number"],
            timezone=row.pop("timezone"),
            daily_limit=row["daily_limit"],
            hourly_limit=row["hourly_limit"],
        )
        limits = limits_of(person, policy)
        row["sent_today"] = row.pop("sent_by_day").get(budget_day(person, now), 0)
        row["daily_limit"], row["hourly_limit"] = limits.daily, limits.hourly
        row["at_limit"] = row["sent_today"] >= limits.daily or row["sent_this_hour"] >= limits.hourly
        if row["at_limit"] or not at_limit:
            yield row
