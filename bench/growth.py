"""How the database grows, and how much of it is dead, over many messages that go all the way, with autovacuum as configured."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from bench.database import add_people, approve_all, batches, message_body, migrated_database, run_workers, sqs_event

STEP = 50_000
TABLES = ("message_queue", "messages", "orchestrator.attempts", "orchestrator.timeline", "user_message_budget")


def growth(server: str, messages: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Send so many, in steps; returns bytes for each message and dead rows, by table."""
    url = migrated_database(server, "growth")
    add_people(url, STEP)
    started = time.monotonic()
    for done in range(0, messages, STEP):
        say(f"{done:,} of {messages:,} messages")
        number = min(STEP, messages - done)
        bodies = [message_body(place) for place in range(number)]
        run_workers("enqueue", url, [[sqs_event([], "enqueue"), *batches(bodies, "enqueue", 1_000)]])
        events = batches(approve_all(url), "delivery", 50)
        run_workers("deliver", url, [events[::2], events[1::2]], HOURLY_LIMIT="1000000", DAILY_LIMIT="1000000")
    minutes = (time.monotonic() - started) / 60
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        facts: dict[str, Any] = {"all the way": f"{messages:,} messages in {minutes:.1f} minutes"}
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
    facts["the database in all"] = f"{size / messages:,.0f} bytes a message"
    return facts
