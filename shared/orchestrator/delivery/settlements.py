"""Makes settlements: what the outcome of a call means for its attempt and its message (G2)."""

from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.ids import spread_of
from orchestrator.rules.reasons import Reason, Status
from orchestrator.sms.outcomes import Consequence, Outcome, OutcomeKind, consequence
from orchestrator.store.settlement import Evidence, Settlement

# While Twilio refuses our account, each further call would be refused too. A corrected credential works after this.
CONFIGURATION_WAIT = timedelta(minutes=5)
# How long a busy Twilio is left alone where it does not say how long, and the longest that it is left alone.
BUSY_WAIT = timedelta(minutes=1)
LONGEST_BUSY_WAIT = timedelta(hours=1)
# A call that failed before the request left is safe to repeat: after about one minute, then after about five more.
TRIES = 3
FIRST_RETRY = timedelta(minutes=1)
RETRY_GROWTH = 5.0

_State = tuple[Status, Reason | None, timedelta | None]


def settlement_of(attempt_id: UUID, outcome: Outcome, tries: int, expires_at: datetime, now: datetime) -> Settlement:
    """Make the settlement of an attempt from the outcome of its call (G2).

    Args:
        tries: how many tries the message has used. Only a call that failed before the request left uses one.
        expires_at: when the message expires; one that waits again is due no later.
    """
    status, reason, wait = _next_state(attempt_id, outcome, tries)
    return Settlement(
        attempt_id=attempt_id,
        outcome=outcome.kind,
        # An unknown outcome waits for better evidence than its own answer.
        evidence=None if outcome.kind is OutcomeKind.UNKNOWN else Evidence.ANSWER,
        sid=outcome.sid,
        error_code=outcome.code,
        error=outcome.error,
        status=status,
        reason=reason,
        until=None if wait is None else min(now + wait, expires_at),
        tries=tries + (outcome.kind is OutcomeKind.NOT_SENT),
        opts_out=reason is Reason.OPTED_OUT,
    )


def settlement_without_call(attempt_id: UUID, now: datetime) -> Settlement:
    """Make the settlement of an attempt that may have been reserved, and for which no call was made."""
    return Settlement(
        attempt_id=attempt_id,
        outcome=OutcomeKind.NOT_SENT,
        evidence=Evidence.NO_CALL,
        sid=None,
        error_code=None,
        error="the reservation's own answer was lost",
        status=Status.QUEUED,
        reason=None,
        until=now,
        tries=None,
        opts_out=False,
    )


def _next_state(attempt_id: UUID, outcome: Outcome, tries: int) -> _State:
    """The message's next status, its reason, and how long it waits; None where it does not wait."""
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            return Status.SENT, None, None
        case OutcomeKind.UNKNOWN:
            # The message keeps its lease, within which evidence may come.
            return Status.SENDING, Reason.UNKNOWN_OUTCOME, None
        case OutcomeKind.NOT_SENT if tries + 1 >= TRIES:
            return Status.FAILED, Reason.PROVIDER_UNREACHABLE, None
        case OutcomeKind.NOT_SENT:
            return Status.QUEUED, Reason.PROVIDER_UNREACHABLE, _retry_wait(attempt_id, tries)
        case OutcomeKind.REFUSED:
            return _state_after_refusal(outcome)


def _retry_wait(attempt_id: UUID, tries: int) -> timedelta:
    # Between 3/4 and 5/4 of the wait, so that messages that failed together are not tried again together.
    return FIRST_RETRY * RETRY_GROWTH**tries * (0.75 + spread_of(attempt_id) / 2)


def _state_after_refusal(outcome: Outcome) -> _State:
    match consequence(outcome.code):
        case Consequence.OPTED_OUT:
            return Status.CANCELLED, Reason.OPTED_OUT, None
        case Consequence.BAD_NUMBER:
            return Status.FAILED, Reason.BAD_NUMBER, None
        case Consequence.REFUSED:
            return Status.FAILED, Reason.REFUSED, None
        case Consequence.CONFIGURATION:
            return Status.QUEUED, Reason.PROVIDER_CONFIGURATION, CONFIGURATION_WAIT
        case Consequence.BUSY:
            wait = BUSY_WAIT if outcome.retry_after is None else timedelta(seconds=outcome.retry_after)
            return Status.QUEUED, Reason.PROVIDER_BUSY, min(wait, LONGEST_BUSY_WAIT)
