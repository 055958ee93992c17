"""Makes settlements and status reports: what an outcome, or a report of Twilio, means for attempt and message (G2)."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.ids import spread_of
from orchestrator.people import country_of
from orchestrator.rules.local_time import next_midnight
from orchestrator.rules.reasons import Reason, Status
from orchestrator.sms.outcomes import (
    UNSENT_AFTER_ALL,
    Consequence,
    Fault,
    Outcome,
    OutcomeKind,
    Scope,
    fault_of,
)
from orchestrator.store.settlement import Evidence, Pause, Settlement, StatusReport

# While Twilio refuses our account, each further call would be refused too. A corrected credential works after this.
CONFIGURATION_WAIT = timedelta(minutes=5)
# A fault of our account that meets one recipient or one country: the other texts go on, and nothing else asks again.
NARROW_CONFIGURATION_WAIT = timedelta(hours=1)
# While carriers refuse our account, each further text would be paid for and lost.
CARRIER_REFUSAL_WAIT = timedelta(minutes=15)
# How long a busy Twilio is left alone where it does not say how long, and the longest that it is left alone.
BUSY_WAIT = timedelta(minutes=1)
LONGEST_BUSY_WAIT = timedelta(hours=1)
# A call that failed before the request left is safe to repeat, until the message expires. Each further try has the last
# of these waits.
RETRY_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
# The caps of US carriers start again at midnight Pacific time (https://www.twilio.com/docs/api/errors/30023), and an
# account's cap is to be tried again on the next day (https://www.twilio.com/docs/api/errors/63038).
CAP_ZONE = ZoneInfo("America/Los_Angeles")

_State = tuple[Status, Reason | None, timedelta | None]


def settlement_of(
    attempt_id: UUID, outcome: Outcome, tries: int, expires_at: datetime, phone_number: str, now: datetime
) -> Settlement:
    """Make the settlement of an attempt from the outcome of its call (G2).

    Args:
        tries: how many tries the message has used. Only a call that failed before the request left uses one.
        expires_at: when the message expires; one that waits again is due no later.
        phone_number: the recipient's, for a fault that reaches a country.
    """
    if not outcome.called:
        return settlement_without_call(attempt_id, now, outcome.error or "")
    status, reason, wait = _next_state(attempt_id, outcome, tries, now)
    pause = country = None
    if outcome.kind is OutcomeKind.REFUSED:
        pause, country = _pause_by(fault_of(outcome.code, outcome.status), phone_number)
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
        pause=pause,
        country=country,
    )


def settlement_without_call(attempt_id: UUID, now: datetime, error: str) -> Settlement:
    """Make the settlement of an attempt that may have been reserved, and for which no call was made."""
    return Settlement(
        attempt_id=attempt_id,
        outcome=OutcomeKind.NOT_SENT,
        evidence=Evidence.NO_CALL,
        sid=None,
        error_code=None,
        error=error,
        status=Status.QUEUED,
        reason=None,
        until=now,
        tries=None,
        opts_out=False,
    )


def status_report_of(
    attempt_id: UUID, sid: str, status: str, code: int | None, phone_number: str, now: datetime
) -> StatusReport:
    """Make the report of what became of a text after Twilio took it.

    Args:
        status: Twilio's status, such as `delivered`.
        code: Twilio's error code; None where the text did not fail.
        phone_number: the recipient's, for a fault that reaches a country.
    """
    fault = fault_of(code)
    wait = _wait_after_report(fault, now)
    pause, country = (None, None) if code is None else _pause_by(fault, phone_number)
    return StatusReport(
        attempt_id=attempt_id,
        sid=sid,
        status=status,
        error_code=code,
        error=None if code is None else fault.text,
        opts_out=fault.consequence is Consequence.OPTED_OUT,
        is_dead=fault.consequence is Consequence.BAD_NUMBER,
        is_unreachable=fault.consequence is Consequence.UNREACHABLE,
        is_blocked=fault.consequence is Consequence.BLOCKED,
        holds_number_until=now + wait if fault.scope is Scope.CARRIER_DAY else None,
        again_at=now + wait if code in UNSENT_AFTER_ALL else None,
        pause=pause,
        pause_until=now + wait if pause else None,
        country=country,
    )


def _next_state(attempt_id: UUID, outcome: Outcome, tries: int, now: datetime) -> _State:
    """The message's next status, its reason, and how long it waits; None where it does not wait."""
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            return Status.SENT, None, None
        case OutcomeKind.UNKNOWN:
            # The message keeps its lease, within which evidence may come.
            return Status.SENDING, Reason.UNKNOWN_OUTCOME, None
        case OutcomeKind.NOT_SENT:
            return Status.QUEUED, Reason.PROVIDER_UNREACHABLE, _retry_wait(attempt_id, tries)
        case OutcomeKind.REFUSED:
            return state_after_refusal(outcome, now)


def _retry_wait(attempt_id: UUID, tries: int) -> timedelta:
    # Between 3/4 and 5/4 of the wait, so that messages that failed together are not tried again together.
    return RETRY_WAITS[min(tries, len(RETRY_WAITS) - 1)] * (0.75 + spread_of(attempt_id) / 2)


def state_after_refusal(outcome: Outcome, now: datetime) -> _State:
    """What a refusal makes of a message: its next status, its reason, and how long it waits."""
    fault = fault_of(outcome.code, outcome.status)
    match fault.consequence:
        case Consequence.OPTED_OUT:
            return Status.CANCELLED, Reason.OPTED_OUT, None
        case Consequence.BAD_NUMBER:
            return Status.FAILED, Reason.BAD_NUMBER, None
        case Consequence.CONFIGURATION:
            is_wide = fault.scope in (Scope.SENDER, Scope.ACCOUNT)
            wait = CONFIGURATION_WAIT if is_wide else NARROW_CONFIGURATION_WAIT
            return Status.QUEUED, Reason.PROVIDER_CONFIGURATION, wait
        case Consequence.BUSY:
            return Status.QUEUED, Reason.PROVIDER_BUSY, _busy_wait(fault, outcome.retry_after, now)
        case _:
            return Status.FAILED, Reason.REFUSED, None


def _busy_wait(fault: Fault, retry_after: float | None, now: datetime) -> timedelta:
    if fault.scope in (Scope.DAY, Scope.CARRIER_DAY):
        return next_midnight(now, CAP_ZONE) - now
    # Twilio's number is capped before it becomes a duration: a `timedelta` holds no more than 999,999,999 days.
    longest = LONGEST_BUSY_WAIT.total_seconds()
    return BUSY_WAIT if retry_after is None else timedelta(seconds=min(retry_after, longest))


def _pause_by(fault: Fault, phone_number: str) -> tuple[Pause | None, str | None]:
    """Which other texts wait too, because they would meet the same fault, and the country where it is one."""
    match fault.consequence, fault.scope:
        case Consequence.CONFIGURATION, Scope.SENDER | Scope.ACCOUNT:
            return Pause.PROVIDER, None
        case Consequence.CONFIGURATION, Scope.COUNTRY if country := country_of(phone_number):
            return Pause.COUNTRY, country
        case Consequence.BUSY, Scope.SENDER | Scope.ACCOUNT | Scope.DAY:
            return Pause.BUSY, None
    return None, None


def _wait_after_report(fault: Fault, now: datetime) -> timedelta:
    """How long a text that Twilio gave back waits, and with it the texts that would meet the same fault."""
    match fault.consequence:
        case Consequence.CONFIGURATION:
            return CARRIER_REFUSAL_WAIT
        case Consequence.BUSY:
            return _busy_wait(fault, None, now)
        case _:
            return timedelta(0)
