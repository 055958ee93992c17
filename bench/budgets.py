"""The budgets of this project, in the order in which `make bench` prints them, and how a figure is compared with one."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Bound(StrEnum):
    """On which side of its limit a figure has to be."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    UNDER = "under"


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget.

    Attributes:
        what: what is measured.
        bound: on which side of `limit` the figure has to be.
        limit: the limit, in the figure's own unit.
        show: writes a figure with its unit.
        suite: the suite of `python -m bench` that measures it.
    """

    what: str
    bound: Bound
    limit: float
    show: Callable[[float], str]
    suite: str = "usual"

    @property
    def target(self) -> str:
        return f"{self.bound} {self.show(self.limit)}"

    def is_met(self, measured: float) -> bool:
        match self.bound:
            case Bound.AT_LEAST:
                return measured >= self.limit
            case Bound.AT_MOST:
                return measured <= self.limit
            case Bound.UNDER:
                return measured < self.limit


def _times(value: float) -> str:
    return f"{value:.2f} times"


def _a_second(value: float) -> str:
    return f"{value:,.0f}/s"


def _milliseconds(value: float) -> str:
    return f"{value:,.0f} ms"


BUDGETS = {
    "delivery": Budget(
        "full policy, no-op sender, waves of 50: against graphile-worker's no-op, unbatched",
        Bound.AT_LEAST,
        2.0,
        _times,
    ),
    "http": Budget("the same through Twilio's SDK to a local HTTP Twilio", Bound.AT_LEAST, 2_000, _a_second),
    "enqueue": Budget(
        "enqueue handler: against procrastinate's deferring in batches of 1,000", Bound.AT_LEAST, 1.5, _times
    ),
    "locks": Budget(
        "12 workers: share of the waiting in Postgres that is on locks of rows", Bound.UNDER, 0.02, "{:.1%}".format
    ),
    "round_trips": Budget(
        "database round trips a delivered message, batches of 10", Bound.AT_MOST, 0.5, "{:.2f}".format
    ),
    "claims": Budget(
        "claiming 100 due messages: beside 10 million waiting against 10 thousand", Bound.AT_MOST, 1.5, _times, "scale"
    ),
    "urgent": Budget("urgent, publishing to Twilio's call, warm: half within", Bound.UNDER, 50, _milliseconds),
    "urgent_beside_bulk": Budget("urgent beside a bulk run: 99 % within", Bound.UNDER, 1_000, _milliseconds),
    "urgent_on_model": Budget("the same on a model of SQS, 3 workers: 99 % within", Bound.UNDER, 1_000, _milliseconds),
    "imports": Budget("import before the first event, the slowest function", Bound.UNDER, 0.3, "{:.2f} s".format),
    "claude_calls": Budget(
        "Claude calls for 1,000 waiting messages of 100 people who wrote", Bound.AT_MOST, 100, "{:,.0f}".format
    ),
    "beside_status": Budget(
        "delivery beside 20 questions of agents a second", Bound.AT_LEAST, 0.9, "{:.2f} of its rate".format, "status"
    ),
    "held": Budget(
        "delivery beside a transaction that is held open", Bound.AT_LEAST, 0.9, "{:.2f} of its rate".format, "held"
    ),
}
