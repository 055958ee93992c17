"""The week in which answers are counted (R7): 48 hours, those of a working day and then those of a weekend day."""

from datetime import datetime

# Hours 0 to 23 are those of a working day, hours 24 to 47 those of a weekend day.
HOURS = 48
# The hours of a day that `choose_time` ever chooses, whatever the quiet hours: no person wishes for the others.
FIRST_HOUR, END_HOUR = 7, 23
WORKING_HOURS = range(FIRST_HOUR, END_HOUR)
WEEKEND_HOURS = range(24 + FIRST_HOUR, 24 + END_HOUR)
_SATURDAY = 5


def hour_of_week(local: datetime) -> int:
    """The hour in which a local time lies: 0 to 47."""
    return local.hour + 24 * (local.weekday() >= _SATURDAY)


def part_of_week(hour: int) -> str:
    """The part of the week in which an hour of the week lies, in words such as `weekday evenings`."""
    of_day = hour % 24
    part = "mornings" if of_day < 12 else "afternoons" if of_day < 17 else "evenings"
    return f"{'weekend' if hour >= 24 else 'weekday'} {part}"
