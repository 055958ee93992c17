"""Puts events on an SQS queue of the owner's."""

from collections.abc import Sequence

from orchestrator.aws.queues import OutgoingMessage, send_all
from orchestrator.event_targets.answers import LONGEST_ERROR, Refusal, TargetAnswer, body_of
from orchestrator.store.events import Event


def put_on_queue(queue_url: str, events: Sequence[Event]) -> TargetAnswer:
    """Put events on a queue. A person's events are one group, which a FIFO queue keeps in order."""
    failures = send_all(queue_url, [OutgoingMessage(body_of(event), group=str(event.user_id)) for event in events])
    return TargetAnswer(
        [event.id for place, event in enumerate(events) if place not in failures],
        {events[place].id: Refusal(cause[:LONGEST_ERROR]) for place, cause in failures.items()},
    )
