"""Row locks: each statement that takes one, with another transaction held open at the same rows.

A statement either waits until the other transaction ends, and then sees what it committed, or skips the rows that the
other one holds. Without its lock it would do neither: it would write over the other's change, or wait where it must not.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from psycopg.errors import LockNotAvailable

from orchestrator.agents import Agent
from orchestrator.messages import Lane
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.store.agents import set_agent
from orchestrator.store.database import connect, sql
from orchestrator.store.settlement import Evidence, Settlement, settle
from tests.world import World

ADA = "+12125550101"


def parameters(world: World, **given: object) -> dict[str, Any]:
    """What any of the statements asks for; each takes what it names."""
    now = world.now
    return {
        "now": now,
        "limit": 10,
        "sends": 1,
        "lanes": [*Lane],
        "lane": Lane.HIGH,
        "horizon": now + timedelta(minutes=2),
        "per_second": None,
        "daily_limit": None,
        "hourly_limit": None,
        "agent_start_limit": None,
        "lease_until": now + timedelta(minutes=10),
        "not_conversation": NOT_CONVERSATION,
        "active_after": now - timedelta(minutes=10),
        "texts_per_inbound": 3,
        "texts_per_hour": 6,
        "user_ids": None,
        "lifetime": timedelta(days=7),
        **given,
    }


@contextmanager
def open_transaction(database_url: str) -> Iterator[Connection]:
    """A second worker in the middle of its work; what it did is undone unless it commits."""
    with connect(database_url) as connection:
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")


def free(world: World, table: str) -> set[UUID]:
    """The rows of a table that no transaction holds."""
    return {row for (row,) in world.all(f"SELECT id FROM {table} FOR NO KEY UPDATE SKIP LOCKED")}


def run(database_url: str, statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement in a transaction of its own; returns its rows."""
    with connect(database_url) as connection, connection.transaction():
        connection.execute("SET LOCAL statement_timeout = '10s'")
        done = connection.execute(sql(statement), given)
        return done.fetchall() if done.description else []


def waits(world: World, running: Future[Any]) -> bool:
    """Whether a session of this database comes to wait for a lock before that one is through."""
    return world.has_waiting_sessions(1, unless=running.done)


