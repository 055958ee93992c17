"""Hostile text in every column of every table: each command shows it, obeys none of it, and keeps it exact in JSON."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import time_machine
import typer.main
from psycopg import sql
from typer.testing import CliRunner

from orchestrator.errors import OrchestratorError
from orchestrator_cli import service_checks
from orchestrator_cli.main import app
from tests.integration.test_deletion import HOLDS_CODES, text_columns
from tests.integration.test_privacy import dead_letter_queue, run
from tests.world import World

__all__ = ["dead_letter_queue"]  # a fixture
HOSTILE = "[/bold]\x1b[2J\u202e"
PHONE = "+12125550101"
# Every command, with arguments for the world below; what needs a service has tests of its own.
COMMANDS = {
    "queue": [], "explain": ["MESSAGE"], "costs": [], "stats": [], "unknown-senders": [], "strangers": [],
    "user show": ["USER"], "user read": [], "user set": ["USER", "--name", HOSTILE, "--yes"], "user stop": ["USER", "--yes"], "user list": [],
    "user add": ["--phone", "+12125550199", "--name", HOSTILE, "--external-id", f"{HOSTILE}2", "--yes"],
    "agent list": [], "agent alias": [f"{HOSTILE}2"], "agent set": [f"{HOSTILE}2", "--yes"], "agent remove": [HOSTILE, "--yes"],
    "pause": ["--agent", f"{HOSTILE}3", "--note", HOSTILE, "--yes"], "resume": ["--agent", f"{HOSTILE}3", "--yes"],
    "adopt": [], "migrate": [], "pauses": [], "actions": [], "messages": [], "rejections": [], "approvals": [], "release": ["MESSAGE", "--yes"],
    "withdraw": ["--topic", HOSTILE, "--yes"], "approve": ["MESSAGE", "--yes"], "refuse": ["MESSAGE", "--reason", HOSTILE, "--yes"],
    "dlq list": [], "dlq show": ["enqueue", "--body"], "dlq redrive": ["enqueue", "--dry-run"],
    "privacy export": ["USER"], "privacy hold": ["USER", "--note", HOSTILE, "--yes"],
    "privacy release": ["USER", "--yes"],
    "evidence": ["USER", "--from", "2026-03-01", "--to", "2026-03-31", "--file", "EVIDENCE"],
    "evidence-check": ["EVIDENCE"],
    "consent add": ["USER", "--purpose", "marketing", "--source", HOSTILE, "--yes"], "consent list": [],
    "consent revoke": ["USER", "--purpose", "marketing", "--source", HOSTILE, "--yes"],
    "consent export": ["CSV"], "consent import": ["CSV"],
    "learn report": [], "learn show": ["USER"], "learn off": ["USER", "--yes"], "learn on": ["USER", "--yes"],
    "law show": [], "law check": [], "doctor": [],
}  # fmt: skip
EACH_WAY: tuple[list[str], ...] = ([], ["--json"])
ELSEWHERE = {"recover", "invoke", "privacy delete", "console", "mcp"}


def command_names(group: Any, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from command_names(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


@pytest.fixture
def hostile(world: World, dead_letter_queue: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """A world whose every text is hostile; returns what the arguments stand for."""
    monkeypatch.setattr(service_checks, "check_webhook", lambda: iter(()))
    world.person("ada", phone=PHONE)
    world.person("ben", phone="+12125550102")
    world.message("ada", requires_fresh_context=True, message_data={"type": "x", "findings": ["x"]})
    world.minute()
    world.writes("maybe stop this", phone=PHONE)
    world.writes("hello", phone="+12125550155")
    message = world.message("ada", scheduled_for="2026-03-05T15:00:00Z", topic="x")
    world.publish("no JSON")
    now = {"now": world.now}
    for statement in (
        "INSERT INTO orchestrator.pauses (scope, value, note, paused_at) VALUES ('agent', '', '', %(now)s)",
        "INSERT INTO orchestrator.agents (prefix, publishers) VALUES ('x', '{x}')",
        "INSERT INTO agent_actions_log (agent_type, action_type, cost_usd, created_at)"
        " VALUES ('message_orchestrator', 'x', 1, %(now)s)",
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for)"
        " SELECT id, 'another sender', '{}', %(now)s FROM users LIMIT 1",
    ):
        world.connection.execute(statement, now)
    for schema, table, column, data_type, length in text_columns(world):
        name = f"{schema}.{table}.{column}"
        if name in HOLDS_CODES or column in ("external_id", "response_pattern", "number_hash"):
            continue
        value = json.dumps({"message": HOSTILE}) if data_type in ("json", "jsonb") else HOSTILE[:length]
        value = f'{{"{HOSTILE}"}}' if data_type == "ARRAY" else value
        where = sql.SQL("{}.{}").format(sql.Identifier(schema), sql.Identifier(table))
        update = sql.SQL("UPDATE {} SET {} = {} WHERE ctid IN (SELECT ctid FROM {} LIMIT {})")
        # Numbers are unique: one person has a hostile one.
        rows = 1 if column in ("phone_number", "prefix") else 1_000
        world.connection.execute(update.format(where, sql.Identifier(column), value, where, rows))
    ((user,),) = world.all("SELECT id::text FROM users WHERE phone_number LIKE '[%%' LIMIT 1")
    world.connection.execute("UPDATE users SET external_id = %s WHERE id = %s", (HOSTILE, user))
    boto3.client("sqs").send_message(
        QueueUrl=dead_letter_queue, MessageBody=json.dumps(HOSTILE, ensure_ascii=False)[1:]
    )
    files = {"EVIDENCE": str(tmp_path / "evidence.html"), "CSV": str(tmp_path / "consents.csv")}
    return {"USER": HOSTILE, "MESSAGE": str(message), **files}


def test_each_command_shows_it_and_obeys_none_of_it(hostile: dict[str, str]) -> None:
    assert set(command_names(typer.main.get_group(app))) == {*COMMANDS, *ELSEWHERE}
    shown: set[str] = set()
    exact: set[str] = set()
    with time_machine.travel(datetime.now(UTC), tick=True) as time:  # SQS polls on a clock that moves
        for name, arguments in COMMANDS.items():
            given = [hostile.get(argument, argument) for argument in arguments]
            for option in EACH_WAY if name != "privacy export" else EACH_WAY[:1]:
                time.shift(timedelta(minutes=1))  # letters that a command released are visible again
                result = CliRunner().invoke(app, [*name.split(), *given, *option])
                assert result.exception is None or isinstance(result.exception, SystemExit | OrchestratorError), (
                    name,
                    result.exception,
                )
                assert not {"\x1b", "\u202e", "\x9b"} & set(result.output), name
                if "[/bold]\\x1b[2J\\u202e" in result.stdout.replace("\n", ""):
                    shown.add(name)
                # SQS takes no control characters, so that a body holds them escaped.
                if (option or name == "privacy export") and name != "dlq show" and "\\u001b[2J\\u202e" in result.stdout:
                    read = json.dumps(json.loads(result.stdout), ensure_ascii=False)
                    assert HOSTILE in read.replace("\\u001b", "\x1b")
                    exact.add(name)
    assert {"user show", "agent list", "unknown-senders", "queue", "explain"} <= shown
    assert {"user show", "agent list", "unknown-senders", "queue", "explain", "privacy export"} <= exact


@pytest.mark.usefixtures("dead_letter_queue")
def test_a_person_with_a_hostile_id_is_deleted(hostile: dict[str, str]) -> None:
    result = run("delete", hostile["USER"], "--yes", "--keep-at-twilio")
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
