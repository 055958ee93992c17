"""The words of messages: as they stand, from Claude, or plain; never raw data (G7)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from orchestrator.messages import TEXT_LIMIT, verbatim_text
from orchestrator.settings import WriterSettings
from orchestrator.wording.claude import Answer, ask
from orchestrator.wording.grounding import problems
from orchestrator.wording.plain import plain_sentence
from orchestrator.wording.prompts import RENDER, render_request

# A text of 300 characters, its JSON around it, and room for languages that take more tokens.
MAX_TOKENS = 500


@dataclass(frozen=True, slots=True)
class Brief:
    """What there is to say, and to whom."""

    message_id: UUID
    user_id: UUID
    data: dict[str, Any]
    first_name: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one message.

    Attributes:
        text: None when the data makes no words.
        source: verbatim, claude or plain.
        answer: the call to Claude, if one was made.
    """

    text: str | None
    source: str
    answer: Answer["Rendered"] | None = None
    outcome: str = "used"


class Rendered(BaseModel):
    """What Claude answers to a rendering."""

    text: str = Field(description="The text message, ready to send")


def write_words(briefs: Sequence[Brief], settings: WriterSettings) -> dict[UUID, Words]:
    """Find the words of messages; those that need Claude are asked side by side.

    Returns:
        The words by message id. Nothing is raised: whatever Claude does, there is the plain sentence.
    """
    words = {brief.message_id: _without_claude(brief, settings) for brief in briefs}
    to_render = [brief for brief in briefs if words[brief.message_id] is None]
    if to_render:
        with ThreadPoolExecutor(len(to_render)) as pool:
            rendered = pool.map(lambda brief: _render(brief, settings), to_render)
            words.update(zip((brief.message_id for brief in to_render), rendered, strict=True))
    return {message_id: found for message_id, found in words.items() if found is not None}


def _without_claude(brief: Brief, settings: WriterSettings) -> Words | None:
    verbatim = verbatim_text(brief.data)
    if verbatim is not None:
        return Words(verbatim, "verbatim")
    if settings.anthropic_api_key is None:
        return _plain(brief)
    return None


def _render(brief: Brief, settings: WriterSettings) -> Words:
    answer = ask(settings, RENDER, render_request(brief.data, brief.first_name), Rendered, MAX_TOKENS)
    if answer.output is None:
        return _plain(brief, answer, "failed")
    text = answer.output.text.strip()
    if len(text) > TEXT_LIMIT or problems(text, brief.data, brief.first_name):
        return _plain(brief, answer, "ungrounded")
    return Words(text, "claude", answer)


def _plain(brief: Brief, answer: Answer[Rendered] | None = None, outcome: str = "used") -> Words:
    return Words(plain_sentence(brief.data, brief.first_name), "plain", answer, outcome)
