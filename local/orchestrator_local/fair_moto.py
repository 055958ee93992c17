"""moto's standard queues with the order of fair queues, which moto lacks: groups that take little come first."""

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

from moto.sqs.models import Message, Queue

from orchestrator_local.fair_shares import FairShares

# As many messages as one call receives; the order of the others is decided at the next call.
_RECEIVE_LIMIT = 10


def fair_queue_class(seconds: Callable[[], float]) -> type[Queue]:
    """A class of queues to use in place of moto's.

    Args:
        seconds: the clock of the queues, in seconds since 1970.
    """

    class FairQueue(Queue):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            self._shares = FairShares()
            super().__init__(*arguments, **named)

        @property
        def messages(self) -> list[Message]:
            visible = super().messages
            if self.fifo_queue or len(visible) < 2:
                return visible
            flying = Counter(_group_of(m) for m in self._messages if m.approximate_receive_count and not m.visible)
            return _in_fair_order(visible, flying, self._shares, seconds())

        def delete_message(self, receipt_handle: str) -> None:
            found = next((message for message in self._messages if message.had_receipt_handle(receipt_handle)), None)
            super().delete_message(receipt_handle)
            if found is not None:
                took = seconds() - (found.approximate_first_receive_timestamp or 0) / 1000
                self._shares.add(_group_of(found), took, seconds())

    return FairQueue


def _group_of(message: Message) -> str:
    return f"group {message.group_id}" if message.group_id else f"message {message.id}"


def _in_fair_order(visible: Sequence[Message], flying: Counter[str], shares: FairShares, now: float) -> list[Message]:
    """The oldest messages of quiet groups, and then, one by one, those of the noisy group with the fewest in flight."""
    by_group: defaultdict[str, deque[tuple[int, Message]]] = defaultdict(deque)
    for place, message in enumerate(visible):
        by_group[_group_of(message)].append((place, message))
    noisy = {
        group
        for group, waiting in by_group.items()
        if shares.is_noisy(group, flying[group], flying.total(), now - (waiting[-1][1].sent_timestamp or 0) / 1000, now)
    }
    order = [message for message in visible if _group_of(message) not in noisy]
    heads = [(flying[group], by_group[group][0][0], group) for group in noisy]
    heapq.heapify(heads)
    while heads and len(order) < _RECEIVE_LIMIT:
        in_flight, _, group = heapq.heappop(heads)
        order.append(by_group[group].popleft()[1])
        if by_group[group]:
            heapq.heappush(heads, (in_flight + 1, by_group[group][0][0], group))
    return [*order, *(message for group in sorted(noisy) for _, message in by_group[group])]
