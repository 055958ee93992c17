"""Measures several programs in several rounds, in another order each round, and keeps medians and spreads."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Runs a program once; returns the figure, such as messages a second.
Measurement = Callable[[], float]


@dataclass(frozen=True, slots=True)
class RoundResult:
    """The figures of one program, one for each round."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """The difference between the highest and the lowest figure, as a share of the median."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0.0

    def ratio_to(self, other: "RoundResult") -> float:
        """The median of the rounds of this figure divided by the other's of the same round."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True))


def run_rounds(
    measurements: Mapping[str, Measurement], rounds: int, progress: Callable[[str], None]
) -> dict[str, RoundResult]:
    """Run each measurement once in each round; each round starts with another one."""
    names = list(measurements)
    values: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for place in range(len(names)):
            name = names[(place + turn) % len(names)]
            progress(f"round {turn + 1} of {rounds}: {name}")
            values[name].append(measurements[name]())
    return {name: RoundResult(name, tuple(found)) for name, found in values.items()}
