"""What learned hours are worth (R7): answer rates beside those of a holdout, with intervals clustered by person."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# The normal quantiles of a 95 % interval, and of a power of 80 %.
_TWO_SIDED, _POWER = 1.959964, 0.841621


@dataclass(frozen=True, slots=True)
class PersonCount:
    """How many texts of one person counted, and how many of them were answered, or ended in a STOP."""

    texts: int
    events: int


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate over texts, with its standard error when people, not texts, are independent."""

    people: int
    texts: int
    events: int
    rate: float
    error: float


@dataclass(frozen=True, slots=True)
class Lift:
    """The difference between two rates, with its 95 % interval.

    Attributes:
        smallest_visible: the smallest difference that this many people would have shown with a power of 80 %.
        is_proved: the interval does not contain zero.
    """

    difference: float
    low: float
    high: float
    smallest_visible: float

    @property
    def is_proved(self) -> bool:
        return self.low > 0 or self.high < 0


def rate_of(people: Sequence[PersonCount]) -> Rate:
    """The rate of events over all texts of these people; its error is that of a ratio of sums over people."""
    texts, events = sum(person.texts for person in people), sum(person.events for person in people)
    if not texts:
        return Rate(len(people), 0, 0, 0.0, math.inf)
    rate = events / texts
    if len(people) < 2:
        return Rate(len(people), texts, events, rate, math.inf)
    squares = sum((person.events - rate * person.texts) ** 2 for person in people)
    error = math.sqrt(squares * len(people) / (len(people) - 1)) / texts
    return Rate(len(people), texts, events, rate, error)


def lift_of(learned: Rate, holdout: Rate) -> Lift:
    """How much more often texts at learned hours are answered than those of a holdout."""
    error = math.hypot(learned.error, holdout.error)
    difference = learned.rate - holdout.rate
    margin = _TWO_SIDED * error
    return Lift(difference, difference - margin, difference + margin, (_TWO_SIDED + _POWER) * error)
