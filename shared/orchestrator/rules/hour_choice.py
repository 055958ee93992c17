"""Chooses the hour of a message from what is learned of the person (R7), and says how likely the choice was."""

import hashlib
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from math import exp
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.rules.answer_week import hour_of_week, is_weekend
from orchestrator.rules.best_time import SPREAD_MINUTES, Pattern, best_time
from orchestrator.rules.learned_hours import LearnedHours
from orchestrator.rules.quiet_hours import QuietHours, next_open, open_until

# The share of the choices that goes to any open hour of the day, all alike.
EXPLORATION = 0.05
# The local hours that are ever chosen, whatever the quiet hours.
_FIRST_HOUR, _END_HOUR = 7, 23
_DAYS_AHEAD = 8


class Kind(StrEnum):
    """Why an hour was chosen: on trial, for this person, for people like them, or because it is the usual one."""

    EXPLORED = "explored"
    LEARNED = "learned"
    POPULATION = "population"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Costs:
    """What is set against an answer: a STOP, in answers, and an hour of waiting, in answers."""

    stop: float = 30.0
    waiting: float = 0.0005


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


@dataclass(frozen=True, slots=True)
class _Candidate:
    at: datetime
    hour: int
    waiting: float


def draw_of(message_id: UUID) -> float:
    """A number from 0 to 1 that is fixed for each message and decides its hour; it is independent of its spread."""
    return int.from_bytes(hashlib.sha256(message_id.bytes).digest()[:6]) / (1 << 48)


def choose_time(
    earliest: datetime,
    expires_at: datetime,
    zones: Sequence[ZoneInfo],
    quiet: QuietHours | None,
    learned: LearnedHours,
    costs: Costs,
    draw: float,
    spread: float,
    exploration: float = EXPLORATION,
) -> Choice:
    """Choose the hour at which the person is most likely to answer, from `earliest` on.

    The day is the one with the best hour. Within it the hour is drawn with the chances that each hour is the best, and
    a share of the draws goes to any open hour.

    Args:
        draw: 0 to 1, fixed for each message: what decides.
        spread: 0 to 1, fixed for each message: its place in the spread over an hour.

    Returns:
        A time outside quiet hours and before the expiry. Where there is no such hour, the usual hour.
    """
    day = _best_day(list(_days(earliest, expires_at, tuple(zones), quiet, spread)), learned, costs)
    if not day:
        at = best_time(earliest, expires_at, zones, quiet, Pattern(), spread)
        return Choice(at, Kind.DEFAULT, 1.0, None)
    weights = _weights(day, learned, costs)
    if draw < exploration:
        place, kind = int(draw / exploration * len(day)), Kind.EXPLORED
    else:
        total = list(accumulate(weights))
        place = min(bisect(total, (draw - exploration) / (1 - exploration) * total[-1]), len(day) - 1)
        kind = Kind.LEARNED if learned.known else Kind.POPULATION
    probability = (1 - exploration) * weights[place] / sum(weights) + exploration / len(day)
    return Choice(day[place].at, kind, probability, day[place].hour)


def _days(
    earliest: datetime, expires_at: datetime, zones: tuple[ZoneInfo, ...], quiet: QuietHours | None, spread: float
) -> Iterator[list[_Candidate]]:
    """The hours that are open, by day. A day like one before it that was whole is left out: it costs only waiting."""
    if not zones:
        return
    offset = timedelta(minutes=SPREAD_MINUTES * spread)
    first, whole = earliest.astimezone(zones[0]).date(), set[bool]()
    for ahead in range(_DAYS_AHEAD):
        day = first + timedelta(days=ahead)
        if (day.weekday() >= 5) in whole:
            continue
        slots = _open_slots(zones, quiet, day)
        candidates = []
        for begins, ends, hour in slots:
            at = max(begins + offset, earliest)
            if at < ends and at < expires_at:
                candidates.append(_Candidate(at, hour, (at - earliest).total_seconds() / 3600))
        if candidates:
            yield candidates
        if slots and len(candidates) == len(slots):
            whole.add(day.weekday() >= 5)
        if slots and slots[-1][1] >= expires_at:
            return


@lru_cache(maxsize=4096)
def _open_slots(
    zones: tuple[ZoneInfo, ...], quiet: QuietHours | None, day: date
) -> tuple[tuple[datetime, datetime, int], ...]:
    """The hours of a local day that are open in all zones: from when to when, in UTC, and which hour of the week."""
    slots = []
    for hour in range(_FIRST_HOUR, _END_HOUR):
        wall = datetime.combine(day, time(hour), zones[0])
        begins = wall.astimezone(UTC)
        if begins.astimezone(zones[0]).hour != hour:
            continue  # the clocks skip this hour
        ends = begins + timedelta(hours=1)
        opens: datetime | None = begins
        if quiet is not None:
            opens = next_open(begins, zones, quiet)
            closes = open_until(opens, zones, quiet) if opens else None
            ends = min(ends, closes) if closes else ends
        if opens and opens < ends:
            slots.append((opens, ends, hour_of_week(wall)))
    return tuple(slots)


def _best_day(days: list[list[_Candidate]], learned: LearnedHours, costs: Costs) -> list[_Candidate]:
    """The day with the hour of the highest score. Weekends are avoided unless the person has answered on one."""
    if not learned.weekends:
        days = [day for day in days if not is_weekend(day[0].hour)] or days
    return max(days, key=lambda day: max(_score(hour, learned, costs) for hour in day), default=[])


def _score(candidate: _Candidate, learned: LearnedHours, costs: Costs) -> float:
    answers, stops = learned.rates[candidate.hour], learned.stops[candidate.hour]
    return answers - costs.stop * stops - costs.waiting * candidate.waiting


def _weights(day: list[_Candidate], learned: LearnedHours, costs: Costs) -> list[float]:
    """How likely each hour is chosen, up to a factor.

    The chance that the hour is the best falls with its costs, as measured by the answer rate that is at stake.
    """
    stake = max(learned.rates[candidate.hour] for candidate in day) or 1.0
    lost = [costs.stop * learned.stops[candidate.hour] + costs.waiting * candidate.waiting for candidate in day]
    least = min(lost)
    chances = [
        learned.chances[candidate.hour] * exp(-(cost - least) / stake)
        for candidate, cost in zip(day, lost, strict=True)
    ]
    return chances if sum(chances) > 0 else [1.0] * len(day)
