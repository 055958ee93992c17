"""Statements of a person's rights: export, deletion, and words that are old enough to go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg import sql as compose
from psycopg.rows import class_row

from orchestrator.store.database import one_round_trip, sql

# Columns of `users` that tell who somebody is; a database may have only some of them.
_PERSONAL = (
    "email", "first_name", "last_name", "company", "title", "linkedin_url", "expertise", "external_id", "timezone",
    "quiet_hours_start", "quiet_hours_end", "response_pattern", "poc_agent_id", "poc_agent_type",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a person is known."""

    user_id: str
    external_id: str | None
    phone_number: str
    former_numbers: list[str]
    opted_out_numbers: list[str]

    @property
    def user_uuid(self) -> UUID:
        """Our id of them."""
        return UUID(self.user_id)

    @property
    def is_forgotten(self) -> bool:
        """Whether this is only what was left of a person."""
        return self.phone_number.startswith("forgotten-")


@dataclass(frozen=True, slots=True)
class DeletedRecords:
    """How much was forgotten."""

    messages: int
    queued_messages: int
    conversations: int
    agent_tasks: int
    log_entries: int


def export_person(connection: Connection, user_id: UUID) -> dict[str, Any]:
    """Everything that is kept of a person."""
    row = connection.execute(sql("export_person"), {"user_id": user_id}).fetchone()
    assert row is not None  # the caller found the person
    return dict(row[0])


def read_identity(connection: Connection, user_id: UUID) -> Identity | None:
    """By what a person is known; None where nobody has the id."""
    with connection.cursor(row_factory=class_row(Identity)) as cursor:
        return cursor.execute(sql("read_identity"), {"user_id": user_id}).fetchone()


def forget_person(connection: Connection, identity: Identity, hashes: Sequence[str], now: datetime) -> DeletedRecords:
    """Forget a person in one transaction, under the lock that reservations take.

    Args:
        hashes: of their opted-out numbers, which stay opted out.
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
        forgotten = cursor.execute(sql("delete_person"), parameters).fetchone()
        _forget_who(connection, identity.user_id)
    assert forgotten is not None  # the statement counts, whatever it finds
    return forgotten


def _forget_who(connection: Connection, user_id: str) -> None:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = 'users' AND column_name = ANY (%s)",
        (list(_PERSONAL),),
    )
    nothing = compose.SQL(", ").join(compose.SQL("{} = NULL").format(compose.Identifier(name)) for (name,) in rows)
    number = f"forgotten-{user_id.replace('-', '')[-10:]}"
    statement = compose.SQL("UPDATE users SET phone_number = %s, {} WHERE id = %s").format(nothing)
    connection.execute(statement, (number, user_id))
    # By itself: a trigger keeps each number that changes.
    connection.execute("UPDATE users SET phone_number_history = '[]' WHERE id = %s", (user_id,))


def read_sids(connection: Connection, user_id: str) -> list[str]:
    """Twilio's ids of the texts that may still lie there."""
    return sorted(sid for (sid,) in connection.execute(sql("read_person_sids"), {"user_id": user_id}))


def forget_sids(connection: Connection, user_id: str, sids: Collection[str]) -> None:
    """These texts are gone at Twilio."""
    connection.execute(sql("clear_person_sids"), {"user_id": user_id, "sids": list(sids)})


def forget_old_words(connection: Connection, before: datetime, limit: int) -> int:
    """Forget one batch of words from before a time; returns how many, fewer than `limit` of each when none are left."""
    parameters = {"before": before, "limit": limit}
    with one_round_trip(connection):
        messages = connection.execute(sql("clear_old_texts"), parameters)
        queue = connection.execute(sql("clear_old_messages"), parameters)
        connection.execute(sql("delete_old_records"), parameters)
    return messages.rowcount + queue.rowcount
