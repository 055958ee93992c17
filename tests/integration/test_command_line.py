"""The `orchestrator` command, run in processes of its own."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg import Connection

from tests.forking import run_command
from tests.world import World

COMMAND = Path(sys.executable).parent / "orchestrator"


@pytest.fixture
def run(connection: Connection, database_url: str, tmp_path: Path) -> "Run":
    return Run(database_url, tmp_path)


class Run:
    def __init__(self, database_url: str, folder: Path) -> None:
        self.environment = {"PATH": os.environ["PATH"], "DATABASE_URL": database_url, "COLUMNS": "120", "NO_COLOR": "1"}
        self.folder = folder

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        done = run_command(arguments, self.environment, self.folder)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if fails else done.stdout


def test_the_command_that_is_installed_starts(run: Run) -> None:
    """All other tests fork it from a process that has its modules loaded."""
    done = subprocess.run(
        [COMMAND, "queue"], env=run.environment, cwd=run.folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_library_is_named_with_what_installs_it(run: Run) -> None:
    """`pip install .` brings the script, and not the libraries of the command line."""
    code = "import sys; sys.modules['typer'] = None; from orchestrator_cli.entry import run; run()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "typer is not installed" in done.stderr
    assert 'pip install "message-orchestrator[cli]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_person_is_added_shown_and_changed(run: Run) -> None:
    added = run(
        *("user", "add", "--yes", "--phone", "(212) 555-0101", "--name", "Ada", "--zone", "America/New_York"),
        *("--external-id", "ada"),
    )
    assert re.search(r"[0-9a-f-]{36}", added)
    shown = json.loads(run("user", "show", "ada", "--json"))
    assert shown["phone_number"] == "+12125550101"
    assert (shown["daily_limit"], shown["hourly_limit"], shown["sent_today"]) == (10, 2, 0)
    assert (shown["quiet_hours"], shown["active"], shown["opted_out"], shown["waits"]) == (
        "21:00-08:00",
        False,
        False,
        [],
    )
    changed = run("user", "set", "--yes", "ada", "--daily-limit", "3", "--quiet-hours", "22:00-07:30")
    assert "daily limit 10 → 3, quiet hours 21:00-08:00 → 22:00-07:30" in changed
    assert json.loads(run("user", "set", "--yes", "ada", "--zone", "America/Chicago", "--json"))["changes"] == {
        "zone": ["America/New_York", "America/Chicago"]
    }
    run("user", "set", "--yes", "ada", "--zone", "America/New_York")
    shown = json.loads(run("user", "show", "ada", "--json"))
    assert (shown["daily_limit"], shown["quiet_hours"], shown["first_name"]) == (3, "22:00-07:30", "Ada")
    run("user", "set", "--yes", "ada", "--quiet-hours", "none")
    shown = json.loads(run("user", "show", "ada", "--json"))
    assert (shown["quiet_hours"], shown["quiet_now"], shown["daily_limit"]) == ("none", False, 3)
    assert "America/New_York" in run("user", "show", "ada")


def test_a_person_without_a_zone_is_named_when_added_changed_shown_and_by_adopt(
    run: Run, connection: Connection
) -> None:
    added = run("user", "add", "--yes", "--phone", "+1 800 555 0101", "--external-id", "eve")
    assert "the number lies in no place: texts wait until you set --zone" in added
    assert json.loads(run("user", "set", "--yes", "eve", "--name", "Eve", "--json"))["zones"] == []
    assert json.loads(run("user", "show", "eve", "--json"))["zone"] == "none (from the number)"
    connection.execute("UPDATE users SET timezone = 'UTC'")
    assert "UTC is no place, and counts as no zone" in run("user", "set", "--yes", "eve", "--name", "Eve")
    assert json.loads(run("user", "show", "eve", "--json"))["zone"] == "none (from the number); UTC is no place"
    assert json.loads(run("adopt", "--json"))["zones"] == {"no_places": {"UTC": 1}, "zoneless": ["eve"]}
    assert "none is known of eve: the number lies in no place, and the texts wait" in run("adopt")
    assert "Warning" not in run("user", "set", "--yes", "eve", "--zone", "America/Denver")
    assert json.loads(run("adopt", "--json"))["zones"] == {"no_places": {}, "zoneless": []}


def test_quiet_hours_may_end_at_24_00(run: Run, connection: Connection) -> None:
    run("user", "add", "--yes", "--phone", "+1 212 555 0101", "--external-id", "ada", "--quiet-hours", "21:00-24:00")
    assert json.loads(run("user", "show", "ada", "--json"))["quiet_hours"] == "21:00-00:00"
    connection.execute("UPDATE users SET quiet_hours_end = '24:00'")
    assert json.loads(run("user", "show", "ada", "--json"))["quiet_hours"] == "21:00-00:00"


def test_agents_are_set_listed_and_removed(run: Run) -> None:
    run("agent", "set", "--yes", "bulk", "--no-urgent", "--hourly-limit", "100", "--publisher", "AROAUTHOR")
    assert json.loads(run("agent", "list", "--json")) == [
        {
            "prefix": "bulk",
            "may_use_urgent": False,
            "hourly_limit": 100,
            "publishers": ["AROAUTHOR"],
            "urgent_at_night": None,
            "purpose": "informational",
            "needs_approval": False,
            "pauses": [],
        }
    ]
    changed = run("agent", "set", "--yes", "bulk", "--hourly-limit", "50", "--urgent-at-night", "off")
    assert "hourly limit 100 → 50, urgent at night - → no" in changed
    kept = json.loads(run("agent", "list", "--json"))[0]
    assert (kept["may_use_urgent"], kept["publishers"]) == (False, ["AROAUTHOR"]), "what is not given stays"
    reset = json.loads(
        run(
            "agent",
            "set",
            "--yes",
            "bulk",
            "--no-hourly-limit",
            "--any-publisher",
            "--urgent-at-night",
            "default",
            "--json",
        )
    )
    assert (reset["hourly_limit"], reset["publishers"], reset["urgent_at_night"]) == (None, None, None)
    assert "not both" in run("agent", "set", "--yes", "bulk", "--no-hourly-limit", "--hourly-limit", "5", fails=True)
    assert "Removed" in run("agent", "remove", "--yes", "bulk")
    assert "no settings" in run("agent", "remove", "--yes", "bulk")


def test_pauses_have_scopes(run: Run, connection: Connection) -> None:
    run("user", "add", "--yes", "--phone", "+1 212 555 0101", "--external-id", "ada")
    run("pause", "--yes", "--lane", "low")
    run("pause", "--yes", "--agent", "bulk")
    run("pause", "--yes", "--user", "ada")
    assert {scope for (scope,) in connection.execute("SELECT scope FROM orchestrator.pauses")} == {
        "lane",
        "agent",
        "user",
    }
    assert "Still paused: agent bulk" in run("resume", "--yes", "--lane", "low")
    assert "Give one of" in run("pause", "--yes", "--lane", "low", "--user", "ada", fails=True)
    wrong = run("pause", "--yes", "--lane", "someday", fails=True)
    assert "Invalid value for '--lane': 'someday' is none of them. Use urgent, high, medium, low." in wrong
    assert "'unknown'" in run("pause", "--yes", "--user", "unknown", fails=True)


@pytest.mark.parametrize(
    ("scope", "value", "options"),
    [("brake", "bulk_1", ["--agent", "bulk_1"]), ("busy", "low", ["--lane", "low"]), ("provider", "", [])],
)
def test_resume_ends_a_pause_that_a_function_set(
    run: Run, connection: Connection, scope: str, value: str, options: list[str]
) -> None:
    connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, paused_at) VALUES (%s, %s, now())", (scope, value)
    )
    assert "Resumed" in run("resume", "--yes", *options)
    assert connection.execute("SELECT count(*) FROM orchestrator.pauses").fetchone() == (0,)


def test_a_message_that_was_never_published_is_reported(run: Run) -> None:
    assert "Nothing is recorded about" in run("explain", "019cb436-8d80-7c88-af29-573dbcc32d40", fails=True)
    assert "is not a message id" in run("explain", "42", fails=True)


def test_a_number_beyond_all_limits_is_refused_in_words(run: Run) -> None:
    for command in (
        "stats --hours 999999999", "costs --days 999999999", "user set ada --daily-limit 99999999999 --yes",
        "user set ada --hourly-limit 99999999999 --yes", "agent set saga --hourly-limit 99999999999 --yes",
    ):  # fmt: skip
        assert "less than or equal to" in run(*command.split(), fails=True), command
    assert "No messages are waiting." in run("queue")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["user", "add", "--yes", "--phone", "12"], "phone_number: is not a valid phone number"),
        (["user", "add", "--yes", "--phone", "hello"], "phone_number: is not a phone number"),
        (
            ["user", "add", "--yes", "--phone", "+44 20 7946 0123"],
            "phone_number: lies in GB, outside the allowed countries",
        ),
        (["user", "add", "--yes", "--phone", "+1 212 555 0101", "--zone", "Mars/Base"], "zone: 'Mars/Base' is no zone"),
        (["user", "add", "--yes", "--phone", "+1 212 555 0101", "--zone", "EST"], "zone: 'EST' is no zone of a place"),
        (
            ["user", "add", "--yes", "--phone", "+1 212 555 0101", "--quiet-hours", "late"],
            "quiet_hours: 'late' is not a time window",
        ),
        (
            ["user", "add", "--yes", "--phone", "+1 212 555 0101", "--quiet-hours", "00:00-24:00"],
            "quiet_hours: '00:00-24:00' is a whole day, and would mean no quiet hours",
        ),
        (["user", "show", "unknown"], "No user has the id or external id 'unknown'"),
        (["user", "set", "--yes", "unknown", "--name", "X"], "No user has the id or external id 'unknown'"),
        (["user", "show", "unknown", "--local"], "no local stack runs in this folder"),
    ],
)
def test_a_wrong_value_is_named_with_the_fix(run: Run, arguments: list[str], error: str) -> None:
    assert error in run(*arguments, fails=True)


def test_a_number_belongs_to_one_person(run: Run) -> None:
    run("user", "add", "--yes", "--phone", "+1 212 555 0101")
    assert "phone_number: belongs to another person" in run(
        "user", "add", "--yes", "--phone", "+1 212 555 0101", fails=True
    )


def test_pause_and_resume(run: Run, connection: Connection) -> None:
    assert "Paused" in run("pause", "--yes", "--note", "testing")
    assert "already paused" in run("pause", "--yes")
    assert connection.execute("SELECT scope, note FROM orchestrator.pauses").fetchall() == [("everything", "testing")]
    assert "Resumed" in run("resume", "--yes")
    assert "was not paused" in run("resume", "--yes")


def test_migrate_and_adopt_report_what_they_do(run: Run) -> None:
    assert "Nothing to do" in run("migrate")
    assert "Run it again with --apply" in run("adopt")


def test_adopt_quotes_what_it_makes_of_past_texts(world: World, run: Run) -> None:
    world.says(world.person(), "please stop texting me")
    world.says(world.person("ben", phone="+12125550102"), "Who signed me up?\n[b]Remove\x1b[31m that " + "now " * 50)
    report = run("adopt")
    assert "past STOPs to store as opt-outs: 1" in report
    assert "please stop texting me" in report
    assert "last texts that an operator will have to read: 1" in report
    assert "Who signed me up? [b]Remove\\x1b[31m that now" in report
    assert "now " * 30 not in report
    found = json.loads(run("adopt", "--json"))
    assert (found["opt_outs"], found["unread"], len(found["stop_examples"])) == (1, 1, 1)


def test_a_missing_setting_is_named(run: Run) -> None:
    run.environment.pop("DATABASE_URL")
    assert "DATABASE_URL: is not set" in run("pause", "--yes", fails=True)


def test_a_database_that_cannot_be_reached_is_reported_without_its_password(run: Run) -> None:
    run.environment["DATABASE_URL"] = "postgresql://user:hunter2@127.0.0.1:1/none"
    error = run("pause", "--yes", fails=True)
    assert "cannot be reached" in error
    assert "hunter2" not in error


def test_square_brackets_in_names_and_texts_are_printed_as_they_are(run: Run, connection: Connection) -> None:
    """Rich reads `[…]` as markup, and an unmatched closing tag as an error."""
    name = "[/red]"
    added = run("user", "add", "--yes", "--phone", "+1 212 555 0101", "--name", name, "--external-id", name, "--json")
    assert run("user", "show", name).count(name) == 2
    assert f"user {json.loads(added)['user_id']}" in run("pause", "--yes", "--user", name)
    assert f"agent {name}" in run("pause", "--yes", "--agent", name)
    assert f"agent {name}" in run("resume", "--yes", "--lane", "low")
    assert name in run("agent", "set", "--yes", name, "--publisher", name)
    assert run("agent", "list").count(name) == 4, "prefix, publisher, the pause, and the command that ends it"
    assert name in run("agent", "remove", "--yes", name)
    connection.execute(
        "INSERT INTO orchestrator.strangers (sid, phone_number, body, media, received_at) VALUES ('SM1', '+12125550102', %s, '[]', now())",
        (name,),
    )
    assert name in run("unknown-senders")


def test_the_version_is_that_of_the_package(run: Run) -> None:
    run.environment.pop("DATABASE_URL")
    assert run("--version").strip() == importlib.metadata.version("message-orchestrator")


def test_strangers_is_a_hidden_alias_of_unknown_senders(run: Run) -> None:
    assert run("strangers", "--json") == run("unknown-senders", "--json") == "[]\n"
    commands = run("--help")
    assert "unknown-senders" in commands
    assert "strangers" not in commands
