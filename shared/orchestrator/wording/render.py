"""The words of messages: as they stand, from Claude, or plain; never raw data (G7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from orchestrator.clock import Countdown
from orchestrator.messages import verbatim_text
from orchestrator.segments import plain_characters
from orchestrator.settings import WriterSettings
from orchestrator.wording.claude import Call, Question, ask, call_without_request, side_by_side
from orchestrator.wording.grounding import problems
from orchestrator.wording.names import sayable_name
from orchestrator.wording.plain import plain_sentence
from orchestrator.wording.prompts import correction_request, render_instructions, render_request
from orchestrator.wording.speakers import speaker_of

# Characters that are read of an answer; a text that fits into its segments is much shorter.
LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Brief:
    """What there is to say, by whom, and to whom."""

    message_id: UUID
    agent_id: str
    data: dict[str, Any]
    first_name: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one message.

    Attributes:
        text: None when the data makes no words.
        source: verbatim, claude or plain.
        calls: the calls to Claude that it took.
        outcome: what became of them: used, corrected, ungrounded or failed.
    """

    text: str | None
    source: str
    calls: tuple[Call, ...] = ()
    outcome: str = "used"


class Rendered(BaseModel):
    """What Claude answers to a rendering."""

    text: str = Field(max_length=LONGEST_TEXT, description="The text message, ready to send")


def write_words(
    briefs: Sequence[Brief], settings: WriterSettings, time_left: Countdown, *, may_ask: bool
) -> dict[UUID, Words]:
    """Find the words of messages; those that need Claude are asked side by side.

    Args:
        may_ask: False when the day's ceiling is reached.

    Returns:
        The words by message id. Nothing is raised: whatever Claude does, there is the plain sentence.
    """
    words = {brief.message_id: _without_claude(brief, settings, may_ask=may_ask) for brief in briefs}
    to_render = [brief for brief in briefs if words[brief.message_id] is None]
    rendered = side_by_side(
        [partial(_render, brief, settings, time_left) for brief in to_render],
        too_late=lambda place: _plain(to_render[place], settings, (call_without_request(settings),), "failed"),
        seconds=time_left(),
    )
    words.update(zip((brief.message_id for brief in to_render), rendered, strict=True))
    return {message_id: found for message_id, found in words.items() if found is not None}


def _without_claude(brief: Brief, settings: WriterSettings, *, may_ask: bool) -> Words | None:
    verbatim = verbatim_text(brief.data)
    if verbatim is not None:
        return Words(verbatim, "verbatim")
    if settings.anthropic_api_key is None or not may_ask:
        return _plain(brief, settings)
    return None


def _render(brief: Brief, settings: WriterSettings, time_left: Countdown) -> Words:
    """Ask for a text, once more if it says what it must not, and else make the plain sentence."""
    name = sayable_name(brief.first_name)
    system = render_instructions(speaker_of(brief.agent_id), settings.max_segments)
    turns = [render_request(brief.data, name)]
    calls: tuple[Call, ...] = ()
    for outcome in ("used", "corrected"):
        answer = ask(settings, Question(system, tuple(turns), Rendered), time_left)
        calls += answer.calls
        if answer.output is None:
            return _plain(brief, settings, calls, "failed")
        text = plain_characters(answer.output.text).strip()
        found = problems(text, brief.data, name, settings.max_segments)
        if not found:
            return Words(text, "claude", calls, outcome)
        turns += [answer.output.model_dump_json(), correction_request(found)]
    return _plain(brief, settings, calls, "ungrounded")


def _plain(brief: Brief, settings: WriterSettings, calls: tuple[Call, ...] = (), outcome: str = "used") -> Words:
    return Words(plain_sentence(brief.data, brief.first_name, settings.max_segments), "plain", calls, outcome)
