"""Consents as publishers record and revoke them: which fields belong together."""

import json
from typing import Any

import pytest

from orchestrator import InvalidMessage
from orchestrator.consents import ConsentRecord, ConsentRevocation
from orchestrator.messages import parse_request

RECORD = {"action": "record_consent", "user_id": "ada", "source": "form"}
REVOKE = {"action": "revoke_consent", "user_id": "ada", "source": "phone"}
GIVEN, LATER, BEFORE = "2026-03-03T15:00:00Z", "2026-03-03T15:00:01Z", "2026-03-03T14:59:59Z"
TO_MARKETING = {**RECORD, "purpose": "marketing"}


@pytest.mark.parametrize(
    "fields",
    [
        TO_MARKETING,
        {**RECORD, "topic": "flights"},
        {**TO_MARKETING, "given_at": GIVEN},
        {**TO_MARKETING, "until": GIVEN},
        {**TO_MARKETING, "given_at": GIVEN, "until": LATER},
        REVOKE,
        {**REVOKE, "purpose": "marketing"},
        {**REVOKE, "topic": "flights", "revoked_at": GIVEN},
    ],
)
def test_a_consent_names_what_it_is_for_and_a_revocation_may(fields: dict[str, Any]) -> None:
    kind = ConsentRecord if fields["action"] == "record_consent" else ConsentRevocation
    assert isinstance(parse_request(json.dumps(fields)), kind)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (RECORD, "purpose: is missing, and so is a topic"),
        ({**TO_MARKETING, "topic": "flights"}, "topic: stands beside a purpose: record each by itself"),
        (
            {**REVOKE, "purpose": "marketing", "topic": "flights"},
            "topic: stands beside a purpose: revoke each by itself",
        ),
        ({**TO_MARKETING, "given_at": GIVEN, "until": GIVEN}, "until: is not after `given_at`"),
        ({**TO_MARKETING, "given_at": GIVEN, "until": BEFORE}, "until: is not after `given_at`"),
        ({**RECORD, "purpose": "adverts"}, "purpose: "),
        ({**TO_MARKETING, "source": ""}, "source: "),
        ({**TO_MARKETING, "given_at": "2026-03-03T15:00:00"}, "given_at: has no offset from UTC"),
    ],
)
def test_what_does_not_belong_together_is_named(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_request(json.dumps(fields))
    assert str(caught.value).startswith(problem)
