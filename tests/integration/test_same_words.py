"""The same words do not go to a person twice within 20 hours (R14)."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection, OperationalError
from typer.testing import CliRunner

from orchestrator.agents import Agent
from orchestrator.purpose import Purpose
from orchestrator.store import delivery as store
from orchestrator.store.agents import set_agent
from orchestrator.store.database import connect
from orchestrator_cli.main import app
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import twilio_error
from tests.integration.test_events import bus, heard
from tests.integration.test_replies import reply
from tests.integration.test_reserve_under_race import CountingSender, HoldingSender, run_workers
from tests.integration.test_sequences import part
from tests.world import World

__all__ = ["bus"]  # a fixture
SENT, REPEATED = ("sent", None), ("cancelled", "same_words")


def text(world: World, words: str = "Hello", user: str = "ada", **fields: Any) -> UUID:
    """One message with these words, which may not be repeated."""
    given = {"message_data": {"type": "note", "message": words}, "allow_repeat": False, "can_delay": False, **fields}
    return world.message(user, **given)


def same_messages(
    connection: Connection, user_id: UUID, count: int, now: datetime, data: str = '{"type": "note", "message": "Hello"}'
) -> list[UUID]:
    """Messages of one text that a dispatcher has handed over."""
    rows = connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at,"
        "                           expires_at, lease_until)"
        " SELECT %(user)s, 'loop_' || n, %(data)s::jsonb, %(now)s, 'high', 'approved', %(now)s,"
        "        %(now)s + interval '1 day', %(now)s + interval '15 minutes'"
        " FROM generate_series(1, %(count)s) n RETURNING id",
        {"user": user_id, "now": now, "count": count, "data": data},
    ).fetchall()
    return [message_id for (message_id,) in rows]


@pytest.mark.parametrize("agent_id", ["concierge_main", "saga_7"])
def test_the_same_words_go_once_whichever_agent_repeats_them(world: World, agent_id: str) -> None:
    world.person()
    text(world, "Hello Ada")
    world.minute()
    again = text(world, "hello  ADA\n", agent_id=agent_id)
    world.minute()
    assert world.texts() == ["Hello Ada"]
    assert world.state(again) == REPEATED
    assert world.all("SELECT sum(messages_sent) FROM user_message_budget") == [(1,)], "it takes no slot"


def test_other_words_another_person_and_allow_repeat_are_no_repetition(world: World) -> None:
    world.person(hourly_limit=10)
    world.person("ben", phone="+12125550102")
    text(world)
    world.minute()
    others = [text(world, "Hello!"), text(world, user="ben"), text(world, allow_repeat=True)]
    world.minute()
    assert [world.state(message_id) for message_id in others] == [SENT] * 3


@pytest.mark.parametrize(("seconds", "state"), [(0, SENT), (-1, REPEATED)])
def test_after_twenty_hours_to_the_second_the_same_words_go_again(
    world: World, seconds: int, state: tuple[str, str | None]
) -> None:
    world.person(quiet_hours_enabled=False)
    text(world)
    world.minute()
    world.wait(hours=20, seconds=seconds)
    again = text(world)
    world.minute()
    assert world.state(again) == state


@pytest.mark.parametrize(("seconds", "state"), [(60, SENT), (59, REPEATED)])
def test_a_transactional_text_goes_again_after_sixty_seconds(
    world: World, seconds: int, state: tuple[str, str | None]
) -> None:
    set_agent(world.connection, Agent("bank", purpose=Purpose.TRANSACTIONAL))
    world.person()
    text(world, "Your code is 1234", agent_id="bank")
    world.minute()
    world.wait(seconds=seconds)
    again = text(world, "Your code is 1234", agent_id="bank")
    world.minute()
    assert world.state(again) == state


def test_the_same_data_is_a_repetition_although_the_words_are_others(world: World) -> None:
    world.person(hourly_limit=10)
    data = {"type": "weekly_summary", "stats": {"introsCompleted": 2}, "week": 9}
    text(world, message_data=data)
    world.minute()
    world.connection.execute("UPDATE orchestrator.attempts SET words_digest = 'other words'")
    again = text(world, message_data=dict(reversed(data.items())), agent_id="saga")
    other = text(world, message_data={**data, "week": 10})
    world.minute()
    assert (world.state(again), world.state(other)) == (REPEATED, SENT)


def test_the_same_words_from_other_data_are_a_repetition(world: World) -> None:
    world.person()
    text(world, message_data={"type": "weekly_summary", "stats": {"introsCompleted": 2}})
    world.minute()
    (words,) = world.texts()
    again = text(world, words)
    world.minute()
    assert world.state(again) == REPEATED


def test_two_of_one_wave_are_one_text(world: World) -> None:
    world.person()
    first, second = text(world), text(world)
    world.minute()
    assert world.texts() == ["Hello"]
    assert {world.state(first), world.state(second)} == {SENT, REPEATED}


def test_what_twilio_refused_and_what_did_not_arrive_does_not_count(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: twilio_error(400, 21617, "too long")
    refused = text(world)
    world.minute()
    assert world.state(refused)[0] == "failed"
    world.phones.misbehave = None
    undelivered = text(world)
    world.minute()
    assert world.state(undelivered) == SENT
    world.connection.execute(
        "UPDATE orchestrator.attempts SET undelivered_at = now() WHERE message_id = %s", (undelivered,)
    )
    again = text(world)
    world.minute()
    assert world.state(again) == SENT


def test_a_text_with_an_unknown_outcome_counts(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: HttpAnswer(201, None, drop=True)
    text(world)
    world.minute()
    world.phones.reset()
    again = text(world)
    world.minute()
    assert world.state(again) == REPEATED


def test_the_retry_of_a_message_is_no_repetition_of_itself(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: twilio_error(429, 20429, "busy")
    message_id = text(world)
    world.minute()
    assert world.state(message_id)[0] == "queued"
    world.phones.misbehave = None
    world.wait(minutes=2)
    world.minute()
    assert world.state(message_id) == SENT


def test_a_reply_may_repeat_and_counts_for_later_texts(world: World) -> None:
    world.person()
    world.writes("What is the time?")
    reply(world, "It is ten")
    reply(world, "It is ten")
    world.deliver()
    again = text(world, "it is TEN")
    world.minute()
    assert world.texts() == ["It is ten", "It is ten"]
    assert world.state(again) == REPEATED


def test_later_parts_may_repeat_and_a_repeated_first_part_ends_its_sequence(world: World) -> None:
    world.person(hourly_limit=10)
    words = {"type": "note", "message": "Wait for it"}
    first, again = uuid4(), uuid4()
    world.publish(*[part(first, position, message_data=words) for position in (1, 2, 3)])
    world.minute()
    world.publish(
        *[
            part(again, position, message_data={**words, "message": f"Wait for it{'!' * (position - 1)}"})
            for position in (1, 2, 3)
        ]
    )
    world.minute()
    assert world.texts() == ["Wait for it"] * 3
    ends = "SELECT DISTINCT status, reason FROM message_queue WHERE sequence_id = %s"
    assert world.all(ends, again) == [REPEATED]


def test_an_introduction_makes_no_other_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = world.functions["deliver"].settings
    named = settings.model_copy(update={"sender_name": "Harbor Books"})
    monkeypatch.setattr(world.functions["deliver"], "settings", named)
    world.person()
    text(world, "Your order is ready")
    world.minute()
    assert world.texts() == ["Your order is ready\nHarbor Books. Reply STOP to opt out."]
    again = text(world, "Your order is ready")
    world.minute()
    assert world.state(again) == REPEATED


def test_the_agent_and_the_operator_are_given_the_reason_and_the_earlier_text(world: World, bus: str) -> None:
    world.person()
    first = text(world)
    world.minute()
    again = text(world)
    world.minute()
    steps = json.loads(CliRunner().invoke(app, ["explain", str(again), "--json"]).output)["steps"]
    assert steps[-1]["detail"].endswith(
        f"went to the person lately (R14): message {first}, sent 2026-03-03 15:00:00 UTC"
    )
    world.dispatch()
    ends = [(event.message_id, event.reason) for kind, event in heard(bus) if kind == "message.cancelled"]
    assert ends == [(str(again), "same_words")]


def test_workers_at_once_send_the_same_words_once(world: World, database_url: str) -> None:
    ada = world.person(hourly_limit=50, daily_limit=50)
    messages = same_messages(world.connection, ada, 24, world.now)
    sender = CountingSender()
    run_workers(database_url, [messages[start::8] for start in range(8)], sender, world.now)
    assert sender.sent == {"Hello": 1}
    assert dict(world.all("SELECT coalesce(reason, status), count(*) FROM message_queue GROUP BY 1")) == {
        "sent": 1,
        "same_words": 23,
    }


def test_while_the_first_text_is_at_twilio_the_second_ends(world: World, database_url: str) -> None:
    ada = world.person(hourly_limit=50)
    first, second = same_messages(world.connection, ada, 2, world.now)
    sender = HoldingSender()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(run_workers, database_url, [[first]], sender, world.now)
        while not sender.sent and not sending.done():
            pass
        run_workers(database_url, [[second]], CountingSender(), world.now)
        assert (world.state(first), world.state(second)) == (("sending", None), REPEATED)
        sender.lets_go.set()
        sending.result()
    assert world.state(first) == SENT


def test_two_reservations_wait_for_each_other_and_one_is_made(world: World, database_url: str) -> None:
    """Both workers have decided, with words and all, and wait for the lock on the person."""
    ada = world.person(hourly_limit=50)
    first, second = same_messages(world.connection, ada, 2, world.now, '{"type": "weekly_summary", "stats": {"n": 2}}')
    sender = CountingSender()
    with ThreadPoolExecutor(1) as pool, connect(database_url) as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM users WHERE id = %s FOR NO KEY UPDATE", (ada,))
        workers = pool.submit(run_workers, database_url, [[first], [second]], sender, world.now)
        assert world.has_waiting_sessions(2)
        other.execute("COMMIT")
        workers.result()
    assert sender.sent.total() == 1
    assert {world.state(first), world.state(second)} == {SENT, REPEATED}


def test_a_fault_while_the_repetition_ends_leaves_it_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person(hourly_limit=10)
    text(world)
    world.minute()
    again = text(world)
    other = text(world, "How are you?")
    world.dispatch()

    def fails(*_arguments: object) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as fault:
        fault.setattr(store, "end_repeats", fails)
        world.deliver()
    assert (world.state(again)[0], world.state(other)) == ("approved", SENT), "what was reserved is settled"
    world.wait(minutes=20)
    world.minute()
    world.wait(minutes=1)
    world.minute()
    assert world.state(again) == REPEATED
    assert world.texts() == ["Hello", "How are you?"]
