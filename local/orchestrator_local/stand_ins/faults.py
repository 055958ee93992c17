"""Faults that an operator switches on in the stand-ins: Twilio and Claude then answer as they do in an incident."""

import time
from enum import StrEnum

from orchestrator_local.stand_ins.claude import Claude
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import Phones, twilio_error

SLOW_SECONDS = 3.0
RETRY_SECONDS = 5


class TwilioFault(StrEnum):
    """A fault of Twilio."""

    NONE = "none"
    SLOW = "slow"  # answers after 3 seconds
    BUSY = "busy"  # 429, with Retry-After
    DROPPED = "dropped"  # the connection ends without an answer, and the text is not accepted
    ERROR = "error"  # 500


class ClaudeFault(StrEnum):
    """A fault of Claude."""

    NONE = "none"
    OVERLOADED = "overloaded"  # 529


class Faults:
    """The faults of one stack's stand-ins.

    Args:
        phones: Twilio's stand-in.
        claude: Claude's stand-in.

    Attributes:
        twilio: Twilio's fault now.
        claude: Claude's fault now.
    """

    def __init__(self, phones: Phones, claude: Claude) -> None:
        self.twilio = TwilioFault.NONE
        self.claude = ClaudeFault.NONE
        phones.misbehave = self._twilio_answer
        claude.misbehave = self._claude_answer

    def _twilio_answer(self, fields: dict[str, str]) -> HttpAnswer | None:
        if "Body" not in fields:  # a fault concerns texts only
            return None
        match self.twilio:
            case TwilioFault.SLOW:
                time.sleep(SLOW_SECONDS)
            case TwilioFault.BUSY:
                busy = twilio_error(429, 20429, "Too many requests")
                return HttpAnswer(busy.status, busy.content, {"Retry-After": str(RETRY_SECONDS)})
            case TwilioFault.DROPPED:
                return HttpAnswer(0, None, drop=True)
            case TwilioFault.ERROR:
                return twilio_error(500, 20500, "Internal server error")
        return None

    def _claude_answer(self, _request: object) -> HttpAnswer | None:
        if self.claude is ClaudeFault.OVERLOADED:
            return HttpAnswer(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
        return None
