"""Statements of the dispatcher: leases released, expiry, claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.messages import Lane
from orchestrator.store.database import one_round_trip, sql


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message taken under a lease, and when it is due."""

    message_id: UUID
    due: datetime


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a tick found before it claimed anything."""

    due_again: int
    unknown: int
    expired: int


def release_and_expire(connection: Connection, now: datetime, limit: int) -> Upkeep:
    """Free what dead workers held, and end what is past its expiry; one round trip."""
    parameters = {"now": now, "limit": limit, "lanes": [*Lane]}
    with one_round_trip(connection):
        released = connection.execute(sql("release_leases"), parameters)
        late = connection.execute(sql("expire_messages"), parameters)
    due_again, unknown = released.fetchone() or (0, 0)
    (expired,) = late.fetchone() or (0,)
    return Upkeep(due_again, unknown, expired)


def claim_due(
    connection: Connection, lane: Lane, horizon: datetime, lease_until: datetime, limit: int
) -> list[Claimed]:
    """Take up to `limit` messages of a lane that fall due up to `horizon`, in the order they are due."""
    with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        cursor.execute(sql("claim_due"), {"lane": lane, "horizon": horizon, "lease_until": lease_until, "limit": limit})
        return sorted(cursor.fetchall(), key=lambda claimed: claimed.due)


def put_back(connection: Connection, message_ids: Sequence[UUID]) -> None:
    """Make messages that could not be handed over due as before."""
    connection.execute(sql("put_back"), {"message_ids": list(message_ids)})
