"""Statements of the way in: people found, messages accepted, withdrawals and rejections remembered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.rules.reasons import Status
from orchestrator.store.database import columns, one_round_trip, sql


@dataclass(frozen=True, slots=True)
class FoundUser:
    """The user behind a reference, as far as acceptance needs to know them."""

    user_id: UUID
    phone_number: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A valid message with its times worked out; a row to be."""

    message_id: UUID
    user_id: UUID
    agent_id: str
    message_data: str
    priority: str
    can_delay: bool
    requires_fresh_context: bool
    not_before: datetime | None
    expires_at: datetime
    due: datetime
    status: Status
    lease_until: datetime | None
    conversation_context_id: UUID | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A body that was not accepted, and why."""

    sqs_message_id: str
    message_id: UUID | None
    agent_id: str | None
    reason: str
    field: str
    problem: str


def find_people(
    connection: Connection, references: Sequence[str], conversation_ids: Sequence[UUID]
) -> tuple[dict[str, FoundUser], dict[UUID, UUID]]:
    """Look up users by id, then by external id, and who owns which conversation; one round trip.

    Returns:
        The users by reference, and the owners by conversation; what does not exist is missing.
    """
    with one_round_trip(connection):
        users = connection.execute(sql("find_people"), {"references": list(references)})
        owners = connection.execute(sql("find_conversations"), {"conversation_ids": list(conversation_ids)})
    return (
        {reference: FoundUser(user_id, number) for reference, user_id, number in users},
        dict(owners.fetchall()),
    )


def take_in(
    connection: Connection,
    accepted: Sequence[Accepted],
    withdrawn: Sequence[UUID],
    rejected: Sequence[Rejected],
    now: datetime,
) -> dict[UUID, Status]:
    """Write one batch: its messages, withdrawals and rejections together, or nothing; one round trip.

    Returns:
        The status of each message that is new; one missing from it was here before.
    """
    with one_round_trip(connection):
        inserted = connection.execute(sql("insert_messages"), {**columns(accepted, *Accepted.__slots__), "now": now})
        if withdrawn:
            connection.execute(sql("withdraw"), {"message_ids": list(withdrawn), "now": now})
        if rejected:
            connection.execute(sql("reject"), {**columns(rejected, *Rejected.__slots__), "now": now})
    return {message_id: Status(status) for message_id, status in inserted}
