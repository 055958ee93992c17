"""Shadow run: a sender that records every text as accepted and sends none (docs/cutover.md)."""

from collections.abc import Sequence

from orchestrator.sender_settings import SendingMode
from orchestrator.settings import DeliverSettings
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.sms.sender import HasTime, Sender, Sms, TwilioSender


class ShadowSender(TwilioSender):
    """Accepts every text and sends none; its ids begin with `shadow-`."""

    def send_wave(self, texts: Sequence[Sms], has_time: HasTime = lambda: True) -> list[Outcome]:  # noqa: ARG002
        """The outcomes of a Twilio that accepts every text."""
        return [Outcome(OutcomeKind.ACCEPTED, sid=f"shadow-{sms.attempt_id}") for sms in texts]


def sender_for(settings: DeliverSettings) -> Sender:
    """The sender that these settings select."""
    return ShadowSender(settings) if settings.sending is SendingMode.SHADOW else TwilioSender(settings)
