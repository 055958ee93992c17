"""Several contestants, several rounds, the order turned round by round; medians with their spread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

# Runs once; returns what was measured, such as messages a second.
Contestant = Callable[[], float]


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What a contestant's rounds gave."""

    name: str
    values: tuple[float, ...]

    @property
    def middle(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> float:
        """From the least to the most, as part of the middle."""
        return (max(self.values) - min(self.values)) / self.middle if self.middle else 0.0


def compete(contestants: Mapping[str, Contestant], rounds: int, say: Callable[[str], None]) -> dict[str, RoundResult]:
    """Run each as often as there are rounds; none always goes first."""
    names = list(contestants)
    values: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for place in range(len(names)):
            name = names[(place + turn) % len(names)]
            say(f"round {turn + 1} of {rounds}: {name}")
            values[name].append(contestants[name]())
    return {name: RoundResult(name, tuple(found)) for name, found in values.items()}
