"""Quiet hours (R3): when a person may not be texted, in every zone in which their phone may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from orchestrator.people import Person
from orchestrator.rules.local_time import first_instant
from orchestrator.settings import PolicySettings

# Rounds of `next_open`; each passes the end of at least one zone's window. Zones that disagree longer never agree.
_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A window of local wall-clock time: `start` is quiet, `end` is not. Equal times mean no quiet hours."""

    start: time
    end: time

    def covers(self, wall: time) -> bool:
        """Whether the local time `wall` is quiet."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


def quiet_hours_for(person: Person, policy: PolicySettings) -> QuietHours | None:
    """A person's quiet hours; None when they are turned off, or start and end are equal."""
    if person.quiet_hours_enabled is False:
        return None
    quiet = QuietHours(
        start=policy.quiet_hours_start if person.quiet_hours_start is None else person.quiet_hours_start,
        end=policy.quiet_hours_end if person.quiet_hours_end is None else person.quiet_hours_end,
    )
    return None if quiet.start == quiet.end else quiet


def next_open(now: datetime, zones: Sequence[ZoneInfo], quiet: QuietHours) -> datetime | None:
    """The first instant from `now` on at which no zone is quiet.

    Returns:
        `now` itself when no zone is quiet, else the instant in UTC; None when the zones never agree, or none is known.
    """
    return _next_open(now.astimezone(UTC), tuple(zones), quiet)


def open_until(now: datetime, zones: Sequence[ZoneInfo], quiet: QuietHours) -> datetime | None:
    """When quiet hours next begin in any of the zones, in UTC; None when there are none."""
    return _open_until(now.astimezone(UTC), tuple(zones), quiet)


# A wave has one time, and its people have few zones and windows: most of them are computed once for several people. The
# times are in UTC, because Python takes both hours that a clock shows twice for one.
@lru_cache(maxsize=1_000)
def _next_open(instant: datetime, zones: tuple[ZoneInfo, ...], quiet: QuietHours) -> datetime | None:
    if not zones:
        return None
    for _ in range(_ROUNDS):
        ends = [_end(instant, zone, quiet) for zone in zones if _is_quiet(instant, zone, quiet)]
        if not ends:
            return instant
        instant = max(ends)
    return None


@lru_cache(maxsize=1_000)
def _open_until(now: datetime, zones: tuple[ZoneInfo, ...], quiet: QuietHours) -> datetime | None:
    if quiet.start == quiet.end:
        return None
    starts = (
        first_instant(now, zone, [quiet.start, quiet.end], lambda wall: quiet.covers(wall.time())) for zone in zones
    )
    return min((start for start in starts if start), default=None)


def is_open(instant: datetime, zones: Sequence[ZoneInfo], quiet: QuietHours) -> bool:
    """Whether no zone is quiet at an instant; not where no zone is known."""
    return bool(zones) and not any(_is_quiet(instant, zone, quiet) for zone in zones)


@lru_cache(maxsize=4096)
def is_open_for(span: timedelta, begins: datetime, zones: tuple[ZoneInfo, ...], quiet: QuietHours) -> bool:
    """Whether no zone is quiet from an instant on for a whole span; kept, because many people share zones and hours."""
    if not is_open(begins, zones, quiet):
        return False
    closes = open_until(begins, zones, quiet)
    return closes is None or closes >= begins + span


def _is_quiet(instant: datetime, zone: ZoneInfo, quiet: QuietHours) -> bool:
    return quiet.covers(instant.astimezone(zone).time())


def _end(instant: datetime, zone: ZoneInfo, quiet: QuietHours) -> datetime:
    end = first_instant(instant, zone, [quiet.start, quiet.end], lambda wall: not quiet.covers(wall.time()))
    assert end is not None  # a window shorter than a day ends within the horizon
    return end
