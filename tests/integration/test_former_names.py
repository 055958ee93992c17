"""What dashboards and handlers of the former system look for, they find: its names in our rows."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from orchestrator_cli.main import app
from orchestrator_local.stand_ins.http import HttpAnswer
from tests.integration.test_relevance import fresh, replied, says_verdict
from tests.integration.test_twilio_answers import report
from tests.world import World

# What a dashboard of the former system asks about the checks of relevance, and about texts that did not go.
CHECKS = (
    "SELECT (input_data->>'message_id')::uuid, output_data->>'classification', output_data->'relevant',"
    " output_data->'shouldReformulate' FROM agent_actions_log"
    " WHERE agent_type = 'message_orchestrator' AND action_type = 'relevance_check' ORDER BY 1"
)
ERRORS = (
    "SELECT (input_data->>'message_id')::uuid, error FROM agent_actions_log"
    " WHERE agent_type = 'message_orchestrator' AND action_type = 'delivery_error' ORDER BY created_at, 2"
)


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


# Checks of relevance -----------------------------------------------------------------------------------------------------


def test_each_message_of_a_check_is_a_row_under_the_former_name_and_the_call_costs_once(world: World) -> None:
    ada = world.person(hourly_limit=10)
    verdicts = {"n0": ("RELEVANT", False), "n1": ("STALE", False), "n2": ("CONTEXTUAL", True)}
    ids = [fresh(world, message_data={"type": "note", "message": name}) for name in verdicts]
    replied(world, ada)
    world.claude.check_relevance = lambda message, _said: {
        "verdict": verdicts[json.loads(message["says"])["message"]][0],
        "should_reformulate": verdicts[json.loads(message["says"])["message"]][1],
        "why": "x",
    }
    world.minute()
    assert Counter(world.all(CHECKS)) == {
        (ids[0], "RELEVANT", True, False): 1,
        (ids[1], "STALE", False, False): 1,
        (ids[2], "CONTEXTUAL", True, True): 1,
        (ids[0], None, None, None): 1,  # the first of two calls: something was stale, and the list was asked again
    }
    assert world.all("SELECT sum(cost_usd) FROM agent_actions_log") == world.all(
        "SELECT cost_usd FROM orchestrator.daily_spending()"
    )
    (line,) = json.loads(printed("costs", "--json"))["spent"]
    assert (line["action"], line["calls"]) == ("check_relevance", 2)
    assert "verdict" in printed("explain", str(ids[2])), "the call was about it, too"


def test_a_verdict_that_came_with_the_reading_of_a_text_is_such_a_row_too(world: World) -> None:
    world.person()
    message_id = fresh(world, scheduled_for=world.now + timedelta(hours=2))
    world.wait(minutes=1)
    world.claude.check_relevance = says_verdict("STALE")
    world.writes("please do not hear from you again, is that possible")
    assert [action for (action,) in world.all("SELECT action_type FROM agent_actions_log ORDER BY 1")] == [
        "read_reply",
        "relevance_check",
    ]
    assert world.all(CHECKS) == [(message_id, "STALE", False, False)]
    spent = json.loads(printed("costs", "--json"))["spent"]
    assert [(line["action"], line["calls"]) for line in spent] == [("read_reply", 1)]


def test_calls_from_before_the_change_are_counted_with_the_others(world: World) -> None:
    for action in ("check_relevance", "relevance_check"):
        world.connection.execute(
            "INSERT INTO agent_actions_log (agent_type, action_type, output_data, cost_usd, created_at)"
            """ VALUES ('message_orchestrator', %s, '{"messages": 1, "agent_id": "saga"}', 0.5, %s)""",
            (action, world.now),
        )
    (line,) = json.loads(printed("costs", "--json"))["spent"]
    assert (line["action"], line["calls"]) == ("check_relevance", 2)


# Why a message was superseded --------------------------------------------------------------------------------------------


def superseded_reason(world: World, message_id: UUID) -> str:
    assert world.row(message_id)["status"] == "superseded"
    return str(world.row(message_id)["superseded_reason"])


@pytest.mark.parametrize("waits", ["in delivery", "for later"])
def test_what_is_stale_says_why_in_the_words_of_the_verdict(world: World, waits: str) -> None:
    ada = world.person(hourly_limit=1)
    fresh(world, message_data={"type": "note", "message": "goes"})
    later: dict[str, Any] = {"scheduled_for": world.now + timedelta(hours=2)} if waits == "for later" else {}
    stale = fresh(world, topic="crm", **later)
    replied(world, ada)
    why = f"They chose another vendor, {'and ' * 30}wrote so"
    world.claude.check_relevance = lambda message, _said: {
        "verdict": "STALE" if message.get("topic") else "RELEVANT", "should_reformulate": False, "why": why[:200],
    }  # fmt: skip
    world.minute()
    assert superseded_reason(world, stale) == why[:100]


def test_the_other_parts_of_a_stale_sequence_say_it_in_our_words(world: World) -> None:
    ada = world.person()
    sequence = str(uuid4())
    first, second = (
        fresh(world, sequence_id=sequence, sequence_total=2, sequence_position=position) for position in (1, 2)
    )
    replied(world, ada)
    world.claude.check_relevance = says_verdict("STALE")
    world.minute()
    assert superseded_reason(world, first) == "because"
    assert superseded_reason(world, second) == "What the person wrote made it stale"


def test_a_deadline_for_reformulation_is_named(world: World) -> None:
    ada = world.person()
    message_id = fresh(world)
    replied(world, ada)
    world.claude.check_relevance = says_verdict("CONTEXTUAL", reformulate=True)
    world.minute()
    world.wait(hours=4)
    world.minute()
    assert superseded_reason(world, message_id) == "Its agent did not reformulate it in time"


def test_the_words_of_the_verdict_go_with_the_retention(world: World) -> None:
    ada = world.person()
    stale = fresh(world)
    replied(world, ada)
    world.claude.check_relevance = says_verdict("STALE")
    world.minute()
    assert world.row(stale)["superseded_reason"]
    world.travel_to(world.now + timedelta(days=400))
    world.night()
    assert world.row(stale)["superseded_reason"] is None


# Tasks -------------------------------------------------------------------------------------------------------------------


def test_a_task_has_the_keys_of_the_former_system_beside_ours(world: World) -> None:
    ada = world.person()
    message_id = fresh(world)
    replied(world, ada)
    world.claude.check_relevance = says_verdict("CONTEXTUAL", reformulate=True)
    world.minute()
    ((task,),) = world.all("SELECT context_json FROM agent_tasks")
    assert task["original_message_id"] == task["message_id"] == str(message_id)
    assert task["original_message_data"] == task["message_data"] == {"type": "note", "message": "Hello"}
    assert task["reason"] == "context_changed"


# Texts that did not go ---------------------------------------------------------------------------------------------------


ANSWERS: dict[str, tuple[HttpAnswer, str]] = {
    "refused": (
        HttpAnswer(400, {"status": 400, "code": 21211, "message": "Invalid"}),
        "refused: the number is not valid (21211)",
    ),
    "busy": (HttpAnswer(429, {"status": 429, "code": 20429, "message": "Slow"}), "refused: too many requests (20429)"),
    "lost": (HttpAnswer(201, None, drop=True), "no usable answer: MaybeSent"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_text_that_twilio_did_not_take_is_a_delivery_error(world: World, name: str) -> None:
    answer, words = ANSWERS[name]
    world.person()
    message_id = world.message(message_data={"type": "update", "findings": {"name": "Acme"}})
    world.phones.misbehave = lambda _fields: answer
    world.minute()
    assert world.all(ERRORS) == [(message_id, words)]
    spent = json.loads(printed("costs", "--json"))["spent"]
    assert [line["action"] for line in spent] == ["render_message"], "it is no call to Claude"
    assert "Claude (None)" not in printed("explain", str(message_id))


def test_a_text_that_is_not_delivered_is_one_and_its_repeated_report_is_not(world: World) -> None:
    world.person()
    message_id = world.message()
    world.minute()
    assert world.all(ERRORS) == [], "what was accepted is none"
    report(world, 30007)
    assert world.all(ERRORS) == [(message_id, "Twilio or the carrier took the text for spam (30007)")]


def test_a_text_whose_worker_died_is_one(world: World) -> None:
    world.person()
    message_id = world.message()
    world.minute()
    world.connection.execute("UPDATE orchestrator.attempts SET outcome = NULL, settled_at = NULL")
    world.connection.execute("UPDATE message_queue SET status = 'sending', lease_until = %s", (world.now,))
    world.wait(hours=1)
    world.dispatch()
    assert world.state(message_id) == ("failed", "unknown_outcome")
    assert world.all(ERRORS) == [(message_id, "unknown")]
