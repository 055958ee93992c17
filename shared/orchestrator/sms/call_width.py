"""How many calls to Twilio may be under way at once: few at first, more with each answer, fewer after a 429 (G2)."""

from orchestrator.sms.outcomes import WIDE, Consequence, Outcome, OutcomeKind, fault_of

# A wave begins with so many calls. Each answer lets one more be under way (the slow start of RFC 5681, section 3.1), so
# that an outage leaves 10 texts in doubt where it meets the beginning of a wave of 50, and at most 30 anywhere in it.
FIRST_CALLS = 10
# After so many calls that Twilio did not answer, or refused for a reason that meets each other text, no more calls of
# the wave start.
MOST_FAILURES = 3


class CallWidth:
    """The width of one process's waves.

    Twilio answers 429 where an account has too many calls under way, and did not process these calls
    (https://www.twilio.com/docs/api/errors/20429).

    Args:
        most: calls that may ever be under way at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._ceiling = most

    def begin_wave(self) -> "WaveWidth":
        """Return the width of the next wave."""
        return WaveWidth(self)

    @property
    def ceiling(self) -> int:
        """Calls that may be under way at once, by the answers so far."""
        return self._ceiling

    def narrow(self, under_way: int) -> None:
        """Halve the width: Twilio was asked for so many calls at once, and found them too many."""
        self._ceiling = max(1, min(self._ceiling, under_way // 2))

    def widen(self) -> None:
        """Let one more call be under way, up to the setting."""
        self._ceiling = min(self._most, self._ceiling + 1)


class WaveWidth:
    """The width of one wave.

    Attributes:
        end: why no more calls of the wave start; None while they may.
    """

    def __init__(self, of_process: CallWidth) -> None:
        self._of_process = of_process
        self._width = FIRST_CALLS
        self._unanswered = 0
        self._refused = 0
        self._is_busy = False
        self.end: str | None = None

    def has_room(self, under_way: int) -> bool:
        """Whether one more call may start beside those that are under way."""
        return self.end is None and under_way < min(self._width, self._of_process.ceiling)

    def note(self, outcome: Outcome, under_way: int) -> None:
        """Learn from the outcome of a call.

        Args:
            under_way: how many calls were under way, this one included.
        """
        if outcome.kind in (OutcomeKind.UNKNOWN, OutcomeKind.NOT_SENT):
            self._unanswered += 1
            self._width = max(1, min(self._width, under_way - 1))  # no call starts in its place
            if self._unanswered >= MOST_FAILURES:
                self.end = "Twilio did not answer"
            return
        fault = fault_of(outcome.code, outcome.status)
        if outcome.kind is OutcomeKind.REFUSED and fault.scope in WIDE:
            self._refused += 1
            if fault.consequence is Consequence.BUSY:
                self._is_busy = True
                self._of_process.narrow(under_way)
            if self._refused >= MOST_FAILURES:
                self.end = "Twilio refuses all texts for now"
            return
        self._width += 1

    def finish(self) -> None:
        """Widen the next wave where this one met no 429."""
        if not self._is_busy:
            self._of_process.widen()
