"""A person's rights: export, deletion here and at Twilio, and words that are old enough to go."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import time_machine
from typer.testing import CliRunner, Result

from orchestrator_cli.main import app
from orchestrator_local.stand_ins.http import HttpAnswer
from tests.world import World

PHONE = "+12125550101"
SECRET = "the blue heron flies at noon"


@pytest.fixture
def lived(world: World) -> World:
    """Ada has a history: texts both ways, findings, an opt-out that ended, and something that waits."""
    world.person(email=None)
    world.all("UPDATE users SET email = 'ada@example.com', last_name = %s RETURNING 1", SECRET)
    world.message(message_data={"type": "x", "message": SECRET}, topic=SECRET)
    world.minute()
    world.writes(f"I think {SECRET}")
    world.message(message_data={"type": "x", "findings": [SECRET]}, requires_fresh_context=True)
    world.minute()
    world.message(message_data={"type": "x", "message": SECRET}, scheduled_for="2026-03-05T15:00:00Z")
    world.all(
        "INSERT INTO agent_tasks (task_type, agent_type, user_id, scheduled_for, context_json)"
        " SELECT 'reformulate_message', 'x', id, now(), jsonb_build_object('said', %s::text) FROM users RETURNING 1",
        SECRET,
    )
    world.all(
        "INSERT INTO agent_actions_log (agent_type, action_type, user_id, input_data, cost_usd)"
        " SELECT 'concierge', 'chat', id, jsonb_build_object('said', %s::text), 0.5 FROM users RETURNING 1",
        SECRET,
    )
    world.phones.callbacks.clear()
    return world


def run(*arguments: str) -> Result:
    with time_machine.travel(datetime.now(UTC), tick=True):  # SQS polls on a clock that moves
        return CliRunner().invoke(app, ["privacy", *arguments])


def everything(world: World) -> str:
    """Every row of every table, as text."""
    tables = world.all("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'orchestrator')")
    rows: list[Any] = []
    for schema, table in tables:
        rows += world.all(f"SELECT to_jsonb(t)::text FROM {schema}.{table} t")
    return "\n".join(text for (text,) in rows)


@pytest.fixture
def dead_letter_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One queue with a redrive policy, which the command follows."""
    for variable in ("DELIVERY_QUEUE_URL", "URGENT_QUEUE_URL", "INBOUND_QUEUE_URL"):
        monkeypatch.delenv(variable)
    sqs = boto3.client("sqs")
    dead = sqs.get_queue_attributes(QueueUrl=world.urls["ENQUEUE_DLQ_URL"], AttributeNames=["QueueArn"])
    policy = json.dumps({"deadLetterTargetArn": dead["Attributes"]["QueueArn"], "maxReceiveCount": 5})
    sqs.set_queue_attributes(QueueUrl=world.urls["ENQUEUE_QUEUE_URL"], Attributes={"RedrivePolicy": policy})
    yield world.urls["ENQUEUE_DLQ_URL"]
    world.drain_messages("ENQUEUE_DLQ_URL")
    sqs.set_queue_attributes(QueueUrl=world.urls["ENQUEUE_QUEUE_URL"], Attributes={"RedrivePolicy": ""})


def test_the_export_holds_everything(lived: World) -> None:
    result = run("export", "ada")
    assert result.exit_code == 0
    kept = json.loads(result.output)
    assert kept["user"]["email"] == "ada@example.com"
    assert {len(kept[name]) for name in ("messages", "message_queue")} == {3}
    assert all(SECRET in json.dumps(kept[name]) for name in ("user", "messages", "message_queue", "agent_tasks"))


@pytest.mark.usefixtures("dead_letter_queue")
def test_deletion_leaves_neither_content_nor_number_here_or_at_twilio(lived: World) -> None:
    before = everything(lived)
    assert SECRET in before
    result = run("delete", "ada", "--yes")
    assert result.exit_code == 0, result.output
    after = everything(lived)
    assert [word for word in (SECRET, PHONE, "ada@example.com", '"ada"', '"Ada"') if word in after] == []
    assert (lived.texts(), lived.phones.replies) == ([], [])
    assert lived.all("SELECT count(*), sum(cost_usd) > 0 FROM agent_actions_log WHERE cost_usd = 0.5") == [(1, True)]
    assert lived.all("SELECT sum(messages_sent) >= 1 FROM user_message_budget") == [(True,)]
    assert lived.all("SELECT DISTINCT status FROM message_queue ORDER BY 1") == [("cancelled",), ("sent",)]
    lived.travel_to("2026-03-05T15:01:00Z")
    lived.minute()
    assert lived.texts() == []


