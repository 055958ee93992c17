"""Chooses the hour of a message from what is learned of the person (R7), and says how likely the choice was.

The score is an upper confidence bound of the posterior
(Bayes-UCB, https://smpybandits.readthedocs.io/en/latest/docs/Policies.BayesUCB.html): an hour of which little is known
is tried sooner than one that is known to be no better. On the simulated population (`bench/rhythm.py`) this gained more
than the expected rate alone, and than a draw from the posterior (Thompson sampling, https://arxiv.org/abs/1707.02038),
which tries too much in a person's first thirty texts. The stored probability lets other choices be estimated from what
was sent (inverse propensity,
https://p-shekhar.github.io/notebooks/lectures/02_causal_machine_learning/07_off_policy_evaluation.html).
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from math import exp
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.rules.answer_week import END_HOUR, FIRST_HOUR, hour_of_week
from orchestrator.rules.best_time import ROOM_BEFORE_EXPIRY, SPREAD_MINUTES, Pattern, best_time
from orchestrator.rules.learned_hours import LearnedHours
from orchestrator.rules.quiet_hours import QuietHours, next_open, open_until

# The share of the choices that goes to any open hour, all alike.
EXPLORATION = 0.05
# What is not known well is worth a trial: so much of its doubt is added to an hour's rate (an upper confidence bound).
_CURIOSITY = 0.3
# Hours whose scores differ by less than this share of the doubt are chosen nearly alike.
_EVENNESS = 0.02
_LEAST_EVENNESS = 1e-6
_DAYS_AHEAD = 8

# When an hour opens and closes, in seconds of Unix time, and which hour of the week it is.
_Slot = tuple[float, float, int]


class Kind(StrEnum):
    """Why an hour was chosen: on trial, for this person, for people like them, or because it is the usual one."""

    EXPLORED = "explored"
    LEARNED = "learned"
    POPULATION = "population"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Costs:
    """What is set against an answer: how many answers a STOP costs, and an hour of waiting."""

    stop: float
    waiting: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The time that was chosen.

    Attributes:
        probability: how likely this hour of this day was, over all message ids.
        hour: the hour of the week; None where none was chosen.
    """

    at: datetime
    kind: Kind
    probability: float
    hour: int | None


def draw_of(message_id: UUID) -> float:
    """A number from 0 to 1 that is fixed for each message and decides its hour; it is independent of its spread."""
    return int.from_bytes(hashlib.sha256(message_id.bytes).digest()[:6]) / (1 << 48)


def choose_time(
    earliest: datetime,
    expires_at: datetime,
    zones: tuple[ZoneInfo, ...],
    quiet: QuietHours | None,
    learned: LearnedHours,
    costs: Costs,
    draw: float,
    spread: float,
    exploration: float = EXPLORATION,
) -> Choice:
    """Choose the hour at which the person is most likely to answer, from `earliest` on.

    An hour's score is its answer rate and a part of its doubt, minus what a STOP and waiting cost. The highest score is
    chosen, hours with nearly the same score alike, and a share of the messages goes to any open hour.

    Args:
        draw: 0 to 1, fixed for each message: what decides.
        spread: 0 to 1, fixed for each message: its place in the spread over an hour.

    Returns:
        A time outside quiet hours and five minutes before the expiry. Where there is no such hour, the usual hour.
    """
    start = earliest.timestamp()
    offset = 60 * SPREAD_MINUTES * spread
    latest = (expires_at - ROOM_BEFORE_EXPIRY).timestamp()
    hours = _open_hours(earliest, start, latest, zones, quiet, offset, learned.weekends)
    if not hours:
        at = best_time(earliest, expires_at, zones, quiet, Pattern(), spread)
        return Choice(at, Kind.DEFAULT, 1.0, None)
    weights = _weights(hours, start, learned, costs)
    total = sum(weights)
    if draw < exploration:
        place, kind = int(draw / exploration * len(hours)), Kind.EXPLORED
    else:
        place, rest = 0, (draw - exploration) / (1 - exploration) * total - weights[0]
        while rest >= 0 and place < len(hours) - 1:
            place += 1
            rest -= weights[place]
        kind = Kind.LEARNED if learned.known else Kind.POPULATION
    at_second, hour = hours[place]
    probability = (1 - exploration) * weights[place] / total + exploration / len(hours)
    return Choice(datetime.fromtimestamp(at_second, UTC), kind, probability, hour)


def _open_hours(
    earliest: datetime,
    start: float,
    end: float,
    zones: tuple[ZoneInfo, ...],
    quiet: QuietHours | None,
    offset: float,
    weekends: bool,
) -> list[tuple[float, int]]:
    """The times, one in each open hour from `start` to `end`, and their hours of the week.

    A day after a whole one of its kind is left out: it has the same hours, later. Weekends are left out where the
    person never answered on one, unless there is no other hour.
    """
    if not zones:
        return []
    days = _days(zones, quiet, earliest.astimezone(zones[0]).date())
    found: list[tuple[float, int]] = []
    for kinds in ((False, True),) if weekends else ((False,), (True,)):
        whole = set[bool]()
        for weekend, slots in days:
            if weekend not in kinds or weekend in whole or not slots:
                continue
            if slots[0][0] >= end:
                break
            times = ((max(opens + offset, start), closes, hour) for opens, closes, hour in slots)
            still_open = [(at, hour) for at, closes, hour in times if at < closes and at < end]
            found += still_open
            if len(still_open) == len(slots):
                whole.add(weekend)
        if found:
            break
    return found


@lru_cache(maxsize=1024)
def _days(
    zones: tuple[ZoneInfo, ...], quiet: QuietHours | None, first: date
) -> tuple[tuple[bool, tuple[_Slot, ...]], ...]:
    """The next days, of the first zone: whether each is one of a weekend, and its open hours."""
    days = (first + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD))
    return tuple((day.weekday() >= 5, _slots(zones, quiet, day)) for day in days)


@lru_cache(maxsize=4096)
def _slots(zones: tuple[ZoneInfo, ...], quiet: QuietHours | None, day: date) -> tuple[_Slot, ...]:
    """The hours of a local day that are open in all zones."""
    slots = []
    for hour in range(FIRST_HOUR, END_HOUR):
        wall = datetime.combine(day, time(hour), zones[0])
        begins = wall.astimezone(UTC)
        local = begins.astimezone(zones[0])
        if (local.date(), local.hour) != (day, hour):
            continue  # the clocks skip this hour, or the day
        ends = begins + timedelta(hours=1)
        opens: datetime | None = begins
        if quiet is not None:
            opens = next_open(begins, zones, quiet)
            closes = open_until(opens, zones, quiet) if opens else None
            ends = min(ends, closes) if closes else ends
        if opens and opens < ends:
            slots.append((opens.timestamp(), ends.timestamp(), hour_of_week(wall)))
    return tuple(slots)


def _weights(hours: list[tuple[float, int]], start: float, learned: LearnedHours, costs: Costs) -> list[float]:
    """How likely each hour is chosen, up to a factor: a softmax of the scores."""
    rates, doubts, stops = learned.rates, learned.doubts, learned.stops
    stop, waiting = costs.stop, costs.waiting / 3600
    scores = [
        rates[hour] + _CURIOSITY * doubts[hour] - stop * stops[hour] - waiting * (at - start) for at, hour in hours
    ]
    highest = max(scores)
    evenness = _EVENNESS * sum(doubts[hour] for _, hour in hours) / len(hours) + _LEAST_EVENNESS
    return [exp((score - highest) / evenness) for score in scores]
