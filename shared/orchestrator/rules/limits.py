"""Limits (R1, R2, R5): how many texts a person gets in a local day and in any 60 minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.lanes import ignores_hours, matters
from orchestrator.settings import PolicySettings

HOUR = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Caps:
    """How many sends there may be, this one included; None means that the limit does not apply."""

    day: int | None
    hour: int | None


NO_CAPS = Caps(day=None, hour=None)


@dataclass(frozen=True, slots=True)
class Limits:
    """Texts a person may get in a local day, and in any 60 minutes."""

    daily: int
    hourly: int


def limits_of(person: Person, policy: PolicySettings) -> Limits:
    """A person's own limits, or the defaults (R1, R2)."""
    return Limits(
        daily=policy.daily_limit if person.daily_limit is None else person.daily_limit,
        hourly=policy.hourly_limit if person.hourly_limit is None else person.hourly_limit,
    )


def caps(lane: Lane, can_delay: bool, person: Person, policy: PolicySettings) -> Caps:
    """The caps one message must keep (R1, R2, R5)."""
    limits = limits_of(person, policy)
    # One slot a day stays free for what matters.
    reserved = 1 if limits.daily > 1 and not matters(lane) else 0
    return Caps(day=limits.daily - reserved, hour=None if ignores_hours(lane, can_delay) else limits.hourly)


def hour_is_full(sends: Sequence[datetime], now: datetime, cap: int) -> bool:
    """Whether as many texts as the cap allows went in the 60 minutes up to `now` (R2)."""
    return sum(sent > now - HOUR for sent in sends) >= cap


def hour_frees_at(sends: Sequence[datetime], planned: Sequence[datetime], now: datetime, cap: int) -> datetime:
    """When the count of 60 minutes falls below the cap for one more message (R2).

    Args:
        sends: when texts went.
        planned: when others that the limit holds will go; this one comes after them.

    Returns:
        That time; an hour from `now` when the cap is zero or less, which no waiting cures.
    """
    if cap <= 0:
        return now + HOUR
    times = sorted([*sends, *planned])
    return max(times[-cap] + HOUR, now) if len(times) >= cap else now
