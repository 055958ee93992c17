"""What is learned of a person (R7): how often they answer in each hour of the week, and in how much doubt that is."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from orchestrator.rules.answer_week import HOURS

# A stored rate is a step on a logarithmic scale from 0.01 % to 100 %: neighbours differ by 3.7 %.
_LOWEST_RATE, _STEPS = 1e-4, 255
_VERSION = 1
_STORED = 2 + 2 * HOURS


@dataclass(frozen=True, slots=True)
class LearnedHours:
    """A person's week, as `choose_time` needs it.

    Attributes:
        rates: the answer rate that is expected per hour of the week.
        doubts: the standard deviation of each: small where much is known.
        stops: the STOP rate per hour of the week.
        sure: 0 to 1, how likely the best hour, or one beside it, is the best.
        texts, answers: of the person, in the part of the week in which the best hour lies; old ones count less.
        known: the person's own texts count in it; otherwise it is what people answer of whom nothing is known.
        weekends: the person has answered on a weekend.
    """

    rates: tuple[float, ...]
    doubts: tuple[float, ...]
    stops: tuple[float, ...]
    sure: float
    texts: int
    answers: int
    known: bool
    weekends: bool

    def to_bytes(self) -> bytes:
        """The rates and doubts in 98 bytes, one for each; `stops`, `sure`, `texts` and `answers` are not in it."""
        flags = self.known | self.weekends << 1
        return bytes((_VERSION, flags)) + rates_to_bytes(self.rates) + rates_to_bytes(self.doubts)

    @classmethod
    def from_bytes(cls, stored: bytes, stops: bytes, sure: float, texts: int, answers: int) -> Self:
        """Read what `to_bytes` wrote, and `rates_to_bytes` of the population's STOP rates.

        Raises:
            ValueError: the bytes are of another version.
        """
        if len(stored) != _STORED or stored[0] != _VERSION:
            raise ValueError("these learned hours are of another version; the next nightly run writes them again")
        rates, doubts = rates_from_bytes(stored[2 : 2 + HOURS]), rates_from_bytes(stored[2 + HOURS :])
        known, weekends = bool(stored[1] & 1), bool(stored[1] & 2)
        return cls(rates, doubts, rates_from_bytes(stops), sure, texts, answers, known, weekends)


def rates_to_bytes(rates: Iterable[float]) -> bytes:
    """One byte for each rate. A rate is read again within 2 % of its value; below 0.01 % it is read as zero."""
    return bytes(map(_step, rates))


def rates_from_bytes(stored: bytes) -> tuple[float, ...]:
    """Read what `rates_to_bytes` wrote."""
    return tuple(map(_RATES.__getitem__, stored))


def _step(rate: float) -> int:
    if rate < _LOWEST_RATE:
        return 0
    return max(min(round(_STEPS * (1 - math.log(rate) / math.log(_LOWEST_RATE))), _STEPS), 1)


_RATES = (0.0, *(_LOWEST_RATE ** (1 - step / _STEPS) for step in range(1, _STEPS + 1)))
