"""Reads the gauges: messages overdue and waiting, unread texts, the cost of the UTC day, pauses, connections."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.messages import Lane
from orchestrator.store.database import one_round_trip, only_row, sql

# How many waiting messages are counted; a count that reaches it means "or more".
MOST_COUNTED = 50_000


@dataclass(frozen=True, slots=True)
class Gauges:
    """The gauges at one time.

    Attributes:
        overdue: seconds since the oldest due message of a lane became due; a lane without one is missing.
        oldest_unread: seconds since the oldest unread text of a person came; 0 where none is unread.
        waiting: messages by reason, at most `MOST_COUNTED` in all.
        claude_usd, twilio_usd: US dollars on this UTC day.
        cost_ceilings: 1 for each of Twilio's ceilings of the day that holds messages now.
        outcome_pauses: agents and message types that are paused by what their texts brought, by scope.
        oldest_pause: seconds since the oldest pause in force began; 0 where nothing is paused.
        old_senders: 1 for each thing in the database that hands rows to another sender, by its kind and name.
        oldest_events: seconds since the oldest event happened that its target has not taken, by target.
        connections: connections in use, in per cent of those that the server allows.
    """

    overdue: Mapping[str, float]
    waiting: Mapping[str, int]
    oldest_unread: float
    claude_usd: Decimal
    twilio_usd: Decimal
    cost_ceilings: Mapping[str, int]
    outcome_pauses: Mapping[str, int]
    oldest_pause: float
    old_senders: Mapping[str, int]
    oldest_events: Mapping[str, float]
    connections: float


def read_gauges(connection: Connection, now: datetime) -> Gauges:
    """Read the gauges; one round trip."""
    with connection.cursor(row_factory=class_row(Gauges)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_gauges"), {"now": now, "lanes": [*Lane], "limit": MOST_COUNTED})
        return only_row(cursor)
