"""Statements around relevance: who is in question, and what was said of it (R10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.store.calls import LoggedCall, log_calls
from orchestrator.store.database import columns, one_round_trip, sql

# A person's last messages that a verdict looks at (R10); more where none of them may be overlooked (R11).
LAST_REPLIES = 5
UNREAD_REPLIES = 20
# Of what waits for a person, as much as one question holds.
MOST_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class RelevanceRow:
    """A verdict, with the newest message of the person that it saw.

    Attributes:
        task: for a message that its agent is to say anew: everything the agent needs; else None.
    """

    message_id: UUID
    inbound_id: UUID
    verdict: str
    why: str
    task: Jsonb | None


def read_in_question(
    connection: Connection, user_ids: Sequence[UUID], now: datetime, *, also_idle: bool = False
) -> list[dict[str, Any]]:
    """What waits for these people, is in question since they wrote, and has not been judged; one round trip.

    Args:
        also_idle: include people for whom nothing waits.

    Returns:
        One row for each person: `inbound_id`, `said` (oldest first) with `said_ids`, and `messages` (in the order in
        which they came; None where nothing waits).
    """
    parameters = {
        "user_ids": list(user_ids),
        "now": now,
        "not_conversation": NOT_CONVERSATION,
        "replies": UNREAD_REPLIES if also_idle else LAST_REPLIES,
        "messages": MOST_MESSAGES,
        "also_idle": also_idle,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_in_question"), parameters)
        return cursor.fetchall()


def remember(
    connection: Connection,
    verdicts: Sequence[RelevanceRow],
    calls: Sequence[LoggedCall],
    reformulated_within: timedelta,
    now: datetime,
) -> None:
    """Remember verdicts and log their calls; one round trip.

    What still waits and is stale ends, what is to be said anew waits for its agent, who gets a task. Messages in
    delivery are left to whoever delivers them.
    """
    with one_round_trip(connection):
        write_remembered(connection, verdicts, reformulated_within, now)
        log_calls(connection, calls, now)


def write_remembered(
    connection: Connection, verdicts: Sequence[RelevanceRow], reformulated_within: timedelta, now: datetime
) -> None:
    """Write verdicts and what follows from them. Call it inside `one_round_trip`."""
    if verdicts:
        parameters = {**columns(verdicts, *RelevanceRow.__slots__), "now": now, "until": now + reformulated_within}
        connection.execute(sql("lock_messages"), {"message_ids": [verdict.message_id for verdict in verdicts]})
        connection.execute(sql("store_verdicts"), parameters)
        connection.execute(sql("apply_verdicts"), parameters)
        connection.execute(sql("create_reformulation_tasks"), parameters)
