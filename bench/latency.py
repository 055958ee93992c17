"""Measures how long an urgent message takes from publishing to the call to Twilio, on the local stack."""

import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.events import START
from orchestrator import MessageOrchestrator
from orchestrator.settings import PublisherSettings
from orchestrator.store.database import connect
from orchestrator.store.people import add_user
from orchestrator_local.services import Services
from orchestrator_local.stack import PUBLISHER_VARIABLES, Stack, local_stack

BULK_MESSAGES = 300
# Seconds after which a text counts as lost.
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from `queue_message` until Twilio's stand-in had the text: the median and the 99th percentile."""

    median_ms: float
    p99_ms: float


def measure_urgent_latency(messages: int) -> dict[str, Latency]:
    """Publish urgent messages one after the other: on an idle stack, and while a bulk run is delivered."""
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder), Services(), fresh=True, start_at=START) as stack,
    ):
        os.environ.update({name: stack.environment[name] for name in PUBLISHER_VARIABLES})
        with connect(stack.database_url) as connection:
            for number in range(2 * messages + 1 + BULK_MESSAGES):
                columns = {
                    "phone_number": _phone_number(number),
                    "timezone": "America/New_York",
                    "external_id": f"user_{number}",
                }
                add_user(connection, columns, START)
        client = MessageOrchestrator(PublisherSettings(enqueue_queue_url=stack.environment["ENQUEUE_QUEUE_URL"]))
        _send(stack, client, 2 * messages)  # warms the functions
        idle = _send_all(stack, client, range(messages))
        stop = threading.Event()
        bulk = threading.Thread(target=_run_bulk, args=(stack, client, 2 * messages + 1, stop))
        bulk.start()
        busy = _send_all(stack, client, range(messages, 2 * messages))
        stop.set()
        bulk.join()
    return {"idle": _latency(idle), "beside a bulk run": _latency(busy)}


def _phone_number(number: int) -> str:
    return f"+1212{2_000_000 + number}"


def _send_all(stack: Stack, client: MessageOrchestrator, numbers: range) -> list[float]:
    """Publish urgent messages one after the other; the first that is lost ends the series, and counts as late."""
    milliseconds: list[float] = []
    for number in numbers:
        milliseconds.append(_send(stack, client, number))
        if milliseconds[-1] >= 1000 * TIMEOUT_SECONDS:
            break
    return milliseconds


def _send(stack: Stack, client: MessageOrchestrator, number: int) -> float:
    """Publish one urgent message; returns the milliseconds until Twilio's stand-in has its text."""
    phone_number = _phone_number(number)
    started = time.perf_counter()
    client.queue_message(
        user_id=f"user_{number}",
        agent_id="system",
        message_data={"type": "payment_required", "message": "Please update your payment method"},
        priority="urgent",
        can_delay=False,
    )
    while not any(text.to == phone_number for text in stack.phones.texts[-50:]):
        if time.perf_counter() > started + TIMEOUT_SECONDS:
            break
        time.sleep(0.001)
    return (time.perf_counter() - started) * 1000


def _run_bulk(stack: Stack, client: MessageOrchestrator, first: int, stop: threading.Event) -> None:
    """Publish `BULK_MESSAGES` messages, and run the dispatcher until `stop` is set."""
    client.queue_messages(
        {
            "user_id": f"user_{first + number}",
            "agent_id": "bulk",
            "message_data": {"type": "note", "message": "A note for many"},
            "priority": "high",
        }
        for number in range(BULK_MESSAGES)
    )
    while not stop.wait(0.5):
        stack.tick()


def _latency(milliseconds: list[float]) -> Latency:
    ordered = sorted(milliseconds)
    return Latency(median(ordered), ordered[int(len(ordered) * 0.99)])
