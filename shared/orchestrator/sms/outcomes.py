"""Outcomes of calls to Twilio, and the consequences of its codes, as one table."""

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """What is known about one call."""

    ACCEPTED = "accepted"  # Twilio took the text
    REFUSED = "refused"  # Twilio refused it
    NOT_SENT = "not_sent"  # the call failed before the request left
    UNKNOWN = "unknown"  # the text may have been sent; it is never sent again by our choice (G2)


class Consequence(StrEnum):
    """What follows from a refusal."""

    OPTED_OUT = "opted_out"  # the person opted out at Twilio
    BAD_NUMBER = "bad_number"  # this number can never receive a text
    CONFIGURATION = "configuration"  # the fault lies with our account, not with this message
    BUSY = "busy"  # the same call may succeed later; it uses no try
    REFUSED = "refused"  # any other fault of this message


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call.

    Attributes:
        sid: Twilio's id of the text; accepted only.
        code: Twilio's error code, or else the HTTP status, where Twilio answered with an error.
        error: one line for operators, without number or words.
        retry_after: seconds that Twilio asked us to wait; None where it named none.
    """

    kind: OutcomeKind
    sid: str | None = None
    code: int | None = None
    error: str | None = None
    retry_after: float | None = None


# By code (https://www.twilio.com/docs/api/errors), then by HTTP status for codes that are not in the table.
_BY_CODE = {
    21610: Consequence.OPTED_OUT,  # attempt to send to an unsubscribed recipient
    21211: Consequence.BAD_NUMBER,  # invalid "To" number
    21214: Consequence.BAD_NUMBER,  # "To" number cannot be reached
    21217: Consequence.BAD_NUMBER,  # number does not appear to be valid
    21612: Consequence.BAD_NUMBER,  # "To" number not reachable via SMS from this sender
    21614: Consequence.BAD_NUMBER,  # "To" number is not a mobile number
    20003: Consequence.CONFIGURATION,  # authenticate: wrong credentials
    20005: Consequence.CONFIGURATION,  # account not active
    20404: Consequence.CONFIGURATION,  # account or resource not found
    21212: Consequence.CONFIGURATION,  # invalid "From" number
    21408: Consequence.CONFIGURATION,  # region not enabled for the account
    21603: Consequence.CONFIGURATION,  # a "From" number is required
    21606: Consequence.CONFIGURATION,  # "From" number is not ours, or cannot send texts
    21611: Consequence.BUSY,  # the sender's own queue is full
    21659: Consequence.CONFIGURATION,  # "From" is not a number of this account
    21701: Consequence.CONFIGURATION,  # messaging service does not exist
    21703: Consequence.CONFIGURATION,  # messaging service has no senders
    14107: Consequence.BUSY,  # send rate limit exceeded
    20429: Consequence.BUSY,  # too many requests
}
_BY_STATUS = {
    401: Consequence.CONFIGURATION,
    403: Consequence.CONFIGURATION,
    404: Consequence.CONFIGURATION,
    407: Consequence.CONFIGURATION,
    429: Consequence.BUSY,
}


def consequence(code: int | None) -> Consequence:
    """Find what follows from a refusal.

    Args:
        code: Twilio's code, or the HTTP status of an answer without one.
    """
    if code is None:
        return Consequence.REFUSED
    return _BY_CODE.get(code) or _BY_STATUS.get(code) or Consequence.REFUSED


# Codes that Twilio reports after it took a text (https://www.twilio.com/docs/api/errors, 30001 to 30999).
OPTED_OUT = frozenset({21610})  # a messaging service reports an opt-out only afterwards
DEAD_NUMBER = frozenset({30005, 30006})  # unknown handset; landline or unreachable carrier
UNREACHABLE = frozenset({30003})  # switched off, or out of reach
FILTERED = frozenset({30004, 30007})  # blocked by the carrier, or by its filter
# Our account, not this text: suspended; toll-free not verified; a campaign suspended; a number not registered.
CARRIER_CONFIGURATION = frozenset({30002, 30032, 30033, 30034})
