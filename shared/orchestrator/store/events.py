"""Statements of the outbox: lease events of a target, delete what it took, put back what it did not take."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.event_settings import EventTarget
from orchestrator.leases import EVENT_LEASE
from orchestrator.store.database import columns, limit_statement_time, one_round_trip, sql

# While so many events of a target have failed, it may be away: only the dispatcher tries it.
MOST_FAILED = 3


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a message or a person, for one target.

    Attributes:
        user_id: None for a rejection whose person is not known.
        failures: how often the target did not take it.
        words: what the person wrote; None where the target does not receive words.
    """

    id: UUID
    type: str
    user_id: UUID | None
    external_id: str | None
    message_id: UUID | None
    detail: dict[str, Any]
    at: datetime
    failures: int = 0
    words: str | None = None


@dataclass(frozen=True, slots=True)
class EventFailure:
    """An event that its target did not take, the reason as a short code, and when it is tried again."""

    event_id: UUID
    error: str
    again_at: datetime


@dataclass(frozen=True, slots=True)
class TargetState:
    """What waits for a target.

    Attributes:
        oldest: when the oldest event that waits happened; None where none waits.
        failed: how many of them the target did not take.
        error: the newest reason.
    """

    target: str
    waiting: int
    oldest: datetime | None
    failed: int
    error: str | None


def lease_events(
    connection: Connection, target: EventTarget, now: datetime, limit: int, *, with_words: bool, first_tries: bool
) -> list[Event]:
    """Lease the oldest events of a target; one that is not deleted before the lease ends is leased again.

    Args:
        limit: the most events.
        with_words: whether the target receives what the person wrote.
        first_tries: leave to the dispatcher what has failed, and everything while several events of the target have.
    """
    parameters = {
        "target": target,
        "now": now,
        "lease_until": now + EVENT_LEASE,
        "limit": limit,
        "with_words": with_words,
        "first_tries": first_tries,
        "most_failed": MOST_FAILED,
    }
    with connection.cursor(row_factory=class_row(Event)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("lease_events"), parameters)
        return sorted(cursor.fetchall(), key=lambda event: (event.at, event.id))


def settle_events(connection: Connection, taken: Collection[UUID], failures: Sequence[EventFailure]) -> None:
    """Delete the events that their target took, and put the others back; one round trip."""
    with one_round_trip(connection):
        connection.execute(sql("delete_events"), {"ids": list(taken)})
        if failures:
            connection.execute(sql("put_events_back"), columns(failures, *EventFailure.__slots__))


def insert_rows_of_events(
    connection: Connection, event_type: str, events: Sequence[Event], payloads: Sequence[str], seconds: float
) -> None:
    """Write events as rows of the former system's table `events`, all or none; a repetition changes nothing.

    Args:
        event_type: of the rows.
        payloads: JSON texts, one for each event.
        seconds: the longest wait for the table.

    Raises:
        psycopg.Error: the table is missing, is locked for longer, or refuses a row.
    """
    rows = {**columns(events, "id", "user_id"), "payload": list(payloads)}
    with one_round_trip(connection):
        limit_statement_time(connection, seconds)
        connection.execute(sql("insert_rows_of_events"), {**rows, "event_type": event_type})


def list_event_targets(connection: Connection) -> list[TargetState]:
    """List the targets of events, with what waits for each."""
    with connection.cursor(row_factory=class_row(TargetState)) as cursor:
        return cursor.execute(sql("list_event_targets")).fetchall()
