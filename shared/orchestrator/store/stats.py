"""Reads statistics: what became of messages since a time."""

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.ids import first_id_at
from orchestrator.store.database import sql


def read_stats(connection: Connection, since: datetime) -> dict[str, Any]:
    """Return counts by name; a name with `_by_` holds counts by reason, code or agent; waits are in seconds."""
    # The ids of attempts hold their time, so their primary key finds the first one.
    parameters = {"since": since, "first_id": first_id_at(since)}
    with connection.cursor(row_factory=dict_row) as cursor:
        stats = cursor.execute(sql("read_stats"), parameters).fetchone()
    assert stats is not None  # an aggregate returns one row
    return stats
