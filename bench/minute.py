"""The dispatcher's minute: a claim beside ever more waiting rows, and a tick that finds 100,000 due."""

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from unittest import mock

import psycopg

from bench.database import add_people, environment, migrated_database
from bench.workers.function import START
from orchestrator.messages import Lane
from orchestrator.store import schedule
from orchestrator.store.database import connect

CLAIMED = 100
DUE = 100_000

# Ids as clients make them: in the order of time.
_FILL = """
INSERT INTO message_queue (id, user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at, created_at,
                           published_at, expires_at, can_delay, reason, words_source)
SELECT uuidv7(), u.id, 'bench', '{"type": "note", "message": "Hello"}', %(first)s + n * %(step)s, 'high', %(status)s, %(now)s,
       %(now)s - n * interval '1 second', %(now)s, %(now)s + interval '7 days', true, 'best_time', NULL
  FROM generate_series(1, %(rows)s) AS n
  JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM users) u ON u.place = n %% %(people)s + 1
"""
_PEOPLE = 10_000


def claims(
    server: str, sizes: tuple[int, ...], finished: int, repeats: int, say: Callable[[str], None]
) -> dict[str, float]:
    """Milliseconds to claim 100 due messages, with so many others waiting, and with finished rows beside them."""
    url = migrated_database(server, "claims")
    add_people(url, _PEOPLE)
    found: dict[str, float] = {}
    there = 0
    for size in sizes:
        say(f"filling up to {size:,} waiting rows")
        _fill(url, size - there, "queued", START + timedelta(days=1))
        there = size
        found[f"{size:,} waiting"] = _claim(url, repeats)
    if finished:
        say(f"adding {finished:,} finished rows")
        _fill(url, finished, "sent", START - timedelta(days=30))
        found[f"{there:,} waiting, {finished:,} finished"] = _claim(url, repeats)
    return found


def tick_with_backlog(server: str, due: int = DUE) -> tuple[float, int]:
    """Seconds in which `dispatch` hands over a backlog, to a queue that takes everything at once; and how many."""
    from orchestrator.delivery.dispatch import dispatch
    from orchestrator.settings import DispatchSettings, load

    url = migrated_database(server, "backlog")
    add_people(url, _PEOPLE)
    _fill(url, due, "queued", START - timedelta(hours=1), timedelta(milliseconds=10))
    settings = load(DispatchSettings, environment(url, SENDER_MESSAGES_PER_SECOND="1000000"))
    # The queue is AWS's; what is measured is what is ours.
    with mock.patch("orchestrator.delivery.handover.send_all", return_value={}), connect(url) as connection:
        started = time.perf_counter()
        report = dispatch(connection, settings, lambda: START)
        return time.perf_counter() - started, report.handed_over.total()


def _fill(url: str, rows: int, status: str, first: object, step: timedelta = timedelta(milliseconds=1)) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for start in range(0, rows, 500_000):
            values = {
                "rows": min(500_000, rows - start),
                "people": _PEOPLE,
                "now": START,
                "first": first,
                "step": step,
                "status": status,
            }
            connection.execute(_FILL.encode(), values)
        connection.execute("VACUUM ANALYZE message_queue")


def _claim(url: str, repeats: int) -> float:
    milliseconds = []
    with connect(url) as connection:
        for turn in range(repeats + 1):
            connection.execute(
                "UPDATE message_queue SET scheduled_for = %s WHERE id IN"
                " (SELECT id FROM message_queue WHERE status = 'queued' AND accepted_at IS NOT NULL AND priority = 'high'"
                "  ORDER BY scheduled_for LIMIT %s)",
                (START, CLAIMED),
            )
            started = time.perf_counter()
            taken = schedule.claim_due(
                connection, Lane.HIGH, START, START + timedelta(seconds=150), START + timedelta(minutes=15), None, 1_000
            )
            milliseconds.append((time.perf_counter() - started) * 1000)
            assert len(taken) == CLAIMED, f"{len(taken)} claimed in turn {turn}"
            schedule.put_back(connection, [message.message_id for message in taken])
            connection.execute(
                "UPDATE message_queue SET scheduled_for = %s WHERE id = ANY (%s)",
                (START + timedelta(days=2), [message.message_id for message in taken]),
            )
    return median(milliseconds[1:])
