"""What is learned of a person (R7): for each hour of the week how often they answer, and the chance that it is best."""

import math
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
        stops: the STOP rate per hour of the week.
        chances: how likely each hour is the best of its kind of day; they sum to 1 over a working day, and over a
            weekend day.
        sure: 0 to 1, how sure the person's best hour is.
        texts, answers: how many texts and answers of the person stand behind it.
        known: the person's own texts count in it; otherwise it is what people like them do.
        weekends: the person has answered on a weekend.
    """

    rates: tuple[float, ...]
    stops: tuple[float, ...]
    chances: tuple[float, ...]
    sure: float
    texts: int
    answers: int
    known: bool
    weekends: bool

    def to_bytes(self) -> bytes:
        """The rates and chances in 98 bytes: one for each; `stops`, `sure`, `texts` and `answers` are not in it."""
        flags = self.known | self.weekends << 1
        chances = bytes(round(255 * chance) for chance in self.chances)
        return bytes((_VERSION, flags)) + bytes(_rate_step(rate) for rate in self.rates) + chances

    @classmethod
    def from_bytes(cls, stored: bytes, stops: tuple[float, ...], sure: float, texts: int, answers: int) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: the bytes are of another version.
        """
        if len(stored) != _STORED or stored[0] != _VERSION:
            raise ValueError("these learned hours are of another version; the next nightly run writes them anew")
        rates = tuple(_RATES[step] for step in stored[2 : 2 + HOURS])
        chances = tuple(step / 255 for step in stored[2 + HOURS :])
        return cls(rates, stops, chances, sure, texts, answers, bool(stored[1] & 1), bool(stored[1] & 2))


def _rate_step(rate: float) -> int:
    if rate <= _LOWEST_RATE:
        return 0
    return min(round(_STEPS * (1 - math.log(rate) / math.log(_LOWEST_RATE))), _STEPS)


_RATES = tuple(_LOWEST_RATE ** (1 - step / _STEPS) for step in range(_STEPS + 1))
