"""How full everything is: what is overdue, what waits, what the day has cost, connections in use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.messages import Lane
from orchestrator.store.database import one_round_trip, sql

# Of what waits, as many are counted; a count that reaches it means "or more".
MOST_COUNTED = 50_000


@dataclass(frozen=True, slots=True)
class Gauges:
    """What one look found.

    Attributes:
        overdue: seconds for which the oldest due message of a lane has been due; a lane where none is, is missing.
        waiting: messages by reason, `MOST_COUNTED` in all at the most.
        claude_usd, twilio_usd: US dollars on this UTC day.
        connections: per cent of those that the server allows.
    """

    overdue: Mapping[str, float]
    waiting: Mapping[str, int]
    claude_usd: Decimal
    twilio_usd: Decimal
    connections: float


def read_gauges(connection: Connection, now: datetime) -> Gauges:
    """Look once; one round trip."""
    with connection.cursor(row_factory=class_row(Gauges)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_gauges"), {"now": now, "lanes": [*Lane], "limit": MOST_COUNTED})
        levels = cursor.fetchone()
    assert levels is not None  # its FROM gives one row, whatever is there
    return levels
