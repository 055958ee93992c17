"""Immediate replies: the action, and rows that agents write into `messages` (R12)."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator import MessageOrchestrator
from orchestrator.ids import uuid7
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import Callback
from tests.world import World, sqs_event, sqs_record

NIGHT = "2026-03-03T23:00:00-05:00"


def reply(world: World, content: str, user: str = "ada", **fields: Any) -> None:
    """The `reply` action, as the client makes it."""
    world.publish(action(world, content, user, **fields))


def action(world: World, content: object, user: str = "ada", **fields: Any) -> dict[str, Any]:
    """Its body."""
    message_id = str(uuid7(world.now))
    return {"action": "reply", "user_id": user, "content": content, "message_id": message_id, **fields}


def row(world: World, user_id: UUID, content: str, status: str = "pending") -> UUID:
    """A row that an agent in any language inserts, a second after the last one."""
    world.wait(seconds=1)
    (found,) = world.all(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT id, user_id, 'concierge', %s, 'outbound', %s, %s FROM conversations WHERE user_id = %s"
        " ORDER BY created_at DESC LIMIT 1 RETURNING id",
        content,
        status,
        world.now,
        user_id,
    )
    return UUID(str(found[0]))


def test_a_reply_goes_at_once_past_quiet_hours_and_limits_and_counts_against_none(world: World) -> None:
    world.travel_to(NIGHT)
    world.person(daily_limit=1)
    world.writes("What time is it?")
    for content in ("It is late", "Good night"):
        reply(world, content)
        world.deliver()
    assert world.texts() == ["It is late", "Good night"]
    assert world.all("SELECT messages_sent FROM user_message_budget WHERE date = '2026-03-03'") == [(0,)]


def test_the_client_makes_replies(world: World) -> None:
    world.person()
    world.writes("What time is it?")
    message_id = MessageOrchestrator().reply(user_id="ada", content="Ten", agent_id="concierge_main")
    (body,) = world.drain("ENQUEUE_QUEUE_URL")
    assert json.loads(body)["action"] == "reply"
    for _ in range(2):  # made twice, it is one reply
        world.publish(body)
    world.deliver()
    assert (world.texts(), world.state(message_id)) == (["Ten"], ("sent", None))


def test_replies_to_one_person_keep_their_order(world: World) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    world.writes("Tell me all")
    world.writes("Me too", phone="+12125550102")
    bodies = [action(world, str(number), user) for number in range(5) for user in ("ada", "ben")]
    world.publish(*reversed(bodies[:7]))  # a queue keeps no order
    world.publish(*bodies[7:])
    world.deliver()
    assert world.texts() == list("01234")
    assert world.texts("+12125550102") == list("01234")


def test_a_reply_that_has_to_be_tried_again_keeps_its_place(world: World) -> None:
    world.person()
    world.writes("Tell me all")
    answers = [HttpAnswer(429, {"code": 20429, "status": 429}, {"Retry-After": "5"})]
    world.phones.misbehave = lambda _fields: answers.pop() if answers else None
    reply(world, "first")
    world.deliver()
    reply(world, "second")
    world.deliver()
    assert world.texts() == []
    for _ in range(2):
        world.wait(minutes=2)
        world.minute()
    assert world.texts() == ["first", "second"]


def test_a_reply_that_may_have_been_sent_does_not_silence_the_next(world: World) -> None:
    world.person()
    world.writes("Tell me all")
    world.phones.misbehave = lambda _fields: HttpAnswer(500, {})
    reply(world, "first")
    world.deliver()
    world.phones.misbehave = None
    reply(world, "second")
    world.deliver()
    assert world.texts() == ["second"]


def test_without_ids_of_their_own_replies_go_in_the_order_in_which_they_were_sent(world: World) -> None:
    world.person()
    world.writes("Tell me all")
    records = [
        sqs_record(
            json.dumps({"action": "reply", "user_id": "ada", "content": str(n)}), world.now + timedelta(seconds=n)
        )
        for n in range(4)
    ]
    world.wait(minutes=1)
    world.invoke("enqueue", sqs_event(list(reversed(records))))
    world.deliver()
    assert world.texts() == list("0123")


def test_an_opt_out_blocks_replies(world: World) -> None:
    world.person()
    world.writes("Tell me all")
    world.writes("STOP")
    reply(world, "Everything")
    world.deliver()
    assert world.texts() == []
    assert world.all("SELECT status, reason FROM message_queue") == [("cancelled", "opted_out")]


def test_when_the_conversation_is_old_it_is_an_ordinary_message(world: World) -> None:
    world.travel_to("2026-03-03T21:30:00-05:00")
    world.person()
    world.writes("Tell me all")
    world.wait(minutes=61)
    reply(world, "Everything")
    world.deliver()
    assert world.all("SELECT status, reason FROM message_queue") == [("queued", "quiet_hours")]
    world.travel_to("2026-03-04T08:00:30-05:00")
    world.minute()
    assert world.texts() == ["Everything"]
    assert world.all("SELECT messages_sent FROM user_message_budget WHERE date = '2026-03-04'") == [(1,)]


def test_a_held_reply_comes_forward_when_the_person_writes_again(world: World) -> None:
    world.travel_to(NIGHT)
    world.person()
    reply(world, "one")
    reply(world, "two")
    world.deliver()
    world.minute()
    assert world.texts() == []
    world.writes("Hello?")
    world.deliver()
    assert world.texts() == ["one", "two"]


def test_an_agent_that_may_not_use_urgent_may_reply(world: World) -> None:
    world.all("INSERT INTO orchestrator.agents (prefix, may_use_urgent) VALUES ('concierge', false) RETURNING 1")
    world.person()
    world.writes("Hi there, you")
    reply(world, "Hi")
    world.deliver()
    assert world.texts() == ["Hi"]


@pytest.mark.parametrize(
    ("content", "field"), [("", "content"), ("x" * 1601, "content"), ('{"a": 1}', "content"), (7, "content")]
)
def test_a_reply_that_is_no_text_is_rejected_with_its_field(world: World, content: object, field: str) -> None:
    world.person()
    world.publish({"action": "reply", "user_id": "ada", "content": content})
    assert world.all("SELECT field FROM orchestrator.rejections") == [(field,)]


# Rows ------------------------------------------------------------------------------------------------------------------


def test_an_agents_row_is_sent_within_the_minute_and_is_the_texts_own_record(world: World) -> None:
    world.travel_to(NIGHT)
    ada = world.person()
    world.writes("Tell me all")
    rows = [row(world, ada, "one"), row(world, ada, "two", status="queued_for_send")]
    world.minute()
    assert world.texts() == ["one", "two"]
    assert world.all("SELECT id, status, sent_at FROM messages WHERE direction = 'outbound' ORDER BY content") == [
        (message_id, "sent", world.now) for message_id in rows
    ]
    world.twilio_calls()
    world.take_in()
    assert world.all("SELECT DISTINCT status FROM messages WHERE direction = 'outbound'") == [("delivered",)]
    world.minute()
    assert len(world.texts()) == 2, "once"


def test_a_row_that_will_not_be_sent_says_so(world: World) -> None:
    ada = world.person()
    world.writes("Tell me all")
    stopped = row(world, ada, "one")
    world.writes("STOP")
    for _ in range(2):
        world.minute()
    assert world.all("SELECT status FROM messages WHERE id = %s", stopped) == [("failed",)]
    assert world.texts() == []


@pytest.mark.parametrize("content", ["  ", '{"raw": "json"}'])
def test_a_row_that_is_no_text_reaches_no_phone(world: World, content: str) -> None:
    ada = world.person()
    world.writes("Tell me all")
    message_id = row(world, ada, content)
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("failed", "nothing_to_say"))


def test_rows_from_before_us_and_old_ones_are_left_alone(world: World) -> None:
    ada = world.person()
    world.writes("Tell me all")
    before_us = row(world, ada, "before us")
    world.all("INSERT INTO orchestrator.left_alone VALUES (%s) RETURNING 1", before_us)
    row(world, ada, "old")
    world.wait(days=2)
    row(world, ada, "new")
    world.minute()
    assert world.texts() == ["new"]


def test_a_status_callback_for_a_row_finds_it(world: World) -> None:
    ada = world.person()
    world.writes("Tell me all")
    message_id = row(world, ada, "one")
    world.minute()
    (sent,) = world.phones.callbacks[:1]
    world.phones.callbacks.clear()
    world.twilio_calls(Callback(sent.url, {**sent.fields, "MessageStatus": "undelivered", "ErrorCode": "30007"}))
    world.take_in()
    assert world.all("SELECT status FROM messages WHERE id = %s", message_id) == [("failed",)]


def test_what_an_agent_wrote_to_itself_opens_no_conversation_and_asks_nothing(world: World) -> None:
    world.travel_to(NIGHT)
    ada = world.person()
    asked = world.message(priority="high", requires_fresh_context=True)
    world.wait(minutes=1)
    for content in ('{"type": "re_engagement_check"}', "STOP"):
        world.says(ada, content)
    world.connection.execute("UPDATE messages SET role = 'system'")
    answer = action(world, "Shall I introduce you?")
    world.publish(answer)
    for _ in range(3):
        world.minute()
    assert world.texts() == []
    assert {world.state(UUID(message)) for message in (str(asked), answer["message_id"])} == {("queued", "quiet_hours")}
    assert world.all("SELECT count(*) FROM agent_actions_log WHERE action_type = 'relevance_check'") == [(0,)]


# Ceilings --------------------------------------------------------------------------------------------------------------


def test_a_hundred_replies_to_one_text_are_five_and_the_rest_are_ordinary(world: World) -> None:
    world.travel_to(NIGHT)
    world.person(daily_limit=1, hourly_limit=1)
    world.writes("What time is it?")
    for start in range(0, 100, 10):
        world.publish(*(action(world, f"answer {number}") for number in range(start, start + 10)))
    for _ in range(4):
        world.minute()
    assert len(world.texts()) == 5 + 3, "five replies, and the three texts that activity lets through (R4)"
    assert world.all(
        "SELECT DISTINCT m.is_reply, m.priority FROM orchestrator.timeline JOIN message_queue m"
        " ON m.id = message_id WHERE timeline.reason = 'reply_limit'"
    ) == [(False, "high")]


@pytest.mark.parametrize("setting", ["replies_per_inbound", "replies_per_hour"])
def test_a_ceiling_of_one_lets_the_first_reply_go_and_no_second(
    world: World, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    app = world.functions["deliver"]
    settings = app.settings.model_copy(update={setting: 1, "active_texts_per_hour": 0})
    monkeypatch.setitem(app.__dict__, "settings", settings)
    world.travel_to(NIGHT)
    world.person(hourly_limit=0)
    world.writes("Are you open?")
    for answer in ("Yes.", "Until nine."):
        reply(world, answer)
        world.deliver()
        world.wait(seconds=1)
    assert world.texts() == ["Yes."]
    limited = "SELECT count(*) FROM orchestrator.timeline WHERE reason = 'reply_limit'"
    assert world.all(limited) == [(1,)], "the second one is ordinary from now on"


@pytest.mark.parametrize(("setting", "most"), [("replies_per_hour", 3), ("replies_per_day", 4)])
def test_replies_have_ceilings_by_hour_and_day(world: World, setting: str, most: int) -> None:
    app = world.functions["deliver"]
    kept = app.settings
    app.__dict__["settings"] = kept.model_copy(update={setting: most, "active_texts_per_hour": 0})
    try:
        world.travel_to(NIGHT)
        world.person(hourly_limit=0)
        for number in range(6):
            world.writes(f"question {number}")
            reply(world, f"answer {number}")
            world.deliver()
            world.wait(seconds=1)
        assert len(world.texts()) == most
    finally:
        app.__dict__["settings"] = kept
