"""The commands of an operator: `stats`, `costs`, `user stop`, `doctor`, `--json` everywhere, and `--stack`."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import pytest
from typer.testing import CliRunner

from orchestrator.clock import write_clock_file
from orchestrator.rules.outcome_brake import OutcomePause, OutcomeScope
from orchestrator.store.outcomes import pause_by_outcome
from orchestrator_cli.main import app
from orchestrator_local.queues import sqs_endpoint
from orchestrator_local.stand_ins.claude import Claude
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import API_KEY_SECRET, API_KEY_SID, Phones, twilio_error
from orchestrator_local.template import ROOT
from tests.forking import run_command
from tests.world import WEBHOOK, World, function_environment


class Command:
    """The `orchestrator` command in a folder of its own, with an environment of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "COLUMNS": "200", "NO_COLOR": "1", **environment}

    def __call__(self, *arguments: str, code: int = 0) -> str:
        done = run_command(arguments, self.environment, self.folder)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout or done.stderr


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto's AWS in a process of its own, so that its clock keeps running when a test stops the time."""
    with sqs_endpoint(tmp_path_factory.mktemp("aws") / "log") as address:
        yield address


@pytest.fixture
def queues(aws: str) -> dict[str, str]:
    sqs = boto3.client("sqs", endpoint_url=aws)
    urls = {}
    for name in ("enqueue", "delivery", "urgent", "inbound"):
        dead = sqs.create_queue(QueueName=f"operator-{name}-dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
        urls[f"{name.upper()}_QUEUE_URL"] = sqs.create_queue(
            QueueName=f"operator-{name}", Attributes={"RedrivePolicy": redrive}
        )["QueueUrl"]
        urls[f"{name.upper()}_DLQ_URL"] = dead
    return urls


@pytest.fixture
def command(
    world: World,
    database_url: str,
    _stand_ins: tuple[Phones, Claude, str, str],
    aws: str,
    queues: dict[str, str],
    tmp_path: Path,
) -> Command:
    _, _, twilio_url, claude_url = _stand_ins
    keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")}
    environment = function_environment(database_url, queues, twilio_url, claude_url)
    environment["ANTHROPIC_API_KEY"] = os.environ["ANTHROPIC_API_KEY"]
    environment["WEBHOOK_BASE_URL"] = twilio_url  # answers 401; another test has a webhook that answers 403
    return Command(tmp_path, {**keys, **environment, "AWS_ENDPOINT_URL": aws})


def grades(command: Command, code: int = 0) -> dict[str, str]:
    return {f["what"]: f["grade"] for f in json.loads(command("doctor", "--json", code=code))}


# Counts and opt-out by hand ---------------------------------------------------------------------------------------------------------


def test_stats_count_what_happened(world: World, command: Command) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    for _ in range(3):
        world.message()
    world.publish('{"user_id": "ada"}')
    world.minute()
    world.twilio_calls()
    world.take_in()
    world.phones.misbehave = lambda _: twilio_error(400, 21211, "Invalid number")
    world.message("ben")
    world.minute()
    command.environment["ORCHESTRATOR_CLOCK_FILE"] = str(clock_file(command.folder, world))
    stats = json.loads(command("stats", "--json"))
    assert (stats["sent"], stats["delivered"], stats["undelivered"]) == (2, 2, 0)
    assert stats["refused_by_code"] == {"21211": 1}
    assert stats["held_by_reason"] == {"hourly_limit": 1}
    assert stats["ended_by_reason"] == {"failed (bad_number)": 1}
    assert stats["waiting_by_reason"] == {"hourly_limit": 1}
    assert stats["sent_by_agent"] == {"concierge_main": 2}
    assert sum(stats["rejected_by_reason"].values()) == 1
    assert "hourly_limit" in command("stats")
    (day,) = json.loads(command("costs", "--json"))["texts"]
    assert (day["texts"], day["segments"]) == (2, 2)
    assert "Twilio" in command("costs")


def clock_file(folder: Path, world: World) -> Path:
    """A clock that stands at the world's time, for a command in a process of its own."""
    file = folder / "clock.json"
    write_clock_file(file, world.now, stands=True)
    return file


def test_an_operator_opts_a_person_out(world: World, command: Command) -> None:
    world.person()
    waiting = world.message(scheduled_for="2026-12-24T15:00:00Z")
    assert json.loads(command("user", "stop", "--yes", "ada", "--json"))["opted_out"] is True
    assert world.state(waiting) == ("cancelled", "opted_out")
    assert world.all("SELECT phone_number, source FROM orchestrator.opt_outs") == [("+12125550101", "operator")]


def test_an_operator_reads_what_may_be_a_wish_to_stop(world: World, command: Command) -> None:
    ada = world.person()
    world.claude.misbehave = lambda _request: HttpAnswer(529, {})
    world.twilio_calls(world.phones.write("+12125550101", "I had [red]enough", f"{WEBHOOK}/twilio/inbound"))
    world.take_in()
    assert "I had [red]enough" in command("user", "read")
    assert [text["user_id"] for text in json.loads(command("user", "read", "ada", "--json"))] == [str(ada)]
    assert "Name the person" in command("user", "read", "--as", "stop", "--yes", code=2)
    assert "Read as stop: 1" in command("user", "read", "ada", "--as", "stop", "--yes")
    assert world.all("SELECT source FROM orchestrator.opt_outs") == [("operator",)]
    assert "No text is unread." in command("user", "read")


@pytest.mark.parametrize(
    "arguments",
    [
        ["migrate"],
        ["adopt"],
        ["pause", "--yes", "--lane", "low"],
        ["resume", "--yes", "--lane", "low"],
        ["resume", "--yes", "--spending"],
        ["user", "add", "--yes", "--phone", "+1 212 555 0103"],
        ["user", "set", "--yes", "ada", "--name", "Ada"],
        ["user", "show", "ada"],
        ["agent", "set", "--yes", "bulk"],
        ["agent", "list"],
        ["agent", "remove", "--yes", "bulk"],
        ["queue"],
        ["messages"],
        ["withdraw", "--yes", "--agent", "bulk"],
        ["pauses"],
        ["actions"],
        ["user", "list"],
        ["costs"],
        ["stats"],
        ["unknown-senders"],
        ["dlq", "list"],
        ["dlq", "show", "enqueue"],
        ["dlq", "redrive", "--yes", "enqueue"],
        ["privacy", "delete", "ada", "--yes", "--keep-at-twilio"],
        ["recover", "--since", "2026-03-03T14:00Z", "--dry-run"],
    ],
    ids=" ".join,
)
def test_every_command_prints_json(world: World, command: Command, arguments: list[str]) -> None:
    world.person()
    json.loads(command(*arguments, "--json"))


def test_the_shell_completes_commands(command: Command) -> None:
    command.environment |= {
        "_ORCHESTRATOR_COMPLETE": "complete_bash",
        "COMP_WORDS": "orchestrator do",
        "COMP_CWORD": "1",
    }
    assert command().split() == ["doctor"]


# `orchestrator doctor` ------------------------------------------------------------------------------------------------------------


def mark_inbound_queue(world: World, read_ago: str, gap_ended_ago: str) -> None:
    world.connection.execute(
        "INSERT INTO orchestrator.inbound_marker (read_at, gap_ended_at)"
        " VALUES (clock_timestamp() - %s::interval, clock_timestamp() - %s::interval)",
        (read_ago, gap_ended_ago),
    )


def test_all_checks_of_a_healthy_system_are_good(world: World, command: Command) -> None:
    mark_inbound_queue(world, "1 minute", "1 day")
    found = grades(command, code=1)
    assert found.pop("webhook") == "bad"  # Twilio's stand-in is not a webhook
    assert found.pop("compliance toolkit") == "skipped"  # no API shows it
    assert set(found.values()) == {"good"}, found
    assert {"database", "schema", "enqueue queue", "twilio account", "registration", "claude"} <= found.keys()


def test_a_webhook_that_rejects_an_unsigned_request_is_good(command: Command) -> None:
    from orchestrator_local.stand_ins.http import serve

    class Webhook:
        def answer(self, method: str, path: str, _headers: dict[str, str], _body: bytes) -> HttpAnswer:
            return HttpAnswer(403 if (method, path) == ("POST", "/twilio/status") else 404, {})

    with serve(Webhook()) as address:
        command.environment["WEBHOOK_BASE_URL"] = address
        assert "No check failed." in command("doctor")


@pytest.mark.parametrize(
    ("change", "what", "grade"),
    [
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/none"}, "database", "bad"),
        ({"TWILIO_AUTH_TOKEN": "wrong"}, "twilio account", "bad"),
        ({"TWILIO_PHONE_NUMBER": "+12025550199"}, "sender", "bad"),
        ({"TWILIO_API_BASE_URL": "http://127.0.0.1:1"}, "twilio", "bad"),
        ({"ANTHROPIC_API_KEY": "wrong"}, "claude", "bad"),
        ({"ANTHROPIC_API_KEY": ""}, "claude", "doubtful"),
        ({"ANTHROPIC_MODEL": "gpt"}, "claude", "bad"),
        ({"URGENT_QUEUE_URL": "http://127.0.0.1:1/queue"}, "urgent queue", "bad"),
        ({"STAGE": "dev"}, "recipients", "doubtful"),
        ({"QUIET_HOURS_START": "late"}, "QUIET_HOURS_START", "bad"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_part_is_named(command: Command, change: dict[str, str], what: str, grade: str) -> None:
    command.environment |= change
    assert grades(command, code=1)[what] == grade


def test_an_api_key_sends_although_it_may_not_read_the_account(world: World, command: Command) -> None:
    key = {"TWILIO_AUTH_TOKEN": "", "TWILIO_API_KEY_SID": API_KEY_SID, "TWILIO_API_KEY_SECRET": API_KEY_SECRET}
    command.environment |= {**key, "TWILIO_AUTH_TOKEN": "of the webhook alone"}
    found = grades(command, code=1)
    assert (found["sender"], found["registration"]) == ("good", "good")
    command.environment["TWILIO_API_KEY_SECRET"] = "wrong"
    assert grades(command, code=1)["twilio account"] == "bad"


def test_an_unregistered_number_is_reported(world: World, command: Command) -> None:
    world.phones.campaign = "FAILED"
    assert grades(command, code=1)["registration"] == "bad"


def test_missing_migrations_are_reported(command: Command, empty_database: str) -> None:
    command.environment["DATABASE_URL"] = empty_database
    assert grades(command, code=1)["schema"] == "bad"


def test_what_ceilings_stopped_is_reported(world: World, command: Command) -> None:
    world.person(daily_limit=99, hourly_limit=99)
    world.connection.execute("INSERT INTO orchestrator.agents (prefix, hourly_limit) VALUES ('slow', 0)")
    app = world.functions["enqueue"]
    part = {"sequence_id": str(UUID(int=7)), "sequence_position": 1, "sequence_total": 6}
    too_long = {"user_id": "ada", "agent_id": "x", "message_data": {"type": "note"}, **part}
    with pytest.MonkeyPatch.context() as strict:
        strict.setitem(app.__dict__, "settings", app.settings.model_copy(update={"agent_start_limit": 1}))
        world.message(agent_id="new_1")
        world.message(agent_id="new_2")
        world.message(agent_id="slow_1")
        world.publish(too_long)
    world.connection.execute(
        "INSERT INTO orchestrator.timeline (message_id, at, status, reason) VALUES (%s, %s, 'queued', 'reply_limit')",
        (UUID(int=8), world.now),
    )
    # The command's clock is the host's.
    for change in (
        "UPDATE orchestrator.timeline SET at = clock_timestamp()",
        "UPDATE orchestrator.rejections SET rejected_at = clock_timestamp()",
        "INSERT INTO orchestrator.pauses (scope, value, paused_at, ends_at)"
        " VALUES ('spending', 'urgent', clock_timestamp(), clock_timestamp() + interval '1 hour')",
    ):
        world.connection.execute(change)
    found = [r for r in json.loads(command("doctor", "--json", code=1)) if r["what"] == "ceilings"]
    assert {result["grade"] for result in found} == {"doubtful"}
    assert [result["detail"] for result in found] == [
        "in the last day 2 held by the hourly limit of their agents (agent_limit)",
        "in the last day 1 replies above the ceilings of replies, now ordinary messages (reply_limit)",
        "in the last day 1 parts of sequences longer than MAX_SEQUENCE_PARTS, rejected (too_many_parts)",
        "agents without settings wait at the start limit: new_2 (1 of no publisher)",
        "Twilio has reached a ceiling of the day: everything waits",
    ]
    assert "agent set PREFIX" in found[3]["fix"]


def test_doctor_ends_with_what_to_look_at_while_something_is_paused(command: Command) -> None:
    command("pause", "--yes", "--note", "provider incident")
    first, *_, last = command("doctor", code=1).splitlines()
    assert re.match(r"! sending: PAUSED everything since \S+ \S+ UTC by \w+: provider incident", first)
    assert re.fullmatch(r"Failed checks: 1\. To look at \(!\): [2-9]\.", last), last
    command("resume", "--yes")


def test_what_paused_itself_by_outcome_is_reported(world: World, command: Command) -> None:
    pauses = [OutcomePause(scope, "bulk", "36 of 300 texts brought a STOP") for scope in OutcomeScope]
    pause_by_outcome(world.connection, pauses, world.now)
    found = [r for r in json.loads(command("doctor", "--json", code=1)) if r["what"] == "outcomes"]
    assert [(result["grade"], result["detail"]) for result in found] == [
        (
            "doubtful",
            f"PAUSED {what} bulk since 2026-03-03 15:00:00 UTC by the brake by outcome: 36 of 300 texts brought a STOP"
            f" (until `orchestrator resume --{what} bulk`)",
        )
        for what in ("agent", "type")
    ]
    assert ["resume --agent bulk" in found[0]["fix"], "resume --type bulk" in found[1]["fix"]] == [True, True]


def test_people_without_the_zone_of_a_place_are_reported(world: World, command: Command) -> None:
    world.person("ada", timezone="EST")
    world.person("eve", phone="+18005550101", timezone=None)
    found = [result for result in json.loads(command("doctor", "--json", code=1)) if result["what"] == "zones"]
    assert [result["grade"] for result in found] == ["doubtful", "doubtful"]
    assert "EST (1)" in found[0]["detail"]
    assert "none is known of eve" in found[1]["detail"]
    assert "--zone" in found[1]["fix"]


@pytest.mark.parametrize(
    ("read_ago", "gap_ended_ago", "grade", "detail"),
    [
        (None, None, "doubtful", "no marker was put on the inbound queue yet"),
        ("1 minute", "1 day", "good", "read as they come"),
        ("12 minutes", "1 day", "bad", "not read for 12 minutes"),
        ("1 second", "1 minute", "doubtful", "read again"),
    ],
)
def test_what_people_write_and_no_function_reads_is_reported(
    world: World, command: Command, read_ago: str | None, gap_ended_ago: str | None, grade: str, detail: str
) -> None:
    if read_ago and gap_ended_ago:
        mark_inbound_queue(world, read_ago, gap_ended_ago)
    (found,) = [r for r in json.loads(command("doctor", "--json", code=1)) if r["what"] == "inbound texts"]
    assert found["grade"] == grade
    assert detail in found["detail"]


# A deployed stack ------------------------------------------------------------------------------------------------------


@pytest.fixture
def stack(aws: str, queues: dict[str, str], database_url: str) -> str:
    secrets = boto3.client("secretsmanager", endpoint_url=aws)
    name = f"stack-{os.getpid()}-{len(database_url)}"
    arn = secrets.create_secret(Name=f"{name}/database-{os.urandom(4).hex()}", SecretString=database_url)["ARN"]
    template: dict[str, Any] = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Parameters": {"HourlyLimit": {"Type": "String", "Default": "7"}},
        "Outputs": {
            "EnqueueQueueUrl": {"Value": queues["ENQUEUE_QUEUE_URL"]},
            "EnqueueDlqUrl": {"Value": queues["ENQUEUE_DLQ_URL"]},
            "DatabaseSecretArn": {"Value": arn},
        },
    }
    cloudformation = boto3.client("cloudformation", endpoint_url=aws)
    name = f"{name}-{os.urandom(4).hex()}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    return name


def test_a_command_acts_on_the_deployed_stack_and_not_on_the_database_of_this_shell(
    world: World, command: Command, stack: str
) -> None:
    world.person()
    command.environment["DATABASE_URL"] = "postgresql://127.0.0.1:1/none"
    shown = json.loads(command("user", "show", "ada", "--json", "--stack", stack))
    assert (shown["phone_number"], shown["hourly_limit"]) == ("+12125550101", 7)


def test_a_stack_without_claude_has_no_secret_for_it() -> None:
    from orchestrator_cli.target import variables_of

    stack = {
        "AnthropicSecretArn": "none",
        "EnqueueDlqUrl": "https://sqs/dead",
        "WebhookUrl": "https://api",
        "Stage": "prod",
    }
    assert variables_of(stack) == {
        "ENQUEUE_DLQ_URL": "https://sqs/dead",
        "WEBHOOK_BASE_URL": "https://api",
        "STAGE": "prod",
    }


def test_a_stack_that_is_missing_or_not_ours_is_reported(command: Command, aws: str) -> None:
    assert "--stack:" in command("queue", "--stack", "nothing-here", code=1)
    boto3.client("cloudformation", endpoint_url=aws).create_stack(
        StackName=f"other-{os.getpid()}", TemplateBody=json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    )
    assert "is not a Message Orchestrator" in command("queue", "--stack", f"other-{os.getpid()}", code=1)
    assert "not both" in command("queue", "--stack", "x", "--local", code=2)


@pytest.mark.parametrize(
    "file", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda file: file.name
)
def test_every_command_in_the_docs_exists(file: Path) -> None:
    for words in re.findall(r"(?:^|`)orchestrator ([a-z-]+(?: [a-z]+)?)", file.read_text(), re.MULTILINE):
        command, *arguments = words.split()
        has_subcommands = command in {"user", "agent", "dlq", "privacy"}
        result = CliRunner().invoke(app, [command, *(arguments if has_subcommands else ()), "--help"])
        assert result.exit_code == 0, f"{words}: {result.output}"
