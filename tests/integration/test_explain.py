"""`orchestrator explain` shows the history of a message, `queue` the waiting messages (G9)."""

import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from orchestrator.store.waits_for_users import list_waits_for_users
from orchestrator_cli.main import app
from orchestrator_cli.stack_checks import user_wait_results
from tests.integration.test_other_people import an_outcome_is_proven_by_the_list
from tests.world import World

STRUCTURED = {"type": "weekly_summary", "stats": {"introsCompleted": 2}}


@pytest.fixture
def command(world: World) -> CliRunner:
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})


def run(command: CliRunner, *arguments: str) -> str:
    result = command.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_history_of_a_message_in_the_persons_local_time(world: World, command: CliRunner) -> None:
    world.person(phone="+13105550102", timezone="America/Los_Angeles")
    message_id = world.message(message_data=STRUCTURED)
    world.minute()
    printed = run(command, "explain", str(message_id))
    assert "Now: queued, due 2026-03-03 08:00:00 PST: the person's quiet hours (R3)" in printed
    world.travel_to("2026-03-03T16:00:00+00:00")
    world.minute()
    printed = run(command, "explain", str(message_id))
    for step in (
        "published",
        "accepted",
        "held",
        "worded",
        "handed to Twilio",
        "accepted",
        "Now: sent",
        "Words (claude)",
    ):
        assert step in printed
    assert "times in America/Los_Angeles" in printed
    assert "2026-03-03 08:00:00 PST" in printed
    assert "+13105550102" not in printed

    steps = json.loads(run(command, "explain", str(message_id), "--json"))["steps"]
    assert [step["what"] for step in steps] == ["published", "accepted", "held", "worded", "sending", "accepted"]
    assert steps == sorted(steps, key=lambda step: step["at"])


def test_a_rejected_message_is_explained_too(world: World, command: CliRunner) -> None:
    message_id = uuid4()
    world.publish(
        {
            "message_id": str(message_id),
            "user_id": "ada",
            "agent_id": "x",
            "priority": "asap",
            "message_data": {"type": "x"},
        }
    )
    assert "Use urgent, high, medium or low" in run(command, "explain", str(message_id))


def test_a_message_of_an_unknown_person_is_known_at_once(world: World, command: CliRunner) -> None:
    message_id = uuid4()
    body = {"message_id": str(message_id), "user_id": "ada", "agent_id": "saga", "message_data": {"type": "x"}}
    world.publish(body, sent_at=world.now)
    printed = run(command, "explain", str(message_id))
    assert "by saga: waits for its user, who is not known yet" in printed
    assert "2026-03-03 15:15:00 UTC" in printed
    ((waits, agent, until),) = list_waits_for_users(world.connection, world.now, 5)
    assert (waits, agent, until - world.now) == (message_id, "saga", timedelta(minutes=15))
    (found,) = user_wait_results(list_waits_for_users(world.connection, world.now, 5))
    assert f"until 2026-03-03 15:15:00 UTC and later: {message_id} (saga)" in found.detail
    world.wait(minutes=16)
    world.publish(body, sent_at=world.now - timedelta(minutes=16))
    assert "by saga: user_id: is not a known user" in run(command, "explain", str(message_id))
    assert list_waits_for_users(world.connection, world.now, 5) == []


def test_nothing_is_cut_off_at_80_columns(world: World) -> None:
    narrow = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"})
    world.person()
    message_id = world.message(message_data=STRUCTURED)
    world.minute()
    ((sid,),) = world.all("SELECT twilio_message_sid FROM orchestrator.attempts")
    printed = run(narrow, "explain", str(message_id))
    assert "…" not in printed
    folded = "".join(line.split("│")[3].strip() for line in printed.splitlines() if line.count("│") == 5)
    assert sid in folded
    costs = run(narrow, "costs")
    ((usd,),) = world.all("SELECT round(cost_usd, 6)::text FROM agent_actions_log")
    assert usd in costs
    assert "…" not in costs


