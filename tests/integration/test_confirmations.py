"""One confirmation of an opt-out that Twilio did not confirm itself, or none (R11)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orchestrator.store.pauses import pause
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import twilio_error
from tests.world import WEBHOOK, World, sqs_event, sqs_record

WORDS = "Harbor Books: You are unsubscribed and will get no more texts from us. Reply START to return."
PLEASE = "please stop texting me"


@pytest.fixture
def confirming(world: World) -> Iterator[World]:
    """A world that knows its sender's name."""
    apps = [world.functions[name] for name in ("inbound", "deliver")]
    before = [app.settings for app in apps]
    for app in apps:
        app.__dict__["settings"] = app.settings.model_copy(update={"sender_name": "Harbor Books"})
    yield world
    for app, settings in zip(apps, before, strict=True):
        app.__dict__["settings"] = settings


@pytest.mark.parametrize(
    "text", [PLEASE, "Stop thanks", "ARRET", "wrong number", "I never want to hear from you people again"]
)
def test_who_wrote_more_than_a_keyword_gets_one_confirmation_with_the_name_and_the_way_back(
    confirming: World, text: str
) -> None:
    world = confirming
    ada = world.person()
    world.message()
    world.travel_to("2026-03-03T23:00:00-05:00")  # the person has just written: quiet hours do not hold it
    world.writes(text)
    world.deliver()
    world.deliver()
    assert world.texts() == [WORDS]
    assert world.all("SELECT user_id, holds_slot, outcome FROM orchestrator.attempts") == [(ada, False, "accepted")]
    assert world.all("SELECT content, direction, status FROM messages WHERE direction = 'outbound'") == [
        (WORDS, "outbound", "sent")
    ]
    late = world.message(priority="urgent", can_delay=False)
    world.deliver()
    assert (world.texts(), world.state(late)) == ([WORDS], ("cancelled", "opted_out"))


def test_a_confirmation_whose_call_brought_no_answer_is_in_doubt_ten_minutes_after_it(confirming: World) -> None:
    world = confirming
    world.person()
    world.phones.misbehave = lambda _fields: HttpAnswer(503, {})
    world.writes(PLEASE)
    world.deliver()
    assert world.all("SELECT status, lease_until FROM message_queue") == [
        ("sending", world.now + timedelta(minutes=10))
    ]


@pytest.mark.parametrize(
    ("text", "fields"), [("STOP", {}), (" Unsubscribe ", {}), ("no more, thank you", {"OptOutType": "STOP"})]
)
def test_what_twilio_confirms_is_not_confirmed_twice(confirming: World, text: str, fields: dict[str, str]) -> None:
    world = confirming
    world.person()
    world.writes(text, **fields)
    world.wait(seconds=1)
    world.writes(PLEASE)
    world.deliver()
    assert world.texts() == []


def test_without_a_name_or_when_switched_off_there_is_none(world: World, confirming: World) -> None:
    world.person()
    for app in (world.functions["inbound"], world.functions["deliver"]):
        app.__dict__["settings"] = app.settings.model_copy(update={"stop_confirmation": "off"})
    world.writes(PLEASE)
    world.deliver()
    assert world.texts() == []
    assert world.all("SELECT confirm_until FROM orchestrator.opt_outs") == [(None,)]


def test_a_second_wish_and_a_repeated_record_bring_no_second_one(confirming: World) -> None:
    world = confirming
    world.person()
    world.writes(PLEASE)
    (body,) = world.drain("URGENT_QUEUE_URL")
    record = sqs_record(body, world.now, queue="urgent")
    for _ in range(2):
        world.invoke("deliver", sqs_event([record]))
    world.wait(seconds=30)
    world.writes("I said stop")
    world.deliver()
    assert world.texts() == [WORDS]


@pytest.mark.parametrize(("second", "texts"), [("STOP", []), ("I said stop", [WORDS])])
def test_a_stop_that_comes_before_the_confirmation_went_leaves_it_to_twilio_or_changes_nothing(
    confirming: World, second: str, texts: list[str]
) -> None:
    world = confirming
    world.person()
    for text in (PLEASE, second):
        world.writes(text)
        world.wait(seconds=1)
    world.deliver()
    assert world.texts() == texts


@pytest.mark.parametrize("texts", [("STOP", PLEASE), (PLEASE, "STOP")])
def test_of_two_in_one_batch_twilios_confirmation_is_the_only_one(confirming: World, texts: tuple[str, str]) -> None:
    world = confirming
    world.person()
    for text in texts:
        world.twilio_calls(world.phones.write("+12125550101", text, f"{WEBHOOK}/twilio/inbound"))
        world.wait(seconds=1)
    world.take_in()
    world.deliver()
    assert world.texts() == []


@pytest.mark.parametrize("obstacle", ["late", "start", "pause", "spent", "dead", "moved"])
def test_else_there_is_none(confirming: World, obstacle: str) -> None:
    world = confirming
    world.person()
    world.writes(PLEASE)
    (body,) = world.drain("URGENT_QUEUE_URL")
    match obstacle:
        case "late":
            world.wait(minutes=5)
        case "start":
            world.wait(minutes=1)
            world.writes("START")
        case "pause":
            pause(world.connection, "everything", "", None, world.now)
        case "spent":  # by waves of which none saw the ceiling reached, so that nothing is paused
            world.connection.execute(
                "INSERT INTO orchestrator.spending_shards (day, shard, twilio_usd) VALUES (%s, -1, 1500)",
                (world.now.date(),),
            )
        case "dead":
            world.connection.execute(
                "INSERT INTO orchestrator.numbers (phone_number, dead_code, changed_at) VALUES ('+12125550101', 30005, now())"
            )
        case "moved":
            world.connection.execute("UPDATE users SET phone_number = '+12125550107'")
    world.invoke("deliver", sqs_event([sqs_record(body, world.now, queue="urgent")]))
    assert world.phones.texts == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (HttpAnswer(500, {}), ("failed", "unknown_outcome")),
        (twilio_error(429, 20429, "busy"), ("cancelled", "opted_out")),
        (twilio_error(400, 21610, "unsubscribed"), ("cancelled", "opted_out")),
    ],
)
def test_whatever_twilio_answers_it_is_not_called_again(
    confirming: World, answer: HttpAnswer, state: tuple[str, str]
) -> None:
    world = confirming
    world.person()
    calls: list[str] = []

    def note(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields["Body"])
        return answer

    world.phones.misbehave = note
    world.writes(PLEASE)
    world.deliver()
    world.wait(minutes=1)
    world.writes("START")
    for _ in range(20):
        world.minute()
        world.wait(minutes=1)
    assert calls == [WORDS]
    assert world.all("SELECT status, reason FROM message_queue") == [state]
