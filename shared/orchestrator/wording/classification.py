"""Asks Claude whether a person wants no more texts (R11), and whether what waits for them still makes sense."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pydantic import BaseModel

from orchestrator.clock import Countdown
from orchestrator.rules.intents import Intent
from orchestrator.settings import WriterSettings
from orchestrator.wording.claude import Question, ask, call_without_request, side_by_side
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
    """What Claude found in a person's words.

    Attributes:
        intent: None when Claude gave no usable answer in time.
    """

    judgement: RelevanceResult
    intent: Intent | None

    @property
    def wants_no_more_texts(self) -> bool | None:
        """Whether nothing may go to this number any more; None without an answer."""
        return self.intent in (Intent.STOP, Intent.WRONG_PERSON) if self.intent else None


class ClassificationAnswer(BaseModel):
    """Claude's answer."""

    intent: Literal["stop", "wrong_person", "start", "conversation"]
    verdicts: list[MessageVerdict]


def classify(
    subjects: Sequence[PersonInQuestion], settings: WriterSettings, time_left: Countdown
) -> list[Classification]:
    """Ask about each person, side by side; nothing is raised."""
    return side_by_side(
        [partial(_classify, subject, settings, time_left) for subject in subjects],
        too_late=lambda place: Classification(
            RelevanceResult(subjects[place], {}, (call_without_request(settings),)), intent=None
        ),
        seconds=time_left(),
    )


def _classify(subject: PersonInQuestion, settings: WriterSettings, time_left: Countdown) -> Classification:
    question = Question(READING, [question_about(subject)], ClassificationAnswer, entries=len(subject.messages))
    answer = ask(settings, question, time_left)
    if answer.output is None:
        return Classification(RelevanceResult(subject, {}, answer.calls), intent=None)
    intent = Intent(answer.output.intent)
    result = RelevanceResult(subject, verdicts_on(subject, answer.output.verdicts), answer.calls)
    if intent is not Intent.STOP:  # a STOP ends everything that waits, stale or not
        result = confirm_stale(result, settings, time_left)
    return Classification(result, intent)
