"""What Twilio says of an account: its numbers, and whether carriers know them."""

from collections.abc import Mapping
from typing import Any

from orchestrator_local.stand_ins.http import HttpAnswer

SERVICE_SID = "MG" + "0" * 31 + "1"


def describe(path: str, query: Mapping[str, str], account_sid: str, sender: str, campaign: str) -> HttpAnswer | None:
    """Twilio's answer to a question about the account; None where it is about something else.

    Args:
        campaign: the status of the A2P 10DLC campaign that the sender belongs to, such as VERIFIED.
    """
    match path.strip("/").split("/"):
        case ["2010-04-01", "Accounts", name] if name == f"{account_sid}.json":
            return HttpAnswer(200, {"sid": account_sid, "status": "active", "friendly_name": "local"})
        case ["2010-04-01", "Accounts", _, "IncomingPhoneNumbers.json"]:
            number = {"sid": "PN" + "0" * 32, "phone_number": sender, "capabilities": {"sms": True, "voice": False}}
            found = [number] if query.get("PhoneNumber", sender) == sender else []
            return HttpAnswer(200, {"incoming_phone_numbers": found, "next_page_uri": None})
        case ["v1", "Services"]:
            return _page("services", [{"sid": SERVICE_SID, "account_sid": account_sid}])
        case ["v1", "Services", _, "PhoneNumbers"]:
            return _page("phone_numbers", [{"sid": "PN" + "0" * 32, "phone_number": sender}])
        case ["v1", "Services", _, "Compliance", "Usa2p"]:
            return _page("compliance", [{"sid": "QE" + "0" * 32, "campaign_status": campaign}])
    return None


def _page(key: str, entries: list[dict[str, Any]]) -> HttpAnswer:
    return HttpAnswer(200, {"meta": {"key": key, "next_page_url": None, "page": 0, "page_size": 50}, key: entries})
