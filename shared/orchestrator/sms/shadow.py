"""A shadow run: everything is decided and recorded, and no text leaves."""

from collections.abc import Sequence

from orchestrator.settings import DeliverSettings, Sending
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.sms.sender import Sender, Sms, TwilioSender


class ShadowSender(TwilioSender):
    """Takes every text, and sends none; its ids say so."""

    def send_wave(self, texts: Sequence[Sms]) -> list[Outcome]:
        """The outcomes that a willing Twilio would give."""
        return [Outcome(OutcomeKind.ACCEPTED, sid=f"shadow-{sms.attempt_id}") for sms in texts]


def sender_for(settings: DeliverSettings) -> Sender:
    """Twilio, or in a shadow run nobody (docs/cutover.md)."""
    return ShadowSender(settings) if settings.sending is Sending.SHADOW else TwilioSender(settings)
