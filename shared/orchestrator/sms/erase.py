"""Deletes texts, and what came with them, at Twilio."""

from typing import TYPE_CHECKING, Protocol

from orchestrator.settings import SenderSettings

if TYPE_CHECKING:
    from twilio.rest import Client


class TextEraser(Protocol):
    """What deletes a text for good."""

    def erase(self, sid: str) -> bool: ...


class TwilioTextEraser:
    """Twilio's own delete; a text that is not there any more counts as deleted."""

    def __init__(self, settings: SenderSettings) -> None:
        self._settings = settings

    def erase(self, sid: str) -> bool:
        """Delete a text and its media; False where Twilio does not do it now, as for one that is on its way (20009)."""
        from twilio.base.exceptions import TwilioException, TwilioRestException

        try:
            message = self._client.messages(sid)
            for medium in message.media.list():
                message.media(str(medium.sid)).delete()
            return bool(message.delete())
        except TwilioRestException as error:
            return bool(error.status == 404)
        except (TwilioException, OSError):
            return False

    @property
    def _client(self) -> "Client":
        from orchestrator.sms.http import twilio_client

        return twilio_client(self._settings, 1)
