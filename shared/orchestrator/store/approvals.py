"""Statements of approvals (R13): list the messages that wait for one, approve their words, refuse them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.rules.approval import digest_text
from orchestrator.store.database import sql


@dataclass(frozen=True, slots=True)
class WordsToApprove:
    """The final words of a message that wait for approval.

    Attributes:
        published_by: the AWS identity that published the message; None where none is known.
        segments: what carriers bill.
    """

    message_id: UUID
    agent_id: str
    published_by: str | None
    user_id: UUID
    external_id: str | None
    words: str
    segments: int | None
    accepted_at: datetime
    expires_at: datetime
    is_reply: bool


def list_approvals(connection: Connection, limit: int, message_id: UUID | None = None) -> list[WordsToApprove]:
    """List the messages that wait for approval, oldest first, or the one with this id."""
    with connection.cursor(row_factory=class_row(WordsToApprove)) as cursor:
        return cursor.execute(sql("list_approvals"), {"message_id": message_id, "limit": limit}).fetchall()


def approve_words(connection: Connection, message_id: UUID, words: str, now: datetime) -> bool:
    """Approve the words of a message, and make it due; returns whether it still waited for approval."""
    parameters = {"message_id": message_id, "digest": digest_text(words), "now": now}
    return connection.execute(sql("approve_words"), parameters).rowcount == 1


def refuse_message(connection: Connection, message_id: UUID, now: datetime) -> bool:
    """End a message whose words are not approved; returns whether it still waited for approval."""
    return connection.execute(sql("refuse_message"), {"message_id": message_id, "now": now}).rowcount > 0
