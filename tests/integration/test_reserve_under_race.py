"""Limits hold exactly, however many workers run (G1).

`RACE_WORKERS` says how many: 20, or 50 (CI).
"""

import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.errors import QueryCanceled
from pydantic import SecretStr

from orchestrator.delivery.attempts import prepare_sends
from orchestrator.delivery.deliver import deliver
from orchestrator.jurisdictions import read_law
from orchestrator.rules.decision_values import Send
from orchestrator.rules.wave import decide_wave
from orchestrator.settings import DeliverSettings, load
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.sms.prices import price
from orchestrator.sms.sender import HasTime, Sender, Sms
from orchestrator.store.database import Database, connect
from orchestrator.store.delivery import read_state, reserve_wave
from orchestrator.store.wave_plan import WavePlan
from orchestrator.wording.render import Words
from tests.world import PATIENCE_SECONDS, World

WORKERS = int(os.environ.get("RACE_WORKERS", "20"))
LATE_WORKERS = WORKERS // 5
EARLY_TEXTS = 2 * (WORKERS - LATE_WORKERS)


class CountingSender:
    """Accepts everything and counts it."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self._lock = threading.Lock()

    def send_wave(self, texts: Sequence[Sms], has_time: HasTime = lambda: True) -> list[Outcome]:  # noqa: ARG002
        with self._lock:
            self.sent.update(text.body for text in texts)
            return [Outcome(OutcomeKind.ACCEPTED, sid=f"SM{len(self.sent):032}") for _ in texts]

    def fingerprint(self, sms: Sms) -> str:
        return sms.body


class HoldingSender(CountingSender):
    """Accepts and counts everything, and keeps its answers back until it lets go."""

    def __init__(self) -> None:
        super().__init__()
        self.lets_go = threading.Event()

    def send_wave(self, texts: Sequence[Sms], has_time: HasTime = lambda: True) -> list[Outcome]:
        outcomes = super().send_wave(texts, has_time)
        assert self.lets_go.wait(PATIENCE_SECONDS)
        return outcomes


def approved(connection: Connection, user_id: UUID, count: int, now: datetime) -> list[UUID]:
    """Messages that a dispatcher has handed over."""
    rows = connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at,"
        "                           expires_at, lease_until)"
        " SELECT %(user)s, 'race', jsonb_build_object('type', 'note', 'message', gen_random_uuid()::text), %(now)s, 'high', 'approved',"
        "        %(now)s, %(now)s + interval '1 day', %(now)s + interval '15 minutes'"
        " FROM generate_series(1, %(count)s) n RETURNING id",
        {"user": user_id, "now": now, "count": count},
    ).fetchall()
    return [message_id for (message_id,) in rows]


def race_batches(connection: Connection, user_id: UUID, now: datetime) -> tuple[list[list[UUID]], list[list[UUID]]]:
    """Two approved messages for each worker, which sends them in one wave: of the early ones, and of the late ones."""
    messages = approved(connection, user_id, 2 * WORKERS, now)
    batches = [messages[start : start + 2] for start in range(0, len(messages), 2)]
    return batches[:-LATE_WORKERS], batches[-LATE_WORKERS:]


# Connections that earlier races gave back: a new session reads the catalog and plans for longer than a race takes.
_idle: defaultdict[str, list[Database]] = defaultdict(list)


def run_workers(database_url: str, batches: list[list[UUID]], sender: Sender, now: datetime) -> None:
    """Deliver every batch with a worker and a connection of its own, all at once."""
    settings = load(DeliverSettings)
    start = threading.Barrier(len(batches))
    failures: list[BaseException] = []

    def work(batch: list[UUID]) -> None:
        try:
            try:
                database = _idle[database_url].pop()
            except IndexError:
                database = Database(settings.model_copy(update={"database_url": SecretStr(database_url)}))
            database.prepare()
            start.wait()
            while batch:
                try:
                    batch = deliver(database, batch, sender, settings, lambda: now).undecided
                except QueryCanceled:  # fifty waited for one lock on a busy machine: the batch comes again
                    database.prepare()
            _idle[database_url].append(database)
        except BaseException as error:  # noqa: BLE001  (shown in the test's own thread)
            failures.append(error)

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_workers_send_exactly_the_daily_limit(world: World, database_url: str) -> None:
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


def test_workers_send_exactly_the_hourly_limit(world: World, database_url: str) -> None:
    ada = world.person(daily_limit=100, hourly_limit=2)
    messages = approved(world.connection, ada, 100, world.now)
    sender = CountingSender()
    run_workers(database_url, [messages[start::WORKERS] for start in range(WORKERS)], sender, world.now)
    assert sender.sent.total() == 2


def test_the_same_record_many_times_at_once_is_one_text(world: World, database_url: str) -> None:
    ada = world.person()
    messages = approved(world.connection, ada, 1, world.now)
    sender = CountingSender()
    run_workers(database_url, [messages] * WORKERS, sender, datetime(2026, 3, 3, 15, tzinfo=UTC))
    assert sender.sent.total() == 1


def test_nothing_is_reserved_once_a_stop_has_been_taken_in(world: World, database_url: str) -> None:
    """Most workers are at Twilio when STOP comes; the others wait beside it for the lock that a reservation takes.

    Each reservation comes wholly before the STOP, or not at all.
    """
    ada = world.person(daily_limit=10_000, hourly_limit=10_000)
    early, late = race_batches(world.connection, ada, world.now)
    sender = HoldingSender()

    def stop() -> set[UUID]:
        world.writes("STOP")
        return {attempt for (attempt,) in world.all("SELECT id FROM orchestrator.attempts")}

    with ThreadPoolExecutor(3) as pool, connect(database_url) as other:
        first = pool.submit(run_workers, database_url, early, sender, world.now)
        while sender.sent.total() < EARLY_TEXTS and not first.done():
            time.sleep(0.005)
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM users WHERE id = %s FOR NO KEY UPDATE", (ada,))
        stopping = pool.submit(stop)
        assert world.has_waiting_sessions(1), "a STOP takes the lock that a reservation takes"
        second = pool.submit(run_workers, database_url, late, sender, world.now)
        assert world.has_waiting_sessions(1 + len(late)), "so does each of the workers"
        other.execute("COMMIT")
        reserved_before = stopping.result()
        sender.lets_go.set()
        first.result()
        second.result()
    after = {attempt for (attempt,) in world.all("SELECT id FROM orchestrator.attempts")}
    assert after == reserved_before
    assert (len(after), sender.sent.total()) == (EARLY_TEXTS, EARLY_TEXTS)
    ends = dict(world.all("SELECT status, count(*) FROM message_queue GROUP BY 1"))
    assert ends == {"sent": EARLY_TEXTS, "cancelled": 2 * LATE_WORKERS}


def test_workers_never_exceed_the_ceilings_of_activity(world: World, database_url: str) -> None:
    """Three texts on one inbound text, six in any hour, twelve in a local day (R4), however many workers run."""
    ada = world.person(hourly_limit=0, timezone="America/New_York")
    sender = CountingSender()
    went = []
    for minutes, waiting in ((0, 16), (15, 2), (15, 16), (15, 16), (90, 16), (15, 2), (90, 16), (90, 16)):
        world.wait(minutes=minutes)
        world.says(ada, f"And at {world.now:%H:%M}?")
        messages = approved(world.connection, ada, waiting, world.now)
        before = sender.sent.total()
        run_workers(database_url, [messages[start::8] for start in range(min(8, waiting))], sender, world.now)
        went.append(sender.sent.total() - before)
    assert went == [3, 2, 1, 0, 3, 2, 1, 0]


def test_workers_share_the_limit_of_people_who_share_a_phone(world: World, database_url: str) -> None:
    ada, ben = world.person(hourly_limit=2), world.person("ben", phone="+12125550102", hourly_limit=2)
    world.connection.execute("UPDATE users SET phone_number = '(212) 555-0101' WHERE id = %s", (ben,))
    messages = [
        message
        for pair in zip(
            approved(world.connection, ada, 40, world.now), approved(world.connection, ben, 40, world.now), strict=True
        )
        for message in pair
    ]
    sender = CountingSender()
    run_workers(database_url, [messages[start::20] for start in range(20)], sender, world.now)
    assert sender.sent.total() == 2


def test_workers_pass_a_ceiling_by_one_wave_each_at_most(
    world: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_DAILY_CEILING_USD", "0.02")
    batches: list[list[UUID]] = [[] for _ in range(WORKERS)]
    for number in range(WORKERS):
        person = world.person(f"p{number}", phone=f"+121255501{number:02}", daily_limit=50, hourly_limit=50)
        for place, message_id in enumerate(approved(world.connection, person, 4, world.now)):
            batches[(number + place) % WORKERS].append(message_id)
    sender = CountingSender()
    run_workers(database_url, batches, sender, world.now)
    one_wave = 4
    assert 2 <= sender.sent.total() <= 2 + WORKERS * one_wave
    assert sender.sent.total() < 4 * WORKERS, "each worker's second wave found the ceiling reached"
    assert world.all("SELECT twilio_usd FROM orchestrator.daily_spending()") == [
        (sender.sent.total() * price(1, "US"),)
    ]
    later = approved(world.connection, person, 4, world.now)
    run_workers(database_url, [later], sender, world.now)
    assert world.all("SELECT DISTINCT status, reason FROM message_queue WHERE id = ANY (%s)", later) == [
        ("queued", "paused")
    ]


def test_no_wave_waits_for_anothers_spending(world: World, database_url: str) -> None:
    """The first wave has reserved and not committed yet; a second one, to another person, ends meanwhile."""
    settings = load(DeliverSettings)
    ada, ben = world.person(), world.person("ben", phone="+12125550102")
    first, second = approved(world.connection, ada, 1, world.now), approved(world.connection, ben, 1, world.now)
    with connect(database_url) as blocker:
        blocker.autocommit = False
        state = read_state(blocker, first, settings.agent_start_limit, world.now, names_sender=False)
        decisions = decide_wave(state.deliveries, settings, read_law(), world.now)
        sendable = [(d, found) for d in state.deliveries if isinstance(found := decisions[d.message_id], Send)]
        words = {d.message_id: Words("Hello", "verbatim") for d in state.deliveries}
        sends, _ = prepare_sends(sendable, words, CountingSender(), settings, world.now)
        plan = WavePlan([], [], [], [], [send.candidate for send in sends])
        assert len(reserve_wave(blocker, plan, settings, 500.0, 1500.0, world.now).attempts) == 1
        sender = CountingSender()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(run_workers, database_url, [second], sender, world.now).result(PATIENCE_SECONDS)
        assert sender.sent.total() == 1
        blocker.rollback()
