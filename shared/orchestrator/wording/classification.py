"""Asks Claude whether a person wants no more texts (R11), and whether what waits for them still makes sense."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel

from orchestrator.clock import Countdown
from orchestrator.settings import WriterSettings
from orchestrator.wording.claude import Question, ask, call_not_made, side_by_side
from orchestrator.wording.prompts import READING
from orchestrator.wording.relevance import (
    MessageVerdict,
    PersonInQuestion,
    RelevanceResult,
    confirm_stale,
    question_about,
    verdicts_on,
)


@dataclass(frozen=True, slots=True)
class Classification:
    """Claude's reading of a person's texts.

    Attributes:
        wants_no_more_texts: None when Claude gave no usable answer in time.
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
            RelevanceResult(subjects[place], {}, (call_not_made(settings),)), wants_no_more_texts=None
        ),
        seconds=time_left(),
    )


def _classify(subject: PersonInQuestion, settings: WriterSettings, time_left: Countdown) -> Classification:
    question = Question(READING, [question_about(subject)], ClassificationAnswer, entries=len(subject.messages))
    answer = ask(settings, question, time_left)
    if answer.output is None:
        return Classification(RelevanceResult(subject, {}, answer.calls), wants_no_more_texts=None)
    result = RelevanceResult(subject, verdicts_on(subject, answer.output.verdicts), answer.calls)
    if not answer.output.wants_no_more_texts:  # a STOP ends everything that waits, stale or not
        result = confirm_stale(result, settings, time_left)
    return Classification(result, answer.output.wants_no_more_texts)
