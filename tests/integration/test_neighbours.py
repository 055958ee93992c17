"""Rows beside those that a statement is about: of other people, of other times, of another sender."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.ids import uuid7
from orchestrator.store.costs import read_savings
from orchestrator.store.recovery import read_unsent_messages
from orchestrator.store.stats import read_stats
from orchestrator.store.waiting import list_waiting_messages
from orchestrator_local.stand_ins.phones import twilio_error
from tests.integration.test_inbound import without_a_key
from tests.integration.test_opt_outs import TO, in_force
from tests.world import World, sqs_event

ADA, BEN = "+12125550101", "+12125550102"


# Lists -------------------------------------------------------------------------------------------------------------------


def test_messages_of_one_instant_are_listed_in_the_order_of_their_ids(world: World) -> None:
    world.person()
    body = {"user_id": "ada", "agent_id": "bulk", "message_data": {"type": "note", "message": "Hello"}}
    ids = [uuid7(world.now) for _ in range(6)]
    world.publish(*({**body, "message_id": str(message_id)} for message_id in sorted(ids, reverse=True)))
    listed = list_waiting_messages(world.connection, per_lane=4)
    assert [message.message_id for message in listed] == sorted(ids)[:4]
    assert {message.of_lane for message in listed} == {6}


def test_what_happened_at_the_instant_of_the_question_counts(world: World) -> None:
    world.person()
    world.message()
    world.publish('{"user_id": "ada"}')
    world.opts_out("+12125550198")
    world.minute()
    world.writes("Hm")
    stats = read_stats(world.connection, world.now)
    assert (stats["sent"], stats["texts_received"], stats["opt_outs"]) == (1, 1, 1)
    assert sum(stats["rejected_by_reason"].values()) == 1
    held = world.message(scheduled_for=world.now + timedelta(hours=1))
    world.publish({"action": "withdraw", "message_id": str(held)})
    assert read_stats(world.connection, world.now)["ended_by_reason"] == {"cancelled (withdrawn)": 1}
    assert read_stats(world.connection, world.now + timedelta(seconds=1))["ended_by_reason"] == {}


def test_what_batching_saves_is_the_price_of_a_message_judged_alone(world: World) -> None:
    for messages, usd in ((1, "0.03"), (3, "0.05"), (2, "0.04")):
        world.connection.execute(
            "INSERT INTO agent_actions_log (agent_type, action_type, output_data, cost_usd, created_at)"
            " VALUES ('message_orchestrator', 'check_relevance', %s, %s, %s)",
            (json.dumps({"messages": messages}), usd, world.now),
        )
    (batching,) = [saving for saving in read_savings(world.connection, world.now) if saving.what == "batching"]
    assert batching.calls == 3
    assert float(batching.each_usd) == pytest.approx(0.03 - 0.12 / 6)


def test_the_unsent_messages_of_a_number_are_those_of_its_people(world: World) -> None:
    world.person()
    world.person("ben", phone=BEN)
    hers, _ = world.message(), world.message("ben")
    assert [unsent.message_id for unsent in read_unsent_messages(world.connection, [ADA])] == [hers]


# Rows of another sender --------------------------------------------------------------------------------------------------


def foreign_row(world: World, user_id: UUID, **columns: object) -> UUID:
    """A message of the former sender, which was never adopted."""
    ((message_id,),) = world.all(
        "INSERT INTO message_queue (user_id, agent_id, message_data, priority, status, scheduled_for, created_at)"
        " VALUES (%s, 'old', '{}', 'high', 'queued', %s, %s) RETURNING id",
        user_id,
        world.now,
        world.now,
    )
    for name, value in columns.items():
        world.connection.execute(f"UPDATE message_queue SET {name} = %s WHERE id = %s".encode(), (value, message_id))
    return UUID(str(message_id))


def test_a_low_message_yields_to_no_row_of_another_sender(world: World) -> None:
    ada = world.person(response_pattern=None)
    low = world.message(priority="low")
    world.connection.execute("UPDATE message_queue SET best_at = NULL, scheduled_for = %s", (world.now,))
    foreign = foreign_row(world, ada)
    world.minute()
    assert world.state(low) == ("sent", None)
    assert world.state(foreign) == ("queued", None)


# Texts of several people in one batch ------------------------------------------------------------------------------------


def test_a_stop_resolves_the_unread_texts_of_its_number_alone(world: World) -> None:
    world.person()
    world.person("ben", phone=BEN)
    with without_a_key(world):
        for phone in (ADA, BEN):
            world.writes("I have had enough of this", phone=phone)
    unread = "SELECT phone_number FROM orchestrator.readings WHERE kind = 'unjudged' ORDER BY 1"
    assert world.all(unread) == [(ADA,), (BEN,)]
    world.writes("STOP")
    assert world.all(unread) == [(BEN,)]


def test_of_two_opt_outs_that_a_repeated_start_ended_the_newer_one_is_in_force_again(world: World) -> None:
    """SQS keeps no order: the repetition of the START comes first, then the START itself, which came before the STOPs."""
    world.person()
    start = world.phones.write(ADA, "START", TO)
    world.twilio_calls(start)
    first = world.inbound_records()
    world.wait(minutes=1)
    world.writes("STOP")
    world.wait(minutes=1)
    world.twilio_calls(start)
    world.take_in()
    assert in_force(world) == []
    for minutes in (3, 2):  # as a database of before has them
        world.connection.execute(
            "INSERT INTO orchestrator.opt_outs (phone_number, source, opted_out_at, ended_at)"
            " SELECT phone_number, 'test', %s, ended_at FROM orchestrator.opt_outs LIMIT 1",
            (world.now - timedelta(seconds=60 + minutes),),
        )
    world.invoke("inbound", sqs_event(first))
    assert world.all(
        "SELECT source, opted_out_at FROM orchestrator.opt_outs WHERE ended_at IS NULL ORDER BY opted_out_at"
    ) == [("keyword", world.now - timedelta(seconds=60))]


# What is written beside a settlement -------------------------------------------------------------------------------------


def test_a_text_that_twilio_refuses_is_no_news_in_its_conversation(world: World) -> None:
    ada = world.person(hourly_limit=10)
    times = "SELECT last_message_at FROM conversations WHERE user_id = %s"
    world.message()
    world.minute()
    sent_at = world.now
    assert world.all(times, ada) == [(sent_at,)]
    world.wait(minutes=5)
    world.phones.misbehave = lambda _fields: twilio_error(400, 21610, "unsubscribed recipient")
    world.message()
    world.minute()
    assert world.all(times, ada) == [(sent_at,)]


# Sequences ---------------------------------------------------------------------------------------------------------------


def test_a_sequence_that_waits_for_its_best_time_says_so(world: World) -> None:
    world.travel_to("2026-03-03T09:00:00-05:00")
    world.person(response_pattern=json.dumps({"best_hours": [18]}))
    sequence: dict[str, Any] = {"sequence_id": str(uuid4()), "sequence_total": 2, "priority": "medium"}
    parts = [world.message(sequence_position=position, **sequence) for position in (1, 2)]
    assert [world.state(part) for part in parts] == [("queued", "best_time")] * 2
    later: dict[str, Any] = {"sequence_id": str(uuid4()), "sequence_total": 2, "priority": "high"}
    parts = [
        world.message(sequence_position=position, scheduled_for=world.now + timedelta(hours=2), **later)
        for position in (1, 2)
    ]
    assert [world.state(part) for part in parts] == [("queued", "scheduled")] * 2


# The night ---------------------------------------------------------------------------------------------------------------


def test_the_night_empties_our_old_tasks_alone(world: World) -> None:
    ada = world.person()
    for created_by, days in (("message_orchestrator", 400), ("message_orchestrator", 1), ("saga", 400)):
        world.connection.execute(
            "INSERT INTO agent_tasks (agent_type, task_type, scheduled_for, user_id, context_json, created_by, created_at)"
            " VALUES ('concierge', 'reformulate', now(), %s, %s, %s, %s)",
            (ada, json.dumps({"of": f"{created_by} {days}"}), created_by, world.now - timedelta(days=days)),
        )
    world.night()
    assert world.all("SELECT created_by, context_json->>'of' FROM agent_tasks ORDER BY created_by, 2") == [
        ("message_orchestrator", "message_orchestrator 1"),
        ("message_orchestrator", None),
        ("saga", "saga 400"),
    ]