def run_after(
    world: World, database_url: str, holder: Connection, statement: str, given: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Run a statement that must wait for the holder, which commits once it waits; returns the statement's rows."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, database_url, statement, given)
        has_waited = waits(world, running)
        holder.execute("COMMIT")
        rows = running.result()
    assert has_waited, f"{statement} did not wait for the transaction that holds its rows"
    return rows


def run_beside(database_url: str, statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement that must not wait for any other transaction; returns its rows."""
    with connect(database_url) as connection, connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '2s'")
        try:
            done = connection.execute(sql(statement), given)
        except LockNotAvailable:
            pytest.fail(f"{statement} waits for rows that another transaction holds")
        return done.fetchall() if done.description else []


def sending(world: World, phone: str = ADA) -> UUID:
    """A text whose outcome is open; returns its attempt."""
    ((attempt_id,),) = world.all(
        "SELECT id FROM orchestrator.attempts WHERE phone_number = %s ORDER BY started_at DESC LIMIT 1", phone
    )
    return UUID(str(attempt_id))


# Statements that are locks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "table", "names"),
    [
        ("lock_users", "users", lambda _, ada, __: {"user_ids": [ada]}),
        ("lock_users_by_number", "users", lambda *_: {"phone_number": [ADA]}),
        ("lock_users_of_attempts", "users", lambda world, *_: {"attempt_id": [sending(world)]}),
        ("lock_messages", "message_queue", lambda _, __, message_id: {"message_ids": [message_id]}),
    ],
)
def test_a_lock_holds_what_it_names_and_nothing_else(
    world: World,
    database_url: str,
    statement: str,
    table: str,
    names: Callable[[World, UUID, UUID], dict[str, Any]],
) -> None:
    ada = world.person_with_a_past()
    message_id = world.message()
    everything = free(world, table)
    with open_transaction(database_url) as other:
        other.execute(sql(statement), names(world, ada, message_id))
        assert everything - free(world, table) == {ada if table == "users" else message_id}
        # A row that names a held one may be written meanwhile: the lock is no stronger than it must be.
        world.connection.execute(f"SELECT 1 FROM {table} FOR KEY SHARE NOWAIT")
    assert free(world, table) == everything


def test_a_settlement_holds_its_person_until_it_commits(world: World, database_url: str) -> None:
    ada = world.person_with_a_past()
    outcome = Settlement.of_sent_text(sending(world), "SM1", Evidence.STATUS_CALLBACK)
    everything = free(world, "users")
    with open_transaction(database_url) as worker:
        settle(worker, [outcome], world.now)
        assert everything - free(world, "users") == {ada}


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("lock_users", lambda ada: {"user_ids": [ada]}),
        ("lock_users_by_number", lambda _: {"phone_number": [ADA]}),
    ],
)
def test_people_who_share_a_phone_are_locked_together(
    world: World, database_url: str, statement: str, names: Callable[[UUID], dict[str, Any]]
) -> None:
    ada, ben, cem = world.person(), world.person("ben", phone="+12125550121"), world.person("cem", phone="+12125550122")
    world.connection.execute("UPDATE users SET phone_number = '(212) 555-0101' WHERE id = %s", (ben,))
    with open_transaction(database_url) as worker:
        worker.execute(sql(statement), names(ada))
        assert free(world, "users") == {cem}


@pytest.mark.parametrize(
    "statement",
    [
        "lock_users",
        "lock_users_by_number",
        "lock_users_of_attempts",
        "lock_messages",
        "cancel_for_opt_outs",
        "cancel_withdrawn_messages",
        "cancel_by_operator",
        "release_by_operator",
    ],
)
def test_rows_are_locked_one_after_the_other_by_id(world: World, database_url: str, statement: str) -> None:
    """While another holds the first of them, none of the others is held: two workers cannot wait for each other."""
    people = [world.person(name, phone=f"+121255501{place}") for place, name in enumerate("abcdef", 10)]
    # The table has them in another order than their ids.
    messages = [
        world.message("a", message_id=str(message_id))
        for message_id in sorted((uuid4() for _ in range(6)), reverse=True)
    ]
    for name in "bcdef":
        world.message(name)
    world.minute()
    world.connection.execute(
        "UPDATE message_queue SET status = 'queued', reason = 'best_time', sequence_id = %s WHERE id = ANY (%s)",
        (uuid4(), messages),
    )
    world.connection.execute(
        "INSERT INTO orchestrator.withdrawals (message_id, publisher, withdrawn_at) SELECT id, 'x', %s"
        " FROM message_queue WHERE id = ANY (%s)",
        (world.now, messages),
    )
    table, ids = ("users", people) if "users" in statement else ("message_queue", messages)
    first = min(ids)
    given = parameters(
        world,
        user_ids=people if statement == "lock_users" else [],
        message_ids=messages,
        message_id=messages[-1],
        at_once=False,
        topics=[],
        phone_number=[f"+121255501{place}" for place in range(15, 9, -1)],
        at=[world.now] * 6,
        attempt_id=[attempt for (attempt,) in world.all("SELECT id FROM orchestrator.attempts")],
    )
    with ThreadPoolExecutor(1) as pool, open_transaction(database_url) as other:
        other.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR NO KEY UPDATE", (first,))
        running = pool.submit(run, database_url, statement, given)
        assert waits(world, running)
        still_free = free(world, table)
        other.execute("COMMIT")
        running.result()
    assert still_free >= {*ids} - {first}


# Statements that wait ----------------------------------------------------------------------------------------------------


def withdrawn(world: World, message_id: UUID) -> dict[str, Any]:
    world.connection.execute(
        "INSERT INTO orchestrator.withdrawals (message_id, publisher, withdrawn_at) VALUES (%s, 'x', %s)",
        (message_id, world.now),
    )
    return {"message_ids": [message_id], "user_ids": [], "topics": []}


def opted_out(world: World, _message_id: UUID) -> dict[str, Any]:
    return {"phone_number": [ADA], "at": [world.now]}


@pytest.mark.parametrize(
    ("statement", "names"), [("cancel_withdrawn_messages", withdrawn), ("cancel_for_opt_outs", opted_out)]
)
def test_what_a_worker_is_reserving_is_waited_for_and_left_to_it(
    world: World,
    database_url: str,
    statement: str,
    names: Callable[[World, UUID], dict[str, Any]],
) -> None:
    """The worker commits its reservation first: the message is `sending`, and past all this (R9)."""
    world.person_with_a_past()
    reserving, waiting = world.message(), world.message()
    world.dispatch()
    given = parameters(world, **names(world, reserving))
    with open_transaction(database_url) as worker:
        worker.execute("UPDATE message_queue SET status = 'sending' WHERE id = %s", (reserving,))
        run_after(world, database_url, worker, statement, given)
    assert world.state(reserving) == ("sending", None)
    assert (
        world.all("SELECT 1 FROM orchestrator.timeline WHERE message_id = %s AND status = 'cancelled'", reserving) == []
    )
    assert world.state(waiting)[0] == ("cancelled" if statement == "cancel_for_opt_outs" else "approved")


def test_a_second_dispatcher_waits_for_the_pace_of_the_first_and_goes_on_behind_it(
    world: World, database_url: str
) -> None:
    for number in range(6):
        world.person(f"p{number}", phone=f"+121255501{number:02}")
        world.message(f"p{number}")
    given = parameters(world, per_second=1.0, daily_limit=10, hourly_limit=2, limit=3)
    with open_transaction(database_url) as first:
        taken = first.execute(sql("claim_due"), given).fetchall()
        also = run_after(world, database_url, first, "claim_due", given)
    assert [len(taken), len(also)] == [3, 3]
    assert {row[0] for row in taken} & {row[0] for row in also} == set()
    leaves = sorted((row[1] - world.now).total_seconds() for row in [*taken, *also])
    assert leaves == [0, 1, 2, 3, 4, 5], "one a second, whoever took it"


def test_a_lane_without_a_pace_does_not_wait_for_it(world: World, database_url: str) -> None:
    world.person()
    message_id = world.message()
    with open_transaction(database_url) as other:
        other.execute("UPDATE orchestrator.pace SET next_free = 'infinity'")
        rows = run_beside(database_url, "claim_due", parameters(world))
    assert [(row[0], row[1]) for row in rows] == [(message_id, world.now)]


# Statements that skip ----------------------------------------------------------------------------------------------------


def due(world: World) -> tuple[list[UUID], str]:
    world.person_with_a_past()
    return [world.message(), world.message()], "message_queue"


def late(world: World) -> tuple[list[UUID], str]:
    world.person_with_a_past()
    messages = [world.message(expires_at=world.now + timedelta(minutes=1)) for _ in range(2)]
    world.wait(minutes=2)
    return messages, "message_queue"


def incomplete(world: World) -> tuple[list[UUID], str]:
    world.person_with_a_past()
    parts = [world.message(sequence_id=str(uuid4()), sequence_position=1, sequence_total=2) for _ in range(2)]
    world.wait(minutes=16)
    return parts, "message_queue"


def held_by_a_dead_worker(world: World) -> tuple[list[UUID], str]:
    world.person_with_a_past()
    messages = [world.message(), world.message()]
    world.dispatch()
    world.connection.execute("UPDATE message_queue SET lease_until = %s WHERE lease_until IS NOT NULL", (world.now,))
    world.connection.execute("UPDATE message_queue SET lease_until = NULL WHERE status = 'sending'")
    world.wait(seconds=1)
    return messages, "message_queue"


def held_by_a_rule(world: World) -> tuple[list[UUID], str]:
    ada = world.person_with_a_past()
    world.travel_to("2026-03-03T22:00:00-05:00")
    messages = [world.message(), world.message()]
    world.minute()
    world.says(ada, "Tell me more")
    world.wait(seconds=1)
    return messages, "message_queue"


def written_by_agents(world: World) -> tuple[list[UUID], str]:
    ada = world.person_with_a_past()
    world.connection.execute("INSERT INTO orchestrator.left_alone SELECT id FROM messages ON CONFLICT DO NOTHING")
    (conversation,) = world.all("SELECT id FROM conversations WHERE user_id = %s LIMIT 1", ada)[0]
    rows = world.all(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT %s, %s, 'concierge', 'Reply ' || n, 'outbound', 'pending', %s FROM generate_series(1, 2) n RETURNING id",
        *(conversation, ada, world.now),
    )
    return [row for (row,) in rows], "messages"


@pytest.mark.parametrize(
    ("statement", "situation"),
    [
        ("claim_due", due),
        ("expire_messages", late),
        ("fail_incomplete_sequences", incomplete),
        ("release_leases", held_by_a_dead_worker),
        ("pull_forward", held_by_a_rule),
        ("claim_reply_rows", written_by_agents),
    ],
)
def test_what_another_worker_holds_is_skipped_and_the_rest_is_taken(
    world: World,
    database_url: str,
    statement: str,
    situation: Callable[[World], tuple[list[UUID], str]],
) -> None:
    (held, other_one), table = situation(world)

    def row(row_id: UUID) -> list[tuple[Any, ...]]:
        return world.all(f"SELECT status FROM {table} WHERE id = %s", row_id)

    before = row(held), row(other_one)
    with open_transaction(database_url) as worker:
        worker.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR NO KEY UPDATE", (held,))
        run_beside(database_url, statement, parameters(world))
        assert row(held) == before[0]
        assert row(other_one) != before[1]
        done = world.all(f"SELECT * FROM {table} WHERE id = %s", other_one)
    # Once it is free, it is taken as the other one was; and that one is not taken twice.
    run_beside(database_url, statement, parameters(world))
    assert world.all(f"SELECT * FROM {table} WHERE id = %s", other_one) == done
    assert row(held) == row(other_one)


@pytest.mark.parametrize(
    ("statement", "situation"),
    [
        ("claim_due", due),
        ("release_leases", held_by_a_dead_worker),
        ("pull_forward", held_by_a_rule),
        ("claim_reply_rows", written_by_agents),
    ],
)
def test_two_workers_at_the_same_statement_take_each_row_once(
    world: World,
    database_url: str,
    statement: str,
    situation: Callable[[World], tuple[list[UUID], str]],
) -> None:
    """The first worker has taken everything, and not committed: the second takes nothing, and does not wait."""
    situation(world)
    with open_transaction(database_url) as first:
        first.execute(sql(statement), parameters(world))
        second = run_beside(database_url, statement, parameters(world))
        assert second in ([], [(0, 0)])


def test_a_batch_does_not_wait_for_another_one_that_counts_the_same_agents(world: World, database_url: str) -> None:
    world.person(daily_limit=100)
    world.message(agent_id="bulk_1")
    counted = "SELECT span, accepted FROM orchestrator.agent_rates WHERE agent_id LIKE %s ORDER BY span"
    ((span, accepted),) = world.all(counted, "%")
    assert accepted == 1
    with open_transaction(database_url) as other:
        other.execute("UPDATE orchestrator.agent_rates SET accepted = accepted + 10")
        for _ in range(2):
            world.message(agent_id="bulk_1")
        # One row a connection: through a pooler the second batch may have had another session than the first.
        own = world.all(counted, "%")[1:]
        assert sum(accepted for _, accepted in own) == 2
        assert all(timedelta(0) < begins - span < timedelta(minutes=1) for begins, _ in own)
        other.execute("COMMIT")
    world.message(agent_id="bulk_1")
    assert world.all(counted, "%") == [(span, 12), *own], "the first row is free again"


def test_two_batches_that_begin_ten_minutes_side_by_side_do_not_end_in_a_deadlock(
    world: World, database_url: str
) -> None:
    """The row of bulk_b is made by the other batch, which began before the row of bulk_c was there."""
    world.person(daily_limit=100)
    agents = ("bulk_a", "bulk_b", "bulk_c")
    for agent in agents:
        set_agent(world.connection, Agent(agent))
    batch = [world.message(agent_id=agent) for agent in reversed(agents)]
    ((span,),) = world.all("DELETE FROM orchestrator.agent_rates WHERE agent_id = 'bulk_b' RETURNING span")
    count = (
        "INSERT INTO orchestrator.agent_rates AS r VALUES (%s, %s, 1)"
        " ON CONFLICT (agent_id, span) DO UPDATE SET accepted = r.accepted + excluded.accepted"
    )
    with open_transaction(database_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SET LOCAL lock_timeout = '5s'")
        for agent in ("bulk_a", "bulk_b"):
            other.execute(count, (agent, span))
        running = pool.submit(run, database_url, "count_agent_messages", parameters(world, message_ids=batch))
        assert waits(world, running)
        other.execute(count, ("bulk_c", span))
        other.execute("COMMIT")
        running.result()
    counted = "SELECT agent_id, sum(accepted) FROM orchestrator.agent_rates GROUP BY 1 ORDER BY 1"
    assert world.all(counted) == [("bulk_a", 3), ("bulk_b", 2), ("bulk_c", 3)]