def test_dead_letters_that_name_the_person_are_destroyed_and_others_stay(lived: World, dead_letter_queue: str) -> None:
    sqs = boto3.client("sqs")
    for body in ('{"user_id": "ada", "x": 1}', f'{{"form": {{"From": "{PHONE}"}}}}', '{"user_id": "adam"}'):
        sqs.send_message(QueueUrl=dead_letter_queue, MessageBody=body)
    result = run("delete", "ada", "--yes")
    assert "dead letters deleted: 2" in result.output
    assert lived.drain("ENQUEUE_DLQ_URL") == ['{"user_id": "adam"}']


@pytest.mark.usefixtures("dead_letter_queue")
def test_what_twilio_does_not_delete_is_deleted_when_it_is_run_again(lived: World) -> None:
    (user_id,) = lived.all("SELECT id::text FROM users")[0]
    lived.phones.misbehave = lambda fields: HttpAnswer(503, {}) if "path" in fields else None
    result = run("delete", "ada", "--yes")
    assert result.exit_code == 1
    assert f"Run it again with the id {user_id}" in result.output
    lived.phones.misbehave = None
    again = run("delete", user_id)
    assert again.exit_code == 0, again.output
    assert "left there: 0" in again.output
    assert (lived.texts(), lived.phones.replies) == ([], [])


@pytest.mark.usefixtures("dead_letter_queue")
def test_an_opted_out_number_stays_opted_out_after_it_is_forgotten(lived: World) -> None:
    lived.writes("STOP")
    assert run("delete", "ada", "--yes").exit_code == 0
    assert PHONE not in everything(lived)
    lived.person("ben", phone=PHONE)
    message_id = lived.message("ben")
    lived.minute()
    assert (lived.texts(), lived.state(message_id)) == ([], ("cancelled", "opted_out"))
    lived.wait(minutes=1)
    lived.writes("START")
    lived.message("ben", message_data={"type": "x", "message": "Welcome"})
    lived.minute()
    assert lived.texts() == ["Welcome"]


@pytest.mark.usefixtures("dead_letter_queue")
def test_without_a_key_an_opted_out_person_is_not_deleted(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lived.writes("STOP")
    monkeypatch.delenv("PRIVACY_KEY")
    result = run("delete", "ada", "--yes")
    assert result.exit_code == 1
    assert "PRIVACY_KEY" in str(result.exception)
    assert SECRET in everything(lived)


@pytest.mark.usefixtures("dead_letter_queue")
def test_a_worker_without_the_key_sends_nothing_once_a_hash_has_to_be_compared(lived: World) -> None:
    lived.writes("STOP")
    run("delete", "ada", "--yes")
    lived.person("ben", phone="+12125550102")
    lived.message("ben")
    worker = lived.functions["deliver"]
    settings = worker.settings
    worker.__dict__["settings"] = settings.model_copy(update={"privacy_key": None})
    try:
        lived.minute()
        assert lived.texts("+12125550102") == []
    finally:
        worker.__dict__["settings"] = settings


def test_nobody_can_be_deleted(world: World) -> None:
    for name in ("nobody", "019cb436-8d80-7c88-af29-573dbcc32d40"):
        result = run("delete", name, "--yes")
        assert (result.exit_code, type(result.exception).__name__) == (1, "UnknownUser")


def test_it_asks_before_it_deletes(lived: World) -> None:
    result = CliRunner().invoke(app, ["privacy", "delete", "ada"], input="n\n")
    assert result.exit_code == 1
    assert SECRET in everything(lived)


# Retention -------------------------------------------------------------------------------------------------------------


def test_words_older_than_the_retention_go_in_the_night_and_counters_stay(lived: World) -> None:
    lived.writes("Hi", phone="+14155550199")
    assert lived.night() == {"forgotten": 0, "finished": True}
    lived.wait(days=366)
    lived.writes("fresh words of today")
    lived.message(message_data={"type": "x", "message": "a new one"})
    report = lived.night()
    assert (report["forgotten"] > 0, report["finished"]) == (True, True)
    after = everything(lived)
    assert "fresh words of today" in after
    assert "a new one" in after
    assert lived.all("SELECT content FROM messages WHERE created_at < now() AND content LIKE '%%heron%%'") == []
    assert lived.all("SELECT count(*) FROM message_queue WHERE status = 'sent' AND final_message IS NOT NULL") == [(0,)]
    assert lived.all("SELECT 1 FROM orchestrator.strangers") == []
    assert lived.all("SELECT count(*) FROM orchestrator.attempts WHERE outcome = 'accepted'") != [(0,)]


def test_what_still_waits_keeps_its_words_however_old(world: World) -> None:
    world.person()
    waiting = world.message(scheduled_for="2027-03-01T15:00:00Z")
    world.wait(days=362)
    app_settings = world.functions["retain"].settings
    world.functions["retain"].__dict__["settings"] = app_settings.model_copy(update={"retention_days": 1})
    try:
        world.night()
    finally:
        world.functions["retain"].__dict__["settings"] = app_settings
    assert world.row(waiting)["message_data"]["message"] == "Hello"
