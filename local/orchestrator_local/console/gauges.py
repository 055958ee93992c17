"""The page's gauges over time: sampled on the stack's clock, and drawn as small plots."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from psycopg import Connection

from orchestrator.store.gauges import read_gauges

SAMPLES = 120
INTERVAL = timedelta(seconds=5)
# The size of a plot in SVG units, and the margin above and below its line.
WIDTH, HEIGHT, MARGIN = 120, 28, 2

_TOTALS = """
SELECT (SELECT count(*) FROM orchestrator.attempts WHERE outcome = 'accepted') AS sent,
       (SELECT coalesce(sum(cost_usd), 0) FROM orchestrator.daily_spending()) AS claude_usd,
       (SELECT coalesce(sum(twilio_usd), 0) FROM orchestrator.daily_spending()) AS twilio_usd
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The gauges at one moment; `held` counts the waiting messages by reason."""

    at: datetime
    sent: int
    waiting: int
    claude_usd: Decimal
    twilio_usd: Decimal
    held: dict[str, int]


class GaugeHistory:
    """The newest samples, at least `INTERVAL` apart on the stack's clock."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)

    def sample(self, connection: Connection, now: datetime) -> Sample:
        """Read the gauges, and keep them for the plots; returns them."""
        totals = connection.execute(_TOTALS).fetchone() or (0, Decimal(0), Decimal(0))
        held = dict(read_gauges(connection, now).waiting)
        sample = Sample(now, totals[0], sum(held.values()), totals[1], totals[2], held)
        if not self._samples or now - self._samples[-1].at >= INTERVAL:
            self._samples.append(sample)
        return sample

    def plots(self) -> dict[str, str]:
        """The points of each plot, as an SVG polyline takes them."""
        samples = list(self._samples)
        return {
            "sent": _points([sample.sent for sample in samples]),
            "waiting": _points([sample.waiting for sample in samples]),
            "claude": _points([float(sample.claude_usd) for sample in samples]),
            "twilio": _points([float(sample.twilio_usd) for sample in samples]),
        }


def _points(values: Sequence[float]) -> str:
    low, high = min(values, default=0), max(values, default=0)
    scale = (HEIGHT - 2 * MARGIN) / ((high - low) or 1)
    step = WIDTH / max(len(values) - 1, 1)
    return " ".join(
        f"{place * step:.1f},{HEIGHT - MARGIN - (value - low) * scale:.1f}" for place, value in enumerate(values)
    )
