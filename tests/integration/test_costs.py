"""`orchestrator costs`: what Claude and texts cost, and which calls were saved."""

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


def test_costs_and_savings_are_shown(world: World) -> None:
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
    assert saved["batching"] == 2, "one call checked three messages"
    assert saved["verbatim texts"] == 3
    assert saved["remembered verdicts"] >= 2, "the messages that the hourly limit held were not checked again"
    shown = costs()
    assert "Saved by batching: 2 calls" in shown
    assert "in 2 calls." in shown


def test_costs_of_the_last_days_alone(world: World) -> None:
    world.person()
    world.message(message_data={"type": "update", "findings": {"name": "Acme"}})
    world.minute()
    world.travel_to(world.now + timedelta(days=1))
    assert json.loads(costs("--days", "1", "--json"))["spent"] == []
    assert len(json.loads(costs("--days", "2", "--json"))["spent"]) == 1
    assert "Total: 0.0000 USD in 0 calls." in costs("--days", "1")
