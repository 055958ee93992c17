"""What follows from each of Twilio's answers and reports, and how far: the deliver and inbound handlers (G2)."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.store.message_history import read_message_history
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import Callback
from tests.cases import table
from tests.world import World

CASES = list(table("twilio_answers.txt"))


def report(world: World, code: int, *, place: int = 0) -> None:
    """Twilio reports that the newest text failed, twice, as its webhooks may."""
    sent = world.phones.callbacks[place]
    failed = Callback(sent.url, {**sent.fields, "MessageStatus": "undelivered", "ErrorCode": str(code)})
    world.phones.callbacks.clear()
    world.twilio_calls(failed, failed)
    world.take_in()
    world.twilio_calls(failed)
    world.take_in()


def what_waits(world: World) -> str:
    """What else waits, in the words of the table."""
    (number,) = world.all("SELECT max(dead_code), max(unreachable_until) FROM orchestrator.numbers")
    pauses = world.all("SELECT scope, value FROM orchestrator.pauses")
    words = [" ".join(part for part in pause if part) for pause in pauses]
    if number[0]:
        words.append("dead")
    if number[1]:
        words.append(f"number {(number[1] - world.now) / timedelta(minutes=1):.0f}")
    return ", ".join(words)


@pytest.mark.parametrize(
    ("status", "code", "state", "due_in", "waits"), CASES, ids=[f"{case[0]}-{case[1] or 'none'}" for case in CASES]
)
def test_what_follows(world: World, status: str, code: str, state: str, due_in: str, waits: str) -> None:
    world.person(timezone="America/Los_Angeles", quiet_hours_start="00:00", quiet_hours_end="00:00")
    if status != "later":
        body = {"status": int(status), "message": "no", **({"code": int(code)} if code else {})}
        world.phones.misbehave = lambda _fields: HttpAnswer(int(status), body)
    message_id = world.message()
    world.minute()
    if status == "later":
        report(world, int(code))
    row = world.row(message_id)
    assert " ".join(word for word in (row["status"], row["reason"]) if word) == state
    assert what_waits(world) == waits
    if due_in:
        assert row["scheduled_for"] == world.now + timedelta(minutes=int(due_in))
    if row["status"] == "queued":
        assert world.all("SELECT messages_sent FROM user_message_budget") == [(0,)], "its slot is free again"


@pytest.mark.parametrize(
    ("left", "ends_in", "begins_anew"), [(180, 180, False), (5, 15, False), (0, 15, True), (-10, 15, True)]
)
def test_a_report_extends_the_pause_that_lasts_and_begins_one_that_has_ended(
    world: World, left: int, ends_in: int, begins_anew: bool
) -> None:
    world.person()
    world.message()
    world.minute()
    begun = world.now - timedelta(hours=1)
    world.connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, note, paused_at, ends_at) VALUES ('provider', '', 'before', %s, %s)",
        (begun, world.now + timedelta(minutes=left)),
    )
    report(world, 30002)
    assert world.all("SELECT note, paused_at, ends_at FROM orchestrator.pauses") == [
        (
            "Carriers refuse our account: code 30002",
            world.now if begins_anew else begun,
            world.now + timedelta(minutes=ends_in),
        )
    ]


def test_what_twilio_dropped_unsent_arrives_once_and_repeated_reports_change_nothing(world: World) -> None:
    world.person()
    message_id = world.message()
    world.minute()
    lost = world.phones.texts.pop()
    report(world, 30036)
    world.minute()
    assert (world.texts(), world.state(message_id)) == (["Hello"], ("sent", None))
    first = Callback(
        world.phones.callbacks[0].url.split("attempt_id=")[0]
        + f"attempt_id={world.all('SELECT id FROM orchestrator.attempts ORDER BY started_at, id LIMIT 1')[0][0]}",
        {"MessageSid": lost.sid, "MessageStatus": "failed", "To": lost.to, "ErrorCode": "30036"},
    )
    world.twilio_calls(first)
    world.take_in()
    world.minute()
    assert (world.texts(), world.state(message_id)) == (["Hello"], ("sent", None))
    assert sorted(world.all("SELECT outcome FROM orchestrator.attempts")) == [("accepted",), ("not_sent",)]


def test_a_part_that_twilio_dropped_is_not_sent_after_the_parts_that_followed_it(world: World) -> None:
    world.person()
    sequence: dict[str, Any] = {"sequence_id": "0198c6ac-0000-7000-8000-000000000001", "sequence_total": 2}
    for position in (1, 2):
        data = {"type": "note", "message": f"part {position}"}
        world.message(sequence_position=position, message_data=data, **sequence)
    world.minute()
    report(world, 30036)
    world.minute()
    assert world.texts() == ["part 1", "part 2"]


def test_a_number_is_given_up_when_its_second_text_in_a_row_is_blocked(world: World) -> None:
    world.person()
    for _ in range(2):
        world.message(message_data={"type": "x", "message": f"at {world.now}"})
        world.minute()
        report(world, 30004)
        world.wait(days=1)
    last = world.message()
    world.minute()
    assert world.state(last) == ("failed", "bad_number")


def test_a_delivery_between_two_blocked_texts_keeps_the_number(world: World) -> None:
    world.person()
    for code in (30004, None, 30004):
        world.message(message_data={"type": "x", "message": f"at {world.now}"})
        world.minute()
        if code:
            report(world, code)
        else:
            world.twilio_calls()
            world.take_in()
        world.wait(days=1)
    last = world.message()
    world.minute()
    assert world.state(last)[0] == "sent"


def test_a_country_that_refuses_us_stops_its_own_texts_alone(world: World) -> None:
    world.person()
    world.person("eve", phone="+14165550102", timezone="America/Toronto")
    world.message()
    world.minute()
    report(world, 30034)
    here, abroad = world.message(message_data={"type": "x", "message": "again"}), world.message("eve")
    world.minute()
    assert world.state(here) == ("queued", "provider_configuration")
    assert world.state(abroad) == ("sent", None)
    world.wait(minutes=15)
    world.minute()
    assert world.state(here) == ("sent", None)


def test_explain_says_what_twilios_code_means(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: HttpAnswer(400, {"code": 21635, "status": 400})
    message_id = world.message()
    world.minute()
    history = read_message_history(world.connection, message_id)
    assert history is not None
    assert "refused: the number is a landline (code 21635)" in [step.detail for step in history.steps]


@pytest.mark.parametrize("code", [30047, 30610])
def test_explain_names_the_toolkit_of_twilio_that_moves_or_blocks_texts(world: World, code: int) -> None:
    world.person()
    message_id = world.message()
    world.minute()
    report(world, code)
    history = read_message_history(world.connection, message_id)
    assert history is not None
    assert any("switch the toolkit off in Twilio's console" in str(step) for step in history.steps)
