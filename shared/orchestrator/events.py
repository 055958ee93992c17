"""Tells agents what happened, on an EventBridge bus: at least once, from the outbox (docs/events.md)."""

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.store.events import Event, delete_events, lease_events

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "message-orchestrator"
# EventBridge takes so many in one call.
CALL_EVENTS = 10
# Told in one go; what is left has its turn in the next minute.
MOST_EVENTS = 1_000
LEASED_AT_ONCE = 100


def publish_events(connection: Connection, bus: str | None, clock: Clock, most: int = MOST_EVENTS) -> int:
    """Tell the bus what is in the outbox, oldest first, with no transaction open (G4).

    Args:
        bus: its name or ARN; None where none is configured.
        most: as many at the most.

    Returns:
        How many it took. What it did not take is told again when its lease runs out.
    """
    told = 0
    while bus and told < most:
        taken = _tell_in_order(bus, lease_events(connection, clock(), LEASED_AT_ONCE))
        if taken:
            delete_events(connection, taken)
        told += len(taken)
        if len(taken) < LEASED_AT_ONCE:
            break
    return told


def _tell_in_order(bus: str, events: Sequence[Event]) -> list[UUID]:
    """The events that the bus took; a call that it takes nothing of is the last one: the next would fail too."""
    taken: list[UUID] = []
    for start in range(0, len(events), CALL_EVENTS):
        of_call = _tell(bus, events[start : start + CALL_EVENTS])
        if not of_call:
            break
        taken += of_call
    return taken


def _tell(bus: str, events: Sequence[Event]) -> list[UUID]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = _client().put_events(Entries=[_entry(bus, event) for event in events])
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


@cache
def _client() -> "EventBridgeClient":
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client("events", config=config)
