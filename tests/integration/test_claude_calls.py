"""Each call to Claude is counted by its use and its outcome, at the handlers; and the questions that were not asked."""

import json
from typing import Any

import pytest

from tests.integration.test_relevance import FAILURES, fresh, replied
from tests.unit.test_telemetry import metrics_of
from tests.world import World

DATA = {"type": "update", "findings": {"name": "Acme"}}
OVERLONG = json.dumps({"text": "Acme " * 300})
# What Claude answers, and what is counted: three tries where another one may help.
ANSWERS = [
    ("answered", lambda _world, _request: None, {"answered": 1}),
    ("refusal", lambda world, request: world.claude.refusal(request), {"refused": 1}),
    ("cut off", lambda world, request: world.claude.reply(request, '{"te', "max_tokens"), {"cut_off": 3}),
    ("empty", lambda world, request: world.claude.reply(request, " "), {"empty": 3}),
    ("malformed", lambda world, request: world.claude.reply(request, '{"text": 5}'), {"malformed": 3}),
    ("overlong", lambda world, request: world.claude.reply(request, OVERLONG), {"overlong": 3}),
    ("busy", lambda *_: FAILURES["529"], {"busy": 3}),
    ("broken", lambda *_: FAILURES["500"], {"unavailable": 3}),
    ("wrong key", lambda *_: FAILURES["401"], {"rejected": 1}),
]


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str | None, float]:
    """The values of `ClaudeCalls` since the last look, by use and outcome."""
    lines = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    calls = metrics_of("\n".join(lines)).get("ClaudeCalls", {})
    return {name: sum(values) for name, values in calls.items() if name}


@pytest.mark.parametrize(("answer", "outcomes"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_each_outcome_of_writing_words_is_counted(
    world: World, capsys: pytest.CaptureFixture[str], answer: Any, outcomes: dict[str, int]
) -> None:
    world.person()
    world.claude.misbehave = lambda request: answer(world, request)
    world.message(message_data=DATA)
    world.minute()
    assert counted(capsys) == {f"render_message {outcome}": number for outcome, number in outcomes.items()}


def test_relevance_words_and_second_readings_are_counted_apart(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = world.person()
    world.claude.write_text = lambda _prompt: "Acme sends Borealis an invoice of 10 USD for 3 licences."
    fresh(world, message_data={"type": "invoice", "from": "Acme", "to": "Borealis", "amount": "10 USD", "licences": 3})
    replied(world, ada)
    world.minute()
    assert counted(capsys) == {
        "check_relevance answered": 1,
        "render_message answered": 1,
        "check_words answered": 1,
    }


def test_a_reply_that_claude_reads_is_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.person()
    world.writes("please do not hear from you again, is that possible")
    assert counted(capsys) == {"read_reply answered": 1}


@pytest.mark.parametrize("why", ["no key", "ceiling"])
def test_what_was_not_asked_is_counted(world: World, capsys: pytest.CaptureFixture[str], why: str) -> None:
    ada = world.person(hourly_limit=10)
    app = world.functions["deliver"]
    usual = app.settings
    if why == "no key":
        app.__dict__["settings"] = usual.model_copy(update={"anthropic_api_key": None})
    else:
        world.connection.execute("INSERT INTO orchestrator.spending (day, cost_usd) VALUES (current_date, 50)")
        world.connection.execute("UPDATE orchestrator.spending SET day = %s", (world.now.date(),))
    try:
        fresh(world)
        fresh(world, message_data={"type": "note", "message": "another one"})
        world.message(message_data=DATA)
        world.message(message_data={"type": "note", "message": "word for word"})
        world.message(message_data={"type": "note", "note": None})
        replied(world, ada)
        world.minute()
    finally:
        app.__dict__["settings"] = usual
    assert counted(capsys) == {"check_relevance not_asked": 1, "render_message not_asked": 1}
    assert world.claude.requests == []


def test_a_reply_that_waits_for_an_operator_is_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.person()
    app = world.functions["inbound"]
    usual = app.settings
    app.__dict__["settings"] = usual.model_copy(update={"anthropic_api_key": None})
    try:
        world.writes("please do not hear from you again, is that possible")
    finally:
        app.__dict__["settings"] = usual
    assert counted(capsys) == {"read_reply not_asked": 1}
