"""What became of messages since a time, in numbers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.store.database import sql


def read_stats(connection: Connection, since: datetime) -> dict[str, Any]:
    """Counts by name; those with a `_by_` in their names are counts by reason, code or agent; waits are in seconds."""
    # The smallest version 7 id of that millisecond: attempts are in the order of time by their ids.
    first_id = UUID(int=int(since.timestamp() * 1000) << 80 | 0x7 << 76 | 0x2 << 62)
    with connection.cursor(row_factory=dict_row) as cursor:
        stats = cursor.execute(sql("stats"), {"since": since, "first_id": first_id}).fetchone()
    assert stats is not None  # an aggregate is one row
    return stats
