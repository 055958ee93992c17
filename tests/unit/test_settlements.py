"""What an outcome of a call makes of its message."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.delivery.settlements import TRIES, settlement_of
from orchestrator.rules.reasons import Reason, Status
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.store.settlement import Settlement

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
ATTEMPT = UUID(int=498)  # in the middle of the spread


def settle(outcome: Outcome, tries: int = 0, attempt_id: UUID = ATTEMPT) -> Settlement:
    return settlement_of(attempt_id, outcome, tries, NOW + timedelta(days=7), NOW)


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [(17.0, 17), (0.0, 0), (None, 60), (1e9, 3600)],
    ids=["given", "zero", "not given", "absurd"],
)
def test_a_busy_provider_is_asked_again_when_it_says(retry_after: float | None, waits: int) -> None:
    outcome = Outcome(OutcomeKind.REFUSED, code=20429, retry_after=retry_after)
    assert settle(outcome, tries=2).until == NOW + timedelta(seconds=waits)


@given(tries=st.integers(0, TRIES - 2), attempt_id=st.uuids())
def test_each_retry_waits_longer_than_the_one_before_whatever_its_spread(tries: int, attempt_id: UUID) -> None:
    until = settle(Outcome(OutcomeKind.NOT_SENT), tries, attempt_id).until
    assert until is not None
    assert timedelta(seconds=45) * 5**tries <= until - NOW <= timedelta(seconds=75) * 5**tries


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


def test_the_last_try_ends_it() -> None:
    settlement = settle(Outcome(OutcomeKind.NOT_SENT), TRIES - 1)
    assert (settlement.status, settlement.reason) == (Status.FAILED, Reason.PROVIDER_UNREACHABLE)
