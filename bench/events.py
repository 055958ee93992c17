"""Makes message bodies, and the SQS events that carry them to a function."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from orchestrator.ids import uuid7

# The time at which measured functions run: Tuesday, 10:00 in New York, outside quiet hours.
START = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
# Records in one event of the delivery queue, and messages in one wave of the deliver function.
WAVE = 50


def message_body(number: int) -> str:
    """The body of a valid message for `user_<number>` that differs from all others and can be sent at once."""
    return json.dumps(
        {
            "messageId": str(uuid7(START)),
            "userId": f"user_{number}",
            "agentId": "bench_agent",
            "messageData": {"type": "note", "message": f"Your order {number} has left the warehouse and arrives soon"},
            "priority": "high",
            "canDelay": False,
        }
    )


def sqs_event(bodies: Sequence[str], queue: str) -> dict[str, Any]:
    """An event as Lambda's SQS poller makes it, with one record for each body."""
    sent = str(int(START.timestamp() * 1000))
    return {
        "Records": [
            {
                "messageId": str(uuid7(START)),
                "receiptHandle": "none",
                "body": body,
                "attributes": {"SentTimestamp": sent, "ApproximateReceiveCount": "1", "SenderId": "AIDAEXAMPLE"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
            }
            for body in bodies
        ]
    }


def sqs_events(bodies: Sequence[str], queue: str, size: int = WAVE) -> list[dict[str, Any]]:
    """Events of `size` records each; the last one may have fewer."""
    return [sqs_event(bodies[start : start + size], queue) for start in range(0, len(bodies), size)]
