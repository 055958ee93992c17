"""Reads the waiting messages whose relevance is in question, and writes the verdicts on them (R10)."""

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

# How many of a person's last texts a verdict looks at (R10), and a classification, which may overlook none (R11).
LAST_TEXTS = 5
MOST_UNREAD_TEXTS = 20
# How many of our own last texts a classification sees: "No" is an answer to "Still want these?".
OUR_TEXTS = 2
# How many waiting messages of a person one question holds.
MOST_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class RelevanceRow:
    """A verdict, with the newest text of the person that it saw.

    Attributes:
        task: what the agent needs to reformulate the message; None when it is not to be reformulated.
    """

    message_id: UUID
    inbound_id: UUID
    verdict: str
    why: str
    task: Jsonb | None


def read_relevance_questions(
    connection: Connection, user_ids: Sequence[UUID], now: datetime, *, also_idle: bool = False
) -> list[dict[str, Any]]:
    """Return the waiting messages of these people that are in question since the person wrote; one round trip.

    Args:
        also_idle: include people without such messages, because their unread texts need a classification.

    Returns:
        One row for each person: `inbound_id` (the newest text), `texts` (of both sides, oldest first) with the
        `text_ids` of the person's, and `messages` (in the order of acceptance; None when none is in question).
    """
    parameters = {
        "user_ids": list(user_ids),
        "now": now,
        "not_conversation": NOT_CONVERSATION,
        "texts": MOST_UNREAD_TEXTS if also_idle else LAST_TEXTS,
        "our_texts": OUR_TEXTS,
        "messages": MOST_MESSAGES,
        "also_idle": also_idle,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_relevance_questions"), parameters)
        return cursor.fetchall()


def store_verdicts(
    connection: Connection,
    verdicts: Sequence[RelevanceRow],
    calls: Sequence[LoggedCall],
    reformulated_within: timedelta,
    now: datetime,
) -> None:
    """Store verdicts, apply them to waiting messages and log their calls; one round trip.

    A stale message ends. One that is to be reformulated waits for its agent, who gets a task. Messages in delivery are
    left to the deliver function.

    Args:
        reformulated_within: how long a message waits for its agent.
    """
    with one_round_trip(connection):
        write_verdicts(connection, verdicts, reformulated_within, now)
        log_calls(connection, calls, now)


def write_verdicts(
    connection: Connection, verdicts: Sequence[RelevanceRow], reformulated_within: timedelta, now: datetime
) -> None:
    """Store verdicts and apply them to waiting messages. Call it inside `one_round_trip`."""
    if verdicts:
        parameters = {**columns(verdicts, *RelevanceRow.__slots__), "now": now, "until": now + reformulated_within}
        connection.execute(sql("lock_messages"), {"message_ids": [verdict.message_id for verdict in verdicts]})
        connection.execute(sql("store_verdicts"), parameters)
        connection.execute(sql("apply_verdicts"), parameters)
        connection.execute(sql("create_reformulation_tasks"), parameters)
