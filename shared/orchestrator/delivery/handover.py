"""Handover: puts claimed messages on the delivery or urgent queue, and reads them from the records of those queues."""

import json
from collections.abc import Sequence
from datetime import datetime
from math import ceil
from uuid import UUID

from orchestrator.aws.queues import DeadLetter, OutgoingMessage, QueueRecord, send_all
from orchestrator.store.claims import ClaimedMessage


def hand_over(queue_url: str, messages: Sequence[ClaimedMessage], now: datetime) -> list[UUID]:
    """Send messages to a queue of the deliver function, each to arrive when it leaves for Twilio.

    The group of a message is its person, so that a fair queue lets no person keep the others waiting.

    Returns:
        The messages that SQS did not take. Each is due again when its lease runs out.
    """
    failures = send_all(queue_url, [_outgoing(message, now) for message in messages])
    return [messages[place].message_id for place in failures]


def message_ids_of(records: Sequence[QueueRecord]) -> tuple[dict[UUID, str], list[DeadLetter]]:
    """Read which message each record hands over.

    Returns:
        The message ids, each with the SQS message id of its record, and the records that name no message.
    """
    named: dict[UUID, str] = {}
    unreadable: list[DeadLetter] = []
    for record in records:
        try:
            named[UUID(json.loads(record.body)["message_id"])] = record.sqs_message_id
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable.append(DeadLetter(record, "unreadable", "message_id", "the body names no message"))
    return named, unreadable


def _outgoing(message: ClaimedMessage, now: datetime) -> OutgoingMessage:
    delay = 0 if message.leaves_at is None else max(0, ceil((message.leaves_at - now).total_seconds()))
    return OutgoingMessage(json.dumps({"message_id": str(message.message_id)}), delay, group=str(message.user_id))
