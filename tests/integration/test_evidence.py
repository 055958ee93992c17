"""An open outcome is settled by evidence: Twilio's own callbacks, or its list of messages (G2)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from orchestrator.settings import UnknownOutcome
from orchestrator.sms.client import twilio_client
from orchestrator.sms.message_list import PARALLEL_CALLS
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import Callback, Text
from tests.world import World, sqs_event, sqs_record


def accept_and_drop(world: World) -> None:
    """Twilio takes the text, and the connection breaks before its answer."""

    def misbehave(fields: dict[str, str]) -> HttpAnswer:
        world.phones.accept(fields)
        return HttpAnswer(201, None, drop=True)

    world.phones.misbehave = misbehave


def drop(world: World) -> None:
    """The connection breaks, and the text is lost."""
    world.phones.misbehave = lambda _fields: HttpAnswer(201, None, drop=True)


def attempt_of(world: World, **wanted: object) -> tuple[object, ...]:
    (row,) = world.all("SELECT outcome, evidence, twilio_message_sid, holds_slot FROM orchestrator.attempts")
    return row


@pytest.fixture
def unknown(world: World) -> Iterator[World]:
    """A world with one text that arrived, of which we do not know."""
    world.person()
    accept_and_drop(world)
    world.message()
    world.minute()
    world.phones.misbehave = None
    assert world.all("SELECT status, reason FROM message_queue") == [("sending", "unknown_outcome")]
    yield world
    assert world.texts() == ["Hello"], "whatever the evidence, never twice"


def test_a_status_callback_proves_that_it_was_sent(unknown: World) -> None:
    unknown.twilio_calls()
    unknown.take_in()
    sid = unknown.phones.texts[0].sid
    assert attempt_of(unknown) == ("accepted", "status_callback", sid, True)
    assert unknown.all("SELECT status, reason FROM message_queue") == [("sent", None)]
    assert unknown.all("SELECT content, status, twilio_message_sid, delivered_at IS NOT NULL FROM messages") == [
        ("Hello", "delivered", sid, True)
    ]


def test_a_callback_that_comes_after_it_ended_still_counts(unknown: World) -> None:
    unknown.phones.texts, kept = [], unknown.phones.texts  # the list lags
    unknown.wait(minutes=11)
    unknown.minute()
    assert unknown.all("SELECT status, reason FROM message_queue") == [("failed", "unknown_outcome")]
    unknown.phones.texts = kept
    unknown.twilio_calls()
    unknown.take_in()
    assert unknown.all("SELECT status, reason FROM message_queue") == [("sent", None)]


def test_twilios_list_proves_it_where_no_callback_comes(unknown: World) -> None:
    unknown.wait(seconds=60)
    assert unknown.dispatch()["proven"] == 0, "too young: its answer may still come"
    unknown.wait(seconds=60)
    assert unknown.dispatch()["proven"] == 1
    assert attempt_of(unknown) == ("accepted", "message_list", unknown.phones.texts[0].sid, True)
    assert unknown.all("SELECT status FROM message_queue") == [("sent",)]


def test_a_list_that_cannot_be_read_is_read_again(unknown: World) -> None:
    unknown.wait(minutes=2)
    message_list = unknown.functions["dispatch"].message_list
    client: Any = twilio_client(message_list._settings, PARALLEL_CALLS).http_client
    original, client._base_url = client._base_url, "http://127.0.0.1:1"
    assert unknown.dispatch()["finished"], "what is due does not wait for Twilio's list"
    client._base_url = original
    assert unknown.dispatch()["proven"] == 1


def test_absence_from_the_list_proves_nothing(world: World) -> None:
    world.person()
    drop(world)
    message_id = world.message()
    world.minute()
    world.phones.misbehave = None
    for _ in range(5):
        world.wait(minutes=1)
        world.minute()
        assert world.state(message_id) == ("sending", "unknown_outcome")
    world.wait(minutes=6)
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("failed", "unknown_outcome"))
    assert attempt_of(world) == ("unknown", None, None, True)


def test_the_text_of_another_attempt_proves_nothing(world: World) -> None:
    """The same words went out before, and that text is known: it cannot stand for the second one as well."""
    world.person()
    world.message()
    world.minute()
    drop(world)
    second = world.message()
    world.minute()
    world.phones.misbehave = None
    world.wait(minutes=2)
    assert world.dispatch()["proven"] == 0
    assert world.state(second) == ("sending", "unknown_outcome")


def test_one_text_for_two_attempts_does_not_say_which(world: World) -> None:
    world.person()
    calls: list[dict[str, str]] = []

    def accept_the_first(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        if len(calls) == 1:
            world.phones.accept(fields)
        return HttpAnswer(500, {})

    world.phones.misbehave = accept_the_first
    messages = [world.message(), world.message()]
    world.minute()
    world.wait(minutes=2)
    assert world.dispatch()["proven"] == 0
    assert {world.state(message_id) for message_id in messages} == {("sending", "unknown_outcome")}
    world.twilio_calls()
    world.take_in()
    assert sorted(world.state(message_id)[0] for message_id in messages) == ["sending", "sent"]


def test_a_text_that_somebody_else_sent_proves_nothing(world: World) -> None:
    world.person()
    drop(world)
    message_id = world.message()
    world.minute()
    long_ago = Text("SMold", "+12125550101", "Hello", 1, world.now - timedelta(hours=1))
    world.phones.texts = [long_ago, Text("SMother", "+12125550101", "Hello!", 1, world.now)]
    world.wait(minutes=2)
    world.dispatch()
    world.phones.texts = []
    assert world.state(message_id) == ("sending", "unknown_outcome")


def test_the_owner_may_choose_to_send_again_and_at_most_three_times(world: World) -> None:
    world.person(hourly_limit=10)
    app = world.functions["dispatch"]
    settings = app.settings
    app.__dict__["settings"] = settings.model_copy(update={"unknown_outcome": UnknownOutcome.SEND_AGAIN})
    calls: list[dict[str, str]] = []

    def lose(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        return HttpAnswer(500, {})

    world.phones.misbehave = lose
    try:
        message_id = world.message()
        for _ in range(6):
            world.minute()
            world.wait(minutes=11)
        assert (len(calls), world.state(message_id)) == (3, ("failed", "unknown_outcome"))
    finally:
        app.__dict__["settings"] = settings


def test_when_it_is_to_be_sent_again_late_evidence_prevents_it(unknown: World) -> None:
    app = unknown.functions["dispatch"]
    settings = app.settings
    app.__dict__["settings"] = settings.model_copy(update={"unknown_outcome": UnknownOutcome.SEND_AGAIN})
    unknown.phones.texts, kept = [], unknown.phones.texts
    try:
        unknown.wait(minutes=11)
        unknown.dispatch()
        unknown.phones.texts = kept
        unknown.twilio_calls()
        unknown.take_in()
        unknown.deliver()
        assert unknown.all("SELECT status FROM message_queue") == [("sent",)]
    finally:
        app.__dict__["settings"] = settings


# Status callbacks ---------------------------------------------------------------------------------------------------------


def statuses(world: World, *words: str, code: str = "") -> None:
    (sent,) = world.phones.callbacks[:1]
    told = [Callback(sent.url, {**sent.fields, "MessageStatus": word, "ErrorCode": code}) for word in words]
    world.twilio_calls(*told)
    assert world.take_in() == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["queued", "sending"], "sent"),
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent"], "delivered"),
        (["delivered", "delivered", "sent", "queued"], "delivered"),
        (["undelivered"], "failed"),
        (["delivered", "undelivered"], "delivered"),
        (["undelivered", "delivered"], "delivered"),
        (["failed", "sent"], "failed"),
        (["delivered", "read"], "delivered"),
        (["something new"], "sent"),
    ],
)
def test_the_status_moves_only_forward(world: World, words: list[str], status: str) -> None:
    world.person()
    world.message()
    world.minute()
    for word in words:
        statuses(world, word)
    assert world.all("SELECT status FROM messages") == [(status,)]
    world.phones.callbacks.clear()


def test_callbacks_of_one_batch_count_together(world: World) -> None:
    world.person()
    world.message()
    world.minute()
    statuses(world, "delivered", "sent", "queued", "delivered")
    assert world.all("SELECT status, delivered_at FROM messages") == [("delivered", world.now)]


def test_a_callback_may_overtake_our_own_record(world: World) -> None:
    """Twilio calls back while its answer is still on the way to us."""
    world.person()
    message_id = world.message()

    def call_back_first(fields: dict[str, str]) -> HttpAnswer:
        answer = HttpAnswer(201, world.phones.accept(fields))
        world.twilio_calls()
        world.take_in()
        return answer

    world.phones.misbehave = call_back_first
    world.minute()
    assert world.state(message_id) == ("sent", None)
    assert world.all("SELECT status FROM messages") == [("delivered",)]
    assert world.all("SELECT outcome, evidence FROM orchestrator.attempts") == [("accepted", "status_callback")]


def test_accepted_and_then_undelivered_is_not_sent_again_and_says_why(world: World) -> None:
    world.person()
    message_id = world.message()
    world.minute()
    statuses(world, "undelivered", code="30003")
    for _ in range(3):
        world.wait(minutes=20)
        world.minute()
    assert (world.texts(), world.state(message_id)) == (["Hello"], ("sent", None))
    assert world.all("SELECT undelivered_code, holds_slot FROM orchestrator.attempts") == [(30003, True)]


def test_a_sequence_goes_on_where_evidence_settled_its_part(world: World) -> None:
    world.person()
    accept_and_drop(world)
    sequence: dict[str, Any] = {"sequence_id": str(uuid4()), "sequence_total": 2}
    for position in (1, 2):
        data = {"type": "note", "message": f"part {position}"}
        world.message(sequence_position=position, message_data=data, **sequence)
    world.minute()
    world.phones.misbehave = None
    assert world.texts() == ["part 1"]
    world.twilio_calls()
    world.take_in()
    world.minute()
    assert world.texts() == ["part 1", "part 2"]
    assert world.all("SELECT part, evidence FROM orchestrator.attempts ORDER BY part") == [
        (1, "status_callback"),
        (2, "answer"),
    ]


def test_a_callback_for_an_attempt_nobody_knows_changes_nothing(world: World) -> None:
    world.person()
    world.message()
    world.minute()
    (sent,) = world.phones.callbacks[:1]
    attempt = str(world.all("SELECT id FROM orchestrator.attempts")[0][0])
    world.twilio_calls(Callback(sent.url.replace(attempt, str(uuid4())), sent.fields))
    assert world.take_in() == {"batchItemFailures": []}
    assert world.all("SELECT status FROM messages") == [("sent",)]


@pytest.mark.parametrize("body", ["{", "{}", '{"path": "/twilio/status", "query": {}, "form": {}}'])
def test_what_inbound_cannot_read_is_put_aside_with_its_reason(world: World, body: str) -> None:
    assert world.invoke("inbound", sqs_event([sqs_record(body, world.now, queue="inbound")])) == {
        "batchItemFailures": []
    }
    (letter,) = world.drain_messages("INBOUND_DLQ_URL")
    assert (letter["Body"], letter["MessageAttributes"]["reason"]) == (body, "unreadable")