def test_an_end_is_explained_with_its_rule(world: World, command: CliRunner) -> None:
    world.person()
    older = world.message(topic="crm")
    world.wait(seconds=1)
    newer = world.message(topic="crm")
    printed = run(command, "explain", str(older))
    assert "a newer message took its place (R9)" in printed
    assert f"Superseded by {newer} (A newer message of the same topic took its place)" in printed


def test_a_row_inserted_by_hand_is_explained_as_not_ours(world: World, command: CliRunner) -> None:
    world.person()
    world.connection.execute(
        "INSERT INTO message_queue (id, user_id, agent_id, message_data, scheduled_for, status)"
        " SELECT i.id::uuid, u.id, 'old', '{}', %s, i.status FROM users u, unnest(%s::text[], %s::text[]) AS i (id, status)",
        (world.now, [str(UUID(int=1)), str(UUID(int=2))], ["queued", "sent"]),
    )
    printed = run(command, "explain", str(UUID(int=1)))
    assert "Now: queued, and not ours:" in printed
    assert "orchestrator adopt --apply" in printed
    assert "due" not in printed
    assert "the row was never ours" in run(command, "explain", str(UUID(int=2)))
    world.connection.execute("UPDATE message_queue SET created_at = NULL")
    assert "Now: queued, and not ours:" in run(command, "explain", str(UUID(int=1)))


def test_a_row_that_is_left_to_another_sender_is_explained(world: World, command: CliRunner) -> None:
    row_id = uuid4()
    world.connection.execute("INSERT INTO orchestrator.left_alone VALUES (%s)", (row_id,))
    result = command.invoke(app, ["explain", str(row_id)])
    assert "left to another sender" in str(result.exception)
    assert "Nothing is recorded" in str(command.invoke(app, ["explain", str(uuid4())]).exception)


def test_the_queue_is_shown_lane_by_lane_oldest_first(world: World, command: CliRunner) -> None:
    world.person()
    world.travel_to("2026-03-03T22:00:00-05:00")
    low = world.message(priority="low")
    world.wait(seconds=1)
    first = world.message()
    world.wait(seconds=1)
    second = world.message()
    world.minute()
    shown = json.loads(run(command, "queue", "--json"))
    assert [UUID(message["message_id"]) for message in shown] == [first, second, low]
    assert shown[0]["reason"] == "quiet_hours"
    printed = run(command, "queue", "--limit", "1")
    assert "high: 2 waiting" in printed
    assert "quiet_hours" in printed
    assert f"{first}" in printed
    assert "for ada by concierge_main" in printed
    assert str(second) not in printed
    for _ in range(12):
        world.message(agent_id="many")
    everyone = json.loads(run(command, "queue", "--json"))
    assert len(everyone) == 15, "JSON is for machines: all of them"
    assert datetime.fromisoformat(everyone[0]["due"]).isoformat() == everyone[0]["due"]
    assert len(json.loads(run(command, "queue", "--json", "--limit", "1"))) == 2


def test_a_person_is_shown_with_their_waiting_messages(world: World, command: CliRunner) -> None:
    ada = world.person()
    for _ in range(3):
        world.message()
    world.minute()
    world.says(ada, "hello")
    shown = json.loads(run(command, "user", "show", "ada", "--json"))
    assert (shown["sent_today"], shown["sent_this_hour"], shown["active"], shown["waiting"]) == (2, 2, True, 1)
    assert shown["waits"][0]["reason"] == "hourly_limit"
    assert "the person's limit in any 60 minutes (R2)" in run(command, "user", "show", "ada")


def test_the_history_names_the_evidence_of_an_outcome_that_no_answer_gave(world: World, command: CliRunner) -> None:
    ada = world.person()
    an_outcome_is_proven_by_the_list(world, ada)
    world.wait(hours=1)
    world.message(message_data={"type": "x", "message": "answered"})
    world.minute()
    proven, answered = (
        run(command, "explain", str(message_id))
        for (message_id,) in world.all("SELECT id FROM message_queue ORDER BY accepted_at")
    )
    assert ", proved by message list" in proven
    assert "proved by" not in answered
