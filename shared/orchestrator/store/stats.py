"""Reads statistics: what became of messages since a time, texts by the hour, and for how long messages wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from orchestrator.ids import first_id_at
from orchestrator.store.database import only_row, sql
from orchestrator.store.gauges import MOST_COUNTED


class HourOfTexts(NamedTuple):
    """The texts of one UTC hour and one lane that Twilio accepted, and how many of them were delivered."""

    hour: datetime
    lane: str
    sent: int
    delivered: int


def read_stats(connection: Connection, since: datetime) -> dict[str, Any]:
    """Return counts by name; a name with `_by_` holds counts by reason, code or agent; waits are in seconds."""
    # The ids of attempts hold their time, so their primary key finds the first one.
    parameters = {"since": since, "first_id": first_id_at(since)}
    with connection.cursor(row_factory=dict_row) as cursor:
        return only_row(cursor.execute(sql("read_stats"), parameters))


def read_hourly_texts(connection: Connection, since: datetime) -> list[HourOfTexts]:
    """Return the texts since a time by hour and lane; an hour without texts is missing."""
    with connection.cursor(row_factory=class_row(HourOfTexts)) as cursor:
        return cursor.execute(sql("read_hourly_texts"), {"first_id": first_id_at(since)}).fetchall()


def count_waiting_by_age(connection: Connection, now: datetime, borders: Sequence[timedelta]) -> list[int]:
    """Count the waiting messages, at most `MOST_COUNTED`, by the time since they were accepted.

    Args:
        borders: ascending; the first count is of the messages below the first one, the last of those from the last on.
    """
    seconds = [border.total_seconds() for border in borders]
    parameters = {"now": now, "borders": seconds, "most": MOST_COUNTED}
    counts: dict[int, int] = dict(connection.execute(sql("count_waiting_by_age"), parameters).fetchall())
    return [counts.get(place, 0) for place in range(len(borders) + 1)]
