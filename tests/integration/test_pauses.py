"""What is paused is seen wherever an operator looks, and what has ended is not (R13)."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from orchestrator.store.database import sql
from orchestrator.store.gauges import read_gauges
from orchestrator.store.pauses import list_pauses, pause
from orchestrator_cli import identity, target
from orchestrator_cli.main import app
from tests.world import World

BANNER = "PAUSED everything since 2026-03-03 15:00:00 UTC by grace: provider incident (until `orchestrator resume`)"


def run(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def paused(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Grace has paused everything; a pause of Ben alone is older, and one of a lane has ended."""
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    world.person()
    ben = world.person("ben", phone="+12125550102")
    pause(world.connection, "user", str(ben), None, world.now - timedelta(hours=25))
    world.connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, paused_at, ends_at) VALUES ('busy', 'low', %(now)s, %(now)s)",
        {"now": world.now},
    )
    run("pause", "--yes", "--note", "provider incident")
    return world


@pytest.mark.parametrize("arguments", [["pauses"], ["stats"], ["queue"], ["user", "show", "ada"]])
def test_a_pause_is_a_banner_wherever_an_operator_looks(paused: World, arguments: list[str]) -> None:
    printed = run(*arguments)
    assert BANNER in printed
    assert ("PAUSED user" in printed) == (arguments != ["user", "show", "ada"]), "a pause of Ben stops no text to Ada"
    assert "lane low" not in printed, "it has ended"


def test_a_pause_is_data_too(paused: World) -> None:
    (ben, everything) = json.loads(run("pauses", "--json"))
    assert ben["scope"] == "user"
    assert everything == {
        "scope": "everything",
        "value": "",
        "paused_by": "grace",
        "note": "provider incident",
        "paused_at": "2026-03-03T15:00:00+00:00",
        "ends_at": None,
        "stops": "everything",
    }
    assert json.loads(run("stats", "--json"))["pauses"][1] == everything
    assert json.loads(run("user", "show", "ada", "--json"))["pauses"] == [everything]
    assert json.loads(run("queue", "--json")) == []


def test_explain_names_the_very_pause(paused: World) -> None:
    paused.connection.execute("DELETE FROM orchestrator.pauses WHERE scope = 'everything'")
    message = paused.message()
    paused.dispatch()
    run("pause", "--yes", "--agent", "concierge", "--note", "wrong prices")
    paused.deliver()
    assert paused.state(message) == ("queued", "paused")
    words = "agent concierge since 2026-03-03 10:00:00 EST by grace: wrong prices"
    explained = run("explain", str(message))
    assert f"paused: {words}" in explained
    assert f"Paused: {words}" in explained
    paused.wait(minutes=1)
    assert "Still paused: user" in run("resume", "--yes", "--agent", "concierge")
    assert "a pause that has ended (R13)" in run("explain", str(message))


def test_the_age_of_the_oldest_pause_is_a_gauge(paused: World) -> None:
    assert read_gauges(paused.connection, paused.now).oldest_pause == 25 * 3600
    for scope in (["--user", "ben"], []):
        run("resume", "--yes", *scope)
    assert read_gauges(paused.connection, paused.now).oldest_pause == 0
    assert run("pauses") == "Nothing is paused.\n"


def test_a_pause_that_a_function_sets_again_begins_then(world: World) -> None:
    """Its row stays when it ends, and its age must not count the time in which nothing was paused."""
    world.connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, paused_at, ends_at)"
        " VALUES ('brake', 'saga', %(now)s - interval '3 days', %(now)s - interval '2 days')",
        {"now": world.now},
    )
    again = {"agent_group": ["saga"], "note": ["far above"], "now": world.now}
    world.connection.execute(sql("throttle_agents"), again)
    world.wait(minutes=30)
    world.connection.execute(sql("throttle_agents"), {**again, "now": world.now})
    (throttled,) = list_pauses(world.connection, world.now)
    assert world.now - throttled.paused_at == timedelta(minutes=30)
    assert throttled.ends_at == world.now + timedelta(hours=1)


def test_on_a_deployed_stack_the_aws_identity_names_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_STACK", "prod")
    assert target.deployed_stack() == "prod"
    assert identity.operator_name().startswith("arn:aws:sts::")
