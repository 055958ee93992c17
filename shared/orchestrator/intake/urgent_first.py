"""Divides a batch so that what is urgent is stored and handed over before the bulk that came with it."""

from collections.abc import Mapping

from orchestrator.aws.queues import QueueRecord
from orchestrator.messages import Lane, Message, Reply, Request, Withdrawal

# Below this the rest of a batch is stored within milliseconds, and two more round trips would cost more than they save.
WORTH_WAITING_FOR = 50


def urgent_first(requests: Mapping[QueueRecord, Request]) -> list[Mapping[QueueRecord, Request]]:
    """The parts of a batch in the order in which they are stored.

    The first part has the urgent messages and the replies; all else that concerns their people or has their id, so that
    what belongs together (a topic, a sequence, a repetition, a consent) is stored together; and the withdrawals, which
    may name any message.

    Returns:
        One part where nothing is urgent, or little else came.
    """
    urgent = [request for request in requests.values() if _is_urgent(request)]
    if not urgent:
        return [requests]
    people = {request.user_id for request in urgent}
    ids = {request.message_id for request in urgent} - {None}
    first = {
        record: request
        for record, request in requests.items()
        if request.user_id in people or request.message_id in ids or _withdraws(request)
    }
    if len(requests) - len(first) < WORTH_WAITING_FOR:
        return [requests]
    return [first, {record: request for record, request in requests.items() if record not in first}]


def _is_urgent(request: Request) -> bool:
    return isinstance(request, Reply) or (isinstance(request, Message) and request.priority is Lane.URGENT)


def _withdraws(request: Request) -> bool:
    return isinstance(request, Withdrawal)
