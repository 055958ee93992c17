"""Limits (R1, R2, R5): how many texts a person gets in a local day and in any 60 minutes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.settings import PolicySettings

HOUR = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Caps:
    """How many sends there may be, this one included; None means that the limit does not apply."""

    day: int
    hour: int | None


def caps(lane: Lane, can_delay: bool, person: Person, policy: PolicySettings) -> Caps:
    """The caps one message must keep (R1, R2, R5)."""
    daily = policy.daily_limit if person.daily_limit is None else person.daily_limit
    hourly = policy.hourly_limit if person.hourly_limit is None else person.hourly_limit
    if lane not in (Lane.URGENT, Lane.HIGH) and daily > 1:
        daily -= 1  # one slot a day stays free for what matters
    return Caps(day=daily, hour=None if ignores_hours(lane, can_delay) else hourly)


def ignores_hours(lane: Lane, can_delay: bool) -> bool:
    """Whether a message ignores quiet hours and the hourly limit (R5)."""
    return lane is Lane.URGENT and not can_delay


def day_is_full(person: Person, today: date, cap: int) -> bool:
    """Whether the daily limit holds a message back (R1)."""
    return person.sent_by_day.get(today, 0) >= cap


def hour_frees_at(person: Person, now: datetime, cap: int) -> datetime | None:
    """When the count of the last 60 minutes falls below the cap (R2).

    Returns:
        None when it is below now; `now` plus an hour when the cap is zero or less, which no waiting cures.
    """
    recent = [sent for sent in person.recent_sends if sent > now - HOUR]
    if len(recent) < cap:
        return None
    return recent[-cap] + HOUR if cap > 0 else now + HOUR
