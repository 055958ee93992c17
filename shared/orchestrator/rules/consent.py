"""Which texts need a person's consent, and what becomes of those without it (R15)."""

from datetime import datetime, timedelta

from orchestrator.purpose import Purpose
from orchestrator.rules.state import MessageState
from orchestrator.settings import ConsentFor, PolicySettings

# A sign-up may publish a message a little before the consent to it: both go through one queue, in any order.
CONSENT_GRACE = timedelta(minutes=15)
CONSENT_RECHECK = timedelta(minutes=1)


def needs_consent(purpose: Purpose, policy: PolicySettings) -> bool:
    """Whether texts of a purpose go only to people who agreed to them: marketing, and by a setting what informs."""
    required = policy.consent is ConsentFor.REQUIRE
    return purpose is Purpose.MARKETING or (purpose is Purpose.INFORMATIONAL and required)


def has_needed_consent(message: MessageState, policy: PolicySettings) -> bool:
    """Whether consent lets a message go. A revocation counts for every purpose, also where none is needed."""
    return not message.revoked and (message.has_consent or not needs_consent(message.purpose, policy))


def waits_for_consent(message: MessageState, now: datetime) -> datetime | None:
    """Until when a message waits for a consent that may be on its way; None where it ends."""
    until = message.accepted_at + CONSENT_GRACE
    return None if message.revoked or until <= now else until
