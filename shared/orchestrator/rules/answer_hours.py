"""Chooses a person's best time (R7): by the owner's pattern, by what is learned, or by the usual hour."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from orchestrator.people import Person
from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.answer_words import words_for
from orchestrator.rules.best_time import Pattern, best_time, owner_pattern
from orchestrator.rules.holdouts import Holdout, holdout_of
from orchestrator.rules.hour_choice import Costs, Kind, choose_time
from orchestrator.rules.learned_hours import LearnedHours
from orchestrator.rules.quiet_hours import QuietHours
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings

# No doubt makes an hour better in the holdout of the population's best hour.
_NO_DOUBT = (0.0,) * HOURS


class BestTimeKind(StrEnum):
    """By what a best time was chosen; the value stands in `message_queue.best_kind`."""

    OWNER = "owner"  # the owner of the data set a pattern
    DEFAULT = "default"  # the usual hour: nothing is learned yet, or learning is off
    LEARNED = "learned"
    POPULATION = "population"  # nothing is known of this person
    EXPLORED = "explored"
    DEFAULT_HOLDOUT = "default_holdout"
    POPULATION_HOLDOUT = "population_holdout"


# The kinds that are compared: the policy as a whole, its trials included, and the two holdouts. Others are not, such as
# those of another release.
ARMS: Mapping[str, str] = {
    BestTimeKind.LEARNED: "learned",
    BestTimeKind.POPULATION: "learned",
    BestTimeKind.EXPLORED: "learned",
    BestTimeKind.DEFAULT_HOLDOUT: "default_holdout",
    BestTimeKind.POPULATION_HOLDOUT: "population_holdout",
}


@dataclass(frozen=True, slots=True)
class BestTime:
    """A best time, by what it was chosen, and how likely this choice was over all message ids."""

    at: datetime
    kind: BestTimeKind
    probability: float


def choose_best_time(
    message: MessageState, person: Person, quiet: QuietHours | None, policy: PolicySettings, earliest: datetime
) -> BestTime:
    """Choose the person's best time for a message, from `earliest` on.

    The owner's pattern wins. The holdouts get the usual hour and the population's best hour, whatever is learned of
    them; they begin with the first curves, so that all that is compared is from the same time.
    """
    stored = person.answer_hours
    pattern = owner_pattern(person.response_pattern)
    population = read_hours(stored.population, stored.stops)
    if pattern is None and policy.learn == "on" and not stored.off and population is not None:
        return _choose_learned(message, person, quiet, population, policy, earliest)
    kind = BestTimeKind.OWNER if pattern else BestTimeKind.DEFAULT
    at = best_time(earliest, message.expires_at, person.zones, quiet, pattern or Pattern(), message.spread)
    return BestTime(at, kind, 1.0)


def read_hours(stored: bytes | None, stops: bytes | None, sure: float | None = None) -> LearnedHours | None:
    """Read packed hours; None where there are none, or other code packed them: the next night packs them again."""
    if not stored or not stops or len(stops) != HOURS:
        return None
    return _unpacked(stored, stops, sure or 0.0)


def _choose_learned(
    message: MessageState,
    person: Person,
    quiet: QuietHours | None,
    population: LearnedHours,
    policy: PolicySettings,
    earliest: datetime,
) -> BestTime:
    costs = Costs(policy.learn_stop_cost, policy.learn_waiting_cost)
    hours, holdout = population, holdout_of(person.user_id)
    match holdout:
        case Holdout.DEFAULT:
            at = best_time(earliest, message.expires_at, person.zones, quiet, Pattern(), message.spread)
            return BestTime(at, BestTimeKind.DEFAULT_HOLDOUT, 1.0)
        case Holdout.POPULATION:
            hours, exploration = _without_doubt(population), {"exploration": 0.0}
        case Holdout.NONE:
            stored = person.answer_hours
            hours = read_hours(stored.learned, stored.stops, stored.sure) or population
            exploration = {}
    choice = choose_time(
        earliest,
        message.expires_at,
        person.zones,
        quiet,
        hours,
        costs,
        message.draw,
        message.spread,
        **exploration,
    )
    kind = BestTimeKind.POPULATION_HOLDOUT if holdout is Holdout.POPULATION else BestTimeKind(choice.kind)
    return BestTime(choice.at, kind, choice.probability)


@lru_cache(maxsize=10_000)
def _unpacked(stored: bytes, stops: bytes, sure: float) -> LearnedHours | None:
    try:
        return LearnedHours.from_bytes(stored, stops, sure, 0, 0)
    except ValueError:
        return None


@lru_cache(maxsize=16)
def _without_doubt(population: LearnedHours) -> LearnedHours:
    """The population's hours, of which the best open one is chosen."""
    return replace(population, doubts=_NO_DOUBT)


# What chose a best time, in words for operators, where nothing learned did.
_NOT_LEARNED = {
    BestTimeKind.OWNER: "an hour of the pattern that the owner of the data set",
    BestTimeKind.DEFAULT_HOLDOUT: "the usual hour, for comparison: 5 of 100 people get it whatever is learned",
    BestTimeKind.POPULATION_HOLDOUT: (
        "the hour at which people answer most often, for comparison: 5 of 100 people get it whatever is learned of them"
    ),
}


def describe_best_time(kind: BestTimeKind, local: datetime, learned: LearnedHours) -> str:
    """Say why a text goes at a local time; `learned` is what is known of the person now."""
    if kind in _NOT_LEARNED:
        return f"{local:%A %H:%M}: {_NOT_LEARNED[kind]}"
    return words_for(Kind(kind), local, learned)
