"""Measures the dispatcher: claiming due messages beside millions of waiting rows, and one tick with a backlog."""

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from unittest import mock

import psycopg

from bench.database import add_people, create_migrated_database
from bench.events import START
from bench.processes import function_environment
from orchestrator.messages import Lane
from orchestrator.store import schedule
from orchestrator.store.database import connect

CLAIMED = 100

# Ids are in the order of time, as clients make them.
_ADD_MESSAGES = """
INSERT INTO message_queue (id, user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at,
                           created_at, published_at, expires_at, can_delay, reason, words_source)
SELECT uuidv7(), u.id, 'bench', '{"type": "note", "message": "Hello"}', %(first)s + n * %(step)s, 'high', %(status)s,
       %(now)s, %(now)s - n * interval '1 second', %(now)s, %(now)s + interval '7 days', true, 'best_time', NULL
  FROM generate_series(1, %(rows)s) AS n
  JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM users) u ON u.place = n %% %(people)s + 1
"""
_PEOPLE = 10_000


def measure_claims(
    server: str, sizes: tuple[int, ...], finished: int, repeats: int, progress: Callable[[str], None]
) -> dict[str, float]:
    """Measure claiming `CLAIMED` due messages.

    Args:
        server: the Postgres server.
        sizes: how many other messages wait, in rising order; each size is measured.
        finished: how many ended messages are added for a last measure; 0 for none.
        repeats: claims for each measure.
        progress: is called with each step.

    Returns:
        The median in milliseconds for each number of rows.
    """
    url = create_migrated_database(server, "claims")
    add_people(url, _PEOPLE)
    found: dict[str, float] = {}
    rows = 0
    for size in sizes:
        progress(f"filling up to {size:,} waiting rows")
        _add_messages(url, size - rows, "queued", START + timedelta(days=1))
        rows = size
        found[f"{size:,} waiting"] = _claim_median(url, repeats)
    if finished:
        progress(f"adding {finished:,} finished rows")
        _add_messages(url, finished, "sent", START - timedelta(days=30))
        found[f"{rows:,} waiting, {finished:,} finished"] = _claim_median(url, repeats)
    return found


def prepare_backlog(server: str, due: int) -> str:
    """Make a database with messages that are due; returns its URL."""
    url = create_migrated_database(server, "backlog")
    add_people(url, _PEOPLE)
    _add_messages(url, due, "queued", START - timedelta(hours=1), timedelta(milliseconds=10))
    return url


def run_tick(url: str) -> tuple[float, int]:
    """Run one tick of `dispatch`; SQS is replaced by a call that returns at once.

    Returns:
        Seconds, and how many messages it handed over.
    """
    from orchestrator.delivery.dispatch import dispatch
    from orchestrator.settings import DispatchSettings, load

    settings = load(DispatchSettings, function_environment(url, SENDER_MESSAGES_PER_SECOND="1000000"))
    # Only our own part is measured.
    with mock.patch("orchestrator.delivery.handover.send_all", return_value={}), connect(url) as connection:
        started = time.perf_counter()
        report = dispatch(connection, settings, lambda: START)
        return time.perf_counter() - started, report.handed_over.total()


def _add_messages(url: str, rows: int, status: str, first: object, step: timedelta = timedelta(milliseconds=1)) -> None:
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
            connection.execute(_ADD_MESSAGES.encode(), values)
        connection.execute("VACUUM ANALYZE message_queue")


def _claim_median(url: str, repeats: int) -> float:
    """Make `CLAIMED` messages due and claim them, `repeats` times after a warm-up; returns the median milliseconds."""
    milliseconds = []
    with connect(url) as connection:
        for turn in range(repeats + 1):
            connection.execute(
                "UPDATE message_queue SET scheduled_for = %s WHERE id IN"
                " (SELECT id FROM message_queue"
                "   WHERE status = 'queued' AND accepted_at IS NOT NULL AND priority = 'high'"
                "   ORDER BY scheduled_for LIMIT %s)",
                (START, CLAIMED),
            )
            started = time.perf_counter()
            claimed = schedule.claim_due(
                connection, Lane.HIGH, START, START + timedelta(seconds=150), START + timedelta(minutes=15), None, 1_000
            )
            milliseconds.append((time.perf_counter() - started) * 1000)
            assert len(claimed) == CLAIMED, f"{len(claimed)} claimed in turn {turn}"
            schedule.put_back(connection, [message.message_id for message in claimed])
            connection.execute(
                "UPDATE message_queue SET scheduled_for = %s WHERE id = ANY (%s)",
                (START + timedelta(days=2), [message.message_id for message in claimed]),
            )
    return median(milliseconds[1:])
