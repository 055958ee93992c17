"""Publishes events on an EventBridge bus."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from orchestrator.aws.clients import events_client
from orchestrator.event_targets.answers import Refusal, TargetAnswer, detail_of
from orchestrator.store.events import Event

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "message-orchestrator"
# EventBridge takes at most this many events in one call (PutEvents, "Entries").
CALL_EVENTS = 10


def publish_on_bus(bus: str, events: Sequence[Event]) -> TargetAnswer:
    """Publish events in order. Stops after a call that the bus did not answer: the next would fail, too.

    Args:
        bus: its name or ARN.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    taken: list[UUID] = []
    refused: dict[UUID, Refusal] = {}
    for start in range(0, len(events), CALL_EVENTS):
        of_call = events[start : start + CALL_EVENTS]
        try:
            answer = events_client().put_events(Entries=[_entry(bus, event) for event in of_call])
        except (BotoCoreError, ClientError) as error:
            refused.update({event.id: Refusal(type(error).__name__) for event in of_call})
            break
        for event, entry in zip(of_call, answer["Entries"], strict=True):
            if "EventId" in entry:
                taken.append(event.id)
            else:
                refused[event.id] = Refusal(entry.get("ErrorCode", "refused"))
    return TargetAnswer(taken, refused)


def _entry(bus: str, event: Event) -> "PutEventsRequestEntryTypeDef":
    return {
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": event.type,
        "Detail": json.dumps(detail_of(event)),
        "Time": event.at,
    }
