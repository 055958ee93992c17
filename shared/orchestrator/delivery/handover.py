"""Handover: puts approved messages on the delivery or urgent queue, and reads them from its records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from orchestrator.aws.queues import DeadLetter, OutgoingMessage, QueueRecord, send_all


@dataclass(frozen=True, slots=True)
class HandedOver:
    """An approved message on its way to the deliver function.

    Attributes:
        user_id: the person it is for; the queue shares its throughput fairly between persons.
        leaves_at: when the deliver function may see it; at once where it is None.
    """

    message_id: UUID
    user_id: UUID
    leaves_at: datetime | None = None


def hand_over(queue_url: str, messages: Sequence[HandedOver], now: datetime) -> list[UUID]:
    """Send messages to a queue of the deliver function.

    Returns:
        The messages that SQS did not take. Each is due again when its lease runs out.
    """
    failures = send_all(queue_url, [_outgoing(message, now) for message in messages])
    return [messages[place].message_id for place in failures]


def message_ids_of(records: Sequence[QueueRecord]) -> tuple[dict[UUID, str], list[DeadLetter]]:
    """Read the message of each record.

    Returns:
        The message ids, each with its SQS message id, and the records that name no message.
    """
    named: dict[UUID, str] = {}
    unreadable: list[DeadLetter] = []
    for record in records:
        try:
            named[UUID(json.loads(record.body)["message_id"])] = record.sqs_message_id
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable.append(DeadLetter(record, "unreadable", "message_id", "the body names no message"))
    return named, unreadable


def _outgoing(message: HandedOver, now: datetime) -> OutgoingMessage:
    delay = 0 if message.leaves_at is None else max(0, ceil((message.leaves_at - now).total_seconds()))
    return OutgoingMessage(json.dumps({"message_id": str(message.message_id)}), delay, group=str(message.user_id))
