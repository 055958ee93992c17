"""Words that we write hold for the person's local day on which they were written (R9), at the deliver handler."""

from typing import Any
from uuid import UUID

import pytest

from orchestrator_local.stand_ins.http import HttpAnswer
from tests.integration.test_replies import row
from tests.world import World

EVENING = "2026-03-03T20:50:00-05:00"
MORNING = "2026-03-04T08:05:00-05:00"
DATA = {"type": "update", "findings": {"name": "Acme"}}


def busy(_fields: dict[str, str]) -> HttpAnswer:
    return HttpAnswer(429, {"code": 20429, "status": 429, "message": "Too many requests"})


def hold_overnight(world: World, **fields: Any) -> UUID:
    """A message gets its words in the evening, Twilio does not take it, and quiet hours begin."""
    world.travel_to(EVENING)
    world.phones.misbehave = busy
    message_id = world.message(**fields)
    world.minute()
    assert world.state(message_id) == ("queued", "provider_busy")
    world.phones.misbehave = None
    world.travel_to("2026-03-03T21:10:00-05:00")
    world.minute()
    assert world.state(message_id)[0] == "queued"
    return message_id


def test_a_text_that_was_held_overnight_is_written_again(world: World) -> None:
    world.person()
    world.claude.write_text = lambda _prompt: "Hi Ada! News of the evening: Acme."
    message_id = hold_overnight(world, message_data=DATA)
    assert world.all("SELECT words_on::text FROM message_queue") == [("2026-03-03",)]
    world.claude.write_text = lambda _prompt: "Hi Ada! News of the morning: Acme."
    world.travel_to(MORNING)
    world.minute()
    assert world.texts() == ["Hi Ada! News of the morning: Acme."]
    found = world.row(message_id)
    assert (found["final_message"], str(found["words_on"])) == (world.texts()[0], "2026-03-04")
    assert len(world.claude.requests) == 2


def test_the_plain_sentence_goes_where_claude_cannot_write_it_again(world: World) -> None:
    world.person()
    message_id = hold_overnight(world, message_data=DATA)
    assert world.row(message_id)["words_source"] == "claude"
    world.claude.refuses = True
    world.travel_to(MORNING)
    world.minute()
    assert world.texts() == ["Hi Ada, update: findings: Acme."]
    assert world.row(message_id)["words_source"] == "plain"


@pytest.mark.parametrize("hour", ["2026-03-03T20:55:00-05:00", "2026-03-03T20:59:00-05:00"])
def test_on_the_same_day_the_words_stay(world: World, hour: str) -> None:
    world.person()
    world.travel_to(EVENING)
    world.phones.misbehave = busy
    world.message(message_data=DATA)
    world.minute()
    world.phones.misbehave = None
    world.claude.write_text = lambda _prompt: "Hi Ada! Something else: Acme."
    world.travel_to(hour)
    world.minute()
    assert len(world.claude.requests) == 1
    assert "Something else" not in world.texts()[0]


def test_the_day_is_the_persons_and_not_utcs(world: World) -> None:
    world.person(timezone="America/Los_Angeles", phone="+12125550101")
    world.travel_to("2026-03-03T15:55:00-08:00")
    world.phones.misbehave = busy
    world.message(message_data=DATA)
    world.minute()
    world.phones.misbehave = None
    world.travel_to("2026-03-03T16:05:00-08:00")  # UTC has another date
    world.minute()
    assert (len(world.texts()), len(world.claude.requests)) == (1, 1)


def test_a_verbatim_text_is_not_touched(world: World) -> None:
    world.person()
    message_id = hold_overnight(world, message_data={"type": "note", "message": "Your parcel is here"})
    world.claude.write_text = lambda _prompt: "Hi Ada! Something else."
    world.travel_to(MORNING)
    world.minute()
    assert (world.texts(), world.claude.requests) == (["Your parcel is here"], [])
    assert str(world.row(message_id)["words_on"]) == "2026-03-03"


@pytest.mark.parametrize(
    "data",
    [
        {"type": "note", "message": "Your table is booked for tonight"},
        {"type": "update", "findings": {"table": "booked for tonight"}},
    ],
)
def test_words_that_speak_of_the_day_end_with_it(world: World, data: dict[str, Any]) -> None:
    world.person()
    message_id = hold_overnight(world, message_data=data)
    world.travel_to(MORNING)
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("expired", "expired"))


def test_claude_is_told_the_day_of_the_new_words(world: World) -> None:
    world.person()
    hold_overnight(world, message_data=DATA)
    world.travel_to(MORNING)
    world.minute()
    first, second = (request["messages"][0]["content"] for request in world.claude.requests)
    assert "2026-03-03" in first
    assert "2026-03-04" in second


@pytest.mark.parametrize(
    ("text", "hours"),
    [("Hi Ada! Your demo with Acme is today.", 2), ("Hi Ada! Your demo is with Acme.", 10)],
)
def test_words_that_we_wrote_and_that_say_today_do_not_wait_at_twilio_past_midnight(
    world: World, text: str, hours: int
) -> None:
    world.travel_to("2026-03-03T22:00:00-05:00")
    world.person(quiet_hours_start="00:00", quiet_hours_end="00:00")
    world.claude.write_text = lambda _prompt: text
    world.message(message_data={"type": "demo", "with": "Acme", "on": "2026-03-03"})
    world.minute()
    (sent,) = world.phones.texts
    assert (sent.body, sent.validity_period) == (text, hours * 3600)


# What stands in the owner's tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        ("Ding\x07 dong\x1b[31m red", "Ding dong red"),
        ("evil\u202emoc", "evilmoc"),
        ("👩\u200d🚀 ❤\ufe0f", "👩\u200d🚀 ❤\ufe0f"),
        ("one\u2028two", "one\ntwo"),
    ],
)
def test_a_reply_row_is_cleaned_before_it_goes(world: World, content: str, sent: str) -> None:
    ada = world.person()
    world.writes("Anything new?")
    message_id = row(world, ada, content)
    world.minute()
    assert world.texts() == [sent]
    found = world.row(message_id)
    assert (found["final_message"], found["words_source"], found["segments"]) == (sent, "row", 1)


@pytest.mark.parametrize(
    "content", ["\u200b\u2060", "\ufeff", "Hi {first_name}", '{"a": 1}', "```json\n{}\n```", "\x07"]
)
def test_a_reply_row_that_shows_nothing_or_is_no_text_is_not_sent(world: World, content: str) -> None:
    ada = world.person()
    world.writes("Anything new?")
    message_id = row(world, ada, content)
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("failed", "nothing_to_say"))
