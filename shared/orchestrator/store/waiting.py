"""What waits, for operators."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.messages import Lane
from orchestrator.store.database import sql


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """One message that has not ended."""

    priority: str
    message_id: UUID
    person: str
    agent_id: str
    status: str
    reason: str | None
    due: datetime
    since: datetime
    of_lane: int


def list_waiting_messages(connection: Connection, per_lane: int, user_id: UUID | None = None) -> list[WaitingMessage]:
    """The oldest of what waits, lane by lane; `of_lane` is how many wait in its lane in all.

    Args:
        per_lane: as many of each lane at the most.
        user_id: only what waits for this person.
    """
    with connection.cursor(row_factory=class_row(WaitingMessage)) as cursor:
        cursor.execute(sql("list_waiting_messages"), {"per_lane": per_lane, "lanes": [*Lane], "user_id": user_id})
        return cursor.fetchall()
