"""Whatever Claude's answers hold, and however long it thinks: each of its uses works at the handlers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from orchestrator.settings import Effort
from tests.integration.test_relevance import asked, fresh, replied
from tests.world import World

DATA = {"type": "update", "findings": {"name": "Acme"}}
# Two names and two values: a text about them is read once more.
INVOICE = {"type": "invoice", "from": "Acme", "to": "Borealis", "amount": "10 USD", "licences": 3}
INVOICE_TEXT = "Acme sends Borealis an invoice of 10 USD for 3 licences."
FREE_WORDS = "please do not hear from you again, is that possible"


@contextmanager
def claude_as(world: World, model: str, effort: Effort) -> Iterator[None]:
    """The functions ask this model with this effort."""
    apps = [world.functions[name] for name in ("deliver", "inbound")]
    usual = [app.settings for app in apps]
    for app in apps:
        changed = app.settings.model_copy(update={"anthropic_model": model, "anthropic_effort": effort})
        app.__dict__["settings"] = changed
    try:
        yield
    finally:
        for app, settings in zip(apps, usual, strict=True):
            app.__dict__["settings"] = settings


@pytest.mark.parametrize(
    ("model", "effort"),
    [
        ("claude-haiku-5-5", Effort.OFF),
        ("claude-haiku-5-5", Effort.LOW),  # 900 tokens of thinking in the stand-in
        ("claude-haiku-5-5", Effort.HIGH),
        ("claude-sonnet-5-5", Effort.OFF),
        ("claude-opus-5-5", Effort.OFF),  # it cannot switch thinking off
        ("claude-haiku-4-5", Effort.OFF),
        ("claude-haiku-6", Effort.OFF),  # no list has it
    ],
)
def test_every_use_works_with_a_model_that_thinks(world: World, model: str, effort: Effort) -> None:
    world.claude.write_text = lambda _prompt: INVOICE_TEXT
    with claude_as(world, model, effort):
        ada = world.person()
        fresh(world, message_data=INVOICE)
        replied(world, ada)
        world.minute()
        assert world.texts() == [INVOICE_TEXT]
        world.writes(FREE_WORDS)
    logged = world.all("SELECT action_type, error FROM agent_actions_log ORDER BY created_at, action_type")
    assert sorted(logged) == [
        ("check_words", None), ("read_reply", None), ("relevance_check", None), ("render_message", None),
    ]  # fmt: skip
    assert world.all("SELECT count(*) FROM orchestrator.opt_outs") == [(1,)]
    assert world.claude.rejected == []


# What Postgres does not store, what a terminal obeys, and what no phone shows.
NOISE = [
    "\0",
    "\0\0\0",
    "\x07",
    "\x1b[31m",
    "\x9b2J",
    "\u2028",
    "\u202e",
    "\ue000",
    "\ud83d",
    "\ufffe",
    "\U000e0041",
    "\x7f",
]


@pytest.mark.parametrize("noise", NOISE, ids=ascii)
def test_no_character_of_an_answer_stops_a_message_or_reaches_a_phone(world: World, noise: str) -> None:
    ada = world.person(hourly_limit=10)
    world.claude.noise = noise
    world.claude.check_relevance = lambda *_: {
        "verdict": "CONTEXTUAL", "should_reformulate": False, "why": f"still{noise} open",
    }  # fmt: skip
    goes = fresh(world, message_data=DATA)
    replied(world, ada)
    world.minute()
    (text,) = world.texts()
    assert world.state(goes) == ("sent", None)
    assert text.replace("\n", "").isprintable()
    assert "Acme" in text
    assert len(world.claude.requests) == 2, "one call for the verdict and one for the words"
    assert world.drain("DELIVERY_DLQ_URL") == []
    assert world.all("SELECT sum(cost_usd) FROM agent_actions_log") == world.all(
        "SELECT cost_usd FROM orchestrator.daily_spending()"
    )


@pytest.mark.parametrize("noise", NOISE[::4], ids=ascii)
def test_no_character_of_a_reason_stops_a_reformulation(world: World, noise: str) -> None:
    ada = world.person()
    waits = fresh(world)
    replied(world, ada)
    world.claude.check_relevance = lambda *_: {
        "verdict": "CONTEXTUAL", "should_reformulate": True, "why": f"another{noise} vendor",
    }  # fmt: skip
    world.minute()
    assert world.state(waits) == ("queued", "reformulation")
    ((why,),) = world.all("SELECT context_json->>'why' FROM agent_tasks")
    assert why.replace("\n", "").isprintable()


@pytest.mark.parametrize("noise", NOISE[::4], ids=ascii)
def test_no_character_of_a_fault_stops_a_second_reading(world: World, noise: str) -> None:
    world.person()
    world.claude.write_text = lambda _prompt: INVOICE_TEXT
    world.claude.find_fault = lambda *_: f"the{noise} payer is wrong"
    message_id = world.message(message_data=INVOICE)
    world.minute()
    assert world.state(message_id) == ("sent", None)
    assert world.row(message_id)["words_source"] == "plain"


@pytest.mark.parametrize(
    "answer",
    [
        '{"text": "Hi Ada! Acme',
        "Hi Ada! Acme.",
        '```json\n{"text": "Hi Ada! Acme."}\n```',
        '{"text": ["Hi Ada! Acme."]}',
        '{"text": null}',
        "[]",
        "null",
        '{"text": "\\ud83d"}',
        '{"text": ""}',
        '{"text": "' + "Acme " * 2_000 + '"}',
        '{"text": "\\u200b\\u2060"}',
    ],
    ids=lambda answer: answer[:25],
)
def test_an_answer_of_another_shape_is_no_text(world: World, answer: str) -> None:
    world.person()
    world.claude.misbehave = lambda request: world.claude.reply(request, answer)
    message_id = world.message(message_data=DATA)
    world.minute()
    assert world.texts() == ["Hi Ada, update: findings: Acme."]
    assert world.row(message_id)["words_source"] == "plain"


@pytest.mark.parametrize("place", range(4))
def test_a_verdict_that_depends_on_the_place_ends_nothing_wherever_the_message_stands(world: World, place: int) -> None:
    ada = world.person(hourly_limit=10)
    messages = [fresh(world, message_data={"type": "note", "message": f"number {n}"}) for n in range(4)]
    replied(world, ada)

    def stale_at_place(request: dict[str, Any]) -> Any:
        shown = request["messages"][0]["content"].count('"number":')
        verdicts = [
            {"number": n + 1, "verdict": "STALE" if n == place else "RELEVANT", "should_reformulate": False, "why": "x"}
            for n in range(shown)
        ]
        return world.claude.reply(request, json.dumps({"verdicts": verdicts}))

    world.claude.misbehave = stale_at_place
    for _ in range(2):
        world.minute()
    assert [world.state(message_id) for message_id in messages] == [("sent", None)] * 4
    assert len(asked(world)) == 2, "one question, and one more in reverse order"


@pytest.mark.parametrize("messages", [1, 2, 5, 12])
def test_where_nothing_is_stale_a_person_takes_one_call(world: World, messages: int) -> None:
    ada = world.person(hourly_limit=50, daily_limit=50)
    for number in range(messages):
        fresh(world, message_data={"type": "note", "message": f"number {number}"})
    replied(world, ada)
    for _ in range(8):
        world.minute()
    assert (len(asked(world)), len(world.texts())) == (1, messages)


# Segments and times ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("]" * 80, 1), ("]" * 81, 2), ("]" * 152, 2), ("]" * 153, 3), ("a" * 152 + "]" + "a" * 152, 3),
        ("a" * 153 + "]" + "a" * 151, 2), ("€" * 76, 1), ("{" * 154, 3), ("🎉" * 35, 1), ("🎉" * 66, 2), ("🎉" * 67, 3),
        ("a" * 66 + "🎉" + "a" * 66, 3),
    ],
)  # fmt: skip
def test_a_pair_is_never_split_over_two_segments_and_the_price_knows(world: World, text: str, segments: int) -> None:
    world.person()
    message_id = world.message(message_data={"type": "note", "message": text})
    world.minute()
    assert world.row(message_id)["segments"] == segments
    ((price,),) = world.all("SELECT price_usd FROM orchestrator.attempts")
    world.person("ben", phone="+12125550102")
    world.message("ben", message_data={"type": "note", "message": "one"})
    world.minute()
    ((single,),) = world.all(
        "SELECT a.price_usd FROM orchestrator.attempts a JOIN users u ON u.id = a.user_id WHERE u.external_id = 'ben'"
    )
    assert price == single * segments


# Times that are no RFC 3339 with an offset; each was once read as a time, or is a neighbour of one that was.
NO_TIMES: list[object] = [
    "20261225", "20261225T090000Z", "1798189200", "1798189200000", "+1798189200", "1798189200.5", "2026-12-25",
    "2026-12-25T09:00:00", "2026-12-25 09:00", "2026-12-25T09Z", "2026-12-25T09:00:00+05", "12/25/2026 09:00+00:00",
    "2026-W52-5T09:00Z", "2026-359T09:00Z", "P1D", "tomorrow", "", " ", "2026-12-25T25:00:00Z", "2026-13-25T09:00:00Z",
    "2026-12-25T09:00:00Z ", "\u0662\u0660\u0662\u0666-12-25T09:00:00Z", 20261225, 1798189200, 1.5, True, [], {},
]  # fmt: skip


@pytest.mark.parametrize("field", ["scheduled_for", "expires_at", "scheduledFor", "expiresAt"])
def test_what_is_no_time_with_an_offset_is_rejected_and_never_sent(world: World, field: str) -> None:
    world.person()
    for time in NO_TIMES:
        given: dict[str, Any] = {field: time}
        world.message(**given)
    world.minute()
    assert world.texts() == []
    assert len(world.drain("ENQUEUE_DLQ_URL")) == len(NO_TIMES)
    assert world.all("SELECT count(*) FROM message_queue") == [(0,)]


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-03T15:30:00Z", "2026-03-03T15:30:00z", "2026-03-03t15:30:00Z", "2026-03-03 15:30:00+00:00",
        "2026-03-03T10:30:00-05:00", "2026-03-03T15:30Z", "2026-03-03T15:30:00.000Z", "2026-03-03T10:30:00-0500",
        "2026-03-03T15:30:00.123456789Z", "2026-03-04T05:30:00+14:00",
    ],
)  # fmt: skip
def test_a_time_with_an_offset_is_kept_whatever_its_spelling(world: World, time: str) -> None:
    world.person()
    message_id = world.message(scheduled_for=time)
    world.minute()
    assert world.state(message_id) == ("queued", "scheduled")
    world.travel_to("2026-03-03T15:30:01Z")
    world.minute()
    assert world.texts() == ["Hello"]
