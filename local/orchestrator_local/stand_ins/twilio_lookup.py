"""Twilio's answers about numbers: Lookup v2 with the package `reassigned_number`.

Pages: https://www.twilio.com/docs/lookup/v2-api and /reassigned-number; codes: https://www.twilio.com/docs/api/errors
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import phonenumbers

from orchestrator_local.stand_ins.http import HttpAnswer

# The other packages of the API: null where they were not asked for.
_OTHER_PACKAGES = (
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "line_status",
    "line_type_intelligence",
    "identity_match",
    "sms_pumping_risk",
    "phone_number_quality_score",
    "pre_fill",
)
# "no_data_available: generally means that your LastVerifiedDate is prior to January of 2021".
FIRST_DATA = date(2021, 1, 1)


def lookup_answer(number: str, query: Mapping[str, str], owners: Mapping[str, str], today: date) -> HttpAnswer:
    """Answer one question about a number.

    Args:
        number: as it stands in the path, in E.164.
        query: the query parameters: `Fields`, and `LastVerifiedDate` in the form YYYYMMDD.
        owners: `yes` or `no_data_available` by number; of any other number the owner is the same.
    """
    if query.get("Fields") != "reassigned_number":
        return _malformed("Fields")  # a package that we do not know would cost, and bring nothing
    try:
        verified_on = datetime.strptime(query.get("LastVerifiedDate", ""), "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return _malformed("LastVerifiedDate")
    if len(query["LastVerifiedDate"]) != 8 or verified_on > today:
        return _malformed("LastVerifiedDate")
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return HttpAnswer(200, {**_body(number, None), "valid": False, "validation_errors": ["NOT_A_NUMBER"]})
    is_us = phonenumbers.region_code_for_number(parsed) == "US"
    answer = owners.get(number, "no" if verified_on >= FIRST_DATA else "no_data_available")
    package = {
        "last_verified_date": verified_on.isoformat(),
        "is_number_reassigned": answer if is_us else None,
        # "Reassigned Number is only available for US phone numbers."
        "error_code": None if is_us else 60607,
    }
    country = phonenumbers.region_code_for_number(parsed)
    return HttpAnswer(200, {**_body(number, package), "country_code": country, "valid": True, "validation_errors": []})


def _body(number: str, package: Mapping[str, Any] | None) -> dict[str, Any]:
    url = f"https://lookups.twilio.com/v2/PhoneNumbers/{number}"
    return {"phone_number": number, **dict.fromkeys(_OTHER_PACKAGES), "reassigned_number": package, "url": url}


def _malformed(name: str) -> HttpAnswer:
    more = "https://www.twilio.com/docs/errors/60618"
    message = f"Lookup Malformed Request Parameter: {name}"
    return HttpAnswer(400, {"code": 60618, "message": message, "status": 400, "more_info": more})
