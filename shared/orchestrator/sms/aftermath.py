"""What an outcome means for its message: sent, waiting for another try, ended, or not known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.rules.reasons import Reason, Status
from orchestrator.sms.outcomes import Consequence, Outcome, OutcomeKind, consequence

# While our account is refused, trying more often helps nobody; a corrected credential works within this.
CONFIGURATION_WAIT = timedelta(minutes=5)
# Where Twilio does not say how long it is busy; and the longest that it is believed.
BUSY_WAIT = timedelta(minutes=1)
LONGEST_BUSY_WAIT = timedelta(hours=1)
# What failed before the request left is safe to repeat: at once, after about one minute, after about five more.
TRIES = 3
FIRST_RETRY = timedelta(minutes=1)
RETRY_GROWTH = 5


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The message's next state; `until` is when it is due again, where it waits."""

    status: Status
    reason: Reason | None
    until: datetime | None
    tries: int


_ENDS = {
    Consequence.OPTED_OUT: (Status.CANCELLED, Reason.OPTED_OUT),
    Consequence.BAD_NUMBER: (Status.FAILED, Reason.BAD_NUMBER),
    Consequence.REFUSED: (Status.FAILED, Reason.REFUSED),
}


def aftermath(outcome: Outcome, tries: int, spread: float, now: datetime) -> Aftermath:
    """What follows from an outcome (G2).

    Args:
        tries: how many of the message's tries have been used up so far. A fault of our account and a busy provider use
            up none.
        spread: the attempt's place between 0 and 1, so that what failed together does not come back together.
    """
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            return Aftermath(Status.SENT, None, None, tries)
        case OutcomeKind.UNKNOWN:
            # It stays under its lease until there is evidence.
            return Aftermath(Status.SENDING, Reason.UNKNOWN_OUTCOME, None, tries)
        case OutcomeKind.NOT_SENT:
            if tries + 1 >= TRIES:
                return Aftermath(Status.FAILED, Reason.PROVIDER_UNREACHABLE, None, tries + 1)
            wait = FIRST_RETRY * RETRY_GROWTH**tries * (0.75 + spread / 2)
            return Aftermath(Status.QUEUED, Reason.PROVIDER_UNREACHABLE, now + wait, tries + 1)
        case OutcomeKind.REFUSED:
            return _after_refusal(outcome, tries, now)


def _after_refusal(outcome: Outcome, tries: int, now: datetime) -> Aftermath:
    follows = consequence(outcome.code)
    if follows in _ENDS:
        status, reason = _ENDS[follows]
        return Aftermath(status, reason, None, tries)
    if follows is Consequence.CONFIGURATION:
        return Aftermath(Status.QUEUED, Reason.PROVIDER_CONFIGURATION, now + CONFIGURATION_WAIT, tries)
    asked = BUSY_WAIT if outcome.retry_after is None else timedelta(seconds=outcome.retry_after)
    return Aftermath(Status.QUEUED, Reason.PROVIDER_BUSY, now + min(asked, LONGEST_BUSY_WAIT), tries)
