"""Lists messages by their properties, page by page, and withdraws or releases them for an operator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.ids import LAST_ID
from orchestrator.store.database import sql

# Rows that one statement reads at most: a page whose filters few messages pass takes several statements.
MOST_READ = 20_000


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are listed: those that pass every filter that is set.

    Attributes:
        agent: the beginning of the agent's id, in lower case.
        statuses: the state is one of these.
        since, until: when they were accepted.
        not_delivered: the newest text of each did not arrive, as a carrier reported.
    """

    user_id: UUID | None = None
    agent: str | None = None
    lane: str | None = None
    topic: str | None = None
    statuses: Sequence[str] | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sent_since: datetime | None = None
    not_delivered: bool = False


def iterate_messages(
    connection: Connection, wanted: MessageFilter, page: int, before: UUID = LAST_ID
) -> Iterator[dict[str, Any]]:
    """Yield the messages that pass the filters, largest ids first, from below an id on.

    The first 48 bits of an id that the client made are its time, so these are newest first.

    Args:
        page: how many messages a statement returns at most.
    """
    parameters = {name: getattr(wanted, name) for name in MessageFilter.__slots__}
    while True:
        with connection.cursor(row_factory=dict_row) as cursor:
            values = {**parameters, "before": before, "most_read": MOST_READ, "limit": page}
            rows = cursor.execute(sql("list_messages"), values).fetchall()
        last_read: UUID | None = rows[0]["last_read"]
        found = [row for row in rows if row["message_id"] is not None]
        for row in found:
            del row["last_read"]
            yield row
        if last_read is None:
            return
        before = found[-1]["message_id"] if len(found) == page else last_read


def cancel_messages(connection: Connection, message_ids: Sequence[UUID], now: datetime) -> list[UUID]:
    """Cancel waiting messages, each with its whole sequence; returns those that waited still."""
    rows = connection.execute(sql("cancel_by_operator"), {"message_ids": list(message_ids), "now": now})
    return [message_id for (message_id,) in rows]


def release_message(connection: Connection, message_id: UUID, now: datetime, *, at_once: bool) -> datetime | None:
    """Make a message that is held for its best time due.

    Args:
        at_once: as one of the lane `high`, which waits for no other lane.

    Returns:
        When it is due; None where it is not held for its best time.
    """
    parameters = {"message_id": message_id, "now": now, "at_once": at_once}
    rows = connection.execute(sql("release_by_operator"), parameters).fetchall()
    return max((due for _, due in rows), default=None)
