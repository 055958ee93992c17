"""Statements of the dispatcher: leases released, expiry, claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.messages import Lane
from orchestrator.rules.activity import ACTIVE_FOR, TEXTS_PER_INBOUND
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.store.database import one_round_trip, sql


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message taken under a lease, whose it is, and when it leaves: when it is due, or later by the sender's pace."""

    message_id: UUID
    leaves_at: datetime
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a tick found before it claimed anything."""

    due_again: int = 0
    unknown: int = 0
    expired: int = 0
    incomplete: int = 0
    pulled_forward: int = 0
    rows_taken_up: int = 0


def keep_up(
    connection: Connection,
    sends: int,
    old_sender_is_gone: bool,
    lifetime: timedelta,
    event_bus: str | None,
    now: datetime,
    limit: int,
) -> Upkeep:
    """What a tick does before it claims anything; one round trip.

    It frees what dead workers held, ends what is past its expiry and sequences that stayed incomplete, pulls forward
    what waits for people who are there, and takes up the replies that agents wrote into `messages`.

    Args:
        sends: how often a text that may have been sent is sent at the most.
        old_sender_is_gone: rows are taken up although a trigger of the old sender is still there.
        lifetime: how long a reply that was taken up may wait.
        event_bus: where events are told, if anywhere; without one none are kept.
        limit: as many of each at the most.
    """
    parameters = {
        "now": now,
        "limit": limit,
        "sends": sends,
        "lanes": [*Lane],
        "not_conversation": NOT_CONVERSATION,
        "active_after": now - ACTIVE_FOR,
        "texts_per_inbound": TEXTS_PER_INBOUND,
        "user_ids": None,
        "lease_until": None,
        "old_sender_is_gone": old_sender_is_gone,
        "lifetime": lifetime,
        "event_bus": event_bus,
    }
    with one_round_trip(connection):
        connection.execute(sql("set_event_bus"), parameters)
        released = connection.execute(sql("release_leases"), parameters)
        late = connection.execute(sql("expire_messages"), parameters)
        partial = connection.execute(sql("fail_incomplete_sequences"), parameters)
        pulled = connection.execute(sql("pull_forward"), parameters)
        rows = connection.execute(sql("claim_reply_rows"), parameters)
        connection.execute(sql("close_rows"))
    due_again, unknown = released.fetchone() or (0, 0)
    (expired,) = late.fetchone() or (0,)
    (incomplete,) = partial.fetchone() or (0,)
    return Upkeep(due_again, unknown, expired, incomplete, pulled.rowcount, rows.rowcount)


def approve_replies(connection: Connection, now: datetime, lease_until: datetime) -> list[UUID]:
    """Take up the first open reply of each person that is due (R12); returns what is to be handed over."""
    with one_round_trip(connection):
        approved = connection.execute(
            sql("approve_replies"), {"user_ids": None, "now": now, "lease_until": lease_until}
        )
    return [message_id for (message_id,) in approved]


def claim_due(
    connection: Connection,
    lane: Lane,
    now: datetime,
    horizon: datetime,
    lease_until: datetime,
    per_second: float | None,
    limit: int,
) -> list[ClaimedMessage]:
    """Take messages of a lane that fall due up to `horizon`, in the order in which they leave.

    Args:
        per_second: the sender's pace; None for a lane that is not held to it.
        limit: as many at the most.
    """
    parameters = {
        "lane": lane,
        "now": now,
        "horizon": horizon,
        "lease_until": lease_until,
        "per_second": per_second,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(ClaimedMessage)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("claim_due"), parameters)
        return sorted(cursor.fetchall(), key=lambda claimed: claimed.leaves_at)


def put_back(connection: Connection, message_ids: Sequence[UUID]) -> None:
    """Make messages that could not be handed over due as before."""
    with one_round_trip(connection):
        connection.execute(sql("release_messages"), {"message_ids": list(message_ids)})
