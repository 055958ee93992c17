"""Prepares what is measured on: one durable Postgres server, and databases with people and messages."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from bench.events import START, message_body, sqs_event, sqs_events
from bench.processes import run_functions
from orchestrator.store.migrate import migrate
from orchestrator_local.postgres import embedded_postgres

# A commit reaches the disk, as in production; the memory is that of a small managed instance.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "100"}


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a Postgres server until the block ends; yields its URL."""
    with (
        tempfile.TemporaryDirectory(prefix="orchestrator-bench-") as folder,
        embedded_postgres(Path(folder) / "postgres", SETTINGS) as url,
    ):
        Path(folder).chmod(0o755)
        yield url


def create_database(server: str, name: str) -> str:
    """Create an empty database in place of one with this name; returns its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    host = psycopg.conninfo.conninfo_to_dict(server)["host"]
    return f"postgresql://postgres@/{name}?host={host}"


def create_migrated_database(server: str, name: str) -> str:
    """Create a database with our tables in place of one with this name; returns its URL."""
    url = create_database(server, name)
    migrate(make_conninfo(url))
    with psycopg.connect(url, autocommit=True) as connection:
        # An owner decided: no agent has an hourly limit.
        connection.execute("INSERT INTO orchestrator.agents (prefix) VALUES ('')")
    return url


def add_people(url: str, people: int) -> None:
    """Add people in New York with the external ids `user_0`, `user_1`, …, each with a conversation."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO users (phone_number, first_name, external_id, timezone)"
            " SELECT '+1212' || lpad((2000000 + n)::text, 7, '0'), 'Person', 'user_' || n, 'America/New_York'"
            " FROM generate_series(0, %s - 1) AS n",
            (people,),
        )
        connection.execute("INSERT INTO conversations (user_id, phone_number) SELECT id, phone_number FROM users")
        connection.execute("VACUUM ANALYZE users, conversations")


def accept_messages(url: str, messages: int, first: int = 0) -> None:
    """Accept one message for each of this many people, from `user_<first>` on, in batches of 1,000."""
    bodies = [message_body(number) for number in range(first, first + messages)]
    run_functions("enqueue", url, [[sqs_event([], "enqueue"), *sqs_events(bodies, "enqueue", 1_000)]])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE message_queue")


def approve_messages(url: str) -> list[str]:
    """Mark all queued messages as handed over; returns the bodies that the delivery queue would get."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "UPDATE message_queue SET status = 'approved', lease_until = %s + interval '1 day'"
            " WHERE status = 'queued' RETURNING id",
            (START,),
        ).fetchall()
        connection.execute("VACUUM ANALYZE message_queue")
    return [json.dumps({"message_id": str(message_id)}) for (message_id,) in rows]
