"""The ground on which everything is measured: one durable Postgres, the same settings for all, a database for each."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from bench.workers.function import START
from orchestrator.ids import uuid7
from orchestrator.store.migrate import migrate
from orchestrator_local.postgres import embedded_postgres
from orchestrator_local.stand_ins import phones

ROOT = Path(__file__).parents[1]
# Durable, as production is: a commit has reached the disk. Memory as a small managed instance has it.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "100"}
BATCH = 10


@contextmanager
def ground() -> Iterator[str]:
    """Run it until the block ends; yields the URL of its server."""
    with (
        tempfile.TemporaryDirectory(prefix="orchestrator-bench-") as folder,
        embedded_postgres(Path(folder) / "postgres", SETTINGS) as url,
    ):
        Path(folder).chmod(0o755)
        yield url


def fresh_database(server: str, name: str) -> str:
    """An empty database; returns its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    host = psycopg.conninfo.conninfo_to_dict(server)["host"]
    return f"postgresql://postgres@/{name}?host={host}"


def migrated_database(server: str, name: str) -> str:
    """A database of ours; returns its URL."""
    url = fresh_database(server, name)
    migrate(make_conninfo(url))
    return url


def add_people(url: str, people: int) -> None:
    """People in New York, with a conversation each, `user_0` and on."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO users (phone_number, first_name, external_id, timezone)"
            " SELECT '+1212' || lpad((2000000 + n)::text, 7, '0'), 'Person', 'user_' || n, 'America/New_York'"
            " FROM generate_series(0, %s - 1) AS n",
            (people,),
        )
        connection.execute("INSERT INTO conversations (user_id, phone_number) SELECT id, phone_number FROM users")
        connection.execute("VACUUM ANALYZE users, conversations")


def message_body(number: int) -> str:
    """The body of one good message for `user_<number>`, with words of its own and nothing to wait for."""
    return json.dumps(
        {
            "messageId": str(uuid7(START)),
            "userId": f"user_{number}",
            "agentId": "bench_agent",
            "messageData": {"type": "note", "message": f"Your order {number} has left the warehouse and arrives soon"},
            "priority": "high",
            "canDelay": False,
        }
    )


def sqs_event(bodies: Sequence[str], queue: str) -> dict[str, Any]:
    """An event as Lambda's poller makes it."""
    sent = str(int(START.timestamp() * 1000))
    return {
        "Records": [
            {
                "messageId": str(uuid7(START)),
                "receiptHandle": "none",
                "body": body,
                "attributes": {"SentTimestamp": sent, "ApproximateReceiveCount": "1", "SenderId": "AIDAEXAMPLE"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
            }
            for body in bodies
        ]
    }


def batches(bodies: Sequence[str], queue: str, size: int = BATCH) -> list[dict[str, Any]]:
    """Events of `size` records each."""
    return [sqs_event(bodies[start : start + size], queue) for start in range(0, len(bodies), size)]


def accept(url: str, messages: int) -> None:
    """Accept one message for each of so many people, through the real function, in large batches."""
    bodies = [message_body(number) for number in range(messages)]
    run_workers("enqueue", url, [[sqs_event([], "enqueue"), *batches(bodies, "enqueue", 1_000)]])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE message_queue")


def approve_all(url: str) -> list[str]:
    """Hand everything over to delivery; returns the bodies that its queue gets."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "UPDATE message_queue SET status = 'approved', lease_until = %s + interval '1 day'"
            " WHERE status = 'queued' RETURNING id",
            (START,),
        ).fetchall()
        connection.execute("VACUUM ANALYZE message_queue")
    return [json.dumps({"message_id": str(message_id)}) for (message_id,) in rows]


def environment(url: str, **changes: str) -> dict[str, str]:
    """The variables of a function that is measured: queues that lead nowhere, and a sender that sends nothing."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    nowhere = {f"{name}_QUEUE_URL": f"http://127.0.0.1:9/{name.lower()}" for name in ("ENQUEUE", "DELIVERY", "URGENT")}
    return {
        **kept,
        **nowhere,
        "INBOUND_QUEUE_URL": "http://127.0.0.1:9/inbound",
        "ENQUEUE_DLQ_URL": "http://127.0.0.1:9/dead",
        "DATABASE_URL": url,
        "TWILIO_ACCOUNT_SID": phones.ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": phones.AUTH_TOKEN,
        "TWILIO_PHONE_NUMBER": phones.SENDER,
        "TWILIO_DAILY_CEILING_USD": "1000000000",
        "BRAKE_FLOOR": "1000000000",
        "SENDING": "shadow",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": str(ROOT),
        **changes,
    }


def run_workers(name: str, url: str, events: Sequence[Sequence[Mapping[str, Any]]], **changes: str) -> float:
    """Run a function in a process for each list of events, side by side; the first event of each warms it up.

    Returns:
        Seconds from the common start until the last has done its work.
    """
    with tempfile.TemporaryDirectory() as folder:
        workers = []
        for place, own in enumerate(events):
            file = Path(folder) / str(place)
            file.write_text("\n".join(json.dumps(event) for event in own))
            workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "bench.workers.function", name, str(file)],
                    env=environment(url, **changes),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        return start_together(workers)


def start_together(workers: "Sequence[subprocess.Popen[str]]") -> float:
    """Wait until all are ready, let them go, and return the seconds of the slowest.

    Raises:
        RuntimeError: one of them failed; what it said went to standard error.
    """
    for worker in workers:
        assert worker.stdout
        if worker.stdout.readline().strip() != "ready":
            raise RuntimeError(f"a worker did not get ready: {worker.args!r}")
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    seconds = []
    for worker in workers:
        said, _ = worker.communicate()
        if worker.returncode:
            raise RuntimeError(f"a worker failed: {worker.args!r}")
        seconds.append(float(said.split()[-1]))
    return max(seconds)
