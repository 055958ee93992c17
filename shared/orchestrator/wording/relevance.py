"""Asks Claude whether waiting messages still make sense: one question for all that wait for one person (R10)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from orchestrator.clock import Countdown
from orchestrator.rules.relevance import Relevance
from orchestrator.settings import WriterSettings
from orchestrator.wording.claude import Call, Question, ask, call_without_request, side_by_side
from orchestrator.wording.prompts import RELEVANCE, relevance_request

# Characters of a message's data that a question shows.
LONGEST_DATA = 600
# A text is read whole: Twilio's longest has 1,600 characters. Of what is longer, the beginning and the end: people end
# with what they mean.
LONGEST_TEXT = 1_600
_BEGINNING = 400


@dataclass(frozen=True, slots=True)
class MessageInQuestion:
    """One waiting message; `words` are its text where it is written already."""

    message_id: UUID
    agent_id: str
    data: dict[str, Any]
    words: str | None
    topic: str | None
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class ConversationText:
    """One text of the conversation.

    Attributes:
        from_person: False for a text that we sent.
    """

    text: str
    at: datetime
    from_person: bool = True


@dataclass(frozen=True, slots=True)
class PersonInQuestion:
    """One person: the messages in question that wait for them, and the last texts of both sides, oldest first.

    Attributes:
        inbound_id: the person's newest message, which a verdict is stored with.
    """

    user_id: UUID
    inbound_id: UUID
    conversation: Sequence[ConversationText]
    messages: Sequence[MessageInQuestion]


@dataclass(frozen=True, slots=True)
class RelevanceVerdict:
    """A verdict on one message."""

    relevance: Relevance
    why: str


@dataclass(frozen=True, slots=True)
class RelevanceResult:
    """The verdicts on one person's messages; a message without one is not judged."""

    subject: PersonInQuestion
    verdicts: Mapping[UUID, RelevanceVerdict]
    calls: tuple[Call, ...]


class MessageVerdict(BaseModel):
    """Claude's verdict on one message."""

    number: int
    verdict: Literal["RELEVANT", "STALE", "CONTEXTUAL"]
    should_reformulate: bool
    why: str = Field(max_length=200, description="At most 12 words, in English")


class VerdictsAnswer(BaseModel):
    """Claude's answer to a relevance question."""

    verdicts: list[MessageVerdict]


def check_relevance(
    subjects: Sequence[PersonInQuestion], settings: WriterSettings, time_left: Countdown
) -> list[RelevanceResult]:
    """Ask about each person, side by side; nothing is raised."""
    return side_by_side(
        [partial(_check_person, subject, settings, time_left) for subject in subjects],
        too_late=lambda place: RelevanceResult(subjects[place], {}, (call_without_request(settings),)),
        seconds=time_left(),
    )


def question_about(subject: PersonInQuestion) -> str:
    """Return the user turn for one person."""
    messages = [
        {
            "number": number,
            "queued_at": f"{message.queued_at:%Y-%m-%d %H:%M}",
            **({"topic": message.topic} if message.topic else {}),
            "says": message.words or json.dumps(message.data, ensure_ascii=False)[:LONGEST_DATA],
        }
        for number, message in enumerate(subject.messages, start=1)
    ]
    conversation = [
        {
            "at": f"{text.at:%Y-%m-%d %H:%M}",
            "from": "person" if text.from_person else "service",
            "text": _shortened(text.text),
        }
        for text in subject.conversation
    ]
    return relevance_request(messages, conversation)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:_BEGINNING]} […] {text[_BEGINNING - LONGEST_TEXT :]}"


def _check_person(subject: PersonInQuestion, settings: WriterSettings, time_left: Countdown) -> RelevanceResult:
    question = Question(RELEVANCE, [question_about(subject)], VerdictsAnswer, entries=len(subject.messages))
    answer = ask(settings, question, time_left)
    verdicts = verdicts_on(subject, answer.output.verdicts if answer.output else ())
    return confirm_stale(RelevanceResult(subject, verdicts, answer.calls), settings, time_left)


def confirm_stale(result: RelevanceResult, settings: WriterSettings, time_left: Countdown) -> RelevanceResult:
    """Ask about the whole list again in reverse order, where several messages were judged and one is stale (R10).

    A verdict on several items depends on their order (BatchPrompt, arXiv 2309.00384), and STALE ends a message. It
    stands only where both orders give it; another second verdict replaces it. Without a second verdict the message is
    not judged.
    """
    subject = result.subject
    stale = {message_id for message_id, verdict in result.verdicts.items() if verdict.relevance is Relevance.STALE}
    if not stale or len(subject.messages) == 1:
        return result
    backwards = replace(subject, messages=subject.messages[::-1])
    question = Question(RELEVANCE, [question_about(backwards)], VerdictsAnswer, entries=len(subject.messages))
    answer = ask(settings, question, time_left)
    again = verdicts_on(backwards, answer.output.verdicts if answer.output else ())
    kept = {message_id: verdict for message_id, verdict in result.verdicts.items() if message_id not in stale}
    second = {message_id: again[message_id] for message_id in stale & again.keys()}
    return RelevanceResult(subject, kept | second, result.calls + answer.calls)


def verdicts_on(subject: PersonInQuestion, verdicts: Sequence[MessageVerdict]) -> dict[UUID, RelevanceVerdict]:
    """Return the verdicts by message; a message with two different verdicts in one answer is not judged."""
    by_number: dict[int, set[Relevance]] = {}
    why: dict[int, str] = {}
    for verdict in verdicts:
        by_number.setdefault(verdict.number, set()).add(_relevance(verdict))
        why[verdict.number] = verdict.why
    return {
        message.message_id: RelevanceVerdict(min(by_number[number]), why[number])
        for number, message in enumerate(subject.messages, start=1)
        if len(by_number.get(number, ())) == 1
    }


def _relevance(verdict: MessageVerdict) -> Relevance:
    if verdict.verdict == "CONTEXTUAL":
        return Relevance.REFORMULATE if verdict.should_reformulate else Relevance.RELEVANT
    return Relevance(verdict.verdict.lower())
