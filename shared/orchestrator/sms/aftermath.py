"""What an outcome means for its message: sent, waiting for another try, ended, or not known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.rules.reasons import Reason, Status
from orchestrator.sms.outcomes import Consequence, Outcome, OutcomeKind, consequence

# While our account is refused, trying more often helps nobody; a corrected credential works within this.
CONFIGURATION_WAIT = timedelta(minutes=5)
BUSY_WAIT = timedelta(minutes=1)
# Doubled with each try: what failed before the request left is safe to repeat.
FIRST_RETRY = timedelta(seconds=30)
TRIES = 3


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
_WAITS = {
    Consequence.CONFIGURATION: (Reason.PROVIDER_CONFIGURATION, CONFIGURATION_WAIT),
    Consequence.BUSY: (Reason.PROVIDER_BUSY, BUSY_WAIT),
}


def aftermath(outcome: Outcome, tries: int, now: datetime) -> Aftermath:
    """What follows from an outcome (G2).

    Args:
        tries: how many of the message's tries have been used up so far. A fault of our account and a busy provider use
            up none.
    """
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            return Aftermath(Status.SENT, None, None, tries)
        case OutcomeKind.UNKNOWN:
            # It stays under its lease, and is never sent again by our choice.
            return Aftermath(Status.SENDING, Reason.UNKNOWN_OUTCOME, None, tries)
        case OutcomeKind.NOT_SENT:
            if tries + 1 >= TRIES:
                return Aftermath(Status.FAILED, Reason.PROVIDER_UNREACHABLE, None, tries + 1)
            return Aftermath(Status.QUEUED, Reason.PROVIDER_UNREACHABLE, now + FIRST_RETRY * 2**tries, tries + 1)
        case OutcomeKind.REFUSED:
            follows = consequence(outcome.code)
            if follows in _ENDS:
                status, reason = _ENDS[follows]
                return Aftermath(status, reason, None, tries)
            reason, wait = _WAITS[follows]
            return Aftermath(Status.QUEUED, reason, now + wait, tries)
