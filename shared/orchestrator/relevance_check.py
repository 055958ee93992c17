"""Whether waiting messages still make sense: asked once for each person, remembered until they write again (R10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from orchestrator.clock import Clock, Countdown
from orchestrator.rules.relevance import Relevance
from orchestrator.settings import DeliverSettings
from orchestrator.store import relevance as store
from orchestrator.store.calls import LoggedCall
from orchestrator.store.database import Database
from orchestrator.store.relevance import RelevanceRow
from orchestrator.wording.claude import Call
from orchestrator.wording.relevance import (
    ConversationText,
    MessageInQuestion,
    PersonInQuestion,
    RelevanceResult,
    check_relevance,
)


@dataclass(frozen=True, slots=True)
class KnownRelevance:
    """What is known of a message's relevance now, and since when."""

    relevance: Relevance
    judged_at: datetime


def check_people(
    database: Database,
    asked: Mapping[UUID, UUID],
    settings: DeliverSettings,
    clock: Clock,
    time_left: Countdown,
    *,
    may_ask: bool,
) -> dict[UUID, KnownRelevance]:
    """Judge what waits for people, each person in one call, and remember it; two round trips around the calls.

    Args:
        asked: the messages in question that could go now, each with its person.
        may_ask: False when the day's ceiling is reached.

    Returns:
        What is known of each of `asked`; what Claude did not judge is unknown.
    """
    now = clock()
    unknown = {message_id: KnownRelevance(Relevance.UNKNOWN, now) for message_id in asked}
    if settings.anthropic_api_key is None or not may_ask:
        return unknown
    with database.connection() as connection:
        rows = store.read_in_question(connection, sorted(set(asked.values())), now)
    judgements = check_relevance([person_in_question(row) for row in rows], settings, time_left)
    now = clock()
    with database.connection() as connection:
        store.remember(
            connection,
            [verdict for judgement in judgements for verdict in relevance_rows(judgement)],
            [call for judgement in judgements for call in calls_of(judgement, "check_relevance")],
            timedelta(minutes=settings.reformulation_minutes),
            now,
        )
    judged = {
        message_id: KnownRelevance(verdict.relevance, now)
        for judgement in judgements
        for message_id, verdict in judgement.verdicts.items()
        if message_id in asked
    }
    return unknown | judged


def person_in_question(row: Mapping[str, Any]) -> PersonInQuestion:
    """The question about one person, of what `read_in_question` found."""
    return PersonInQuestion(
        user_id=row["user_id"],
        inbound_id=row["inbound_id"],
        said=[ConversationText(said["text"], datetime.fromisoformat(said["at"])) for said in row["said"]],
        messages=[
            MessageInQuestion(
                message_id=UUID(message["message_id"]),
                agent_id=message["agent_id"],
                data=message["data"],
                words=message["words"],
                topic=message["topic"],
                queued_at=datetime.fromisoformat(message["queued_at"]),
            )
            for message in row["messages"] or ()
        ],
    )


def relevance_rows(judgement: RelevanceResult) -> Sequence[RelevanceRow]:
    """The verdicts as they are remembered."""
    subject = judgement.subject
    said = [{"text": said.text, "at": said.at.isoformat()} for said in subject.said]
    return [
        RelevanceRow(
            message_id=message_id,
            inbound_id=subject.inbound_id,
            verdict=verdict.relevance,
            why=verdict.why,
            task=Jsonb({"why": verdict.why, "user_messages": said})
            if verdict.relevance is Relevance.REFORMULATE
            else None,
        )
        for message_id, verdict in judgement.verdicts.items()
    ]


def calls_of(judgement: RelevanceResult, action_type: str) -> Sequence[LoggedCall]:
    """The calls as they are logged."""
    messages = judgement.subject.messages
    agents = {message.agent_id for message in messages}
    return [
        call_log_entry(
            call,
            action_type=action_type,
            user_id=judgement.subject.user_id,
            message_id=messages[0].message_id if len(messages) == 1 else None,
            agent_id=agents.pop() if len(agents) == 1 else "several" if agents else "none",
            outcome="failed" if call.error else "judged",
            messages=len(messages),
        )
        for call in judgement.calls
    ]


def call_log_entry(
    call: Call,
    *,
    action_type: str,
    user_id: UUID,
    message_id: UUID | None,
    agent_id: str,
    outcome: str,
    messages: int,
) -> LoggedCall:
    """A call with what it was about, and what became of its answer."""
    return LoggedCall(
        action_type=action_type,
        user_id=user_id,
        message_id=message_id,
        agent_id=agent_id,
        model=call.model,
        input_tokens=call.input_tokens,
        cached_tokens=call.cached_tokens,
        output_tokens=call.output_tokens,
        cost_usd=call.cost_usd,
        latency_ms=call.latency_ms,
        outcome=outcome,
        messages=messages,
        error=call.error,
    )
