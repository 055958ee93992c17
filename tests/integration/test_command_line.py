"""The command line, as a person types it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg import Connection

COMMAND = Path(sys.executable).parent / "orchestrator"


@pytest.fixture
def run(connection: Connection, database_url: str, tmp_path: Path) -> "Run":
    return Run(database_url, tmp_path)


class Run:
    def __init__(self, database_url: str, folder: Path) -> None:
        self.environment = {"PATH": os.environ["PATH"], "DATABASE_URL": database_url, "COLUMNS": "120", "NO_COLOR": "1"}
        self.folder = folder

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [COMMAND, *arguments], env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if fails else done.stdout


def test_a_person_is_added_shown_and_changed(run: Run) -> None:
    added = run(
        "user",
        "add",
        "--phone",
        "(212) 555-0101",
        "--name",
        "Ada",
        "--zone",
        "America/New_York",
        "--external-id",
        "ada",
    )
    assert re.search(r"[0-9a-f-]{36}", added)
    shown = json.loads(run("user", "show", "ada", "--json"))
    assert shown["phone_number"] == "+12125550101"
    assert shown["daily_limit"] is None
    run("user", "set", "ada", "--daily-limit", "3", "--quiet-hours", "22:00-07:30")
    shown = json.loads(run("user", "show", "ada", "--json"))
    assert (shown["daily_limit"], shown["quiet_hours_start"], shown["first_name"]) == (3, "22:00:00", "Ada")
    assert "10 (default)" not in run("user", "show", "ada")
    assert "2 (default)" in run("user", "show", "ada")
    run("user", "set", "ada", "--quiet-hours", "none")
    shown = json.loads(run("user", "show", "ada", "--json"))
    assert (shown["quiet_hours_enabled"], shown["daily_limit"]) == (False, 3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["user", "add", "--phone", "12"], "phone_number: is not a valid phone number"),
        (["user", "add", "--phone", "hello"], "phone_number: is not a phone number"),
        (["user", "add", "--phone", "+44 20 7946 0123"], "phone_number: lies in GB, outside the allowed countries"),
        (["user", "add", "--phone", "+1 212 555 0101", "--zone", "Mars/Base"], "zone: 'Mars/Base' is no zone"),
        (["user", "add", "--phone", "+1 212 555 0101", "--quiet-hours", "late"], "quiet_hours: 'late' is no window"),
        (["user", "show", "nobody"], "No user has the id or external id 'nobody'"),
        (["user", "set", "nobody", "--name", "X"], "No user has the id or external id 'nobody'"),
        (["user", "show", "nobody", "--local"], "no local stack runs in this folder"),
    ],
)
def test_a_wrong_value_is_named_with_the_fix(run: Run, arguments: list[str], says: str) -> None:
    assert says in run(*arguments, fails=True)


def test_a_number_belongs_to_one_person(run: Run) -> None:
    run("user", "add", "--phone", "+1 212 555 0101")
    assert "phone_number: belongs to another person" in run("user", "add", "--phone", "+1 212 555 0101", fails=True)


def test_pause_and_resume(run: Run, connection: Connection) -> None:
    assert "Paused" in run("pause", "--note", "testing")
    assert "already" in run("pause")
    assert connection.execute("SELECT scope, note FROM orchestrator.pauses").fetchall() == [("everything", "testing")]
    assert "Resumed" in run("resume")
    assert "not paused" in run("resume")


def test_migrate_and_adopt_say_what_they_do(run: Run) -> None:
    assert "Nothing to do" in run("migrate")
    assert "Run it again with --apply" in run("adopt")


def test_without_settings_the_variable_is_named(run: Run) -> None:
    run.environment.pop("DATABASE_URL")
    assert "DATABASE_URL: is not set" in run("pause", fails=True)


def test_a_database_that_cannot_be_reached_is_said_plainly(run: Run) -> None:
    run.environment["DATABASE_URL"] = "postgresql://user:hunter2@127.0.0.1:1/none"
    said = run("pause", fails=True)
    assert "cannot be reached" in said
    assert "hunter2" not in said
