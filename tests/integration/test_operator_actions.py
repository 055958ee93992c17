"""Each action of an operator asks once, and is recorded with who and why; the record is never changed."""

import json

import psycopg
import pytest
from typer.testing import CliRunner

from orchestrator.store import adoption
from orchestrator.store.operator_actions import Action, record_action
from orchestrator_cli.main import app
from tests.world import World


def invoke(*arguments: str, answer: str | None = None) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, arguments, input=answer)
    return result.exit_code, result.output


def recorded(world: World) -> list[tuple[object, ...]]:
    return world.all("SELECT operator, action, target, change, reason FROM orchestrator.operator_actions ORDER BY id")


@pytest.fixture(autouse=True)
def grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "grace")


ACTIONS = {
    "pause": ["--lane", "low", "--note", "why"],
    "resume": ["--lane", "low", "--reason", "why"],
    "agent set": ["saga", "--hourly-limit", "5", "--reason", "why"],
    "agent remove": ["saga", "--reason", "why"],
    "user add": ["--phone", "+1 212 555 0109", "--reason", "why"],
    "user set": ["ada", "--daily-limit", "3", "--reason", "why"],
    "user stop": ["ada", "--reason", "why"],
    "learn off": ["ada", "--reason", "why"],
    "learn on": ["ada", "--reason", "why"],
    "privacy hold": ["ada", "--note", "why"],
    "privacy release": ["ada", "--reason", "why"],
    "consent add": ["ada", "--purpose", "marketing", "--source", "a form"],
    "withdraw": ["--agent", "concierge", "--reason", "why"],
    "release": ["--reason", "why"],
}


@pytest.mark.parametrize("command", ACTIONS)
def test_an_action_asks_once_and_is_recorded(world: World, command: str) -> None:
    world.person(response_pattern=json.dumps({"best_hours": [18]}))
    held = world.message(priority="medium")
    options = [str(held), *ACTIONS[command]] if command == "release" else ACTIONS[command]
    for answer in ("n\n", ""):
        code, output = invoke(*command.split(), *options, answer=answer)
        assert (code, output.count("[y/N]")) == (1, 1), output
        assert "Nothing was changed. Without a terminal, give --yes." in output
    assert recorded(world) == []
    assert world.state(held) == ("queued", "best_time")
    code, output = invoke(*command.split(), *options, answer="y\n")
    assert (code, output.count("[y/N]")) == (0, 1), output
    ((operator, action, _, _, reason),) = recorded(world)
    assert (operator, action) == ("grace", command.removesuffix(" add") if "consent" in command else command)
    assert reason == (None if "consent" in command else "why")
    _, listed = invoke("actions")
    assert "grace" in listed
    assert len(json.loads(invoke("actions", "--json")[1])) == 1


def fail(*_arguments: object, **_options: object) -> None:
    raise RuntimeError("in the middle")


def test_what_commits_in_parts_is_recorded_before_it_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = world.person()
    invoke("adopt")
    assert recorded(world) == [], "a report changes nothing"
    monkeypatch.setattr(adoption, "adopt", fail)
    monkeypatch.setattr("orchestrator_cli.privacy._delete_dead_letters", fail)
    assert invoke("adopt", "--apply", "--reason", "cutover")[0] == 1
    assert invoke("privacy", "delete", "ada", "--keep-at-twilio", "--yes")[0] == 1
    assert recorded(world) == [
        ("grace", "adopt", "", {"max_age_hours": 24, "watch": False}, "cutover"),
        ("grace", "privacy delete", "", {}, None),
    ]
    assert world.all("SELECT user_id FROM orchestrator.operator_actions WHERE user_id IS NOT NULL") == [(ada,)]


def test_a_text_that_an_operator_read_is_recorded_with_why(world: World) -> None:
    ada = world.person()
    world.says(ada, "cease and desist from all this please")
    world.minute()
    invoke("user", "read", "ada", "--as", "stop", "--reason", "she called", "--yes")
    assert recorded(world) == [("grace", "user read", "", {"read_as": "stop", "texts": 1}, "she called")]


def test_the_record_says_old_and_new_but_no_number_and_no_name(world: World) -> None:
    ada = world.person()
    invoke("user", "set", "ada", "--name", "Augusta", "--daily-limit", "3", "--yes")
    assert recorded(world) == [("grace", "user set", "", {"first_name": "changed", "daily_limit": [10, 3]}, None)]
    _, listed = invoke("actions", "--user", "ada")
    assert f"user set user {ada}" in listed
    assert "daily_limit: 10 → 3" in listed


def test_the_record_is_never_changed(world: World) -> None:
    record_action(world.connection, Action("pause", "everything"), "grace", world.now)
    for statement in (
        "UPDATE orchestrator.operator_actions SET operator = 'other'",
        "UPDATE orchestrator.operator_actions SET target = 'forgotten', change = '{}', operator = 'other'",
        "DELETE FROM orchestrator.operator_actions",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation, match="never changed or deleted"):
            world.connection.execute(statement.encode())
    ((role,),) = world.all("SELECT database_role FROM orchestrator.operator_actions")
    assert role == world.connection.info.user


def test_what_fails_is_not_recorded(world: World) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    code, _ = invoke("user", "set", "ada", "--phone", "+1 212 555 0102", "--yes")
    assert (code, recorded(world)) == (1, [])


def test_actions_are_listed_in_pages(world: World) -> None:
    for n in range(3):
        record_action(world.connection, Action("pause", f"lane {n}"), "grace", world.now)
    _, first = invoke("actions", "--limit", "2")
    assert "lane 2" in first
    assert "lane 0" not in first
    last = first.rpartition("Older ones: --before ")[2].strip()
    assert [action["target"] for action in json.loads(invoke("actions", "--before", last, "--json")[1])] == ["lane 0"]
