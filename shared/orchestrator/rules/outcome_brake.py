"""The brake by outcome (R13): which agents and message types pause themselves, by what their texts brought."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from orchestrator.brake_settings import OutcomeBrakeSettings

# Standard deviations below a measured share at which its lower bound lies: chance alone reaches it once in 700 times.
DEVIATIONS = 3.0
# An agent that sends at least this share of a type's texts answers for the type.
NEARLY_ALL = 0.9


class OutcomeScope(StrEnum):
    """What pauses itself; the values are scopes of `orchestrator.pauses`."""

    AGENT = "agent_outcomes"  # agents of one prefix with settings, or one agent without
    TYPE = "type_outcomes"  # messages of one type


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What texts brought.

    Attributes:
        texts: texts that went; a sequence counts once.
        stops: those that a STOP followed.
        filtered: those that a carrier filtered.
    """

    texts: int = 0
    stops: int = 0
    filtered: int = 0

    def __add__(self, other: "Outcomes") -> "Outcomes":
        return Outcomes(self.texts + other.texts, self.stops + other.stops, self.filtered + other.filtered)


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """What the texts of one agent and one message type brought; None stands for all that sent too few to be judged."""

    agent: str | None
    type: str | None
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class OutcomePause:
    """An agent or a message type that is paused, and why, in words for operators."""

    scope: OutcomeScope
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class _Measure:
    """One thing that texts bring: how it is counted and named, and the share below which nothing is paused."""

    count: Callable[[Outcomes], int]
    words: str
    floor: float

    def share(self, outcomes: Outcomes) -> float:
        return self.count(outcomes) / outcomes.texts if outcomes.texts else 0.0


def outcome_pauses(counts: Sequence[OutcomeCount], limits: OutcomeBrakeSettings) -> list[OutcomePause]:
    """Decide which agents and message types pause themselves.

    Agents come first. What a paused agent sent does not count for the types, so that a type which others use without
    harm goes on.

    Args:
        counts: of the texts that count, those of agents and types that are not paused already.
    """
    measures = (
        _Measure(lambda outcomes: outcomes.stops, "brought a STOP", limits.outcome_brake_stops),
        _Measure(lambda outcomes: outcomes.filtered, "were filtered by carriers", limits.outcome_brake_filtered),
    )
    agents: dict[str, str] = {}
    for measure in measures:
        by_agent = _sum_by((count.agent, count.outcomes) for count in counts)
        agents = {**_far_above_the_rest(by_agent, measure, limits), **agents}
    others = [count for count in counts if count.agent not in agents]
    types: dict[str, str] = {}
    for measure in measures:
        types = {**_far_above_the_rest(_types_without_their_worst_agent(others, measure), measure, limits), **types}
    return [
        *(OutcomePause(OutcomeScope.AGENT, agent, note) for agent, note in sorted(agents.items())),
        *(OutcomePause(OutcomeScope.TYPE, name, note) for name, note in sorted(types.items())),
    ]


def lower_bound(events: int, texts: int) -> float:
    """The least share that is likely behind `events` of `texts`: the lower end of Wilson's score interval.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927), equation 1.
    """
    if texts <= 0 or events <= 0:
        return 0.0
    share, spread = min(events / texts, 1.0), DEVIATIONS**2 / texts
    margin = DEVIATIONS * sqrt(share * (1 - share) / texts + spread / (4 * texts))
    return max((share + spread / 2 - margin) / (1 + spread), 0.0)


def _far_above_the_rest(
    by_key: Mapping[str | None, Outcomes], measure: _Measure, limits: OutcomeBrakeSettings
) -> dict[str, str]:
    """Those whose share is certainly above the floor and far above that of the rest, each with the reason in words.

    The rest are all others with a smaller share that are not paused: two bad ones do not hide each other, and where a
    fault hits all alike, as when carriers filter the sender, none is paused. A rest of too few texts is no comparison.
    """
    least = limits.outcome_brake_texts
    rest = by_key.get(None, Outcomes())
    notes: dict[str, str] = {}
    keys = [key for key in by_key if key is not None]
    for key in sorted(keys, key=lambda key: (measure.share(by_key[key]), key)):
        own = by_key[key]
        bar = max(measure.floor, limits.outcome_brake_factor * measure.share(rest))
        if min(own.texts, rest.texts) >= least and lower_bound(measure.count(own), own.texts) > bar:
            notes[key] = (
                f"{measure.count(own)} of {own.texts} texts {measure.words} ({measure.share(own):.1%}), "
                f"of the rest {measure.share(rest):.1%}"
            )
        else:
            rest += own
    return notes


def _types_without_their_worst_agent(counts: Sequence[OutcomeCount], measure: _Measure) -> dict[str | None, Outcomes]:
    """What each type brought at the agents but its worst; all of it where one agent sends nearly all of its texts.

    One bad agent must not pause a type that others use without harm.
    """
    by_type: dict[str | None, dict[str | None, Outcomes]] = defaultdict(dict)
    for count in counts:
        by_type[count.type][count.agent] = by_type[count.type].get(count.agent, Outcomes()) + count.outcomes
    judged: dict[str | None, Outcomes] = {}
    for name, by_agent in by_type.items():
        total = sum(by_agent.values(), Outcomes())
        # Of those that fared alike it is the largest, whatever their order.
        agents = ((measure.count(of), of.texts, agent) for agent, of in by_agent.items() if agent)
        worst = max(agents, default=(0, 0, None))[2]
        shared = worst is not None and by_agent[worst].texts < NEARLY_ALL * total.texts
        judged[name] = sum((of for agent, of in by_agent.items() if agent != worst), Outcomes()) if shared else total
    return judged


def _sum_by(counts: Iterable[tuple[str | None, Outcomes]]) -> dict[str | None, Outcomes]:
    sums: dict[str | None, Outcomes] = defaultdict(Outcomes)
    for key, outcomes in counts:
        sums[key] += outcomes
    return sums
