"""Statements of the query function: read what became of messages, what people wrote, and what the rules decide on.

Each of them reads inside `read_only`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from orchestrator.messages import Lane
from orchestrator.rules.inbound_marker import FRESH_FOR, READ_AFTER_GAP
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.law import LONGEST_PERIOD
from orchestrator.rules.questions import HOLDS_FOR
from orchestrator.rules.state import Delivery
from orchestrator.store.database import STATEMENT_SECONDS, limit_statement_time, sql
from orchestrator.store.delivery import delivery_of
from orchestrator.store.intake import AcceptedMessage


@dataclass(frozen=True, slots=True)
class StatusRow:
    """What the database holds of one message: a row of the queue, or else a rejection, or else a wait for its user."""

    message_id: UUID
    user_id: UUID | None
    agent_id: str | None
    status: str | None
    reason: str | None
    due: datetime | None
    accepted_at: datetime | None
    sent_at: datetime | None
    note: str | None
    outcome: str | None
    undelivered_at: datetime | None
    undelivered_code: int | None
    delivered_at: datetime | None
    superseded_by: UUID | None
    timezone: str | None
    phone_number: str | None
    rejected_reason: str | None
    problem: str | None
    rejected_at: datetime | None
    waits_for_user_until: datetime | None


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """A text that a person wrote, and the message that it answers, where one is known and visible."""

    reply_id: UUID
    written_at: datetime
    words: str
    kind: str
    answers: UUID | None
    agent_id: str | None
    may_answer: list[UUID]


@contextmanager
def read_only(connection: Connection) -> Iterator[None]:
    """Let the statements inside read and never write, whatever the rights of the connection's role."""
    with connection.transaction():
        # For this transaction alone (G8).
        connection.execute("SET TRANSACTION READ ONLY")
        limit_statement_time(connection, STATEMENT_SECONDS)
        yield


def read_statuses(
    connection: Connection, message_ids: Sequence[UUID], agent_prefix: str | None, now: datetime
) -> dict[UUID, StatusRow]:
    """Read what became of messages, in one statement; one that is unknown, or out of the scope, is missing."""
    with connection.cursor(row_factory=class_row(StatusRow)) as cursor:
        cursor.execute(sql("read_statuses"), {"message_ids": list(message_ids), "scope": agent_prefix, "now": now})
        return {row.message_id: row for row in cursor}


def read_replies(
    connection: Connection,
    user_id: UUID,
    *,
    agent_prefix: str | None,
    message_id: UUID | None,
    since: datetime,
    after: tuple[datetime, UUID],
    limit: int,
    now: datetime,
) -> list[ReplyRow]:
    """Read a page of what a person wrote, oldest first.

    Args:
        agent_prefix: only answers to messages of these agents.
        message_id: only answers to this message.
        after: the time and the id of the last text of the page before.
    """
    parameters = {
        "user_id": user_id,
        "scope": agent_prefix,
        "message_id": message_id,
        "since": since,
        "after": after[0],
        "after_id": after[1],
        "limit": limit,
        "now": now,
    }
    with connection.cursor(row_factory=class_row(ReplyRow)) as cursor:
        return cursor.execute(sql("read_replies"), parameters).fetchall()


def read_imagined_delivery(
    connection: Connection,
    message: AcceptedMessage,
    data: dict[str, Any],
    *,
    agent_start_limit: int,
    names_sender: bool,
    now: datetime,
) -> Delivery:
    """Read what the rules would decide on if a message were stored now. A sequence of one part alone is imagined."""
    parameters = {
        "user_id": message.user_id,
        "agent_id": message.agent_id,
        "topic": message.topic,
        "lane": Lane(message.priority),
        "type": str(data.get("type")),
        "agent_start_limit": agent_start_limit,
        "names_sender": names_sender,
        "not_conversation": NOT_CONVERSATION,
        "fresh_for": FRESH_FOR,
        "read_after_gap": READ_AFTER_GAP,
        "law_period": LONGEST_PERIOD,
        "asks": message.expects_reply,
        "question_holds_for": HOLDS_FOR,
        "now": now,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql("read_person_state"), parameters).fetchone()
    assert row is not None  # the person was read in the same transaction, and only an operator deletes one
    return delivery_of(
        row
        | {
            "message_id": message.message_id,
            "agent_id": message.agent_id,
            "message_data": data,
            "final_message": None,
            "words_source": None,
            "words_on": None,
            "tries": 0,
            "priority": message.priority,
            "can_delay": message.can_delay,
            "due": now,
            "not_before": message.not_before,
            "expires_at": message.expires_at,
            "accepted_at": now,
            "best_at": message.best_at,
            "requires_fresh_context": message.requires_fresh_context,
            "withdrawn": False,
            "superseded_by": None,
            "higher_is_due": False,
            "sequence_id": message.sequence_id,
            "sequence_total": message.sequence_total,
            "continues": False,
            "broken": False,
            "is_reply": False,
            "allow_repeat": message.allow_repeat,
            "asks": message.expects_reply,
            "sequence_due": None,
            "relevance": "unasked",
            "judged_at": None,
        }
    )


def is_in_scope(connection: Connection, agent_id: str, agent_prefix: str | None) -> bool:
    """Return whether an agent is one of those that a prefix names; without a prefix, every agent is."""
    row = connection.execute(sql("is_in_scope"), {"agent_id": agent_id, "scope": agent_prefix}).fetchone()
    return bool(row and row[0])


def has_same_words(connection: Connection, user_id: UUID, digests: tuple[str, str | None], since: datetime) -> bool:
    """Return whether a text with the same words, or of the same data, went to a person since a time (R14)."""
    parameters = {"user_id": user_id, "words_digest": digests[0], "data_digest": digests[1], "since": since}
    row = connection.execute(sql("has_same_words"), parameters).fetchone()
    return bool(row and row[0])
