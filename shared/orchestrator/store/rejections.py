"""Lists what was not accepted, page by page."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.store.database import sql


class RejectionRow(NamedTuple):
    """A body, or a row of `messages`, that was not accepted; `problem` says what to change."""

    sqs_message_id: str
    message_id: UUID | None
    agent_id: str | None
    reason: str
    field: str
    problem: str
    rejected_at: datetime


def list_rejections(
    connection: Connection,
    limit: int,
    *,
    before: datetime | None = None,
    before_id: str = "",
    agent: str | None = None,
    since: datetime | None = None,
) -> list[RejectionRow]:
    """List rejections, newest first.

    Args:
        before, before_id: the time and the `sqs_message_id` of the last one of the page before.
        agent: only of the agents whose ids begin with this, in lower case.
        since: only at this time or later.
    """
    with connection.cursor(row_factory=class_row(RejectionRow)) as cursor:
        parameters = {"limit": limit, "before": before, "before_id": before_id, "agent": agent, "since": since}
        return cursor.execute(sql("list_rejections"), parameters).fetchall()
