"""Checks a request to create a message as Twilio does, and more strictly: a field that we never send is refused too.

The fields, their patterns and bounds are those of `CreateMessage` in Twilio's OpenAPI description (github.com/twilio/
twilio-oai, `twilio_api_v2010.yaml`). The codes are those of twilio.com/docs/api/errors/<code>.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

LONGEST_BODY = 1600
LONGEST_VALIDITY = 36_000
LONGEST_URL = 4_000
_OURS = {"To", "From", "MessagingServiceSid", "Body", "ValidityPeriod", "StatusCallback"}


def problem_with(fields: Mapping[str, str], sender: str, service_sid: str) -> tuple[int, str] | None:
    """Find what Twilio would refuse in a request.

    Args:
        fields: the form as it was sent; an empty value is a value.
        sender: the account's one number.
        service_sid: the account's one messaging service.

    Returns:
        Twilio's error code and message; None for a request that Twilio takes.
    """
    validity = fields.get("ValidityPeriod", str(LONGEST_VALIDITY))
    checks = [
        (set(fields) <= _OURS, 20001, f"Unexpected parameters: {', '.join(sorted(set(fields) - _OURS))}"),
        (re.fullmatch(r"\+[1-9]\d{6,14}", fields.get("To", "")), 21211, "Invalid 'To' Phone Number"),
        ("From" in fields or "MessagingServiceSid" in fields, 21603, "A 'From' phone number is required"),
        (fields.get("From", sender) == sender, 21212, "Invalid From number"),
        (fields.get("MessagingServiceSid", service_sid) == service_sid, 21701, "The Messaging Service does not exist"),
        (fields.get("Body"), 21602, "Message body is required"),
        (
            len(fields.get("Body", "")) <= LONGEST_BODY,
            21617,
            "The concatenated message body exceeds the 1600 character limit",
        ),
        (
            validity.isascii() and validity.isdigit() and 1 <= int(validity) <= LONGEST_VALIDITY,
            90007,
            "Invalid validity period",
        ),
        (_is_callback(fields.get("StatusCallback")), 21609, "Invalid 'StatusCallback'"),
    ]
    return next(((code, message) for passed, code, message in checks if not passed), None)


def _is_callback(url: str | None) -> bool:
    """Whether Twilio would call this URL; a request may leave it out, but not empty."""
    if url is None:
        return True
    parts = urlsplit(url)
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "_" not in parts.netloc
        and len(url) <= LONGEST_URL
    )
