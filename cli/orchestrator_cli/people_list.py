"""The command `user list`: people, those at their limit, and those who opted out."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import Connection

from orchestrator.people import find_zone, zones_of_number
from orchestrator.rules.local_time import local_date
from orchestrator.settings import PolicySettings, load
from orchestrator.store.people_list import FIRST_ID, iterate_people
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson, parse_message_id
from orchestrator_cli.output import Table, show, show_json, stack_lines
from orchestrator_cli.target import on_target


@on_target
def list_people(
    at_limit: Annotated[
        bool, typer.Option("--at-limit", help="Only those whose daily or hourly limit is used up now.")
    ] = False,
    opted_out: Annotated[bool, typer.Option("--opted-out", help="Only those who opted out.")] = False,
    limit: Annotated[int, typer.Option(help="People of a page.", min=1)] = 50,
    after: Annotated[
        UUID | None, typer.Option(help="The last id of the page before.", parser=parse_message_id, metavar="ID")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List people by id, with how much of their limits is used, a page at a time."""
    with open_database() as (connection, clock):
        found = iterate_with_limits(connection, clock(), after or FIRST_ID, at_limit=at_limit, opted_out=opted_out)
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
            ", ".join(
                word for word, holds in (("opted out", row["opted_out"]), ("at limit", row["at_limit"])) if holds
            ),
        )
    show(table)
    if len(rows) == limit:
        show(f"The next page: --after {rows[-1]['user_id']}")


def iterate_with_limits(
    connection: Connection, now: datetime, after: UUID, *, at_limit: bool, opted_out: bool, page: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield people by id, from above an id on, each with the limits in force and whether one of them is used up.

    Args:
        page: how many people a statement returns at most; None for the default.
    """
    policy = load(PolicySettings)
    for row in iterate_people(connection, now, after, opted_out=opted_out, texted=at_limit, page=page):
        zone = find_zone(row.pop("timezone")) or next(iter(zones_of_number(row["phone_number"])), None)
        sent_by_day = row.pop("sent_by_day")
        row["sent_today"] = sent_by_day.get(local_date(now, zone) if zone else now.date(), 0)
        row["daily_limit"] = policy.daily_limit if row["daily_limit"] is None else row["daily_limit"]
        row["hourly_limit"] = policy.hourly_limit if row["hourly_limit"] is None else row["hourly_limit"]
        row["at_limit"] = row["sent_today"] >= row["daily_limit"] or row["sent_this_hour"] >= row["hourly_limit"]
        if row["at_limit"] or not at_limit:
            yield row
