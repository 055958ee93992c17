"""Urgent: from publishing to the call to Twilio, on the local stack, idle and beside a bulk run."""

import os
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from orchestrator import MessageOrchestrator
from orchestrator.settings import PublisherSettings
from orchestrator.store.database import connect
from orchestrator.store.people import add_user
from orchestrator_local.stack import PUBLISHER_VARIABLES, Services, Stack, local_stack

START = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
BULK = 300


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from `queue_message` until Twilio had the text; the provider's own time is none here."""

    half: float
    most: float
    times: int


def urgent_latency(times: int) -> dict[str, Latency]:
    """Publish so many urgent messages, one after the other: idle, and while a bulk run is delivered."""
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder), Services(), fresh=True, start_at=START) as stack,
    ):
        os.environ.update({name: stack.environment[name] for name in PUBLISHER_VARIABLES})
        with connect(stack.database_url) as connection:
            for number in range(2 * times + 1 + BULK):
                columns = {
                    "phone_number": f"+1212{2_000_000 + number}",
                    "timezone": "America/New_York",
                    "external_id": f"user_{number}",
                }
                add_user(connection, columns, START)
        client = MessageOrchestrator(PublisherSettings(enqueue_queue_url=stack.environment["ENQUEUE_QUEUE_URL"]))
        _send(stack, client, 2 * times)  # warm
        idle = [_send(stack, client, number) for number in range(times)]
        stop = threading.Event()
        bulk = threading.Thread(target=_bulk, args=(stack, client, 2 * times + 1, stop))
        bulk.start()
        busy = [_send(stack, client, times + number) for number in range(times)]
        stop.set()
        bulk.join()
    return {"idle": _latency(idle), "beside a bulk run": _latency(busy)}


def _send(stack: Stack, client: MessageOrchestrator, number: int) -> float:
    phone = f"+1212{2_000_000 + number}"
    started = time.perf_counter()
    client.queue_message(
        user_id=f"user_{number}",
        agent_id="system",
        message_data={"type": "payment_required", "message": "Please update your payment method"},
        priority="urgent",
        can_delay=False,
    )
    deadline = started + 30
    while not any(text.to == phone for text in stack.phones.texts[-50:]):
        if time.perf_counter() > deadline:
            raise TimeoutError("an urgent text did not arrive within 30 s")
        time.sleep(0.001)
    return (time.perf_counter() - started) * 1000


def _bulk(stack: Stack, client: MessageOrchestrator, first: int, stop: threading.Event) -> None:
    """A bulk run: published, handed over, delivered, for as long as the urgent ones are measured."""
    client.queue_messages(
        {
            "user_id": f"user_{first + number}",
            "agent_id": "bulk",
            "message_data": {"type": "note", "message": "A note for many"},
            "priority": "high",
        }
        for number in range(BULK)
    )
    while not stop.wait(0.5):
        stack.tick()


def _latency(milliseconds: list[float]) -> Latency:
    ordered = sorted(milliseconds)
    return Latency(median(ordered), ordered[int(len(ordered) * 0.99)], len(ordered))
