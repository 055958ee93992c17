"""Best time (R7): the next moment inside the hours in which a person usually answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestrator.rules.local_time import instant_of, local_date
from orchestrator.rules.quiet_hours import QuietHours, is_open, is_open_for

# The best hours of a person without a pattern.
USUAL_HOURS = (10,)
# Messages are spread over the first minutes of a best hour, so that they are not all due in its first second.
SPREAD_MINUTES = 30
# Days to search: a pattern may prefer one day of the week. If its best hours are quiet, there is no best time.
DAYS_AHEAD = 8
# A text that is due leaves within a minute or two: its best time lies so long before the expiry, to leave before it.
ROOM_BEFORE_EXPIRY = timedelta(minutes=5)
_HOUR = timedelta(hours=1)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORKDAYS = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Pattern:
    """When a person usually answers: local hours (0 to 23) and days of the week (0 is Monday)."""

    hours: tuple[int, ...] = USUAL_HOURS
    days: frozenset[int] = _WORKDAYS


def read_pattern(stored: object) -> Pattern:
    """Read `users.response_pattern`, which may hold any JSON.

    `best_hours` may be numbers, or texts such as "9", "09:30" or "9-11". `preferred_days` may be names, their
    beginnings, or the numbers of JavaScript (0 is Sunday). Other keys do not concern the hour. Malformed entries are
    ignored; when none is left, the default applies.
    """
    return owner_pattern(stored) or Pattern()


def owner_pattern(stored: object) -> Pattern | None:
    """Read `users.response_pattern` as `read_pattern`; None where its owner says nothing of hours and days."""
    if not isinstance(stored, Mapping):
        return None
    hours = sorted({hour for entry in _entries(stored.get("best_hours")) for hour in _hours(entry)})
    days = {day for entry in _entries(stored.get("preferred_days")) for day in _days(entry)}
    return Pattern(tuple(hours) or USUAL_HOURS, frozenset(days) or _WORKDAYS) if hours or days else None


def best_time(
    earliest: datetime,
    expires_at: datetime,
    zones: tuple[ZoneInfo, ...],
    quiet: QuietHours | None,
    pattern: Pattern,
    spread: float,
) -> datetime:
    """The person's best time from `earliest` on, in UTC.

    Args:
        spread: 0 to 1, fixed for each message: its place in the spread over an hour.

    Returns:
        A time outside quiet hours and five minutes before the expiry. Where there is no such time, `earliest` itself,
        to which the other rules still apply.
    """
    if not zones:
        return earliest
    latest = expires_at - ROOM_BEFORE_EXPIRY
    offset = timedelta(minutes=SPREAD_MINUTES * spread)
    first_day = local_date(earliest, zones[0])
    for ahead in range(DAYS_AHEAD):
        day = first_day + timedelta(days=ahead)
        if day.weekday() not in pattern.days:
            continue
        for hour in pattern.hours:
            begins = instant_of(day, time(hour), zones[0])
            candidate = max(begins + offset, earliest)
            if candidate >= begins + _HOUR:
                continue  # this hour is over
            if candidate >= latest:
                return earliest
            if quiet is None or is_open_for(_HOUR, begins, zones, quiet) or is_open(candidate, zones, quiet):
                return candidate
    return earliest


def _entries(value: object) -> Sequence[object]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _hours(entry: object) -> Sequence[int]:
    if isinstance(entry, bool):
        return ()
    if isinstance(entry, int | float):
        return (int(entry),) if 0 <= entry < 24 else ()
    match = re.fullmatch(r"\s*(\d{1,2})(?::\d{2})?\s*(?:-\s*(\d{1,2})(?::\d{2})?\s*)?", str(entry))
    if not match:
        return ()
    first, last = int(match[1]), int(match[2] or int(match[1]) + 1)
    return range(first, last) if last <= 24 else ()


def _days(entry: object) -> Sequence[int]:
    if isinstance(entry, bool):
        return ()
    if isinstance(entry, int | float):
        return ((int(entry) - 1) % 7,) if 0 <= entry <= 7 else ()
    name = str(entry).strip().lower()
    if name.rstrip("s") == "weekend":
        return (5, 6)
    if name.rstrip("s") in ("weekday", "workday"):
        return range(5)
    return [number for number, day in enumerate(_DAYS) if len(name) >= 2 and day.startswith(name.removesuffix("s"))]
