"""Logs the calls to Claude in `agent_actions_log` and adds their cost to the day's spending."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from psycopg import Connection

from orchestrator.store.database import columns, sql


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call to Claude, or a verdict on one more of the messages that a call was about.

    Attributes:
        message_id: the message it was about; None for a call about all waiting messages of a person.
        outcome: what became of the answer, such as `judged`, `ungrounded` or `failed`; `verdict` where another entry is
            the call's, and holds its tokens and cost.
        messages: how many messages the call was about.
        input_tokens: all input tokens, including `cached_tokens`.
        cost_usd: US dollars, by the price table.
        latency_ms: milliseconds from the request to the whole answer.
        verdict: on the relevance of the message (R10).
    """

    action_type: str
    user_id: UUID
    message_id: UUID | None
    agent_id: str
    model: str
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    latency_ms: int | None
    outcome: str
    messages: int
    error: str | None
    verdict: str | None = None


def log_calls(connection: Connection, calls: Sequence[LoggedCall], now: datetime) -> None:
    """Log calls and add their cost to the UTC day's spending. Call it inside `one_round_trip`."""
    if calls:
        parameters = {**columns(calls, *LoggedCall.__slots__), "now": now}
        connection.execute(sql("log_calls"), parameters)
        connection.execute(sql("add_claude_cost"), parameters)
