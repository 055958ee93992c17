"""What is counted over everybody's texts (R7): how often texts of each type are answered, and STOPs by hour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from orchestrator.rules.answer_curves import StopCounts
from orchestrator.rules.answer_week import HOURS

# So many types are counted apart; agents choose their names. Texts of any other count as of one.
MOST_TYPES = 500
_OTHER = ""
_LONGEST_TYPE = 100
# How many texts of average type a type's own texts are mixed with, so that a few do not decide.
_PRIOR_TEXTS = 50
# A type's counts are halved at so many texts, so that what it is answered now decides.
_MOST_TEXTS = 20_000
# No text counts for less or more than this.
_LEAST_EXPOSURE, _MOST_EXPOSURE = 0.05, 5.0


@dataclass(slots=True)
class AnswerCounts:
    """Counts that grow with each batch of texts.

    Attributes:
        types: texts and answers of each message type, whether a text of it counts or not.
        texts, stops: how many texts left in each hour of the week, and after how many of them their person said STOP.
    """

    types: dict[str, list[int]] = field(default_factory=dict)
    texts: list[int] = field(default_factory=lambda: [0] * HOURS)
    stops: list[int] = field(default_factory=lambda: [0] * HOURS)

    def add(self, message_type: str | None, hour: int, *, answered: bool, stopped: bool) -> None:
        """Count one text."""
        counts = self.types.setdefault(self._name_of(message_type), [0, 0])
        counts[0] += 1
        counts[1] += answered
        if counts[0] >= _MOST_TEXTS:
            counts[:] = [count // 2 for count in counts]
        self.texts[hour] += 1
        self.stops[hour] += stopped

    def is_answered(self, message_type: str | None) -> bool:
        """Whether a text of this type was ever answered."""
        counts = self.types.get(self._name_of(message_type))
        return bool(counts and counts[1])

    def exposure_of(self, message_type: str | None) -> float:
        """How often texts of a type are answered, relative to those of all types; 1 while that is not known."""
        texts, answers = (sum(counts[place] for counts in self.types.values()) for place in (0, 1))
        if not answers:
            return 1.0
        own_texts, own_answers = self.types.get(self._name_of(message_type), [0, 0])
        expected = answers / texts
        rate = (own_answers + _PRIOR_TEXTS * expected) / (own_texts + _PRIOR_TEXTS)
        return min(max(rate / expected, _LEAST_EXPOSURE), _MOST_EXPOSURE)

    def stop_counts(self) -> StopCounts:
        """The STOPs by hour, for the fit."""
        return StopCounts(tuple(map(float, self.texts)), tuple(map(float, self.stops)))

    def to_json(self) -> dict[str, Any]:
        """The counts as plain values that JSON can hold."""
        return {"types": self.types, "texts": self.texts, "stops": self.stops}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; counts of nothing where nothing was stored."""
        return cls(**stored) if stored else cls()

    def _name_of(self, message_type: str | None) -> str:
        name = (message_type or _OTHER)[:_LONGEST_TYPE]
        return name if name in self.types or len(self.types) < MOST_TYPES else _OTHER
