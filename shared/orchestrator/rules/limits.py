"""Limits (R1, R2, R5): how many texts a person may get in a local day and in any 60 minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.lanes import ignores_hours, is_important
from orchestrator.rules.local_time import local_date
from orchestrator.settings import DispatchSettings, PolicySettings

HOUR = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Caps:
    """The most sends in a local day and in 60 minutes, this one included; None where the limit does not apply."""

    day: int | None
    hour: int | None


NO_CAPS = Caps(day=None, hour=None)


@dataclass(frozen=True, slots=True)
class Limits:
    """Texts a person may get in a local day, and in any 60 minutes."""

    daily: int
    hourly: int


def limits_by_default(settings: PolicySettings | DispatchSettings) -> Limits:
    """The limits of people who have none of their own."""
    return Limits(settings.daily_limit, settings.hourly_limit)


def limits_of(person: Person, policy: PolicySettings) -> Limits:
    """A person's own limits, or the defaults (R1, R2)."""
    return Limits(
        daily=policy.daily_limit if person.daily_limit is None else person.daily_limit,
        hourly=policy.hourly_limit if person.hourly_limit is None else person.hourly_limit,
    )


def budget_day(person: Person, now: datetime) -> date:
    """The person's calendar day, whose budget row counts their texts (R1)."""
    return local_date(now, calendar_zone(person))


def calendar_zone(person: Person) -> ZoneInfo:
    """The zone whose calendar counts. UTC where none is known: only an urgent text goes then."""
    zones = person.zones
    return zones[0] if zones else ZoneInfo("UTC")


def caps(lane: Lane, can_delay: bool, person: Person, policy: PolicySettings) -> Caps:
    """The caps that one message must keep (R1, R2, R5)."""
    limits = limits_of(person, policy)
    # One slot a day is reserved for urgent and high messages.
    reserved = 1 if limits.daily > 1 and not is_important(lane) else 0
    return Caps(day=limits.daily - reserved, hour=None if ignores_hours(lane, can_delay) else limits.hourly)


def hour_is_full(sends: Sequence[datetime], now: datetime, cap: int) -> bool:
    """Whether the texts of the 60 minutes up to `now` have reached the cap (R2)."""
    return sum(sent > now - HOUR for sent in sends) >= cap


def hour_frees_at(sends: Sequence[datetime], planned: Sequence[datetime], now: datetime, cap: int) -> datetime:
    """When the count of 60 minutes falls below the cap for one more message (R2).

    Args:
        sends: when texts went.
        planned: when other messages that the limit holds are due; this message comes after them.

    Returns:
        That time. With a cap of zero or less, an hour from `now`, when the message is decided again.
    """
    if cap <= 0:
        return now + HOUR
    times = sorted([*sends, *planned])
    return max(times[-cap] + HOUR, now) if len(times) >= cap else now
