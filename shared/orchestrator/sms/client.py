"""The client of Twilio's SDK over our HTTP client; the SDK is imported at the first call, because it loads slowly."""

from functools import lru_cache
from typing import TYPE_CHECKING

from orchestrator.settings import SenderSettings

if TYPE_CHECKING:
    from twilio.rest import Client


@lru_cache(maxsize=4)
def twilio_client(settings: SenderSettings, connections: int) -> "Client":
    """The client for these settings; the same object for the same settings.

    Args:
        connections: how many calls may go side by side.
    """
    from twilio.rest import Client

    from orchestrator.sms.http import UnrepeatedClient

    http = UnrepeatedClient(settings.twilio_api_base_url, settings.twilio_timeout_seconds, connections)
    user, password = settings.twilio_login
    account = settings.twilio_account_sid
    return Client(user, password, account, http_client=http)  # type: ignore[no-untyped-call]  # the SDK's own gap
