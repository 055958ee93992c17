"""Switches that make the stand-ins misbehave, as the real ones do on a bad day."""

import time
from enum import StrEnum

from orchestrator_local.stand_ins.claude import Claude
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import Phones, twilio_error

SLOW_SECONDS = 3.0
RETRY_SECONDS = 5


class TwilioMood(StrEnum):
    """How Twilio behaves."""

    WELL = "well"
    SLOW = "slow"
    BUSY = "busy"  # 429
    DROPPING = "dropping"  # the connection ends without an answer, and the text is not taken
    BROKEN = "broken"  # 500


class ClaudeMood(StrEnum):
    """How Claude behaves."""

    WELL = "well"
    DOWN = "down"


class Trouble:
    """The switches of one stack."""

    def __init__(self, phones: Phones, claude: Claude) -> None:
        self.twilio = TwilioMood.WELL
        self.claude = ClaudeMood.WELL
        phones.misbehave = self._twilio
        claude.misbehave = self._claude

    def _twilio(self, fields: dict[str, str]) -> HttpAnswer | None:
        if "Body" not in fields:  # only texts are in trouble
            return None
        match self.twilio:
            case TwilioMood.SLOW:
                time.sleep(SLOW_SECONDS)
            case TwilioMood.BUSY:
                busy = twilio_error(429, 20429, "Too many requests")
                return HttpAnswer(busy.status, busy.content, {"Retry-After": str(RETRY_SECONDS)})
            case TwilioMood.DROPPING:
                return HttpAnswer(0, None, drop=True)
            case TwilioMood.BROKEN:
                return twilio_error(500, 20500, "Internal server error")
        return None

    def _claude(self, _request: object) -> HttpAnswer | None:
        if self.claude is ClaudeMood.DOWN:
            return HttpAnswer(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
        return None
