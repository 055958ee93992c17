"""A model of an SQS standard queue with fair delivery, in virtual time; no server stands behind it.

Which groups are noisy follows AWS's page on fair queues (`orchestrator_local.fair_shares`).
"""

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestrator_local.fair_shares import FairShares


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


class FairQueue:
    """The queue. Times are seconds of the model's clock, which the caller moves."""

    def __init__(self) -> None:
        self._sent = 0
        self._groups: defaultdict[str, _Group] = defaultdict(_Group)
        self._in_flight: Counter[str] = Counter()
        self._all_in_flight = 0
        self._shares = FairShares()
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
            self._shares.add(message.group, now - message.received_at, now)

    def _judge(self, group: str, now: float) -> None:
        """Keep a group among the noisy ones, or among the quiet ones."""
        found = self._groups[group]
        flying, idle = self._in_flight[group], now - found.last_sent
        if found.waiting and self._shares.is_noisy(group, flying, self._all_in_flight, idle, now):
            self._noisy.add(group)
        elif group in self._noisy:
            self._noisy.discard(group)
            if found.waiting:
                heapq.heappush(self._oldest, (found.waiting[0].number, group))

    def _next_group(self, now: float) -> str | None:
        for group in list(self._noisy):
            self._judge(group, now)
        while self._oldest:
            number, group = heapq.heappop(self._oldest)
            waiting = self._groups[group].waiting
            if group not in self._noisy and waiting and waiting[0].number == number:
                return group
        return min(self._noisy, key=lambda g: (self._in_flight[g], self._groups[g].waiting[0].number), default=None)
