"""Twilio's answers about an account: its numbers, and their registration with the carriers."""

from collections.abc import Mapping
from typing import Any

from orchestrator_local.stand_ins.http import HttpAnswer

SERVICE_SID = "MG" + "0" * 31 + "1"


def account_answer(
    path: str, query: Mapping[str, str], account_sid: str, sender: str, campaign: str
) -> HttpAnswer | None:
    """Twilio's answer to a request about the account; None for any other request.

    Args:
        path: the path of the request.
        query: its query parameters.
        account_sid: the account.
        sender: the account's only number.
        campaign: the status of the sender's A2P 10DLC campaign, such as VERIFIED.
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
