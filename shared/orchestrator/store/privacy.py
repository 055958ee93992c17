"""Exports a person's data, deletes a person, and clears old words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg import sql as compose
from psycopg.rows import class_row

from orchestrator.store.database import one_round_trip, sql

# Columns of `users` that identify a person; a database may have only some of them.
_PERSONAL = (
    "email", "first_name", "last_name", "company", "title", "linkedin_url", "expertise", "external_id", "timezone",
    "quiet_hours_start", "quiet_hours_end", "response_pattern", "poc_agent_id", "poc_agent_type",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """The ids and numbers by which a person is known; `opted_out_numbers` are those with an opt-out in force."""

    user_id: str
    external_id: str | None
    phone_number: str
    former_numbers: list[str]
    opted_out_numbers: list[str]

    @property
    def user_uuid(self) -> UUID:
        """Return the person's id as a UUID."""
        return UUID(self.user_id)

    @property
    def is_deleted(self) -> bool:
        """Whether the person was deleted: only their counters and costs are left."""
        return self.phone_number.startswith("forgotten-")


@dataclass(frozen=True, slots=True)
class DeletedRecords:
    """How many records a deletion cleared or deleted."""

    messages: int
    queued_messages: int
    conversations: int
    agent_tasks: int
    log_entries: int


def export_person(connection: Connection, user_id: UUID) -> dict[str, Any]:
    """Return everything that the database holds about a person."""
    row = connection.execute(sql("export_person"), {"user_id": user_id}).fetchone()
    assert row is not None  # the caller has read the person's identity
    return dict(row[0])


def read_identity(connection: Connection, user_id: UUID) -> Identity | None:
    """Return by what a person is known; None when no person has the id."""
    with connection.cursor(row_factory=class_row(Identity)) as cursor:
        return cursor.execute(sql("read_identity"), {"user_id": user_id}).fetchone()


def delete_person(connection: Connection, identity: Identity, hashes: Sequence[str], now: datetime) -> DeletedRecords:
    """Delete a person in one transaction, under the lock that reservations take.

    Args:
        hashes: keyed hashes of their opted-out numbers, which stay opted out.
    """
    parameters = {
        "user_id": identity.user_id,
        "user_ids": [identity.user_id],
        "phone_number": identity.phone_number,
        "all_numbers": [identity.phone_number, *identity.former_numbers],
        "number_hash": list(hashes),
        "now": now,
    }
    with connection.transaction(), connection.cursor(row_factory=class_row(DeletedRecords)) as cursor:
        connection.execute(sql("lock_users"), parameters)
        deleted = cursor.execute(sql("delete_person"), parameters).fetchone()
        _clear_identity(connection, identity.user_id)
    assert deleted is not None  # the statement returns one row of counts
    return deleted


def _clear_identity(connection: Connection, user_id: str) -> None:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = 'users' AND column_name = ANY (%s)",
        (list(_PERSONAL),),
    )
    assignments = compose.SQL(", ").join(compose.SQL("{} = NULL").format(compose.Identifier(name)) for (name,) in rows)
    number = f"forgotten-{user_id.replace('-', '')[-10:]}"
    statement = compose.SQL("UPDATE users SET phone_number = %s, {} WHERE id = %s").format(assignments)
    connection.execute(statement, (number, user_id))
    # In a statement of its own, because a trigger adds each number that changes to the history.
    connection.execute("UPDATE users SET phone_number_history = '[]' WHERE id = %s", (user_id,))


def read_person_sids(connection: Connection, user_id: str) -> list[str]:
    """Return Twilio's ids of the person's texts that are not known to be deleted at Twilio."""
    return sorted(sid for (sid,) in connection.execute(sql("read_person_sids"), {"user_id": user_id}))


def clear_person_sids(connection: Connection, user_id: str, sids: Collection[str]) -> None:
    """Clear Twilio's ids of texts that are deleted at Twilio."""
    connection.execute(sql("clear_person_sids"), {"user_id": user_id, "sids": list(sids)})


def clear_old_words(connection: Connection, before: datetime, limit: int) -> int:
    """Clear one batch of words from before a time, and delete older records beside them; one round trip.

    Args:
        limit: how many texts and how many messages at most.

    Returns:
        How many were cleared; fewer than `limit` when none are left.
    """
    parameters = {"before": before, "limit": limit}
    with one_round_trip(connection):
        messages = connection.execute(sql("clear_old_texts"), parameters)
        queue = connection.execute(sql("clear_old_messages"), parameters)
        connection.execute(sql("delete_old_records"), parameters)
    return messages.rowcount + queue.rowcount
