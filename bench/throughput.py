"""Measures messages a second: accepted, and delivered with the full policy, beside other job queues."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from bench import peers, predecessor
from bench.database import (
    accept_messages,
    add_people,
    approve_messages,
    create_database,
    create_migrated_database,
)
from bench.events import WAVE, message_body, sqs_event, sqs_events
from bench.http_twilio import http_twilio
from bench.processes import Beside, run_functions
from bench.rounds import Measurement, RoundResult, run_rounds
from bench.waits import Waits, sample_waits

# The names of the measurements that budgets compare.
OURS, GRAPHILE, PROCRASTINATE = f"ours, 2 workers, waves of {WAVE}", "graphile-worker, no-op", "procrastinate"
ACCEPTED = "ours, 2 workers"

_database_number = itertools.count()


def new_database(server: str) -> str:
    """Create a database with our tables and a name that no other measurement has; returns its URL."""
    return create_migrated_database(server, f"ours_{next(_database_number)}")


def prepare_deliveries(server: str, messages: int, workers: int, wave: int = WAVE) -> tuple[str, list[dict[str, Any]]]:
    """Make a database with messages that were handed over, and one wave more for each worker, to warm it up.

    Returns:
        The URL of the database, and the events of the delivery queue.
    """
    url = new_database(server)
    warm_up = workers * wave
    add_people(url, messages + warm_up)
    accept_messages(url, messages + warm_up)
    return url, sqs_events(approve_messages(url), "delivery", wave)


def deliver(
    url: str,
    events: list[dict[str, Any]],
    workers: int,
    beside: Beside | None = None,
    changes: Mapping[str, str] | None = None,
) -> float:
    """Deliver events with our deliver function, from the SQS event to the settled outcome; returns seconds."""
    return run_functions(
        "deliver", url, [events[place::workers] for place in range(workers)], beside, **(changes or {})
    )


def measure_delivery(
    server: str, messages: int, workers: int, wave: int = WAVE, changes: Mapping[str, str] | None = None
) -> float:
    """Messages a second of our deliver function."""
    url, events = prepare_deliveries(server, messages, workers, wave)
    return messages / deliver(url, events, workers, changes=changes)


def measure_waits(server: str, messages: int, workers: int) -> tuple[float, Waits]:
    """Messages a second of our deliver function, and what its sessions waited for in Postgres."""
    url, events = prepare_deliveries(server, messages, workers)
    waits = Waits()
    return messages / deliver(url, events, workers, sample_waits(url, waits)), waits


def measure_deliveries(
    server: str, messages: int, rounds: int, progress: Callable[[str], None]
) -> dict[str, RoundResult]:
    """Measure delivery in a shadow run, beside the predecessor and peers that run no-op jobs."""
    measurements: dict[str, Measurement] = {
        OURS: lambda: measure_delivery(server, messages, 2),
        "ours, 2 workers, waves of 10": lambda: measure_delivery(server, messages, 2, 10),
        "predecessor, sequential": lambda: _predecessor(server, messages // 10),
    }
    return run_rounds(measurements | _peers_that_work(server, messages, progress), rounds, progress)


def measure_waves(
    server: str,
    messages: int,
    waves: Sequence[int],
    workers: Sequence[int],
    rounds: int,
    progress: Callable[[str], None],
) -> dict[str, RoundResult]:
    """Measure delivery with each number of workers and each size of a wave."""
    measurements: dict[str, Measurement] = {
        wave_name(number, wave): partial(measure_delivery, server, messages, number, wave)
        for number, wave in itertools.product(workers, waves)
    }
    return run_rounds(measurements, rounds, progress)


def wave_name(workers: int, wave: int) -> str:
    """How the tables call our deliver function with this many workers and waves of this size."""
    return f"ours, {workers} worker{'s' * (workers > 1)}, waves of {wave}"


def measure_intake(server: str, messages: int, rounds: int, progress: Callable[[str], None]) -> dict[str, RoundResult]:
    """Measure accepting messages in batches of 1,000, beside peers that enqueue jobs in such batches."""
    measurements: dict[str, Measurement] = {
        "ours, 1 worker": lambda: _enqueue(server, messages, 1),
        ACCEPTED: lambda: _enqueue(server, messages, 2),
    }
    if _are_there(progress):
        measurements |= {
            name: partial(_enqueue_at_peer, server, messages, f"{name}_worker.py")
            for name in (PROCRASTINATE, "pgqueuer")
        }
    return run_rounds(measurements, rounds, progress)


def measure_deliveries_over_http(
    server: str, messages: int, rounds: int, progress: Callable[[str], None]
) -> dict[str, RoundResult]:
    """Measure delivery through Twilio's SDK to an HTTP server in a process of its own."""
    with http_twilio() as address:
        live = {"SENDING": "live", "TWILIO_API_BASE_URL": address}
        return run_rounds(
            {OURS: lambda: measure_delivery(server, messages, 2, changes=live)},
            rounds,
            progress,
        )


def _peers_that_work(server: str, messages: int, progress: Callable[[str], None]) -> dict[str, Measurement]:
    """Peers that run no-op jobs: one by one first, then in the batch modes that they document."""
    if not _are_there(progress):
        return {}

    def peer() -> str:
        return create_database(server, "peer")

    return {
        GRAPHILE: lambda: messages / peers.run_node("graphile_worker.mjs", peer(), messages, CONFIG="plain"),
        "procrastinate, no-op": lambda: (
            messages // 4 / peers.run_python("procrastinate_worker.py", peer(), messages // 4, "work")
        ),
        "graphile-worker, no-op, local queue": lambda: (
            messages / peers.run_node("graphile_worker.mjs", peer(), messages, CONFIG="tuned")
        ),
        "pg-boss, no-op, batches of 100": lambda: messages / peers.run_node("pg_boss.mjs", peer(), messages),
        "pgqueuer, no-op, batches of 1,000": lambda: (
            messages / peers.run_python("pgqueuer_worker.py", peer(), messages, "work")
        ),
    }


def _are_there(progress: Callable[[str], None]) -> bool:
    try:
        peers.install()
    except peers.PeersUnavailable as why:
        progress(f"without peers: {why}")
        return False
    return True


def _enqueue(server: str, messages: int, workers: int) -> float:
    """Messages a second of our enqueue function, in batches of 1,000."""
    url = new_database(server)
    add_people(url, messages)
    events = sqs_events([message_body(number) for number in range(messages)], "enqueue", 1_000)
    warm_up = sqs_event([], "enqueue")
    return messages / run_functions("enqueue", url, [[warm_up, *events[place::workers]] for place in range(workers)])


def _enqueue_at_peer(server: str, messages: int, script: str) -> float:
    """Jobs a second that a peer enqueues in batches of 1,000."""
    return messages / peers.run_python(script, create_database(server, "peer"), messages, "enqueue")


def _predecessor(server: str, messages: int) -> float:
    """Messages a second of the predecessor."""
    url = new_database(server)
    add_people(url, messages)
    accept_messages(url, messages)
    return messages / predecessor.deliver(url, messages)
