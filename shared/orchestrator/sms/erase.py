"""Deletes texts and their media at Twilio."""

from typing import Protocol

from orchestrator.settings import SenderSettings
from orchestrator.sms.client import twilio_client


class TextEraser(Protocol):
    """Deletes a text for good."""

    def erase(self, sid: str) -> bool: ...


class TwilioTextEraser:
    """Deletes through Twilio's API; a text that no longer exists counts as deleted."""

    def __init__(self, settings: SenderSettings) -> None:
        self._settings = settings

    def erase(self, sid: str) -> bool:
        """Delete a text and its media; False when Twilio cannot do it now, as for a text on its way (error 20009)."""
        from twilio.base.exceptions import TwilioException

        from orchestrator.sms.http import ErrorAnswer

        try:
            message = twilio_client(self._settings, connections=1).messages(sid)
            for medium in message.media.list():
                message.media(str(medium.sid)).delete()
            return bool(message.delete())
        except (TwilioException, OSError) as error:
            return isinstance(error, ErrorAnswer) and error.status == 404
