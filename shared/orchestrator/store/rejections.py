"""Lists rejections for operators."""

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.store.database import sql


def list_rejections(
    connection: Connection, limit: int, agent: str | None = None, since: datetime | None = None
) -> list[dict[str, Any]]:
    """List the newest bodies that were not accepted.

    Args:
        agent: only of the agents whose ids begin with this, in lower case.
        since: only at this time or later.

    Returns:
        Rows with `message_id`, `agent_id`, `reason`, `field`, `problem` and `rejected_at`.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        parameters = {"limit": limit, "agent": agent, "since": since}
        return cursor.execute(sql("list_rejections"), parameters).fetchall()
