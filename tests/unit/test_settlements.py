"""What an outcome of a call makes of its message."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.delivery.settlements import settlement_of
from orchestrator.rules.reasons import Reason, Status
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.store.settlement import Settlement

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
ATTEMPT = UUID(int=498)  # in the middle of the spread


def settle(outcome: Outcome, tries: int = 0, attempt_id: UUID = ATTEMPT) -> Settlement:
    return settlement_of(attempt_id, outcome, tries, NOW + timedelta(days=7), "+12125550101", NOW)


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [(17.0, 17), (0.0, 0), (None, 60), (1e9, 3600), (1e14, 3600), (math.inf, 3600)],
    ids=["given", "zero", "not given", "absurd", "beyond a timedelta", "endless"],
)
def test_a_busy_provider_is_asked_again_when_it_says(retry_after: float | None, waits: int) -> None:
    outcome = Outcome(OutcomeKind.REFUSED, code=20429, retry_after=retry_after)
    assert settle(outcome, tries=2).until == NOW + timedelta(seconds=waits)


@pytest.mark.parametrize(("tries", "minutes"), [(0, 1), (1, 5), (2, 15), (3, 15), (10**6, 15)])
def test_each_retry_waits_longer_than_the_one_before_and_three_quarters_to_five_quarters_of_it(
    tries: int, minutes: int
) -> None:
    shortest, longest = (
        settle(Outcome(OutcomeKind.NOT_SENT), tries, UUID(int=attempt)).until for attempt in (997, 996)
    )
    assert shortest == NOW + timedelta(minutes=minutes) * 0.75
    assert longest is not None
    assert timedelta(minutes=minutes) * 1.249 < longest - NOW < timedelta(minutes=minutes) * 1.25


@pytest.mark.parametrize(
    ("outcome", "status", "reason", "uses_a_try"),
    [
        (Outcome(OutcomeKind.ACCEPTED, sid="SM1"), Status.SENT, None, False),
        (Outcome(OutcomeKind.UNKNOWN), Status.SENDING, Reason.UNKNOWN_OUTCOME, False),
        (Outcome(OutcomeKind.NOT_SENT), Status.QUEUED, Reason.PROVIDER_UNREACHABLE, True),
        (Outcome(OutcomeKind.REFUSED, code=20003), Status.QUEUED, Reason.PROVIDER_CONFIGURATION, False),
        (Outcome(OutcomeKind.REFUSED, code=401), Status.QUEUED, Reason.PROVIDER_CONFIGURATION, False),
        (Outcome(OutcomeKind.REFUSED, code=20429), Status.QUEUED, Reason.PROVIDER_BUSY, False),
        (Outcome(OutcomeKind.REFUSED, code=429), Status.QUEUED, Reason.PROVIDER_BUSY, False),
        (Outcome(OutcomeKind.REFUSED, code=21610), Status.CANCELLED, Reason.OPTED_OUT, False),
        (Outcome(OutcomeKind.REFUSED, code=21211), Status.FAILED, Reason.BAD_NUMBER, False),
        (Outcome(OutcomeKind.REFUSED, code=99999), Status.FAILED, Reason.REFUSED, False),
        (Outcome(OutcomeKind.REFUSED, code=400), Status.FAILED, Reason.REFUSED, False),
    ],
)
def test_what_follows_from_an_outcome(
    outcome: Outcome, status: Status, reason: Reason | None, uses_a_try: bool
) -> None:
    settlement = settle(outcome)
    assert (settlement.status, settlement.reason, settlement.tries) == (status, reason, int(uses_a_try))
    assert (settlement.until is not None) == (status is Status.QUEUED)


def test_what_was_certainly_not_sent_never_fails_by_the_number_of_its_tries() -> None:
    settlement = settle(Outcome(OutcomeKind.NOT_SENT), 100)
    assert (settlement.status, settlement.reason) == (Status.QUEUED, Reason.PROVIDER_UNREACHABLE)


def test_a_call_that_was_not_made_uses_no_try_and_is_due_at_once() -> None:
    settlement = settle(Outcome(OutcomeKind.NOT_SENT, called=False), tries=1)
    assert (settlement.status, settlement.until, settlement.tries) == (Status.QUEUED, NOW, None)
