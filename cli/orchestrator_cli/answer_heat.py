"""A person's week as a heat map: how often they are expected to answer in each hour, beside everybody (R7)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from orchestrator.rules.answer_curves import learn_hours
from orchestrator.rules.learned_hours import LearnedHours
from orchestrator.store.answer_hours import StoredHours

# Of a cell, from the lowest rate of the map to its highest.
STEPS = 8
_BLOCKS = "▁▂▃▄▅▆▇█"
HOURS_OF_A_DAY = 24


class HeatRow(NamedTuple):
    """One kind of day of a person, or of everybody: the expected answer rate of each of its 24 hours, and its step."""

    label: str
    rates: Sequence[float]
    steps: Sequence[int]

    @property
    def best_hour(self) -> int:
        """The hour with the highest rate."""
        return max(range(HOURS_OF_A_DAY), key=self.rates.__getitem__)


def heat_rows(stored: StoredHours, who: str | None) -> list[HeatRow]:
    """The rows of the map, on one scale; none before the curves of everybody are fitted.

    Args:
        who: what the person's rows are called; None for everybody alone.
    """
    if stored.curves is None:
        return []
    weeks = {"everybody": learn_hours(None, stored.curves)}
    if who is not None and stored.evidence is not None and not stored.off_since:
        weeks = {who: learn_hours(stored.evidence, stored.curves), **weeks}
    low, high = (edge(rate for week in weeks.values() for rate in week.rates) for edge in (min, max))

    def row(name: str, day: str, rates: Sequence[float]) -> HeatRow:
        steps = [min(int(STEPS * (rate - low) / (high - low)), STEPS - 1) if high > low else 0 for rate in rates]
        return HeatRow(f"{day}, {name}", rates, steps)

    days = (("working days", slice(0, HOURS_OF_A_DAY)), ("weekends", slice(HOURS_OF_A_DAY, None)))
    return [row(name, day, week.rates[hours]) for day, hours in days for name, week in weeks.items()]


def heat_lines(rows: Sequence[HeatRow]) -> list[str]:
    """The map for a terminal: a block for each hour, and the best hour in words."""
    if not rows:
        return []
    width = max(len(row.label) for row in rows)
    scale = "".join(f"{hour:<6}" for hour in range(0, HOURS_OF_A_DAY, 6))
    lines = [f"{'hour':<{width}}  {scale}"]
    for row in rows:
        blocks = "".join(_BLOCKS[step] for step in row.steps)
        best = row.best_hour
        lines.append(f"{row.label:<{width}}  {blocks}  best {best:02}:00, {row.rates[best]:.0%} answered")
    return lines


def answer_facts(stored: StoredHours) -> dict[str, Any]:
    """What is learned of a person, as data: rates of the 48 hours, 24 of working days and 24 of weekend days."""
    learned = learn_hours(stored.evidence, stored.curves) if stored.curves else None
    return {
        "learning": "off" if stored.off_since else "on",
        "learning_off_since": stored.off_since,
        "texts_counted": round(sum(stored.evidence.texts), 1) if stored.evidence else 0,
        "answers_counted": round(sum(stored.evidence.answers), 1) if stored.evidence else 0,
        "learned_at": stored.learned_at,
        "sure": round(learned.sure, 3) if learned and stored.evidence else None,
        "expected_answer_rates": _rates(learned) if stored.evidence else None,
        "everybodys_answer_rates": _rates(learn_hours(None, stored.curves)) if stored.curves else None,
        "curves_fitted_at": stored.fitted_at,
    }


def _rates(learned: LearnedHours | None) -> list[float] | None:
    return [round(rate, 4) for rate in learned.rates] if learned else None
