"""Measures messages a second: accepted, and delivered with the full policy, beside other job queues."""

import itertools
from collections.abc import Callable
from typing import Any

from bench import peers, predecessor
from bench.database import (
    accept_messages,
    add_people,
    approve_messages,
    create_database,
    create_migrated_database,
)
from bench.events import BATCH, message_body, sqs_event, sqs_events
from bench.http_twilio import http_twilio
from bench.processes import run_functions
from bench.rounds import Measurement, RoundResult, run_rounds

_database_number = itertools.count()


def _new_database(server: str) -> str:
    return create_migrated_database(server, f"ours_{next(_database_number)}")


def prepare_deliveries(server: str, messages: int, workers: int) -> tuple[str, list[dict[str, Any]]]:
    """Make a database with messages that were handed over, and one batch more for each worker, to warm it up.

    Returns:
        The URL of the database, and the events of the delivery queue.
    """
    url = _new_database(server)
    warm_up = workers * BATCH
    add_people(url, messages + warm_up)
    accept_messages(url, messages + warm_up)
    return url, sqs_events(approve_messages(url), "delivery")


def _deliver(server: str, messages: int, workers: int, **changes: str) -> float:
    """Messages a second of our deliver function, from the SQS event to the settled outcome."""
    url, events = prepare_deliveries(server, messages, workers)
    return messages / run_functions("deliver", url, [events[place::workers] for place in range(workers)], **changes)


def _enqueue(server: str, messages: int, workers: int) -> float:
    """Messages a second of our enqueue function, in batches of 1,000."""
    url = _new_database(server)
    add_people(url, messages)
    events = sqs_events([message_body(number) for number in range(messages)], "enqueue", 1_000)
    warm_up = sqs_event([], "enqueue")
    return messages / run_functions("enqueue", url, [[warm_up, *events[place::workers]] for place in range(workers)])


def _predecessor(server: str, messages: int) -> float:
    """Messages a second of the predecessor."""
    url = _new_database(server)
    add_people(url, messages)
    accept_messages(url, messages)
    return messages / predecessor.deliver(url, messages)


def measure_deliveries(
    server: str, messages: int, rounds: int, progress: Callable[[str], None]
) -> dict[str, RoundResult]:
    """Measure delivery in a shadow run, beside the predecessor and peers that run no-op jobs."""
    measurements: dict[str, Measurement] = {
        "ours, 1 worker": lambda: _deliver(server, messages, 1),
        "ours, 2 workers": lambda: _deliver(server, messages, 2),
        "predecessor, sequential": lambda: _predecessor(server, messages // 10),
    }
    try:
        peers.install()
    except peers.PeersUnavailable as why:
        progress(f"without peers: {why}")
        return run_rounds(measurements, rounds, progress)

    def empty_database() -> str:
        return create_database(server, "peer")

    measurements |= {
        "graphile-worker, no-op": lambda: (
            messages / peers.run_node("graphile_worker.mjs", empty_database(), messages, CONFIG="plain")
        ),
        "graphile-worker, no-op, local queue": lambda: (
            messages / peers.run_node("graphile_worker.mjs", empty_database(), messages, CONFIG="tuned")
        ),
        "pg-boss, no-op, batches of 100": lambda: messages / peers.run_node("pg_boss.mjs", empty_database(), messages),
        "procrastinate, no-op": lambda: (
            messages // 4 / peers.run_procrastinate(empty_database(), messages // 4, "work")
        ),
    }
    return run_rounds(measurements, rounds, progress)


def measure_intake(server: str, messages: int, rounds: int, progress: Callable[[str], None]) -> dict[str, RoundResult]:
    """Measure accepting messages in batches of 1,000, beside a peer that defers jobs in such batches."""
    measurements: dict[str, Measurement] = {
        "ours, 1 worker": lambda: _enqueue(server, messages, 1),
        "ours, 2 workers": lambda: _enqueue(server, messages, 2),
    }
    try:
        peers.install()
        measurements["procrastinate"] = lambda: (
            messages / peers.run_procrastinate(create_database(server, "peer"), messages, "enqueue")
        )
    except peers.PeersUnavailable as why:
        progress(f"without peers: {why}")
    return run_rounds(measurements, rounds, progress)


def measure_deliveries_over_http(
    server: str, messages: int, rounds: int, progress: Callable[[str], None]
) -> dict[str, RoundResult]:
    """Measure delivery through Twilio's SDK to an HTTP server in a process of its own."""
    with http_twilio() as address:
        live = {"SENDING": "live", "TWILIO_API_BASE_URL": address}
        return run_rounds(
            {
                "1 worker": lambda: _deliver(server, messages, 1, **live),
                "2 workers": lambda: _deliver(server, messages, 2, **live),
            },
            rounds,
            progress,
        )
