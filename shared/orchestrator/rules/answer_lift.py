"""What learned hours are worth (R7): rates beside those of a holdout, with intervals clustered by person."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal

# The normal quantiles of a two-sided 95 % interval, and of a power of 80 %.
_TWO_SIDED, _POWER = 1.959964, 0.841621


@dataclass(frozen=True, slots=True)
class ArmSums:
    """Sums over the people of an arm: of each person's texts, answers and STOPs, and of products of these numbers."""

    people: int
    texts: float
    answers: float
    stops: float
    texts_squared: float
    answers_squared: float
    stops_squared: float
    texts_answers: float
    texts_stops: float


@dataclass(frozen=True, slots=True)
class Lift:
    """A rate of the people whose hours are learned beside that of a holdout, and a 95 % interval of the difference.

    Attributes:
        detectable: the smallest difference that so many people would have shown with a power of 80 %.
    """

    rate: float
    holdout_rate: float
    difference: float
    low: float
    high: float
    detectable: float

    @property
    def is_proved(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def sums_of(people: Iterable[tuple[int, int, int]]) -> ArmSums:
    """The sums of an arm, from each person's numbers of texts, answers and STOPs."""
    rows = [
        (1, texts, answers, stops, texts**2, answers**2, stops**2, texts * answers, texts * stops)
        for texts, answers, stops in people
    ]
    return ArmSums(*(map(sum, zip(*rows, strict=True)) if rows else (0,) * len(fields(ArmSums))))


def compare(learned: ArmSums, holdout: ArmSums, what: Literal["answers", "stops"] = "answers") -> Lift:
    """Compare the rates of two arms.

    People, not texts, are independent: the error of a rate is that of a ratio of sums over people, by linearisation
    (the delta method; Deng, Lu and Qin show that it equals the cluster-robust estimate:
    https://ar5iv.arxiv.org/html/2105.14705). With fewer
    than two people, or no text, in an arm, the interval is infinite.
    """
    texts = learned.texts + holdout.texts
    # Half an event more: none in few texts is no proof that there will be none.
    usual = (getattr(learned, what) + getattr(holdout, what) + 0.5) / (texts + 1)
    rate, variance = _ratio(learned, what, usual)
    holdout_rate, holdout_variance = _ratio(holdout, what, usual)
    error = math.sqrt(variance + holdout_variance)
    difference = rate - holdout_rate
    margin = _TWO_SIDED * error
    detectable = (_TWO_SIDED + _POWER) * error
    return Lift(rate, holdout_rate, difference, difference - margin, difference + margin, detectable)


def _ratio(arm: ArmSums, what: Literal["answers", "stops"], usual: float) -> tuple[float, float]:
    """A rate of an arm, and its variance: at least that of independent texts at the rate of both arms together.

    An arm without a STOP would have no variance otherwise, and each STOP of the other arm would look like a proof.
    """
    if arm.people < 2 or not arm.texts:
        return (getattr(arm, what) / arm.texts if arm.texts else 0.0), math.inf
    events, squared, product = (
        (arm.answers, arm.answers_squared, arm.texts_answers)
        if what == "answers"
        else (arm.stops, arm.stops_squared, arm.texts_stops)
    )
    rate = events / arm.texts
    squares = squared - 2 * rate * product + rate * rate * arm.texts_squared
    by_person = squares * arm.people / (arm.people - 1) / arm.texts**2
    return rate, max(by_person, usual * (1 - usual) / arm.texts)
