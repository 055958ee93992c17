"""Measures the size of the database and its dead rows after many messages were accepted and sent, under autovacuum."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from bench.database import add_people, approve_messages, create_migrated_database
from bench.events import message_body, sqs_event, sqs_events
from bench.processes import run_functions

STEP = 50_000
TABLES = ("message_queue", "messages", "orchestrator.attempts", "orchestrator.timeline", "user_message_budget")


def measure_growth(server: str, messages: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Accept and send messages in steps of `STEP`; returns bytes a message and dead rows, by table."""
    url = create_migrated_database(server, "growth")
    add_people(url, STEP)
    started = time.monotonic()
    for done in range(0, messages, STEP):
        progress(f"{done:,} of {messages:,} messages")
        bodies = [message_body(number) for number in range(min(STEP, messages - done))]
        run_functions("enqueue", url, [[sqs_event([], "enqueue"), *sqs_events(bodies, "enqueue", 1_000)]])
        events = sqs_events(approve_messages(url), "delivery")
        run_functions("deliver", url, [events[::2], events[1::2]], HOURLY_LIMIT="1000000", DAILY_LIMIT="1000000")
    minutes = (time.monotonic() - started) / 60
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        facts: dict[str, Any] = {"accepted and sent": f"{messages:,} messages in {minutes:.1f} minutes"}
        for table in TABLES:
            size, dead, live, vacuums = connection.execute(
                "SELECT pg_total_relation_size(relid), n_dead_tup, n_live_tup, autovacuum_count"
                " FROM pg_stat_user_tables WHERE relid = to_regclass(%s)",
                (table,),
            ).fetchone() or (0, 0, 0, 0)
            facts[table] = (
                f"{size / messages:,.0f} bytes a message, {dead / max(live, 1):.1%} dead, {vacuums} autovacuums"
            )
        (hot, updates) = connection.execute(
            "SELECT n_tup_hot_upd, n_tup_upd FROM pg_stat_user_tables WHERE relname = 'message_queue'"
        ).fetchone() or (0, 1)
        (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    facts["HOT updates of message_queue"] = f"{hot / max(updates, 1):.0%} of {updates / messages:.1f} for each message"
    facts["the whole database"] = f"{size / messages:,.0f} bytes a message"
    return facts
