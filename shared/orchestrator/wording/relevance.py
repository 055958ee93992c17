"""Asks Claude whether waiting messages still make sense: one question for all that wait for one person (R10)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from orchestrator.clock import Countdown
from orchestrator.rules.relevance import Relevance
from orchestrator.settings import WriterSettings
from orchestrator.wording.claude import Call, ask, side_by_side
from orchestrator.wording.prompts import RELEVANCE, relevance_request

# Of a message's data as much as a verdict needs.
LONGEST_DATA = 600
# A text of a person is read whole: Twilio's longest has 1,600 characters. Of what is longer, the beginning and the end:
# people end with what they mean.
LONGEST_TEXT = 1_600
_BEGINNING = 400
# For the answer: its frame, and each verdict with its reason.
FRAME_TOKENS = 100
VERDICT_TOKENS = 70


@dataclass(frozen=True, slots=True)
class MessageInQuestion:
    """One waiting message; `words` are its own where they are written already."""

    message_id: UUID
    agent_id: str
    data: dict[str, Any]
    words: str | None
    topic: str | None
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class ConversationText:
    """One text of the conversation; `from_person` is false for a text that we sent."""

    text: str
    at: datetime
    from_person: bool = True


@dataclass(frozen=True, slots=True)
class PersonInQuestion:
    """One person: what waits for them and is in question, their last words, and what we sent, oldest first.

    Attributes:
        inbound_id: their newest message, which a verdict is remembered with.
    """

    user_id: UUID
    inbound_id: UUID
    said: Sequence[ConversationText]
    messages: Sequence[MessageInQuestion]


@dataclass(frozen=True, slots=True)
class RelevanceVerdict:
    """A verdict on one message."""

    relevance: Relevance
    why: str


@dataclass(frozen=True, slots=True)
class RelevanceResult:
    """What was said of a person's messages; a message that is missing was not judged."""

    subject: PersonInQuestion
    verdicts: Mapping[UUID, RelevanceVerdict]
    calls: tuple[Call, ...]


class MessageVerdict(BaseModel):
    """Claude's verdict on one message."""

    number: int
    verdict: Literal["RELEVANT", "STALE", "CONTEXTUAL"]
    should_reformulate: bool
    why: str = Field(description="At most 12 words")


class VerdictsAnswer(BaseModel):
    """Claude's answer to a relevance question."""

    verdicts: list[MessageVerdict]


def check_relevance(
    subjects: Sequence[PersonInQuestion], settings: WriterSettings, time_left: Countdown
) -> list[RelevanceResult]:
    """Ask about each person, side by side; nothing is raised."""
    return side_by_side(
        [partial(_check_person, subject, settings, time_left) for subject in subjects],
        too_late=lambda place: RelevanceResult(subjects[place], {}, (Call(settings.anthropic_model, "deadline"),)),
        seconds=time_left(),
    )


def question_about(subject: PersonInQuestion) -> str:
    """The user turn for one person."""
    messages = [
        {
            "number": number,
            "queued_at": f"{message.queued_at:%Y-%m-%d %H:%M}",
            **({"topic": message.topic} if message.topic else {}),
            "says": message.words or json.dumps(message.data, ensure_ascii=False)[:LONGEST_DATA],
        }
        for number, message in enumerate(subject.messages, start=1)
    ]
    said = [_said(text) for text in subject.said if text.from_person]
    return relevance_request(messages, said, [_said(text) for text in subject.said if not text.from_person])


def _said(text: ConversationText) -> dict[str, str]:
    words = text.text
    if len(words) > LONGEST_TEXT:
        words = f"{words[:_BEGINNING]} […] {words[_BEGINNING - LONGEST_TEXT :]}"
    return {"at": f"{text.at:%Y-%m-%d %H:%M}", "wrote": words}


def _check_person(subject: PersonInQuestion, settings: WriterSettings, time_left: Countdown) -> RelevanceResult:
    max_tokens = FRAME_TOKENS + VERDICT_TOKENS * len(subject.messages)
    answer = ask(settings, RELEVANCE, [question_about(subject)], VerdictsAnswer, max_tokens, time_left)
    return RelevanceResult(subject, verdicts_on(subject, answer.output.verdicts if answer.output else ()), answer.calls)


def verdicts_on(subject: PersonInQuestion, verdicts: Sequence[MessageVerdict]) -> dict[UUID, RelevanceVerdict]:
    """By message; one that was judged twice in different ways was not judged."""
    by_number: dict[int, set[Relevance]] = {}
    why: dict[int, str] = {}
    for verdict in verdicts:
        by_number.setdefault(verdict.number, set()).add(_relevance(verdict))
        why[verdict.number] = verdict.why[:200]
    return {
        message.message_id: RelevanceVerdict(min(by_number[number]), why[number])
        for number, message in enumerate(subject.messages, start=1)
        if len(by_number.get(number, ())) == 1
    }


def _relevance(verdict: MessageVerdict) -> Relevance:
    if verdict.verdict == "CONTEXTUAL":
        return Relevance.REFORMULATE if verdict.should_reformulate else Relevance.RELEVANT
    return Relevance(verdict.verdict.lower())
