"""Lists messages by their properties, page by page, and withdraws or releases them for an operator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
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


class MessagePage(NamedTuple):
    """Messages of one statement; `next_before` is the id below which the next begins, None where nothing is left."""

    rows: list[dict[str, Any]]
    next_before: UUID | None


def read_message_page(connection: Connection, wanted: MessageFilter, limit: int, before: UUID = LAST_ID) -> MessagePage:
    """Read the messages that pass the filters among the `MOST_READ` with the largest ids below an id.

    The first 48 bits of an id that the client made are its time, so these are newest first.

    Args:
        limit: how many messages are returned at most.
    """
    parameters = {name: getattr(wanted, name) for name in MessageFilter.__slots__}
    with connection.cursor(row_factory=dict_row) as cursor:
        values = {**parameters, "before": before, "most_read": MOST_READ, "limit": limit}
        rows = cursor.execute(sql("list_messages"), values).fetchall()
    last_read: UUID | None = rows[0]["last_read"]
    found = [row for row in rows if row["message_id"] is not None]
    for row in found:
        del row["last_read"]
    return MessagePage(found, found[-1]["message_id"] if len(found) == limit else last_read)


def iterate_messages(
    connection: Connection, wanted: MessageFilter, page: int, before: UUID = LAST_ID
) -> Iterator[dict[str, Any]]:
    """Yield the messages that pass the filters, largest ids first, from below an id on.

    Args:
        page: how many messages a statement returns at most.
    """
    next_before: UUID | None = before
    while next_before is not None:
        rows, next_before = read_message_page(connection, wanted, page, next_before)
        yield from rows


def list_states(connection: Connection, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the states of the known ones of these messages, and of the other parts of their sequences."""
    return dict(connection.execute(sql("list_states"), {"message_ids": list(message_ids)}).fetchall())


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
