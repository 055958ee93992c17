"""Exports a person's data, deletes a person, and clears old words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg import sql as compose
from psycopg.rows import class_row

from orchestrator.store.database import one_round_trip, only_row, sql
from orchestrator.store.legal_holds import require_no_legal_hold

# Types of columns of `users` that stay. Columns of all other types are emptied, an owner's own too.
_KEPT_TYPES = (
    "boolean", "smallint", "integer", "bigint", "numeric", "real", "double precision", "uuid",
    "timestamp with time zone", "timestamp without time zone",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a person is known; `opted_out_numbers` are those with an opt-out in force that goes with the person."""

    user_id: str
    external_id: str | None
    email: str | None
    full_name: str | None
    phone_number: str
    former_numbers: list[str]
    opted_out_numbers: list[str]

    @property
    def user_uuid(self) -> UUID:
        """Return the person's id as a UUID."""
        return UUID(self.user_id)

    @property
    def all_numbers(self) -> list[str]:
        """Return the numbers that the person has and had, as stored and in E.164; none of a deleted person."""
        return [*([] if self.is_deleted else [self.phone_number]), *self.former_numbers]

    @property
    def is_deleted(self) -> bool:
        """Whether the person was deleted: only their counters and costs are left."""
        return self.phone_number.startswith("forgotten-")


@dataclass(frozen=True, slots=True)
class DeletedRecords:
    """How many records a deletion cleared or deleted; `in_other_rows` counts rows of others that named the person."""

    messages: int
    queued_messages: int
    conversations: int
    agent_tasks: int
    log_entries: int
    in_other_rows: int = 0


def export_person(connection: Connection, user_id: UUID) -> dict[str, Any]:
    """Return everything that the database holds about a person."""
    row = connection.execute(sql("export_person"), {"user_id": user_id}).fetchone()
    assert row is not None  # the caller has read the person's identity
    return dict(row[0])


def read_identity(connection: Connection, user_id: UUID) -> Identity | None:
    """Return by what a person is known; None when no person has the id."""
    with connection.cursor(row_factory=class_row(Identity)) as cursor:
        return cursor.execute(sql("read_identity"), {"user_id": user_id}).fetchone()


def delete_person(
    connection: Connection, identity: Identity, hashes: Sequence[str], traces: str, name: str | None, now: datetime
) -> DeletedRecords:
    """Delete a person: first what names them in rows of others, then, in one transaction, their rows and identity.

    The transaction holds the lock that reservations take. Until it commits, another run finds everything again.

    Raises:
        LegalHold: the person is under a legal hold; nothing of theirs was deleted.

    Args:
        hashes: keyed hashes of their opted-out numbers, which stay opted out.
        traces: a regular expression that finds the person's ids and numbers.
        name: one that finds their name, which is no trace in rows of another person.
    """
    parameters = {
        "user_id": identity.user_id,
        "user_ids": [identity.user_id],
        "all_numbers": identity.all_numbers,
        "number_hash": list(hashes),
        "traces": traces,
        "name": name,
        "now": now,
    }
    # It reads whole tables, so it runs before the lock is taken.
    (in_other_rows,) = only_row(connection.execute(sql("delete_traces"), parameters))
    with connection.transaction(), connection.cursor(row_factory=class_row(DeletedRecords)) as cursor:
        connection.execute(sql("lock_users"), parameters)
        require_no_legal_hold(connection, identity.user_uuid)
        deleted = only_row(cursor.execute(sql("delete_person"), parameters))
        _clear_identity(connection, identity.user_id)
    return replace(deleted, in_other_rows=in_other_rows)


def _clear_identity(connection: Connection, user_id: str) -> None:
    number = f"forgotten-{user_id.replace('-', '')[-10:]}"
    columns = connection.execute(
        "SELECT column_name, is_nullable = 'YES', column_default IS NOT NULL, data_type, character_maximum_length"
        "  FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = 'users' AND data_type <> ALL (%s)"
        "   AND column_name NOT IN ('phone_number', 'phone_number_history')"
        "   AND is_generated = 'NEVER' AND is_identity = 'NO'",
        (list(_KEPT_TYPES),),
    )
    assignments = [compose.SQL("phone_number = {}").format(number)]
    for name, may_be_null, has_default, data_type, length in columns:
        value: compose.Composable | None = None
        if may_be_null:
            value = compose.SQL("NULL")
        elif has_default:
            value = compose.SQL("DEFAULT")
        elif data_type in ("json", "jsonb"):
            value = compose.Literal("{}")
        elif data_type in ("text", "character varying"):
            value = compose.Literal(number[:length])
        if value is not None:
            assignments.append(compose.SQL("{} = {}").format(compose.Identifier(name), value))
    statement = compose.SQL("UPDATE users SET {} WHERE id = {}").format(compose.SQL(", ").join(assignments), user_id)
    connection.execute(statement)
    # In a statement of its own, because a trigger adds each number that changes to the history.
    connection.execute("UPDATE users SET phone_number_history = '[]' WHERE id = %s", (user_id,))


def read_person_sids(connection: Connection, user_id: str) -> list[str]:
    """Return Twilio's ids of the person's texts that are not known to be deleted at Twilio."""
    return sorted(sid for (sid,) in connection.execute(sql("read_person_sids"), {"user_id": user_id}))


def clear_person_sids(connection: Connection, user_id: str, sids: Collection[str]) -> None:
    """Clear Twilio's ids of texts that are deleted at Twilio."""
    connection.execute(sql("clear_person_sids"), {"user_id": user_id, "sids": list(sids)})


def clear_old_words(connection: Connection, before: datetime, keep_since: datetime, limit: int) -> int:
    """Clear one batch of words from before a time, and delete older records beside them; one round trip.

    Args:
        keep_since: words of our texts and of wishes to stop are kept as evidence from this time on (R15).
        limit: how many texts and how many messages at most.

    Returns:
        How many were cleared; fewer than `limit` when none are left.
    """
    parameters = {"before": before, "keep_since": keep_since, "limit": limit}
    with one_round_trip(connection):
        messages = connection.execute(sql("clear_old_texts"), parameters)
        queue = connection.execute(sql("clear_old_messages"), parameters)
        connection.execute(sql("delete_old_records"), parameters)
    return messages.rowcount + queue.rowcount


def delete_expired_records(connection: Connection, before: datetime, keep_since: datetime, limit: int) -> int:
    """Delete one batch of rejections, withdrawals and agents' rates from before a time, and of expired evidence.

    Args:
        keep_since: words that are evidence are kept from this time on (R15).
        limit: how many rows of each table at most.

    Returns:
        How many were deleted; 0 when none are left.
    """
    parameters = {"before": before, "keep_since": keep_since, "limit": limit}
    (deleted,) = only_row(connection.execute(sql("delete_expired_records"), parameters))
    return int(deleted)
