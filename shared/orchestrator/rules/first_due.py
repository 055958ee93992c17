"""When a message that was just accepted is first due (R6, R7)."""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.answer_hours import BestTime, choose_best_time
from orchestrator.rules.lanes import ignores_hours, waits_for_best_time
from orchestrator.rules.quiet_hours import QuietHours, quiet_hours_for
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings


@dataclass(frozen=True, slots=True)
class FirstDue:
    """When a message that was just accepted is due, and why not at once; `best` where it waits for its best time."""

    at: datetime
    reason: Reason | None
    best: BestTime | None = None


def first_due(
    message: MessageState, person: Person, policy: PolicySettings, now: datetime
) -> tuple[datetime, Reason | None]:
    """Compute when a message that was just accepted is due, and the reason; None where it is due now."""
    due = find_first_due(message, person, policy, now)
    return due.at, due.reason


def find_first_due(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> FirstDue:
    """Compute when a message that was just accepted is due, and why not at once (R6, R7).

    Quiet hours and limits are checked when the message is due, because they may change until then.
    """
    earliest = max(message.not_before or now, now)
    if waits_for_best_time(message.lane, message.can_delay):
        best = best_time_of(message, person, policy, earliest)
        if best.at > earliest:
            return FirstDue(best.at, Reason.BEST_TIME, best)
    return FirstDue(earliest, Reason.SCHEDULED if earliest > now else None)


def best_time_of(message: MessageState, person: Person, policy: PolicySettings, earliest: datetime) -> BestTime:
    """Choose the person's best time for a message, from `earliest` on (R7). The same message chooses alike again."""
    return choose_best_time(message, person, quiet_hours_of(message, person, policy), policy, earliest)


def quiet_hours_of(message: MessageState, person: Person, policy: PolicySettings) -> QuietHours | None:
    """Find the quiet hours that bind a message; None where none do (R3, R5). Marketing is never urgent at night."""
    may_ignore = message.urgent_at_night and message.purpose is not Purpose.MARKETING
    ignores = may_ignore and ignores_hours(message.lane, message.can_delay)
    return None if ignores else quiet_hours_for(person, policy)
