"""The hour at which a person usually answers (R7)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestrator.rules.quiet_hours import QuietHours, next_open

# Without a pattern: mid-morning.
USUAL_HOURS = (10,)
# Each hour is filled from its beginning, so that its first second is not a stampede.
SPREAD_MINUTES = 30
# A pattern may prefer one day of the week, whose best hours may be quiet: then another rule must serve.
DAYS_AHEAD = 8
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORKDAYS = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Pattern:
    """When a person answers: local hours (0 to 23), and days (0 is Monday); None means any workday."""

    hours: tuple[int, ...] = USUAL_HOURS
    days: frozenset[int] = _WORKDAYS


def read_pattern(stored: object) -> Pattern:
    """Make sense of `users.response_pattern`, which may hold anything.

    `best_hours` may be numbers or texts such as "9", "09:30" or "9-11"; `preferred_days` names, their beginnings, or
    numbers as JavaScript counts them (0 is Sunday). `avg_response_time_minutes` and `engagement_score` say nothing
    about the hour. What makes no sense is passed over; where nothing is left, the default holds.
    """
    if not isinstance(stored, Mapping):
        return Pattern()
    hours = sorted({hour for entry in _entries(stored.get("best_hours")) for hour in _hours(entry)})
    days = {day for entry in _entries(stored.get("preferred_days")) for day in _days(entry)}
    return Pattern(tuple(hours) or USUAL_HOURS, frozenset(days) or _WORKDAYS)


def best_time(
    earliest: datetime,
    expires_at: datetime,
    zones: Sequence[ZoneInfo],
    quiet: QuietHours | None,
    pattern: Pattern,
    spread: float,
) -> datetime:
    """The person's best time from `earliest` on, in UTC.

    Args:
        spread: 0 to 1, the message's place in the spread of an hour; the same message always has the same.

    Returns:
        A time outside quiet hours and before the expiry; where there is no such best time, `earliest` itself, which
        the other rules may still move.
    """
    if not zones:
        return earliest
    offset = timedelta(minutes=SPREAD_MINUTES * spread)
    first_day = earliest.astimezone(zones[0]).date()
    for ahead in range(DAYS_AHEAD):
        day = first_day + timedelta(days=ahead)
        if day.weekday() not in pattern.days:
            continue
        for hour in pattern.hours:
            begins = datetime.combine(day, time(hour), zones[0])
            candidate = max(begins.astimezone(UTC) + offset, earliest)
            if candidate >= begins.astimezone(UTC) + timedelta(hours=1):
                continue  # this hour has gone by
            if candidate >= expires_at:
                return earliest
            if quiet is None or next_open(candidate, zones, quiet) == candidate:
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
    return range(first, last) if 0 <= first < last <= 24 else ()


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
