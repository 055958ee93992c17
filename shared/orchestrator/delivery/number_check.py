"""Asks Twilio before marketing whether a number has another owner since its consent, once a number and month (R15)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from orchestrator.clock import Clock
from orchestrator.delivery.settlements import state_after_refusal
from orchestrator.ids import uuid7
from orchestrator.people import country_of
from orchestrator.purpose import Purpose
from orchestrator.rules.decision_values import End, Hold, Send
from orchestrator.rules.number_check import CLAIM_LASTS, day_of_consent, decide_by_answer, standing_answer
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.state import Delivery
from orchestrator.sender_settings import SendingMode
from orchestrator.settings import DeliverSettings
from orchestrator.sms.lookup import LookupResult, NumberQuestion, look_up
from orchestrator.sms.outcomes import Consequence, Outcome, OutcomeKind, Scope, fault_of
from orchestrator.sms.sender import HasTime
from orchestrator.store.database import Database
from orchestrator.store.number_checks import (
    NumberCheckRow,
    NumberClaim,
    claim_number_checks,
    read_number_checks,
    write_number_checks,
)
from orchestrator.store.wave_plan import DecisionRow

# "Reassigned Number is only available for US phone numbers": twilio.com/docs/lookup/v2-api/reassigned-number
COUNTRY = "US"
# How long a message waits after a question that brought no answer, where Twilio's code names no other time.
RETRY_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CheckedWave:
    """The messages of a wave after the check.

    Attributes:
        sendable: those that may go.
        decisions: the holds and ends of the others.
        asked: questions to Twilio by answer; `failed` where there was none.
        account_faults: failures that lie with our account.
    """

    sendable: Sequence[tuple[Delivery, Send]]
    decisions: Sequence[DecisionRow] = ()
    asked: Counter[str] = field(default_factory=Counter)
    account_faults: int = 0


def asks_about_numbers(settings: DeliverSettings) -> bool:
    """Whether Twilio is asked at all: not in a shadow run, which sends nothing."""
    return settings.reassigned_numbers == "marketing" and settings.sending is SendingMode.LIVE


def check_numbers(
    database: Database,
    sendable: Sequence[tuple[Delivery, Send]],
    settings: DeliverSettings,
    clock: Clock,
    has_time: HasTime,
) -> CheckedWave:
    """Check the numbers of marketing messages that could go; three round trips around the calls, and no lock (G4).

    A number without an answer holds its messages: a failure of Twilio never lets one go.

    Args:
        has_time: whether one more question leaves time for the words and the texts of the wave.
    """
    people = {d.person.phone_number: d.person.user_id for d, _ in sendable if _is_in_question(d)}
    if not asks_about_numbers(settings) or not people:
        return CheckedWave(sendable)
    now = clock()
    with database.connection() as connection:
        known = read_number_checks(connection, list(people), now)
    days = {number: day_of_consent(found.consent_at) for number, found in known.items()}
    standing = {number: standing_answer(found.last, days[number], now) for number, found in known.items()}
    unasked = [
        NumberClaim(uuid7(now), people[number], number, days[number])
        for number, answer in standing.items()
        if answer is None
    ]
    claims = _claim(database, unasked, now)
    answers = look_up([NumberQuestion(claim.phone_number, claim.verified_on) for claim in claims], settings, has_time)
    now = clock()
    results = {claim.phone_number: result for claim, result in zip(claims, answers, strict=True)}
    _store_answers(database, claims, results, Decimal(str(settings.reassigned_number_usd)), now)

    def decision_of(delivery: Delivery) -> Hold | End | None:
        number = delivery.person.phone_number
        if not _is_in_question(delivery) or number not in known:
            return None  # its consent was revoked meanwhile: the statement that reserves compares it
        result = results.get(number)
        if result and result.failure:
            return _hold_after_failure(result.failure, now)
        answer = result.answer if result else standing[number]
        if answer is None:
            return Hold(now + CLAIM_LASTS, Reason.NUMBER_UNCHECKED, "another worker asks Twilio now")
        return decide_by_answer(answer, days[number], now)

    decided = [(delivery, send, decision_of(delivery)) for delivery, send in sendable]
    failures = [result.failure for result in results.values() if result.failure]
    return CheckedWave(
        [(delivery, send) for delivery, send, decision in decided if decision is None],
        [_row(delivery, decision) for delivery, _, decision in decided if decision],
        Counter(result.answer or "failed" for result in results.values()),
        sum(_is_account_fault(failure) for failure in failures),
    )


def _is_in_question(delivery: Delivery) -> bool:
    return delivery.state.purpose is Purpose.MARKETING and country_of(delivery.person.phone_number) == COUNTRY


def _claim(database: Database, claims: Sequence[NumberClaim], now: datetime) -> list[NumberClaim]:
    """Claim numbers, because each question costs; returns the claims that hold."""
    if not claims:
        return []
    with database.connection() as connection:
        claimed = claim_number_checks(connection, claims, now)
    return [claim for claim in claims if claim.id in claimed]


def _store_answers(
    database: Database,
    claims: Sequence[NumberClaim],
    results: Mapping[str, LookupResult],
    price_usd: Decimal,
    now: datetime,
) -> None:
    rows = [
        NumberCheckRow(claim.id, claim.phone_number, answer)
        for claim in claims
        if (answer := results[claim.phone_number].answer)
    ]
    if rows:
        with database.connection() as connection:
            write_number_checks(connection, rows, price_usd, now)


def _hold_after_failure(failure: Outcome, now: datetime) -> Hold:
    """The hold after a question without an answer: a fault of our account holds as after a refused text."""
    code = f" (code {failure.code})" if failure.code else ""
    note = f"{failure.error}{code}"
    if failure.kind is not OutcomeKind.REFUSED:
        return Hold(now + RETRY_AFTER, Reason.NUMBER_UNCHECKED, note)
    _, reason, wait = state_after_refusal(failure, now)
    is_accounts = fault_of(failure.code, failure.status).scope is Scope.ACCOUNT
    return Hold(now + (wait or RETRY_AFTER), (reason if is_accounts else None) or Reason.NUMBER_UNCHECKED, note)


def _is_account_fault(failure: Outcome) -> bool:
    fault = fault_of(failure.code, failure.status)
    return failure.kind is OutcomeKind.REFUSED and fault.consequence is Consequence.CONFIGURATION


def _row(delivery: Delivery, decision: Hold | End) -> DecisionRow:
    match decision:
        case Hold(until, reason, note):
            until = min(until, delivery.state.expires_at)
            return DecisionRow(delivery.message_id, Status.QUEUED, reason, until, note=note)
        case End(status, reason):
            return DecisionRow(delivery.message_id, status, reason, None)
