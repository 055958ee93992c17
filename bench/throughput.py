"""Messages a second: taken in, and delivered with the full policy, beside what people would otherwise use."""

import itertools
from collections.abc import Callable

from bench import peers, predecessor
from bench.database import (
    BATCH,
    accept,
    add_people,
    approve_all,
    batches,
    fresh_database,
    message_body,
    migrated_database,
    run_workers,
    sqs_event,
)
from bench.http_twilio import http_twilio
from bench.rounds import Contestant, RoundResult, compete

_number = itertools.count()


def _database(server: str) -> str:
    return migrated_database(server, f"ours_{next(_number)}")


def _deliver(server: str, messages: int, workers: int, **changes: str) -> float:
    """Messages a second of our deliver function, from the queue's event to the settled outcome."""
    url = _database(server)
    warm = workers * BATCH
    add_people(url, messages + warm)
    accept(url, messages + warm)
    events = batches(approve_all(url), "delivery")
    return messages / run_workers("deliver", url, [events[place::workers] for place in range(workers)], **changes)


def _enqueue(server: str, messages: int, workers: int) -> float:
    url = _database(server)
    add_people(url, messages)
    events = batches([message_body(number) for number in range(messages)], "enqueue", 1_000)
    warm = sqs_event([], "enqueue")
    return messages / run_workers("enqueue", url, [[warm, *events[place::workers]] for place in range(workers)])


def _predecessor(server: str, messages: int) -> float:
    url = _database(server)
    add_people(url, messages)
    accept(url, messages)
    return messages / predecessor.deliver(url, messages)


def deliveries(server: str, messages: int, rounds: int, say: Callable[[str], None]) -> dict[str, RoundResult]:
    """Deliver with a sender that sends nothing, beside peers that run a job that does nothing."""
    contestants: dict[str, Contestant] = {
        "ours, 1 worker": lambda: _deliver(server, messages, 1),
        "ours, 2 workers": lambda: _deliver(server, messages, 2),
        "the way before, sequential": lambda: _predecessor(server, messages // 10),
    }
    try:
        peers.install()
    except peers.NoPeers as why:
        say(f"peers are left out: {why}")
        return compete(contestants, rounds, say)

    def fresh() -> str:
        return fresh_database(server, "peer")

    contestants |= {
        "graphile-worker, no-op": lambda: (
            messages / peers.run_node("graphile_worker.mjs", fresh(), messages, CONFIG="plain")
        ),
        "graphile-worker, no-op, local queue": lambda: (
            messages / peers.run_node("graphile_worker.mjs", fresh(), messages, CONFIG="tuned")
        ),
        "pg-boss, no-op, batches of 100": lambda: messages / peers.run_node("pg_boss.mjs", fresh(), messages),
        "procrastinate, no-op": lambda: messages // 4 / peers.run_procrastinate(fresh(), messages // 4, "work"),
    }
    return compete(contestants, rounds, say)


def intakes(server: str, messages: int, rounds: int, say: Callable[[str], None]) -> dict[str, RoundResult]:
    """Take messages in, in batches of 1,000."""
    contestants: dict[str, Contestant] = {
        "ours, 1 worker": lambda: _enqueue(server, messages, 1),
        "ours, 2 workers": lambda: _enqueue(server, messages, 2),
    }
    try:
        peers.install()
        contestants["procrastinate"] = lambda: (
            messages / peers.run_procrastinate(fresh_database(server, "peer"), messages, "enqueue")
        )
    except peers.NoPeers as why:
        say(f"peers are left out: {why}")
    return compete(contestants, rounds, say)


def over_http(server: str, messages: int, rounds: int, say: Callable[[str], None]) -> dict[str, RoundResult]:
    """Deliver through Twilio's own SDK to an HTTP stand-in in a process of its own."""
    with http_twilio() as address:
        live = {"SENDING": "live", "TWILIO_API_BASE_URL": address}
        return compete(
            {
                "1 worker": lambda: _deliver(server, messages, 1, **live),
                "2 workers": lambda: _deliver(server, messages, 2, **live),
            },
            rounds,
            say,
        )
