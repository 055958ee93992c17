"""The population's answer curves, and what they and a person's own texts say of the person's week (R7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from orchestrator.rules.answer_evidence import AnswerEvidence
from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.learned_hours import LearnedHours

# The people on whom the curves are fitted: the caller samples at most so many.
MOST_PEOPLE = 20_000
# Fewer texts than these teach nothing.
_FEWEST_TEXTS = 50


@dataclass(frozen=True, slots=True)
class StopCounts:
    """How many texts of all people left in each hour of the week, and how many of them were answered with STOP."""

    texts: tuple[float, ...] = (0.0,) * HOURS
    stops: tuple[float, ...] = (0.0,) * HOURS


@dataclass(frozen=True, slots=True)
class AnswerCurves:
    """The curves of a population.

    Attributes:
        curves: each with 48 values, 1 on average.
        levels: the answer rates, over a whole week, that people have.
        weights: the share of the people with each curve (first index) and level.
        rates, stops: the answer rate and the STOP rate of all people per hour of the week.
        texts, people: how many stand behind them.
    """

    curves: tuple[tuple[float, ...], ...]
    levels: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    rates: tuple[float, ...]
    stops: tuple[float, ...]
    texts: int
    people: int

    def to_json(self) -> dict[str, Any]:
        """The curves as plain values that JSON can hold."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            curves=tuple(tuple(curve) for curve in stored["curves"]),
            levels=tuple(stored["levels"]),
            weights=tuple(tuple(row) for row in stored["weights"]),
            rates=tuple(stored["rates"]),
            stops=tuple(stored["stops"]),
            texts=stored["texts"],
            people=stored["people"],
        )


def fit_curves(people: Sequence[AnswerEvidence], before: AnswerCurves | None, stops: StopCounts) -> AnswerCurves | None:
    """Fit the curves of a population.

    Args:
        people: at most `MOST_PEOPLE`, sampled evenly; their weights should hold at the same time.
        before: the curves of the night before, from which the search begins.

    Returns:
        None where there is too little to learn from.
    """
    texts = sum(sum(person.texts) for person in people)
    answers = sum(sum(person.answers) for person in people)
    if texts < _FEWEST_TEXTS or not answers:
        return None
    level = answers / texts
    earlier = before.rates if before else (level,) * HOURS
    rate = [
        (sum(person.answers[hour] for person in people) + 20 * earlier[hour])
        / (sum(person.texts[hour] for person in people) + 20)
        for hour in range(HOURS)
    ]
    mean = sum(rate) / HOURS
    stop_rate = (sum(stops.stops) + 0.1) / (sum(stops.texts) + 100)
    return AnswerCurves(
        curves=(tuple(value / mean for value in rate),),
        levels=(mean,),
        weights=((1.0,),),
        rates=tuple(rate),
        stops=(stop_rate,) * HOURS,
        texts=round(texts),
        people=len(people),
    )


def learn_hours(evidence: AnswerEvidence | None, curves: AnswerCurves | None) -> LearnedHours:
    """What is learned of a person.

    Args:
        evidence: of the person; None where none of their texts counts.
        curves: of the population; None where there are none yet: then all hours are equally likely to be the best.
    """
    rates = curves.rates if curves else (0.1,) * HOURS
    texts, answers = (sum(evidence.texts), sum(evidence.answers)) if evidence else (0.0, 0.0)
    level = (
        (answers + 1) / (sum(rate * n for rate, n in zip(rates, evidence.texts, strict=True)) + 1) if evidence else 1
    )
    best = [max(range(24 * half, 24 * half + 24), key=lambda hour: rates[hour]) for half in (0, 1)]
    return LearnedHours(
        rates=tuple(min(level * rate, 1.0) for rate in rates),
        stops=curves.stops if curves else (0.001,) * HOURS,
        chances=tuple(float(hour in best) for hour in range(HOURS)) if curves else (1 / 24,) * HOURS,
        sure=0.0,
        texts=round(texts),
        answers=round(answers),
        known=texts > 0,
        weekends=evidence is not None and sum(evidence.answers[24:]) > 0.1,
    )


def population_hours(curves: AnswerCurves | None) -> LearnedHours:
    """What is learned of everybody: the one best hour of a working day, and of a weekend day."""
    learned = learn_hours(None, curves)
    best = {max(range(24 * half, 24 * half + 24), key=learned.rates.__getitem__) for half in (0, 1)}
    return replace(learned, chances=tuple(float(hour in best) for hour in range(HOURS)))
