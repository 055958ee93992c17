"""Converts local wall-clock times to instants, through daylight-saving changes."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

# Days to search for a wall time: it may lie a day ahead, and later where a clock change skips it.
_HORIZON_DAYS = 3


@lru_cache(maxsize=4096)
def local_date(now: datetime, zone: ZoneInfo) -> date:
    """The local calendar day (R1)."""
    return now.astimezone(zone).date()


def format_time(instant: datetime, zone: tzinfo = UTC) -> str:
    """An instant as the command line shows it, such as `2026-03-03 10:00:05 EST`."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of the local day, in UTC."""
    return instant_of(local_date(now, zone), time(0), zone)


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of the next local day, in UTC; 01:00 local where the clocks change at midnight."""
    today = local_date(now, zone)
    if not _offset_changes(zone, today):
        return instant_of(today + timedelta(days=1), time(0), zone)
    midnight = first_instant(now, zone, [time(0)], lambda wall: wall.date() > today)
    assert midnight is not None  # every zone reaches tomorrow within the horizon
    return midnight


@lru_cache(maxsize=4096)
def instant_of(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock shows a time on a day, in UTC; the earlier one where there are two."""
    return datetime.combine(day, wall, zone).astimezone(UTC)


def first_instant(
    now: datetime, zone: ZoneInfo, walls: Iterable[time], holds: Callable[[datetime], bool]
) -> datetime | None:
    """The first instant after `now` at which a condition on the wall clock begins to hold.

    Args:
        now: an aware time.
        zone: the zone of the wall clock.
        walls: the times of day at which the condition can change.
        holds: the condition on a local time.

    Returns:
        The instant in UTC; None when the condition does not hold within the next days.
    """
    for instant in _candidates(now, zone, walls):
        if holds(instant.astimezone(zone)):
            return instant
    return None


def _candidates(now: datetime, zone: ZoneInfo, walls: Iterable[time]) -> Iterator[datetime]:
    """The instants after `now` at which the wall clock shows one of `walls` or changes, in order."""
    today = now.astimezone(zone).date()
    walls = list(walls)
    changes = _offset_changes(zone, today)
    folds = (0, 1) if changes else (0,)
    instants = {
        datetime.combine(today + timedelta(days=days), wall, zone).replace(fold=fold).astimezone(UTC)
        for days in range(_HORIZON_DAYS)
        for wall in walls
        for fold in folds
    }
    # A change on a later day comes behind walls of that day, which are not among these instants.
    end = instant_of(today + timedelta(days=_HORIZON_DAYS), time(0), zone)
    return (instant for instant in sorted(instants.union(changes)) if now < instant < end)


@lru_cache(maxsize=4096)
def _offset_changes(zone: ZoneInfo, day: date) -> tuple[datetime, ...]:
    """The clock changes from the day before `day` to the end of the horizon, to the second, in UTC."""
    start = datetime.combine(day - timedelta(days=1), time(0), UTC)
    marks = [start + timedelta(hours=12 * step) for step in range(2 * (_HORIZON_DAYS + 2) + 1)]
    spans = itertools.pairwise(marks)
    return tuple(_change_within(zone, before, after) for before, after in spans if _offsets_differ(zone, before, after))


def _offsets_differ(zone: ZoneInfo, before: datetime, after: datetime) -> bool:
    return before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()


def _change_within(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _offsets_differ(zone, before, middle):
            after = middle
        else:
            before = middle
    return after
