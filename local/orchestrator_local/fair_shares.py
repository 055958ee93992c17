"""Which groups of an SQS queue are noisy, as AWS documents fair queues.

Page: "How Amazon SQS fair queues work", docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
sqs-fair-queues-detailed.html, read on 26 November 2026. AWS calls its thresholds approximate. Where the page leaves
something open, this module decides: "recent" fades within `RECENT_SECONDS`.
"""

from collections import defaultdict
from math import exp

# A group is noisy with more than this share of what is in flight and at least so many messages of its own, or with more
# than this share of the recent processing time.
NOISY_SHARE, NOISY_MESSAGES = 0.10, 30
RECENT_SECONDS = 60.0
# It is quiet again below both, when nothing of it waits, or when it has sent nothing for so many seconds.
QUIET_AFTER_SECONDS = 300.0


class _RecentTime:
    """Seconds of processing, of which those long ago count for less and less."""

    def __init__(self) -> None:
        self._seconds, self._at = 0.0, 0.0

    def add(self, seconds: float, now: float) -> None:
        self._seconds, self._at = self.at(now) + seconds, now

    def at(self, now: float) -> float:
        return self._seconds * exp((self._at - now) / RECENT_SECONDS)


class FairShares:
    """What the groups of one queue took of its consumers. Times are in seconds."""

    def __init__(self) -> None:
        self._time, self._time_of = _RecentTime(), defaultdict[str, _RecentTime](_RecentTime)

    def add(self, group: str, seconds: float, now: float) -> None:
        """Add the time from the receipt of a message until it was deleted."""
        for time in (self._time_of[group], self._time):
            time.add(seconds, now)

    def is_noisy(self, group: str, in_flight: int, all_in_flight: int, idle_seconds: float, now: float) -> bool:
        """Whether a group of which messages wait takes much.

        Args:
            in_flight: messages of the group that are being processed; `all_in_flight` those of all groups.
            idle_seconds: since the group last sent a message.
        """
        if idle_seconds >= QUIET_AFTER_SECONDS:
            return False
        if in_flight >= NOISY_MESSAGES and in_flight > NOISY_SHARE * all_in_flight:
            return True
        return group in self._time_of and self._time_of[group].at(now) > NOISY_SHARE * self._time.at(now)
