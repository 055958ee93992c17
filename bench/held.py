"""Measures delivery beside a transaction that is held open, and on tables full of dead rows, beside other job queues.

While a transaction holds its snapshot, vacuum removes no row that died since, so a queue's tables and indexes fill with
dead rows. Published comparisons of Postgres queues hold one in the same way: planetscale.com/blog/keeping-a-postgres-
queue-healthy, and docs/benchmarks.md of NikolayS/pgque.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from bench import peers
from bench.database import accept_messages, add_people, approve_messages, create_database
from bench.events import WAVE, sqs_events
from bench.processes import Beside
from bench.rounds import RoundResult
from bench.throughput import deliver, new_database

WORKERS = 2
WARM_UP = WORKERS * WAVE
OURS = f"ours, {WORKERS} workers, waves of {WAVE}"
SITUATIONS = ("alone", "transaction held", "on the dead rows of the run before")

# Runs a number of messages or jobs in a database, beside something; returns seconds.
Run = Callable[[Beside | None], float]


@dataclass(frozen=True, slots=True)
class HeldRates:
    """Messages a second of each program, by the situation; one value for each round."""

    by_situation: Mapping[str, Mapping[str, RoundResult]]

    def kept(self, name: str, situation: str) -> float:
        """The rate in a situation as a share of the rate alone."""
        return self.by_situation[situation][name].ratio_to(self.by_situation["alone"][name])


def measure_held(server: str, messages: int, rounds: int, progress: Callable[[str], None]) -> HeldRates:
    """Run `messages` in each situation: alone, beside a held transaction, and once more while it is still held."""
    programs: dict[str, Callable[[str], Run]] = {OURS: lambda url: _ours(url, messages)}
    try:
        peers.install()
        programs |= {
            "graphile-worker, no-op": lambda url: _node("graphile_worker.mjs", url, messages, CONFIG="plain"),
            "graphile-worker, no-op, local queue": lambda url: _node(
                "graphile_worker.mjs", url, messages, CONFIG="tuned"
            ),
            "pg-boss, no-op, batches of 100": lambda url: _node("pg_boss.mjs", url, messages),
            "pgqueuer, no-op, batches of 1,000": lambda url: (
                lambda beside: peers.run_python("pgqueuer_worker.py", url, messages, "work", beside)
            ),
        }
    except peers.PeersUnavailable as why:
        progress(f"without peers: {why}")
    seconds: dict[str, dict[str, list[float]]] = {name: {program: [] for program in programs} for name in SITUATIONS}
    for turn in range(rounds):
        for program, prepare in programs.items():
            progress(f"round {turn + 1} of {rounds}: {program}")
            for situation, taken in zip(SITUATIONS, _run_situations(server, program, prepare), strict=True):
                seconds[situation][program].append(taken)
    return HeldRates(
        {
            situation: {
                program: RoundResult(program, tuple(messages / taken for taken in all_taken))
                for program, all_taken in by_program.items()
            }
            for situation, by_program in seconds.items()
        }
    )


def _run_situations(server: str, program: str, prepare: Callable[[str], Run]) -> tuple[float, float, float]:
    """Seconds in each of the `SITUATIONS`; the first has a database of its own."""

    def database() -> str:
        return new_database(server) if program == OURS else create_database(server, "peer")

    alone = prepare(database())(None)
    url = database()
    run = prepare(url)
    with ExitStack() as held:
        beside_held = run(_hold(held, url))
        return alone, beside_held, run(None)


@contextmanager
def _hold(held: ExitStack, url: str) -> Iterator[None]:
    """Open the transaction when the run starts; it ends with the stack."""
    connection = held.enter_context(psycopg.connect(url))
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    # The first statement takes the snapshot.
    connection.execute("SELECT count(*) FROM pg_class")
    yield


def _ours(url: str, messages: int) -> Run:
    """Deliver to people who got nothing before; the second run is for others than the first."""
    people = iter(range(0, 1_000_000_000, messages + WARM_UP))
    add_people(url, 2 * (messages + WARM_UP))

    def run(beside: Beside | None) -> float:
        accept_messages(url, messages + WARM_UP, next(people))
        return deliver(url, sqs_events(approve_messages(url), "delivery"), WORKERS, beside)

    return run


def _node(script: str, url: str, messages: int, **variables: str) -> Run:
    return lambda beside: peers.run_node(script, url, messages, beside, **variables)
