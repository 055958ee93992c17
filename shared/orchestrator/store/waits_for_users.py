"""Lists messages whose person is not known yet: they wait in SQS until the person is created, or for 15 minutes."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.store.database import sql


class UserWait(NamedTuple):
    """A message that waits for its user; at `until` it is rejected."""

    message_id: UUID
    agent_id: str | None
    until: datetime


def list_waits_for_users(connection: Connection, now: datetime, limit: int) -> list[UserWait]:
    """List messages that wait for their user now, the one that is rejected next first."""
    with connection.cursor(row_factory=class_row(UserWait)) as cursor:
        return cursor.execute(sql("list_waits_for_users"), {"now": now, "limit": limit}).fetchall()
