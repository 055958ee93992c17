"""Checks the relevance of waiting messages (R10): one call for each person, remembered until the person writes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from orchestrator.claude_calls import ClaudeUse, call_log_entry, count_calls, count_unasked_questions
from orchestrator.clock import Clock, Countdown
from orchestrator.rules.relevance import Relevance
from orchestrator.settings import DeliverSettings
from orchestrator.store import relevance as store
from orchestrator.store.calls import LoggedCall
from orchestrator.store.database import Database
from orchestrator.store.relevance import RelevanceRow
from orchestrator.wording.relevance import (
    ConversationText,
    MessageInQuestion,
    PersonInQuestion,
    RelevanceResult,
    check_relevance,
)


@dataclass(frozen=True, slots=True)
class KnownRelevance:
    """What is known of a message's relevance, and since when."""

    relevance: Relevance
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class RelevanceCheck:
    """What a check found.

    Attributes:
        by_message: the relevance of each message in question; unknown where Claude gave no verdict.
        calls: calls to Claude by use and outcome.
    """

    by_message: Mapping[UUID, KnownRelevance] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)


def check_people(
    database: Database,
    in_question: Mapping[UUID, UUID],
    settings: DeliverSettings,
    clock: Clock,
    time_left: Countdown,
    *,
    may_ask: bool,
) -> RelevanceCheck:
    """Check what waits for people, each person in one call, and store the verdicts; two round trips around the calls.

    Args:
        in_question: the messages that could go now, each with its person.
        may_ask: False when Claude has reached its ceiling of the day.
    """
    now = clock()
    people = sorted(set(in_question.values()))
    unknown = {message_id: KnownRelevance(Relevance.UNKNOWN, now) for message_id in in_question}
    if settings.anthropic_api_key is None or not may_ask:
        return RelevanceCheck(unknown, count_unasked_questions(ClaudeUse.CHECK_RELEVANCE, len(people)))
    with database.connection() as connection:
        rows = store.read_relevance_questions(connection, people, now)
    results = check_relevance([person_in_question(row) for row in rows], settings, time_left)
    now = clock()
    with database.connection() as connection:
        store.store_verdicts(
            connection,
            [row for result in results for row in relevance_rows(result)],
            [call for result in results for call in calls_of(result, ClaudeUse.CHECK_RELEVANCE)],
            timedelta(minutes=settings.reformulation_minutes),
            now,
        )
    known = {
        message_id: KnownRelevance(verdict.relevance, now)
        for result in results
        for message_id, verdict in result.verdicts.items()
        if message_id in in_question
    }
    calls = [call for result in results for call in result.calls]
    return RelevanceCheck(unknown | known, count_calls(ClaudeUse.CHECK_RELEVANCE, calls))


def person_in_question(row: Mapping[str, Any]) -> PersonInQuestion:
    """Make the question about one person from a row of `read_relevance_questions`."""
    return PersonInQuestion(
        user_id=row["user_id"],
        inbound_id=row["inbound_id"],
        conversation=[
            ConversationText(text["text"], datetime.fromisoformat(text["at"]), text["from_person"])
            for text in row["texts"]
        ],
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


def relevance_rows(result: RelevanceResult) -> Sequence[RelevanceRow]:
    """Make the rows that store the verdicts of one call."""
    subject = result.subject
    texts = [{"text": text.text, "at": text.at.isoformat()} for text in subject.conversation if text.from_person]
    return [
        RelevanceRow(
            message_id=message_id,
            inbound_id=subject.inbound_id,
            verdict=verdict.relevance,
            why=verdict.why,
            task=Jsonb({"why": verdict.why, "user_messages": texts})
            if verdict.relevance is Relevance.REFORMULATE
            else None,
        )
        for message_id, verdict in result.verdicts.items()
    ]


def calls_of(result: RelevanceResult, use: ClaudeUse) -> Sequence[LoggedCall]:
    """Make the log entries of the calls that one result took, and of its verdicts: one for each message.

    The entry of the last relevance check is the first message's, too. A call that reads a reply is about no message.
    """
    messages = result.subject.messages
    agents = {message.agent_id for message in messages}
    agent_id = agents.pop() if len(agents) == 1 else "several" if agents else "none"
    first = messages[0].message_id if use is ClaudeUse.CHECK_RELEVANCE else None
    verdicts = {message_id: verdict.relevance for message_id, verdict in result.verdicts.items()}
    calls = [
        call_log_entry(
            call,
            use=use,
            user_id=result.subject.user_id,
            message_id=first,
            agent_id=agent_id,
            outcome="failed" if call.error else "judged",
            messages=len(messages),
            verdict=verdicts.get(first) if first and call is result.calls[-1] else None,
        )
        for call in result.calls
    ]
    others = [message for message in messages if message.message_id in verdicts and message.message_id != first]
    return calls + [verdict_log_entry(result, message, verdicts[message.message_id]) for message in others]


def verdict_log_entry(result: RelevanceResult, message: MessageInQuestion, verdict: Relevance) -> LoggedCall:
    """Make the log entry of a verdict whose call has an entry of its own."""
    return LoggedCall(
        action_type=ClaudeUse.CHECK_RELEVANCE.action_type,
        user_id=result.subject.user_id,
        message_id=message.message_id,
        agent_id=message.agent_id,
        model=result.calls[-1].model,
        input_tokens=None,
        cached_tokens=None,
        output_tokens=None,
        cost_usd=None,
        latency_ms=None,
        outcome="verdict",
        messages=len(result.subject.messages),
        error=None,
        verdict=verdict,
    )
