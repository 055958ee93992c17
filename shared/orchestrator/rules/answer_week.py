"""The week in which answers are counted (R7): 48 hours, those of a working day and then those of a weekend day."""

from datetime import datetime

# Hours 0 to 23 are those of a working day, hours 24 to 47 those of a weekend day.
HOURS = 48
_SATURDAY = 5


def hour_of_week(local: datetime) -> int:
    """The hour in which a local time lies: 0 to 47."""
    return local.hour + 24 * (local.weekday() >= _SATURDAY)


def is_weekend(hour: int) -> bool:
    """Whether an hour of the week is one of a weekend day."""
    return hour >= 24
