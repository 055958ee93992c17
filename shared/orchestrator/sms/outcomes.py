"""Outcomes of calls to Twilio, and its faults by code: what follows, how far the fault reaches, and its human text."""

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """What is known about one call."""

    ACCEPTED = "accepted"  # Twilio took the text
    REFUSED = "refused"  # Twilio refused it
    NOT_SENT = "not_sent"  # the call failed before the request left, or was not made
    UNKNOWN = "unknown"  # the text may have been sent; it is never sent again by our choice (G2)


class Consequence(StrEnum):
    """What follows from a fault."""

    OPTED_OUT = "opted_out"  # the person opted out at Twilio
    BAD_NUMBER = "bad_number"  # this number can never receive a text
    CONFIGURATION = "configuration"  # the fault lies with our account, not with this message: it waits
    BUSY = "busy"  # the same text may succeed later; it uses no try
    DROPPED = "dropped"  # Twilio took the text and certainly did not send it: it is queued again
    UNREACHABLE = "unreachable"  # the phone could not be reached: its texts wait
    BLOCKED = "blocked"  # the text was blocked on its way to the phone: the second in a row ends texts to the number
    FILTERED = "filtered"  # a carrier took the text for spam
    REFUSED = "refused"  # any other fault of this message


class Scope(StrEnum):
    """How far a fault reaches: which other texts would meet it too."""

    MESSAGE = "message"
    RECIPIENT = "recipient"
    PAIR = "pair"  # the sender and the recipient together
    COUNTRY = "country"
    SENDER = "sender"
    ACCOUNT = "account"
    DAY = "day"  # what is left of the day of the account's cap
    LOOKUP = "lookup"  # questions about numbers, and no text
    CARRIER_DAY = "carrier_day"  # the same of one carrier's cap; which phones are that carrier's is not known


# A fault that reaches so far meets each other text, too.
WIDE = frozenset({Scope.SENDER, Scope.ACCOUNT, Scope.DAY})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of Twilio or a carrier; `text` is for people who read `orchestrator explain`."""

    consequence: Consequence
    scope: Scope
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call.

    Attributes:
        sid: Twilio's id of the text; accepted only.
        code: Twilio's error code, or else the HTTP status, where Twilio answered with an error.
        status: the HTTP status, where Twilio answered with an error.
        error: one line for operators, without number or words.
        retry_after: seconds that Twilio asked us to wait; None where it named none.
        called: false where the call was not made.
    """

    kind: OutcomeKind
    sid: str | None = None
    code: int | None = None
    status: int | None = None
    error: str | None = None
    retry_after: float | None = None
    called: bool = True


