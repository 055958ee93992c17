"""`orchestrator costs`: what Claude cost, and what was saved."""

import json
from datetime import timedelta
from typing import Any

from typer.testing import CliRunner

from orchestrator_cli.main import app
from tests.world import World


def costs(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["costs", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_bill_and_what_was_saved(world: World) -> None:
    ada = world.person(hourly_limit=1)
    for number in range(3):
        world.message(
            requires_fresh_context=True, agent_id="saga_1", message_data={"type": "note", "message": f"n{number}"}
        )
    world.message(agent_id="saga_1", message_data={"type": "update", "findings": {"name": "Acme"}})
    world.wait(minutes=1)
    world.says(ada, "hm")
    world.wait(minutes=20)
    for _ in range(5):
        world.minute()
        world.wait(hours=1, minutes=1)
    answer: dict[str, Any] = json.loads(costs("--json"))
    lines = {line["action"]: line for line in answer["spent"]}
    assert (lines["check_relevance"]["calls"], lines["check_relevance"]["agent"]) == (1, "saga_1")
    assert (lines["render_message"]["calls"], lines["render_message"]["model"]) == (1, "claude-haiku-5-5")
    saved = {line["what"]: line["calls"] for line in answer["saved"]}
    assert saved["batching"] == 2, "three messages were judged in one call"
    assert saved["verbatim texts"] == 3
    assert saved["remembered verdicts"] >= 2, "those that the limit held went without a second question"
    shown = costs()
    assert "Saved by batching: 2 calls" in shown
    assert "in 2 calls." in shown


def test_only_the_days_that_were_asked_for(world: World) -> None:
    world.person()
    world.message(message_data={"type": "update", "findings": {"name": "Acme"}})
    world.minute()
    world.travel_to(world.now + timedelta(days=1))
    assert json.loads(costs("--days", "1", "--json"))["spent"] == []
    assert len(json.loads(costs("--days", "2", "--json"))["spent"]) == 1
    assert "Total: 0.0000 USD in 0 calls." in costs("--days", "1")
