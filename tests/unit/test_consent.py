"""Consent (R15): which texts need it, and for how long a message waits for one that may be on its way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.messages import Lane
from orchestrator.purpose import Purpose
from orchestrator.rules.consent import has_needed_consent, needs_consent, waits_for_consent
from orchestrator.rules.state import MessageState
from orchestrator.settings import ConsentFor, PolicySettings

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
QUARTER = timedelta(minutes=15)
USUAL = PolicySettings()
STRICT = PolicySettings(consent=ConsentFor.REQUIRE)
TRANSACTIONAL, INFORMATIONAL, MARKETING = Purpose.TRANSACTIONAL, Purpose.INFORMATIONAL, Purpose.MARKETING
MESSAGE = MessageState(
    lane=Lane.HIGH, can_delay=True, due=NOW, not_before=None, expires_at=NOW + timedelta(days=1), accepted_at=NOW
)


@pytest.mark.parametrize(
    ("purpose", "policy", "needed"),
    [
        (TRANSACTIONAL, USUAL, False),
        (INFORMATIONAL, USUAL, False),
        (MARKETING, USUAL, True),
        (TRANSACTIONAL, STRICT, False),
        (INFORMATIONAL, STRICT, True),
        (MARKETING, STRICT, True),
    ],
)
def test_which_purposes_need_a_consent(purpose: Purpose, policy: PolicySettings, needed: bool) -> None:
    assert needs_consent(purpose, policy) is needed


@pytest.mark.parametrize(
    ("purpose", "has_consent", "revoked", "may_go"),
    [
        (MARKETING, True, False, True),
        (MARKETING, False, False, False),
        (MARKETING, True, True, False),
        (INFORMATIONAL, False, False, True),
        (INFORMATIONAL, True, True, False),
        (TRANSACTIONAL, False, True, False),
    ],
)
def test_a_revocation_counts_also_where_no_consent_is_needed(
    purpose: Purpose, has_consent: bool, revoked: bool, may_go: bool
) -> None:
    message = replace(MESSAGE, purpose=purpose, has_consent=has_consent, revoked=revoked)
    assert has_needed_consent(message, USUAL) is may_go


@pytest.mark.parametrize(
    ("age", "revoked", "until"),
    [
        (timedelta(0), False, NOW + QUARTER),
        (QUARTER - SECOND, False, NOW + SECOND),
        (QUARTER, False, None),
        (QUARTER + SECOND, False, None),
        (timedelta(0), True, None),
    ],
)
def test_a_message_waits_a_quarter_of_an_hour_for_a_consent(
    age: timedelta, revoked: bool, until: datetime | None
) -> None:
    assert waits_for_consent(replace(MESSAGE, accepted_at=NOW - age, revoked=revoked), NOW) == until
