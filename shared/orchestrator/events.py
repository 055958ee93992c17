"""Publishes the events of the outbox on an EventBridge bus, at least once each (docs/events.md)."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg import Connection

from orchestrator.aws.clients import events_client
from orchestrator.clock import Clock
from orchestrator.store.events import Event, delete_events, lease_events

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "message-orchestrator"
# EventBridge takes at most this many events in one call (PutEvents, "Entries").
CALL_EVENTS = 10
# Events published in one run; the rest follow in the next minute.
MOST_EVENTS = 1_000
LEASED_AT_ONCE = 100


def publish_events(connection: Connection, bus: str | None, clock: Clock, most: int = MOST_EVENTS) -> int:
    """Publish events of the outbox, oldest first, with no transaction open (G4).

    Args:
        bus: its name or ARN; None where none is configured.
        most: the most events to publish.

    Returns:
        How many events the bus took. The others are published again when their lease ends.
    """
    published = 0
    while bus and published < most:
        taken = _publish_in_order(bus, lease_events(connection, clock(), LEASED_AT_ONCE))
        if taken:
            delete_events(connection, taken)
        published += len(taken)
        if len(taken) < LEASED_AT_ONCE:
            break
    return published


def _publish_in_order(bus: str, events: Sequence[Event]) -> list[UUID]:
    """The ids of the events that the bus took. Stops after a call that took none: the next would fail, too."""
    taken: list[UUID] = []
    for start in range(0, len(events), CALL_EVENTS):
        of_call = _put(bus, events[start : start + CALL_EVENTS])
        if not of_call:
            break
        taken += of_call
    return taken


def _put(bus: str, events: Sequence[Event]) -> list[UUID]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = events_client().put_events(Entries=[_entry(bus, event) for event in events])
    except (BotoCoreError, ClientError):
        return []
    return [event.id for event, entry in zip(events, answer["Entries"], strict=True) if "EventId" in entry]


def _entry(bus: str, event: Event) -> "PutEventsRequestEntryTypeDef":
    detail = {
        "event_id": str(event.id),
        "at": event.at.isoformat(),
        "user_id": str(event.user_id),
        "external_id": event.external_id,
        "message_id": str(event.message_id) if event.message_id else None,
        **event.detail,
    }
    return {
        "EventBusName": bus,
        "Source": SOURCE,
        "DetailType": event.type,
        "Detail": json.dumps(detail),
        "Time": event.at,
    }
