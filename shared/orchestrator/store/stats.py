"""What became of messages since a time, in numbers."""

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.ids import first_id_at
from orchestrator.store.database import sql


def read_stats(connection: Connection, since: datetime) -> dict[str, Any]:
    """Counts by name; those with a `_by_` in their names are counts by reason, code or agent; waits are in seconds."""
    # Attempts are in the order of time by their ids.
    parameters = {"since": since, "first_id": first_id_at(since)}
    with connection.cursor(row_factory=dict_row) as cursor:
        stats = cursor.execute(sql("read_stats"), parameters).fetchone()
    assert stats is not None  # an aggregate is one row
    return stats
