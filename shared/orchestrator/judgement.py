"""Whether waiting messages still make sense: asked once for each person, remembered until they write again (R10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from orchestrator.call_log import logged
from orchestrator.clock import Clock, Countdown
from orchestrator.rules.relevance import Relevance
from orchestrator.settings import DeliverSettings
from orchestrator.store import relevance as store
from orchestrator.store.calls import LoggedCall
from orchestrator.store.database import Database
from orchestrator.store.relevance import Remembered
from orchestrator.wording.relevance import InQuestion, Judgement, Said, Subject, judge


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a message's relevance now, and since when."""

    relevance: Relevance
    judged_at: datetime


def judge_people(
    database: Database,
    asked: Mapping[UUID, UUID],
    settings: DeliverSettings,
    clock: Clock,
    time_left: Countdown,
    *,
    may_ask: bool,
) -> dict[UUID, Known]:
    """Judge what waits for people, each person in one call, and remember it; two round trips around the calls.

    Args:
        asked: the messages in question that could go now, each with its person.
        may_ask: False when the day's ceiling is reached.

    Returns:
        What is known of each of `asked`; what Claude did not judge is unknown.
    """
    now = clock()
    unknown = {message_id: Known(Relevance.UNKNOWN, now) for message_id in asked}
    if settings.anthropic_api_key is None or not may_ask:
        return unknown
    with database.connection() as connection:
        rows = store.read_in_question(connection, sorted(set(asked.values())), now)
    judgements = judge([subject_of(row) for row in rows], settings, time_left)
    now = clock()
    with database.connection() as connection:
        store.remember(
            connection,
            [verdict for judgement in judgements for verdict in remembered(judgement)],
            [call for judgement in judgements for call in calls_of(judgement, "check_relevance")],
            timedelta(minutes=settings.reformulation_minutes),
            now,
        )
    judged = {
        message_id: Known(verdict.relevance, now)
        for judgement in judgements
        for message_id, verdict in judgement.verdicts.items()
        if message_id in asked
    }
    return unknown | judged


def subject_of(row: Mapping[str, Any]) -> Subject:
    """The question about one person, of what `read_in_question` found."""
    return Subject(
        user_id=row["user_id"],
        inbound_id=row["inbound_id"],
        said=[Said(said["text"], datetime.fromisoformat(said["at"])) for said in row["said"]],
        messages=[
            InQuestion(
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


def remembered(judgement: Judgement) -> Sequence[Remembered]:
    """The verdicts as they are remembered."""
    subject = judgement.subject
    said = [{"text": said.text, "at": said.at.isoformat()} for said in subject.said]
    return [
        Remembered(
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


def calls_of(judgement: Judgement, action_type: str) -> Sequence[LoggedCall]:
    """The calls as they are logged."""
    messages = judgement.subject.messages
    agents = {message.agent_id for message in messages}
    return [
        logged(
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
