"""The words of messages: as they stand, from Claude, or plain; never raw data (G7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from orchestrator.clock import Countdown
from orchestrator.messages import verbatim_text
from orchestrator.segments import plain_characters
from orchestrator.settings import WriterSettings
from orchestrator.unsendable import unfilled_placeholder
from orchestrator.wording.claude import Call, Question, ask, call_without_request, side_by_side
from orchestrator.wording.grounding import check_text
from orchestrator.wording.names import sayable_name
from orchestrator.wording.plain import plain_sentence
from orchestrator.wording.prompts import (
    SECOND_READING,
    correction_request,
    render_instructions,
    render_request,
    second_reading_request,
)
from orchestrator.wording.speakers import speaker_of

# Characters that are read of an answer; a text that fits into its segments is much shorter.
LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Brief:
    """What there is to say, by whom, and to whom.

    Attributes:
        now: the time on the person's clock, with its zone; None where the zone is not known.
    """

    message_id: UUID
    agent_id: str
    data: dict[str, Any]
    first_name: str | None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one message.

    Attributes:
        text: None when the data makes no words.
        source: verbatim, claude or plain.
        calls: the calls to Claude that wrote it, in order.
        readings: the calls to Claude that read a text beside its data.
        outcome: what became of the calls: used, corrected, ungrounded or failed.
    """

    text: str | None
    source: str
    calls: tuple[Call, ...] = ()
    readings: tuple[Call, ...] = ()
    outcome: str = "used"


class Rendered(BaseModel):
    """Claude's answer to a rendering."""

    text: str = Field(max_length=LONGEST_TEXT, description="The text message, ready to send")


class SecondReading(BaseModel):
    """Claude's answer about a text beside its data."""

    is_faithful: bool
    fault: str = Field(max_length=200, description="At most 12 words, in English; empty where there is none")


def write_words(
    briefs: Sequence[Brief], settings: WriterSettings, time_left: Countdown, *, may_ask: bool
) -> dict[UUID, Words]:
    """Find the words of messages; Claude is asked about several side by side.

    Args:
        may_ask: False when the day's ceiling is reached.

    Returns:
        The words by message id. Nothing is raised: where Claude fails, the plain sentence is the text.
    """
    words = {brief.message_id: _without_claude(brief, settings, may_ask=may_ask) for brief in briefs}
    to_render = [brief for brief in briefs if words[brief.message_id] is None]
    rendered = side_by_side(
        [partial(_render, brief, settings, time_left) for brief in to_render],
        too_late=lambda place: _plain(to_render[place], settings, (call_without_request(settings),), outcome="failed"),
        seconds=time_left(),
    )
    words.update(zip((brief.message_id for brief in to_render), rendered, strict=True))
    return {message_id: found for message_id, found in words.items() if found is not None}


def _without_claude(brief: Brief, settings: WriterSettings, *, may_ask: bool) -> Words | None:
    verbatim = verbatim_text(brief.data)
    if verbatim is not None:
        # Our intake refuses a template that was not filled, but the data may be of another sender.
        return Words(None if unfilled_placeholder(verbatim) else verbatim, "verbatim")
    plain = _plain(brief, settings)
    # Data that says nothing is not sent to Claude, which would invent something.
    return plain if settings.anthropic_api_key is None or not may_ask or plain.text is None else None


def _render(brief: Brief, settings: WriterSettings, time_left: Countdown) -> Words:
    """Ask for a text, once more if it states what it must not, and else make the plain sentence."""
    name = sayable_name(brief.first_name)
    system = render_instructions(speaker_of(brief.agent_id), settings.max_segments)
    turns = [render_request(brief.data, name, brief.now)]
    calls: tuple[Call, ...] = ()
    readings: tuple[Call, ...] = ()
    for outcome in ("used", "corrected"):
        answer = ask(settings, Question(system, tuple(turns), Rendered), time_left)
        calls += answer.calls
        if answer.output is None:
            return _plain(brief, settings, calls, readings, "failed")
        text = plain_characters(answer.output.text).strip()
        check = check_text(text, brief.data, name, settings.max_segments, brief.now)
        problems = check.problems
        if check.needs_second_reading:
            reading = ask(settings, second_reading_of(brief, text), time_left)
            readings += reading.calls
            if reading.output is None:
                return _plain(brief, settings, calls, readings, "failed")
            problems = () if reading.output.is_faithful else (reading.output.fault or "it is not what the data says",)
        if not problems:
            return Words(text, "claude", calls, readings, outcome)
        turns += [answer.output.model_dump_json(), correction_request(problems)]
    return _plain(brief, settings, calls, readings, "ungrounded")


def second_reading_of(brief: Brief, text: str) -> Question[SecondReading]:
    """Return the question whether a text is what its data says."""
    return Question(SECOND_READING, (second_reading_request(brief.data, text, brief.now),), SecondReading)


def _plain(
    brief: Brief,
    settings: WriterSettings,
    calls: tuple[Call, ...] = (),
    readings: tuple[Call, ...] = (),
    outcome: str = "used",
) -> Words:
    text = plain_sentence(brief.data, brief.first_name, settings.max_segments, brief.now)
    return Words(text, "plain", calls, readings, outcome)
