"""`orchestrator dlq`: dead letters are counted, shown with their reasons, and sent back."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import boto3
import pytest
import time_machine
from typer.testing import CliRunner, Result

from orchestrator.aws.queues import OutgoingMessage, send_all
from orchestrator_cli.main import app
from tests.world import World


@pytest.fixture
def world_with_dead_letters(world: World) -> Iterator[World]:
    """A world whose enqueue queue has a dead-letter queue with three dead letters."""
    sqs = boto3.client("sqs")
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:enqueue-dead", "maxReceiveCount": 3}
    sqs.set_queue_attributes(QueueUrl=world.urls["ENQUEUE_QUEUE_URL"], Attributes={"RedrivePolicy": json.dumps(policy)})
    world.person()
    world.publish("not json", json.dumps({"user_id": "ada"}))
    send_all(world.urls["ENQUEUE_DLQ_URL"], [OutgoingMessage('{"sent by": "sqs"}')])
    yield world
    world.drain("ENQUEUE_QUEUE_URL")
    world.drain("ENQUEUE_DLQ_URL")


_MINUTES = (timedelta(minutes=number) for number in itertools.count())


def invoke(*arguments: str) -> Result:
    # Receiving waits a second for messages, so the clock ticks, and moves on from one command to the next.
    with time_machine.travel(datetime.now(UTC) + next(_MINUTES), tick=True):
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)


def orchestrator(*arguments: str) -> str:
    result = invoke("dlq", *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_dead_letters_are_counted(world_with_dead_letters: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DELIVERY_QUEUE_URL", "URGENT_QUEUE_URL", "INBOUND_QUEUE_URL"):
        monkeypatch.delenv(variable)
    assert json.loads(orchestrator("list", "--json")) == [{"queue": "enqueue", "waiting": 0, "dead": 3}]
    assert "DELIVERY_QUEUE_URL is not set" in orchestrator("list").replace("\n", " ")


def test_dead_letters_are_shown_with_their_reasons_and_stay(world_with_dead_letters: World) -> None:
    for _ in range(2):
        letters = json.loads(orchestrator("show", "enqueue", "--json"))
        assert sorted(letter.get("reason", "none") for letter in letters) == ["invalid_field", "none", "not_json"]
        assert all("body" not in letter for letter in letters)
    assert len(json.loads(orchestrator("show", "enqueue", "--limit", "1", "--json"))) == 1
    shown = orchestrator("show", "enqueue", "--body", "--reason", "none")
    assert '{"sent by": "sqs"}' in shown
    assert "received too often" in shown


def test_a_dead_letter_has_one_id_everywhere_and_names_its_agent(world_with_dead_letters: World) -> None:
    message_id = uuid4()
    world_with_dead_letters.publish(
        {"message_id": str(message_id), "user_id": "ada", "agent_id": "saga", "priority": "asap", "message_data": {}}
    )
    letters = {letter["message_id"]: letter for letter in json.loads(orchestrator("show", "enqueue", "--json"))}
    assert letters[str(message_id)]["agent_id"] == "saga"
    assert [name for name, _ in zip(letters[str(message_id)], range(3), strict=False)] == [
        "message_id",
        "agent_id",
        "sqs_message_id",
    ]
    shown = orchestrator("show", "enqueue")
    for letter_id, letter in letters.items():
        assert letter_id in shown
        explained = invoke("explain", letter_id)
        if letter["reason" if "reason" in letter else "agent_id"] is None:  # SQS moved it: the database never saw it
            assert f"{letter_id} is a dead letter of the enqueue queue since" in str(explained.exception)
        else:
            assert letter["problem"].split(".")[0][:30] in explained.output
    assert " by saga" in shown


def test_a_dry_run_changes_nothing(world_with_dead_letters: World) -> None:
    assert "3 would go back" in orchestrator("redrive", "--yes", "enqueue", "--dry-run")
    assert "1 would go back to the enqueue queue, 2 stay here" in orchestrator(
        "redrive", "enqueue", "--dry-run", "--reason", "none"
    )
    assert len(world_with_dead_letters.drain("ENQUEUE_DLQ_URL")) == 3


def test_dead_letters_go_back_and_keep_their_first_id(world_with_dead_letters: World) -> None:
    before = json.loads(orchestrator("show", "enqueue", "--json"))
    assert "1 went back to the enqueue queue, 2 stay here" in orchestrator(
        "redrive", "--yes", "enqueue", "--reason", "none"
    )
    assert "2 went back to the enqueue queue, 0 stay here" in orchestrator("redrive", "--yes", "enqueue")
    back = world_with_dead_letters.drain_messages("ENQUEUE_QUEUE_URL")
    assert {message["MessageAttributes"]["sqs_message_id"] for message in back} == {
        letter.get("sqs_message_id") for letter in before
    }
    assert all(set(message["MessageAttributes"]) == {"sqs_message_id"} for message in back)
    assert world_with_dead_letters.drain("ENQUEUE_DLQ_URL") == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [(["show", "nonsense"], "nonsense"), (["redrive"], "queue")],
)
def test_a_wrong_argument_is_named(world: World, arguments: list[str], problem: str) -> None:
    result = CliRunner().invoke(app, ["dlq", *arguments])
    assert result.exit_code == 2
    assert problem in result.output
