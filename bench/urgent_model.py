"""Computes how long an urgent message waits beside a bulk run on a model of SQS, from times that are measured here.

The queue is the model of `fair_queue.py`, and its clock is virtual. What a batch takes is measured: three processes of
the enqueue function side by side on this machine's Postgres. What follows (the urgent queue, `deliver`, the call to
Twilio) is the 99th percentile that was measured on the idle local stack, for each message.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import quantiles

from rich.console import Console

from bench.database import add_people, create_migrated_database
from bench.events import message_body, sqs_event, sqs_events
from bench.fair_queue import FairQueue, QueuedMessage
from bench.processes import run_functions
from bench.report import Report
from orchestrator.fair_groups import group_of_lane
from orchestrator.messages import Lane

WORKERS = 3
BULK_MESSAGES = 50_000
# Seconds between a worker's answer and its next batch: one receive of SQS and one invocation.
RECEIVE_SECONDS = 0.02
URGENT_A_SECOND = 5.0
# How fast the bulk runs are published, in messages a second: SQS's 3,000 batches of ten are not reached by a process.
PUBLISHED_A_SECOND = 10_000.0
_SEED = 7


@dataclass(frozen=True, slots=True)
class Scenario:
    """How publishers group their messages, how many publish bulk, and the batch of the event source mapping.

    Attributes:
        group_of: the group of a message, by its agent, lane and number.
        urgent_first: whether the urgent part of a batch is handed over before the rest is stored.
    """

    name: str
    group_of: Callable[[str, str, int], str | None]
    batch: int
    agents: int = 1
    urgent_first: bool = True


def _by_person(_agent: str, _lane: str, number: int) -> str:
    return f"person {number}"


def _by_agent(agent: str, lane: str, _number: int) -> str:
    return f"{agent} {lane}"


def _as_published(agent: str, lane: str, _number: int) -> str:
    return group_of_lane(agent, Lane(lane))


SCENARIOS = (
    Scenario("a group for each person, batches of 10", _by_person, 10),
    Scenario("a group for each agent and lane, twelve bulk runs", _by_agent, 10, agents=12),
    Scenario("ours: one bulk run, batches of 10", _as_published, 10),
    Scenario("ours: twelve bulk runs, batches of 10", _as_published, 10, agents=12),
    Scenario("ours: one bulk run, batches of 1,000", _as_published, 1_000),
    Scenario("the same, urgent parts not stored first", _as_published, 1_000, urgent_first=False),
)


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds from publishing an urgent message to the call to Twilio: the median and the 99th percentile."""

    median_ms: float
    p99_ms: float


def measure_batches(server: str, batches: int) -> dict[int, float]:
    """Seconds of one batch of the enqueue function, by its size, while three processes work side by side."""
    return {size: _seconds_of_batch(server, size, batches) for size in (1, 10, 1_000)}


def _seconds_of_batch(server: str, size: int, batches: int) -> float:
    url = create_migrated_database(server, f"urgent_{size}")
    messages = size * batches * WORKERS
    add_people(url, messages)
    events = sqs_events([message_body(number) for number in range(messages)], "enqueue", size)
    own = [[sqs_event([], "enqueue"), *events[place::WORKERS]] for place in range(WORKERS)]
    return run_functions("enqueue", url, own) / batches


def compute_waits(scenario: Scenario, seconds: Mapping[int, float], after_ms: float) -> Waits:
    """Publish bulk runs and urgent messages, and let three workers take them.

    Args:
        seconds: of one batch, by its size.
        after_ms: from the hand-over to the call to Twilio.
    """
    queue = FairQueue()
    publications = _publications(scenario)
    urgent: dict[int, float] = {}
    waits: list[float] = []
    free: list[tuple[float, int, list[QueuedMessage]]] = [(0.0, worker, []) for worker in range(WORKERS)]
    while publications or free:
        now, worker, done = heapq.heappop(free)
        queue.delete(done, now)
        while publications and publications[-1][0] <= now:
            at, agent, lane, number = publications.pop()
            message = queue.send(at, scenario.group_of(agent, lane, number))
            if lane == "urgent":
                urgent[message.number] = at
        batch = queue.receive(now, scenario.batch)
        if not batch:
            if publications:
                heapq.heappush(free, (max(publications[-1][0], now), worker, []))
            continue
        took = RECEIVE_SECONDS + _seconds_of(len(batch), seconds)
        first = [message for message in batch if message.number in urgent]
        in_time = RECEIVE_SECONDS + _seconds_of(len(first), seconds) if scenario.urgent_first else took
        waits += [now + min(in_time, took) - urgent[message.number] for message in first]
        heapq.heappush(free, (now + took, worker, batch))
    cuts = quantiles(waits, n=100)
    return Waits(cuts[49] * 1000 + after_ms, cuts[98] * 1000 + after_ms)


def _publications(scenario: Scenario) -> list[tuple[float, str, str, int]]:
    """What is published: time, agent, lane and number; the last comes first."""
    dice = random.Random(_SEED)
    bulk = [
        (number / PUBLISHED_A_SECOND, f"bulk {number % scenario.agents}", "high", number)
        for number in range(BULK_MESSAGES)
    ]
    urgent: list[tuple[float, str, str, int]] = []
    at = 0.0
    while at < BULK_MESSAGES / PUBLISHED_A_SECOND:
        at += dice.expovariate(URGENT_A_SECOND)
        urgent.append((at, "system", "urgent", BULK_MESSAGES + len(urgent)))
    return sorted([*bulk, *urgent], reverse=True)


def _seconds_of(messages: int, seconds: Mapping[int, float]) -> float:
    """The time of a batch: between the measured sizes as their lines run."""
    if messages == 0:
        return 0.0
    sizes = sorted(seconds)
    below = max(size for size in sizes if size <= messages)
    above = min((size for size in sizes if size >= messages), default=below)
    if below == above:
        return seconds[below]
    share = (messages - below) / (above - below)
    return seconds[below] + share * (seconds[above] - seconds[below])


def add_urgent_model(report: Report, server: str, after_ms: float, console: Console, *, quick: bool) -> None:
    """Measure batches, compute the waits of each scenario, and report both with the budget.

    Args:
        after_ms: from the hand-over to the call to Twilio.
    """
    seconds = measure_batches(server, 3 if quick else 20)
    waits = {scenario.name: compute_waits(scenario, seconds, after_ms) for scenario in SCENARIOS}
    facts = {f"a batch of {size:,}, measured": f"{took * 1000:.0f} ms" for size, took in seconds.items()}
    facts |= {
        name: f"half within {found.median_ms:,.0f} ms, 99 % within {found.p99_ms:,.0f} ms"
        for name, found in waits.items()
    }
    report.add_facts("Urgent beside 50,000 bulk messages, computed on a model of SQS, 3 workers", facts, console)
    worst = max(waits[scenario.name].p99_ms for scenario in SCENARIOS if scenario.name.startswith("ours"))
    report.measure("urgent_on_model", worst)
