"""Batches that are accepted at the same moment add the same budget rows, in one order."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg

from orchestrator.rules.reasons import Status
from orchestrator.store.database import columns, sql
from orchestrator.store.intake import AcceptedMessage
from tests.world import PATIENCE_SECONDS, World


def test_two_batches_of_the_same_people_never_wait_for_each_other(world: World, database_url: str) -> None:
    world.connection.execute(
        "INSERT INTO users (phone_number) SELECT '+1646555' || lpad(n::text, 4, '0') FROM generate_series(1, 300) AS n"
    )
    people = [person for (person,) in world.all("SELECT id FROM users")]
    failures: list[Exception] = []
    today = world.now.date()

    def days_of(order: Sequence[UUID]) -> dict[str, object]:
        people = [person for person in order for _ in range(2)]
        days = [today, today - timedelta(days=1)] * len(order)
        return {"people": people, "days": days, "daily_limit": 10, "hourly_limit": 2, "now": world.now}

    def accept(order: Sequence[UUID]) -> None:
        rows = [accepted_for(person, world.now) for person in order]
        with psycopg.connect(database_url, autocommit=True) as connection:
            together.wait(PATIENCE_SECONDS)
            try:
                connection.execute(
                    sql("insert_messages"), {**columns(rows, *AcceptedMessage.__slots__), **days_of(order)}
                )
            except psycopg.Error as error:
                failures.append(error)

    for _ in range(3):
        world.connection.execute("DELETE FROM user_message_budget")
        together = threading.Barrier(2)
        orders = (people, people[::-1])
        workers = [threading.Thread(target=accept, args=(order,)) for order in orders]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert failures == []
    assert world.all("SELECT count(*) FROM user_message_budget") == [(600,)], "of two dates for each"


def accepted_for(person: UUID, now: datetime) -> AcceptedMessage:
    """A message as acceptance makes it, of a person whose date is the day before."""
    return AcceptedMessage(
        message_id=uuid4(),
        user_id=person,
        agent_id="concierge",
        message_data='{"type": "note"}',
        priority="high",
        can_delay=True,
        requires_fresh_context=False,
        not_before=None,
        best_at=None,
        best_kind=None,
        best_probability=None,
        expires_at=now + timedelta(days=1),
        due=now,
        status=Status.QUEUED,
        reason=None,
        lease_until=None,
        conversation_context_id=None,
        published_at=now,
        topic=None,
        supersedes_message_id=None,
        publisher=None,
        published_by="none",
        sequence_id=None,
        sequence_position=None,
        sequence_total=None,
        local_date=now.date() - timedelta(days=1),
        allow_repeat=False,
        expects_reply=False,
    )
