"""A model of an SQS standard queue with fair delivery, in virtual time; no server stands behind it.

It follows AWS's page "How Amazon SQS fair queues work" (docs.aws.amazon.com/AWSSimpleQueueService/latest/
SQSDeveloperGuide/sqs-fair-queues-detailed.html, read on 26 November 2026). AWS calls its thresholds approximate. Where the
page leaves something open, the model decides: "recent" fades within `RECENT_SECONDS`.
"""

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import exp

# A group is noisy with more than this share of what is in flight, and at least so many messages of its own; or with more
# than this share of the recent processing time.
NOISY_SHARE, NOISY_MESSAGES = 0.10, 30
RECENT_SECONDS = 60.0
# It is quiet again below both, when nothing of it waits, or when it has sent nothing for so many seconds.
QUIET_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message: its place in the order of sending, its group, and when it was received."""

    number: int
    group: str
    received_at: float = 0.0


@dataclass
class _Group:
    waiting: deque[QueuedMessage] = field(default_factory=deque)
    last_sent: float = 0.0


class _RecentTime:
    """Seconds of processing, of which those long ago count for less and less."""

    def __init__(self) -> None:
        self._seconds, self._at = 0.0, 0.0

    def add(self, seconds: float, now: float) -> None:
        self._seconds, self._at = self.at(now) + seconds, now

    def at(self, now: float) -> float:
        return self._seconds * exp((self._at - now) / RECENT_SECONDS)


class FairQueue:
    """The queue. Times are seconds of the model's clock, which the caller moves."""

    def __init__(self) -> None:
        self._sent = 0
        self._groups: defaultdict[str, _Group] = defaultdict(_Group)
        self._in_flight: Counter[str] = Counter()
        self._all_in_flight = 0
        self._time, self._time_of = _RecentTime(), defaultdict[str, _RecentTime](_RecentTime)
        self._noisy: set[str] = set()
        # The oldest message of each quiet group, oldest first; an entry whose message is no longer that is passed over.
        self._oldest: list[tuple[int, str]] = []

    def send(self, now: float, group: str | None = None) -> QueuedMessage:
        """Send a message. Without a group it is a group of its own."""
        self._sent += 1
        message = QueuedMessage(self._sent, f"message {self._sent}" if group is None else f"group {group}")
        found = self._groups[message.group]
        found.waiting.append(message)
        found.last_sent = now
        if len(found.waiting) == 1:
            heapq.heappush(self._oldest, (message.number, message.group))
        return message

    def receive(self, now: float, most: int) -> list[QueuedMessage]:
        """Take messages: the oldest of quiet groups, and then those of the noisy group with the fewest in flight."""
        received: list[QueuedMessage] = []
        while len(received) < most and (group := self._next_group(now)) is not None:
            waiting = self._groups[group].waiting
            received.append(replace(waiting.popleft(), received_at=now))
            self._in_flight[group] += 1
            self._all_in_flight += 1
            if waiting:
                heapq.heappush(self._oldest, (waiting[0].number, group))
            self._judge(group, now)
        return received

    def delete(self, messages: Sequence[QueuedMessage], now: float) -> None:
        """Delete messages that were processed."""
        self._all_in_flight -= len(messages)
        for message in messages:
            self._in_flight[message.group] -= 1
            for time in (self._time_of[message.group], self._time):
                time.add(now - message.received_at, now)

    def _judge(self, group: str, now: float) -> None:
        """Keep a group among the noisy ones, or among the quiet ones."""
        found = self._groups[group]
        sends = now - found.last_sent < QUIET_AFTER_SECONDS
        if found.waiting and sends and self._takes_much(group, now):
            self._noisy.add(group)
        elif group in self._noisy:
            self._noisy.discard(group)
            if found.waiting:
                heapq.heappush(self._oldest, (found.waiting[0].number, group))

    def _takes_much(self, group: str, now: float) -> bool:
        messages = self._in_flight[group]
        if messages >= NOISY_MESSAGES and messages > NOISY_SHARE * self._all_in_flight:
            return True
        return group in self._time_of and self._time_of[group].at(now) > NOISY_SHARE * self._time.at(now)

    def _next_group(self, now: float) -> str | None:
        for group in list(self._noisy):
            self._judge(group, now)
        while self._oldest:
            number, group = heapq.heappop(self._oldest)
            waiting = self._groups[group].waiting
            if group not in self._noisy and waiting and waiting[0].number == number:
                return group
        return min(self._noisy, key=lambda g: (self._in_flight[g], self._groups[g].waiting[0].number), default=None)
