"""Lists waiting messages for operators."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.messages import Lane
from orchestrator.store.database import sql


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """One message that has not ended; `of_lane` is how many wait in its lane."""

    priority: str
    message_id: UUID
    person: str
    agent_id: str
    status: str
    reason: str | None
    due: datetime
    since: datetime
    of_lane: int


def list_waiting_messages(
    connection: Connection, per_lane: int | None, user_id: UUID | None = None
) -> list[WaitingMessage]:
    """List the oldest waiting messages, lane by lane.

    Args:
        per_lane: how many of each lane at most; None for all.
        user_id: the person whose messages are listed; None for all people.
    """
    with connection.cursor(row_factory=class_row(WaitingMessage)) as cursor:
        cursor.execute(sql("list_waiting_messages"), {"per_lane": per_lane, "lanes": [*Lane], "user_id": user_id})
        return cursor.fetchall()
