"""When a message that was just accepted is first due (R6, R7)."""

from datetime import datetime

from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.best_time import best_time, read_pattern
from orchestrator.rules.lanes import ignores_hours, waits_for_best_time
from orchestrator.rules.quiet_hours import QuietHours, quiet_hours_for
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings


def first_due(
    message: MessageState, person: Person, policy: PolicySettings, now: datetime
) -> tuple[datetime, Reason | None]:
    """Compute when a message that was just accepted is due, and why not at once (R6, R7).

    Quiet hours and limits are checked when the message is due, because they may change until then.

    Returns:
        The time, and the reason; None where the message is due now.
    """
    earliest = max(message.not_before or now, now)
    if waits_for_best_time(message.lane, message.can_delay):
        best = best_time_of(message, person, policy, earliest)
        if best > earliest:
            return best, Reason.BEST_TIME
    return earliest, Reason.SCHEDULED if earliest > now else None


def best_time_of(message: MessageState, person: Person, policy: PolicySettings, earliest: datetime) -> datetime:
    """Compute the person's best time for a message, from `earliest` on (R7)."""
    quiet = quiet_hours_of(message, person, policy)
    pattern = read_pattern(person.response_pattern)
    return best_time(earliest, message.expires_at, person.zones, quiet, pattern, message.spread)


def quiet_hours_of(message: MessageState, person: Person, policy: PolicySettings) -> QuietHours | None:
    """Find the quiet hours that bind a message; None where none do (R3, R5). Marketing is never urgent at night."""
    may_ignore = message.urgent_at_night and message.purpose is not Purpose.MARKETING
    ignores = may_ignore and ignores_hours(message.lane, message.can_delay)
    return None if ignores else quiet_hours_for(person, policy)
