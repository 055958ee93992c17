"""A queue service fast enough for a storm, which speaks SQS's wire format and goes by the stack's one clock.

moto is the reference elsewhere; it takes some 90 messages a second, and a storm brings hundreds.
"""

import json
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any
from uuid import uuid4

from orchestrator.clock import Clock
from orchestrator_local.http_server import HttpHandler, http_server

VISIBILITY = timedelta(minutes=3)


@dataclass
class Held:
    """One message in a queue."""

    body: str
    attributes: dict[str, str]
    sent_at: datetime
    visible_at: datetime
    message_id: str = field(default_factory=lambda: str(uuid4()))
    receives: int = 0


class FaultyQueues:
    """Every queue of a rig, by name.

    Attributes:
        trouble: asked before each request of a function; may say `refuse`, `partly`, `twice` or `late`.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.trouble: Callable[[], str | None] = lambda: None
        self._lock = threading.Lock()
        self._held: dict[str, list[Held]] = defaultdict(list)

    def clear(self) -> None:
        """Empty every queue."""
        with self._lock:
            self._held.clear()

    def send(self, queue: str, body: str, delay: int = 0, attributes: dict[str, str] | None = None) -> None:
        """Put one message on a queue."""
        now = self.clock()
        with self._lock:
            self._held[queue].append(Held(body, attributes or {}, now, now + timedelta(seconds=delay)))

    def receive(self, queue: str, most: int = 10, visibility: timedelta = VISIBILITY) -> list[dict[str, Any]]:
        """Records as Lambda's poller makes them, in no order; they stay hidden for a while."""
        now = self.clock()
        with self._lock:
            visible = [held for held in self._held[queue] if held.visible_at <= now]
            taken = random.sample(visible, min(most, len(visible)))
            for held in taken:
                held.receives += 1
                held.visible_at = now + visibility
        return [self._record(queue, held) for held in taken]

    def delete(self, queue: str, message_ids: set[str]) -> None:
        """What was acknowledged is gone."""
        with self._lock:
            self._held[queue] = [held for held in self._held[queue] if held.message_id not in message_ids]

    def show_again(self, queue: str, message_id: str, seconds: float = 0) -> None:
        """Make one record visible again after so many seconds."""
        with self._lock:
            for held in self._held[queue]:
                if held.message_id == message_id:
                    held.visible_at = self.clock() + timedelta(seconds=seconds)

    def bodies(self, queue: str) -> list[str]:
        """What lies in a queue, hidden or not."""
        with self._lock:
            return [held.body for held in self._held[queue]]

    def next_visible(self, queues: tuple[str, ...]) -> datetime | None:
        """When the first hidden message of these queues shows up."""
        with self._lock:
            return min((held.visible_at for queue in queues for held in self._held[queue]), default=None)

    def answer(self, action: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """SQS's answer to one request of a function."""
        queue = request["QueueUrl"].rpartition("/")[2]
        trouble = self.trouble()
        if trouble == "refuse":
            return 500, {"__type": "com.amazonaws.sqs#InternalError", "message": "We encountered an internal error"}
        entries = request["Entries"]
        if action == "ChangeMessageVisibilityBatch":
            for entry in entries:
                self.show_again(queue, entry["ReceiptHandle"], entry["VisibilityTimeout"])
            return 200, {"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []}
        assert action == "SendMessageBatch", action
        taken = entries[1:] if trouble == "partly" else entries
        for entry in taken * (2 if trouble == "twice" else 1):
            attributes = {name: value["StringValue"] for name, value in entry.get("MessageAttributes", {}).items()}
            late = 60 if trouble == "late" else 0
            self.send(queue, entry["MessageBody"], entry.get("DelaySeconds", 0) + late, attributes)
        return 200, {
            "Successful": [_taken(entry) for entry in taken],
            "Failed": [
                {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
                for entry in entries
                if entry not in taken
            ],
        }

    def _record(self, queue: str, held: Held) -> dict[str, Any]:
        return {
            "messageId": held.message_id,
            "receiptHandle": held.message_id,
            "body": held.body,
            "attributes": {
                "SentTimestamp": str(int(held.sent_at.timestamp() * 1000)),
                "ApproximateReceiveCount": str(held.receives),
                "SenderId": "rig",
            },
            "messageAttributes": {
                name: {"stringValue": value, "dataType": "String"} for name, value in held.attributes.items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
        }


def _taken(entry: dict[str, Any]) -> dict[str, str]:
    digest = md5(entry["MessageBody"].encode(), usedforsecurity=False).hexdigest()
    return {"Id": entry["Id"], "MessageId": str(uuid4()), "MD5OfMessageBody": digest}


@contextmanager
def serve_queues(queues: FaultyQueues) -> Iterator[str]:
    """Serve queues on 127.0.0.1; yields the address."""

    class SqsHandler(HttpHandler):
        def respond(self) -> None:
            action = self.headers["X-Amz-Target"].rpartition(".")[2]
            status, answer = queues.answer(action, json.loads(self.body()))
            self.reply(status, json.dumps(answer).encode(), {"Content-Type": "application/x-amz-json-1.0"})

    with http_server(SqsHandler) as address:
        yield address
