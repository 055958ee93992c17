"""What a person's texts showed (R7): per hour of the week, how many counted, and how many of them were answered.

Old texts count less: a text loses half its weight in 60 days, so that a person whose habits change is learned again.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.rules.answer_week import HOURS

HALF_LIFE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """One text whose hour was chosen for the person.

    Attributes:
        hour: the hour of the week in which it left.
        exposure: how often texts of its type are answered, relative to all texts; 1 where that is unknown.
    """

    hour: int
    exposure: float
    answered: bool
    stopped: bool
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerEvidence:
    """A person's texts and answers per hour of the week, as sums of weights that fade.

    Attributes:
        texts: the exposure of the texts.
        as_of: the time at which the weights hold.
    """

    texts: tuple[float, ...]
    answers: tuple[float, ...]
    as_of: datetime


def with_outcomes(evidence: AnswerEvidence | None, outcomes: Iterable[AnswerOutcome], now: datetime) -> AnswerEvidence:
    """Add texts to what is known of a person; all weights hold at `now`."""
    before = fade_evidence(evidence, now) if evidence else AnswerEvidence((0.0,) * HOURS, (0.0,) * HOURS, now)
    texts, answers = list(before.texts), list(before.answers)
    for outcome in outcomes:
        weight = _weight(outcome.sent_at, now)
        texts[outcome.hour] += weight * outcome.exposure
        answers[outcome.hour] += weight * outcome.answered
    return AnswerEvidence(tuple(texts), tuple(answers), now)


def fade_evidence(evidence: AnswerEvidence, now: datetime) -> AnswerEvidence:
    """The evidence with the weights that it has at `now`."""
    weight = _weight(evidence.as_of, now)
    return AnswerEvidence(
        tuple(weight * texts for texts in evidence.texts), tuple(weight * answers for answers in evidence.answers), now
    )


def pack_evidence(evidence: AnswerEvidence) -> tuple[list[int], list[float], list[float]]:
    """The evidence as three short lists: the hours that were visited, and their texts and answers."""
    hours = [hour for hour in range(HOURS) if evidence.texts[hour] or evidence.answers[hour]]
    return hours, [evidence.texts[hour] for hour in hours], [evidence.answers[hour] for hour in hours]


def unpack_evidence(
    hours: Sequence[int], texts: Sequence[float], answers: Sequence[float], as_of: datetime
) -> AnswerEvidence:
    """The evidence that `pack_evidence` gave these lists for."""
    all_texts, all_answers = [0.0] * HOURS, [0.0] * HOURS
    for hour, texts_then, answers_then in zip(hours, texts, answers, strict=True):
        all_texts[hour], all_answers[hour] = texts_then, answers_then
    return AnswerEvidence(tuple(all_texts), tuple(all_answers), as_of)


def _weight(then: datetime, now: datetime) -> float:
    return math.exp2(-max((now - then) / HALF_LIFE, 0.0))
