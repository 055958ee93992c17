"""Statements of the outbox: leases events for publication and deletes those that the event bus has accepted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.leases import EVENT_LEASE
from orchestrator.store.database import one_round_trip, sql


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a message or a person, as the event bus gets it."""

    id: UUID
    type: str
    user_id: UUID
    external_id: str | None
    message_id: UUID | None
    detail: dict[str, Any]
    at: datetime


def lease_events(connection: Connection, now: datetime, limit: int) -> list[Event]:
    """Lease the oldest events, at most `limit`; an event that is not deleted before the lease ends is leased again."""
    parameters = {"now": now, "lease_until": now + EVENT_LEASE, "limit": limit}
    with connection.cursor(row_factory=class_row(Event)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("lease_events"), parameters)
        return sorted(cursor.fetchall(), key=lambda event: (event.at, event.id))


def delete_events(connection: Connection, ids: Collection[UUID]) -> None:
    """Delete events that the event bus has accepted."""
    with one_round_trip(connection):
        connection.execute(sql("delete_events"), {"ids": list(ids)})
