"""Asks Claude whether a person wishes to get no more texts (R11), and what waits for them still makes sense."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel

from orchestrator.clock import Countdown
from orchestrator.settings import WriterSettings
from orchestrator.wording.claude import Call, ask, side_by_side
from orchestrator.wording.prompts import READING
from orchestrator.wording.relevance import (
    FRAME_TOKENS,
    VERDICT_TOKENS,
    MessageVerdict,
    PersonInQuestion,
    RelevanceResult,
    question_about,
    verdicts_on,
)


@dataclass(frozen=True, slots=True)
class Classification:
    """What a person's words were taken for.

    Attributes:
        wants_no_more_texts: None when nobody could tell in time.
    """

    judgement: RelevanceResult
    wants_no_more_texts: bool | None


class ClassificationAnswer(BaseModel):
    """Claude's answer."""

    wants_no_more_texts: bool
    verdicts: list[MessageVerdict]


def classify(
    subjects: Sequence[PersonInQuestion], settings: WriterSettings, time_left: Countdown
) -> list[Classification]:
    """Ask about each person, side by side; nothing is raised."""
    return side_by_side(
        [partial(_classify, subject, settings, time_left) for subject in subjects],
        too_late=lambda place: Classification(
            RelevanceResult(subjects[place], {}, (Call(settings.anthropic_model, "deadline"),)), None
        ),
        seconds=time_left(),
    )


def _classify(subject: PersonInQuestion, settings: WriterSettings, time_left: Countdown) -> Classification:
    max_tokens = FRAME_TOKENS + VERDICT_TOKENS * len(subject.messages)
    answer = ask(settings, READING, [question_about(subject)], ClassificationAnswer, max_tokens, time_left)
    if answer.output is None:
        return Classification(RelevanceResult(subject, {}, answer.calls), None)
    judgement = RelevanceResult(subject, verdicts_on(subject, answer.output.verdicts), answer.calls)
    return Classification(judgement, answer.output.wants_no_more_texts)
