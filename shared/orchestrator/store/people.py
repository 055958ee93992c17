"""Finds, shows, adds and changes people, for operators and for `is_user_active`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg import sql as compose
from psycopg.rows import dict_row

from orchestrator.errors import UnknownUser
from orchestrator.people import Person, find_zone, zones_of_number
from orchestrator.rules.activity import ACTIVE_FOR
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.store.database import sql
from orchestrator.store.old_senders import require_changeable_numbers

# Columns of the budget row that holds a person's limits. All others are columns of `users`.
BUDGET_COLUMNS = ("daily_limit", "hourly_limit", "quiet_hours_enabled")


# How many people are looked at for a zone that is missing.
MOST_EXAMINED = 10_000


@dataclass(frozen=True, slots=True)
class ZoneFaults:
    """What is wrong with the zones of people (R3).

    Attributes:
        no_places: stored names that are no place, with how many people have them; their numbers' zones count.
        zoneless: people of whom no zone is known at all, by external id or id; their texts wait.
    """

    no_places: Mapping[str, int]
    zoneless: Sequence[str]


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as `orchestrator user show` prints them.

    Attributes:
        sent_this_hour: slots taken in the last 60 minutes.
        waiting: messages that have not ended.
    """

    person: Person
    external_id: str | None
    sent_this_hour: int
    waiting: int


def find_user(connection: Connection, reference: str) -> UUID:
    """Return the person's id, given that id or the publisher's own.

    Raises:
        UnknownUser: no person has it.
    """
    row = connection.execute(sql("find_people"), {"references": [reference], "now": None}).fetchone()
    if row is None:
        raise UnknownUser(reference)
    return UUID(str(row[1]))


def is_user_active(connection: Connection, reference: str, now: datetime) -> bool:
    """Return whether the person wrote within the last 10 minutes; STOP, HELP and the like do not count (R4).

    Raises:
        UnknownUser: no person has this id or external id.
    """
    row = connection.execute(
        sql("is_user_active"),
        {
            "user_id": find_user(connection, reference),
            "since": now - ACTIVE_FOR,
            "now": now,
            "not_conversation": NOT_CONVERSATION,
        },
    ).fetchone()
    return bool(row and row[0])


def read_user(connection: Connection, reference: str, now: datetime) -> PersonRecord:
    """Return a person with their limits and how much of them is used.

    Raises:
        UnknownUser: no person has this id or external id.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            sql("read_user"),
            {
                "user_id": find_user(connection, reference),
                "now": now,
                "not_conversation": NOT_CONVERSATION,
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise UnknownUser(reference)
    sent_by_day = {date.fromisoformat(day): sent for day, sent in row.pop("sent_by_day").items()}
    external_id, sent_this_hour, waiting = (row.pop(name) for name in ("external_id", "sent_this_hour", "waiting"))
    return PersonRecord(Person(**row, sent_by_day=sent_by_day), external_id, sent_this_hour, waiting)


def add_user(connection: Connection, columns: Mapping[str, Any], now: datetime) -> UUID:
    """Insert a person; return their id.

    Args:
        columns: values by column of `users` or `BUDGET_COLUMNS`.

    Raises:
        psycopg.errors.UniqueViolation: the number or external id is taken.
    """
    names = [name for name in columns if name not in BUDGET_COLUMNS]
    statement = compose.SQL("INSERT INTO users ({}) VALUES ({}) RETURNING id").format(
        compose.SQL(", ").join(map(compose.Identifier, names)),
        compose.SQL(", ").join(map(compose.Placeholder, names)),
    )
    with connection.transaction():
        row = connection.execute(statement, dict(columns)).fetchone()
        assert row is not None  # an insert returns its row or raises
        user_id = UUID(str(row[0]))
        _set_budget(connection, user_id, columns, now)
    return user_id


def change_user(connection: Connection, reference: str, columns: Mapping[str, Any], now: datetime) -> UUID:
    """Change a person; return their id. A column set to None goes back to the default.

    Raises:
        UnknownUser: no person has this id or external id.
        NumberTriggerFails: a trigger of the owner fails on each change of a number.
        psycopg.errors.UniqueViolation: the number or external id is taken.
    """
    names = [name for name in columns if name not in BUDGET_COLUMNS]
    if "phone_number" in columns:
        require_changeable_numbers(connection)
    with connection.transaction():
        user_id = find_user(connection, reference)
        # The lock of reservations: a change comes wholly before a send or wholly after it.
        connection.execute(sql("lock_users"), {"user_ids": [user_id]})
        if names:
            assignments = (
                compose.SQL("{} = {}").format(compose.Identifier(name), compose.Placeholder(name)) for name in names
            )
            statement = compose.SQL("UPDATE users SET {} WHERE id = {}").format(
                compose.SQL(", ").join(assignments), compose.Placeholder("user_id")
            )
            connection.execute(statement, {**columns, "user_id": user_id})
        _set_budget(connection, user_id, columns, now)
    return user_id


def _set_budget(connection: Connection, user_id: UUID, columns: Mapping[str, Any], now: datetime) -> None:
    given = {name: columns.get(name) for name in BUDGET_COLUMNS}
    if any(name in columns for name in BUDGET_COLUMNS):
        connection.execute(sql("set_budget"), {**given, "user_id": user_id, "now": now})


def list_unreadable_numbers(connection: Connection, limit: int) -> list[str]:
    """List people whose stored text is no phone number that can be read, by external id or id, oldest first."""
    return [reference for (reference,) in connection.execute(sql("list_unreadable_numbers"), {"limit": limit})]


def list_zone_faults(connection: Connection, limit: int) -> ZoneFaults:
    """List stored zones that are no place, and up to `limit` people of whom no zone is known."""
    counts = connection.execute(sql("count_zones")).fetchall()
    no_places = {zone: people for zone, people in counts if find_zone(zone) is None}
    people = connection.execute(
        sql("list_people_without_zone"), {"no_places": list(no_places), "limit": MOST_EXAMINED}
    ).fetchall()
    zoneless = [reference for reference, number in people if not zones_of_number(number)]
    return ZoneFaults(no_places, zoneless[:limit])
