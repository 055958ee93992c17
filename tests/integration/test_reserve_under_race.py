"""Limits hold exactly, however many workers run (G1)."""

import gc
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from psycopg import Connection
from pydantic import SecretStr

from orchestrator.delivery.deliver import deliver
from orchestrator.settings import DeliverSettings, load
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.sms.sender import Sender, Sms
from orchestrator.store.database import Database
from tests.world import World

WORKERS = 50


class CountingSender:
    """Accepts everything and counts it."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self._lock = threading.Lock()

    def send_wave(self, texts: Sequence[Sms]) -> list[Outcome]:
        with self._lock:
            self.sent.update(text.body for text in texts)
            return [Outcome(OutcomeKind.ACCEPTED, sid=f"SM{len(self.sent):032}") for _ in texts]

    def fingerprint(self, sms: Sms) -> str:
        return sms.body


def approved(connection: Connection, user_id: UUID, count: int, now: datetime) -> list[UUID]:
    """Messages that a dispatcher has handed over."""
    rows = connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at,"
        "                           expires_at, lease_until)"
        " SELECT %(user)s, 'race', jsonb_build_object('type', 'note', 'message', n::text), %(now)s, 'high', 'approved',"
        "        %(now)s, %(now)s + interval '1 day', %(now)s + interval '15 minutes'"
        " FROM generate_series(1, %(count)s) n RETURNING id",
        {"user": user_id, "now": now, "count": count},
    ).fetchall()
    return [message_id for (message_id,) in rows]


def run_workers(database_url: str, batches: list[list[UUID]], sender: Sender, now: datetime) -> None:
    """Deliver every batch with a worker and a connection of its own, all at once."""
    settings = load(DeliverSettings)
    start = threading.Barrier(len(batches))
    failures: list[BaseException] = []

    def work(batch: list[UUID]) -> None:
        try:
            database = Database(settings.model_copy(update={"database_url": SecretStr(database_url)}))
            start.wait()
            while batch := deliver(database, batch, sender, settings, lambda: now).undecided:
                pass
        except BaseException as error:  # noqa: BLE001  (shown in the test's own thread)
            failures.append(error)

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()  # closes the workers' connections
    assert failures == []


def test_fifty_workers_send_exactly_the_daily_limit(world: World, database_url: str) -> None:
    ada = world.person(daily_limit=10, hourly_limit=500)
    messages = approved(world.connection, ada, 200, world.now)
    sender = CountingSender()
    run_workers(database_url, [messages[start::WORKERS] for start in range(WORKERS)], sender, world.now)
    assert sender.sent.total() == 10
    assert max(sender.sent.values()) == 1
    assert world.all("SELECT status, reason, count(*) FROM message_queue GROUP BY 1, 2 ORDER BY 1") == [
        ("queued", "daily_limit", 190),
        ("sent", None, 10),
    ]
    assert world.all("SELECT messages_sent FROM user_message_budget ORDER BY date DESC LIMIT 1") == [(10,)]


def test_fifty_workers_send_exactly_the_hourly_limit(world: World, database_url: str) -> None:
    ada = world.person(daily_limit=100, hourly_limit=2)
    messages = approved(world.connection, ada, 100, world.now)
    sender = CountingSender()
    run_workers(database_url, [messages[start::WORKERS] for start in range(WORKERS)], sender, world.now)
    assert sender.sent.total() == 2


def test_the_same_record_fifty_times_at_once_is_one_text(world: World, database_url: str) -> None:
    ada = world.person()
    messages = approved(world.connection, ada, 1, world.now)
    sender = CountingSender()
    run_workers(database_url, [messages] * WORKERS, sender, datetime(2026, 3, 3, 15, tzinfo=UTC))
    assert sender.sent.total() == 1


def test_nothing_is_reserved_once_a_stop_has_been_taken_in(world: World, database_url: str) -> None:
    """Fifty workers send while STOP comes through the webhook: each reservation comes wholly before it, or not at all."""
    ada = world.person(daily_limit=10_000, hourly_limit=10_000)
    messages = approved(world.connection, ada, 400, world.now)
    sender = CountingSender()
    reserved_before: list[set[UUID]] = []

    def stop() -> None:
        while not sender.sent:
            time.sleep(0.001)
        world.writes("STOP")
        rows = world.all("SELECT id FROM orchestrator.attempts")
        reserved_before.append({attempt for (attempt,) in rows})

    stopping = threading.Thread(target=stop)
    stopping.start()
    run_workers(database_url, [messages[start::WORKERS] for start in range(WORKERS)], sender, world.now)
    stopping.join()
    after = {attempt for (attempt,) in world.all("SELECT id FROM orchestrator.attempts")}
    assert after == reserved_before[0]
    assert 0 < len(after) < 400
    statuses = dict(world.all("SELECT status, count(*) FROM message_queue GROUP BY 1"))
    assert statuses == {"sent": len(after), "cancelled": 400 - len(after)}