_C, _S = Consequence, Scope
# By Twilio's code (https://www.twilio.com/docs/api/errors/CODE). A code of three digits is an HTTP status, for answers
# whose code is not in the table.
_FAULTS = {
    # The person or their number.
    21610: Fault(_C.OPTED_OUT, _S.PAIR, "the person opted out at Twilio"),
    21211: Fault(_C.BAD_NUMBER, _S.RECIPIENT, "the number is not valid"),
    21214: Fault(_C.BAD_NUMBER, _S.RECIPIENT, "the number cannot be reached"),
    21217: Fault(_C.BAD_NUMBER, _S.RECIPIENT, "the number does not appear to be valid"),
    21265: Fault(_C.BAD_NUMBER, _S.RECIPIENT, "the number is a short code"),
    21614: Fault(_C.BAD_NUMBER, _S.RECIPIENT, "the number is not a mobile number"),
    21635: Fault(_C.BAD_NUMBER, _S.RECIPIENT, "the number is a landline"),
    21266: Fault(_C.REFUSED, _S.PAIR, "the number is our own sender"),
    21612: Fault(_C.REFUSED, _S.PAIR, "Twilio cannot carry texts from our sender to this number"),
    21608: Fault(
        _C.CONFIGURATION, _S.RECIPIENT, "a trial account reaches verified numbers alone: verify it, or upgrade"
    ),
    21408: Fault(_C.CONFIGURATION, _S.COUNTRY, "the country is not enabled in Twilio's Messaging Geo Permissions"),
    14107: Fault(_C.BUSY, _S.PAIR, "too many texts to this number within 30 seconds"),
    # The text.
    21602: Fault(_C.REFUSED, _S.MESSAGE, "the text has no words"),
    21617: Fault(_C.REFUSED, _S.MESSAGE, "the text has more than 1,600 characters"),
    21618: Fault(_C.REFUSED, _S.MESSAGE, "Twilio does not send these words"),
    # Our sender.
    21212: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_PHONE_NUMBER is not a valid sender"),
    21601: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_PHONE_NUMBER cannot send texts"),
    21603: Fault(_C.CONFIGURATION, _S.SENDER, "the call named no sender"),
    21606: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_PHONE_NUMBER is not ours, or cannot send texts"),
    21609: Fault(_C.CONFIGURATION, _S.SENDER, "WEBHOOK_BASE_URL is no address that Twilio can call"),
    21616: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_PHONE_NUMBER matches several numbers of the account"),
    21659: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_PHONE_NUMBER is not a Twilio number"),
    21660: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_PHONE_NUMBER belongs to another account than the credentials"),
    21661: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_PHONE_NUMBER cannot send texts"),
    21701: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_MESSAGING_SERVICE_SID names no service of the account"),
    21703: Fault(_C.CONFIGURATION, _S.SENDER, "no sender of the messaging service can send this text"),
    21704: Fault(_C.CONFIGURATION, _S.SENDER, "the messaging service has no senders"),
    21705: Fault(_C.CONFIGURATION, _S.SENDER, "TWILIO_MESSAGING_SERVICE_SID is not the id of a messaging service"),
    21611: Fault(_C.BUSY, _S.SENDER, "Twilio's queue of our sender is full"),
    # Our account.
    10001: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the account is not active"),
    20003: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the credentials are wrong"),
    20005: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the account is not active"),
    20006: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the credentials give no access"),
    20008: Fault(_C.CONFIGURATION, _S.ACCOUNT, "these are test credentials, which send nothing"),
    20404: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the account was not found"),
    30454: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the trial account's messages are used up"),
    70051: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the API key has no right to send, or the account is suspended"),
    90010: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the account is not active"),
    20429: Fault(_C.BUSY, _S.ACCOUNT, "too many requests"),
    21730: Fault(_C.BUSY, _S.ACCOUNT, "Twilio is under maintenance"),
    60728: Fault(_C.BUSY, _S.ACCOUNT, "the account's messages of this hour are used up"),
    63017: Fault(_C.BUSY, _S.ACCOUNT, "the account sends too many messages a second"),
    63038: Fault(_C.BUSY, _S.DAY, "the account's messages of 24 hours are used up"),
    # What Twilio reports after it took a text.
    30001: Fault(_C.BUSY, _S.SENDER, "Twilio's queue of our sender was full; the text did not leave"),
    30002: Fault(_C.CONFIGURATION, _S.ACCOUNT, "the account was suspended before the text left"),
    30003: Fault(_C.UNREACHABLE, _S.RECIPIENT, "the phone is switched off or out of reach"),
    30004: Fault(_C.BLOCKED, _S.RECIPIENT, "the number is blocked from receiving the text"),
    30005: Fault(_C.BAD_NUMBER, _S.RECIPIENT, "the carrier does not know the number"),
    30006: Fault(_C.BAD_NUMBER, _S.RECIPIENT, "the number is a landline, or its carrier gets no texts"),
    30007: Fault(_C.FILTERED, _S.MESSAGE, "Twilio or the carrier took the text for spam"),
    30022: Fault(_C.BUSY, _S.SENDER, "the carrier's rate for our campaign is exceeded"),
    30023: Fault(_C.BUSY, _S.CARRIER_DAY, "the carrier's messages of the day for our brand are used up"),
    30027: Fault(_C.BUSY, _S.CARRIER_DAY, "the carrier's messages of the day for our brand are used up"),
    30032: Fault(_C.CONFIGURATION, _S.SENDER, "the toll-free sender is not verified"),
    30033: Fault(_C.CONFIGURATION, _S.COUNTRY, "the sender's campaign with US carriers is suspended"),
    30034: Fault(_C.CONFIGURATION, _S.COUNTRY, "the sender is not registered with US carriers"),
    30035: Fault(_C.CONFIGURATION, _S.COUNTRY, "the sender's registration with US carriers is not finished"),
    30036: Fault(_C.DROPPED, _S.MESSAGE, "its validity period ended in Twilio's queue, and Twilio did not send it"),
    # Twilio's Compliance Toolkit, which an owner leaves off.
    30047: Fault(
        _C.DROPPED,
        _S.MESSAGE,
        "Twilio's Compliance Toolkit could not schedule it, and did not send it: switch the toolkit off in Twilio's"
        " console (Messaging, Settings, General)",
    ),
    30610: Fault(
        _C.REFUSED,
        _S.MESSAGE,
        "Twilio's Compliance Toolkit blocked it in its own quiet hours: switch the toolkit off in Twilio's console"
        " (Messaging, Settings, General)",
    ),
    30615: Fault(_C.REFUSED, _S.MESSAGE, "Twilio took it for marketing in local quiet hours, and did not send it"),
    30640: Fault(_C.REFUSED, _S.MESSAGE, "Twilio's Compliance Toolkit blocked it because of the recipient's number"),
    # Questions about numbers (Lookup).
    60606: Fault(
        _C.CONFIGURATION, _S.LOOKUP, "the account may not ask Twilio about reassigned numbers: request access"
    ),
    60699: Fault(_C.CONFIGURATION, _S.LOOKUP, "Twilio's Lookup is disabled for the account"),
    60611: Fault(_C.BUSY, _S.LOOKUP, "the account's questions about numbers are used up"),
    60616: Fault(_C.BUSY, _S.LOOKUP, "too many questions about numbers"),
    # HTTP statuses: the account is not ours to use, or Twilio asks us to wait.
    401: Fault(_C.CONFIGURATION, _S.ACCOUNT, "Twilio does not accept the credentials"),
    403: Fault(_C.CONFIGURATION, _S.ACCOUNT, "Twilio does not let the account send"),
    404: Fault(_C.CONFIGURATION, _S.ACCOUNT, "Twilio does not find the account"),
    407: Fault(_C.CONFIGURATION, _S.ACCOUNT, "a proxy asks for credentials"),
    429: Fault(_C.BUSY, _S.ACCOUNT, "Twilio asks us to slow down"),
}
_OTHER_FAULT = Fault(Consequence.REFUSED, Scope.MESSAGE, "Twilio does not take the text")
# Of texts that Twilio took: these did not leave Twilio, or a carrier gave them back. They are queued again.
UNSENT_AFTER_ALL = frozenset({30001, 30002, 30022, 30023, 30027, 30036, 30047})
# A text that Twilio or a carrier filtered (30007: "spam, phishing, and fraud"), or that was blocked on its way (30004):
# https://www.twilio.com/docs/api/errors/30007. Other codes of filters are of texts that come in (30038, 30039).
FILTERED = frozenset({30004, 30007})


def fault_of(code: int | None, status: int | None = None) -> Fault:
    """Find the fault by Twilio's code, else by the HTTP status, else by its class: any other 4xx refuses the message.

    Args:
        code: Twilio's code, or the HTTP status of an answer without one.
        status: the HTTP status of the answer.
    """
    return _FAULTS.get(code or 0) or _FAULTS.get(status or 0) or _OTHER_FAULT
