"""Counts the database round trips of a message, from the queue to the phone, on the wire."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bench.database import add_people, approve_messages, create_migrated_database
from bench.dispatcher import prepare_backlog, run_tick
from bench.events import message_body, sqs_event, sqs_events
from bench.processes import run_functions
from tests.postgres_proxy import RoundTrips, counting_proxy

BATCH = 10


def count_round_trips(server: str, messages: int) -> float:
    """Accept, hand over and deliver messages in batches of `BATCH`; returns the round trips of one."""
    # The proxy reports connections that are open when it ends.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    url = create_migrated_database(server, "round_trips")
    add_people(url, messages + BATCH)
    bodies = [message_body(number) for number in range(messages + BATCH)]
    with counting_proxy(url) as (through, count):
        enqueued: list[int] = []
        delivered: list[int] = []
        accepted = [sqs_event([], "enqueue"), *sqs_events(bodies, "enqueue", BATCH)]
        run_functions("enqueue", through, [accepted], _counted(count, enqueued))
        approved = sqs_events(approve_messages(url), "delivery", BATCH)
        run_functions("deliver", through, [approved], _counted(count, delivered))
    with counting_proxy(prepare_backlog(server, messages)) as (through, count):
        run_tick(through)
    return enqueued[0] / (messages + BATCH) + delivered[0] / messages + count.count / messages


@contextmanager
def _counted(count: RoundTrips, found: list[int]) -> Iterator[None]:
    before = count.count
    yield
    found.append(count.count - before)
