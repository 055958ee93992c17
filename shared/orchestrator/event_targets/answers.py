"""What a target answered to events, and the JSON in which it receives them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from orchestrator.store.events import Event

# The longest error that is kept, in characters.
LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a target did not take an event.

    Attributes:
        error: a short code, such as `http_503`.
        wait_seconds: how long the target asked us to wait; 0 where it did not.
    """

    error: str
    wait_seconds: float = 0


@dataclass(frozen=True, slots=True)
class TargetAnswer:
    """What became of events; one that is in neither was not tried."""

    taken: Sequence[UUID]
    refused: Mapping[UUID, Refusal] = field(default_factory=dict)


def detail_of(event: Event) -> dict[str, Any]:
    """The fields of an event (docs/events.md), with the words where its target receives them."""
    return {
        "event_id": str(event.id),
        "at": event.at.isoformat(),
        "user_id": str(event.user_id) if event.user_id else None,
        "external_id": event.external_id,
        "message_id": str(event.message_id) if event.message_id else None,
        **event.detail,
        **({} if event.words is None else {"content": event.words}),
    }


def body_of(event: Event) -> str:
    """An event as one JSON text, for targets that have no envelope of their own.

    The keys are those of Standard Webhooks 1.0.0 (Payload structure).
    """
    return json.dumps({"type": event.type, "timestamp": event.at.isoformat(), "data": detail_of(event)})
