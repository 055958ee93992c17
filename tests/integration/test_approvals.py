"""Approval (R13): an operator approves the final words of an agent's texts, and exactly these go."""

import json
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege
from typer.testing import CliRunner, Result

from orchestrator.agents import Agent
from orchestrator.store.agents import set_agent
from orchestrator.store.approvals import refuse_message
from orchestrator.store.runtime_role import ROLE
from orchestrator_cli import approvals as command
from orchestrator_cli.main import app
from tests.integration.test_events import bus, heard
from tests.integration.test_replies import action
from tests.integration.test_sequences import part
from tests.integration.test_small_roles import login_role
from tests.world import World

__all__ = ["bus"]  # a fixture
HELD, SENT, REFUSED = ("queued", "approval"), ("sent", None), ("cancelled", "not_approved")
SUMMARY = {"type": "weekly_summary", "stats": {"introsCompleted": 2}}


@pytest.fixture
def office(world: World) -> World:
    """Ada, and an agent whose texts need approval."""
    set_agent(world.connection, Agent("crm", needs_approval=True))
    world.person()
    return world


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, arguments)


def approve(message_id: UUID) -> None:
    result = run("approve", str(message_id), "--yes")
    assert result.exit_code == 0, result.output


def text(office: World, **fields: Any) -> UUID:
    """A message of the agent, which the rules let go and approval holds."""
    message_id = office.message(**{"agent_id": "crm_1", **fields})
    office.minute()
    assert office.state(message_id) == HELD
    return message_id


def test_a_text_waits_for_approval_and_then_goes_in_these_words(office: World) -> None:
    held, free = text(office, message_data=SUMMARY), office.message(agent_id="saga")
    office.minute()
    assert office.state(free) == SENT
    (shown,) = json.loads(run("approvals", "--json").output)
    assert (shown["message_id"], shown["agent_id"], shown["external_id"]) == (str(held), "crm_1", "ada")
    assert shown["words"] in run("approvals").output.replace("\n", " ")
    office.wait(minutes=30)
    office.minute()
    assert office.state(held) == HELD
    approve(held)
    asked = len(office.claude.requests)
    office.minute()
    assert office.texts()[-1] == shown["words"]
    assert len(office.claude.requests) == asked, "what was approved is not written again"
    assert run("approvals").output == "No message waits for approval.\n"


def test_what_was_approved_goes_on_another_day_too(office: World) -> None:
    held = text(office, message_data=SUMMARY)
    words = office.row(held)["final_message"]
    office.travel_to("2026-03-04T03:00:00Z")  # 22:00
    approve(held)
    office.minute()
    assert office.state(held) == ("queued", "quiet_hours"), "approval lifts no rule"
    office.travel_to("2026-03-04T15:00:00Z")
    office.claude.write_text = lambda _data: "Other words"
    office.minute()
    assert office.texts() == [words]


def test_words_that_changed_are_to_be_approved_again(office: World) -> None:
    held = text(office)
    approve(held)
    office.connection.execute("UPDATE message_queue SET final_message = 'Hello!' WHERE id = %s", (held,))
    office.minute()
    assert (office.state(held), office.texts()) == (HELD, [])
    approve(held)
    office.minute()
    assert office.texts() == ["Hello!"]


def test_words_of_a_day_that_is_over_are_written_and_approved_again(office: World) -> None:
    office.claude.write_text = lambda _data: "2 introductions were completed today"
    held = text(office, message_data=SUMMARY)
    (words,) = office.all("SELECT final_message FROM message_queue WHERE id = %s", held)
    approve(held)
    office.connection.execute(
        "UPDATE message_queue SET final_message = %s, words_source = 'claude' WHERE id = %s", ("It is due today", held)
    )
    office.connection.execute("UPDATE message_queue SET scheduled_for = %s", (office.now,))
    office.minute()
    assert office.state(held) == HELD, f"other words than {words}"
    approve(held)
    office.travel_to("2026-03-04T15:00:00Z")
    office.minute()
    assert (office.state(held), office.texts()) == (HELD, []), "what was approved spoke of yesterday"


def test_a_refused_message_ends_with_a_reason_that_its_agent_sees(office: World, bus: str) -> None:
    held = text(office)
    assert run("refuse", str(held), "--yes").exit_code != 0, "a refusal has a reason"
    assert run("refuse", str(held), "--reason", "too pushy", "--yes").exit_code == 0
    assert not refuse_message(office.connection, held, office.now), "it waits no more"
    office.minute()
    assert (office.state(held), office.texts()) == (REFUSED, [])
    steps = json.loads(run("explain", str(held), "--json").output)["steps"]
    assert any(step["what"] == "refused" and step["detail"].endswith(": too pushy") for step in steps)
    office.dispatch()
    ends = [(event.message_id, event.reason) for kind, event in heard(bus) if kind == "message.cancelled"]
    assert ends == [(str(held), "not_approved")]
    assert run("approve", str(held), "--yes").exit_code == 1, "it waits no more"


def test_replies_wait_too_and_hold_no_other_reply(office: World) -> None:
    office.writes("What time is it?")
    held = action(office, "It is ten", agent_id="crm_1")
    office.publish(held)
    office.deliver()
    assert office.state(UUID(held["message_id"])) == HELD
    office.publish(action(office, "Ten", agent_id="saga"))
    office.deliver()
    assert office.texts() == ["Ten"]
    approve(UUID(held["message_id"]))
    office.minute()
    assert office.texts() == ["Ten", "It is ten"]


def test_an_urgent_message_waits_too(office: World) -> None:
    held = office.message(agent_id="crm_1", priority="urgent", can_delay=False)
    office.deliver()
    assert office.state(held) == HELD


def test_what_nobody_approves_expires(office: World) -> None:
    held = text(office, expires_at=office.now.replace(hour=20).isoformat())
    office.travel_to("2026-03-03T20:00:00Z")
    office.minute()
    assert office.state(held) == ("expired", "expired")


def test_a_stop_and_a_withdrawal_end_what_waits_for_approval(office: World) -> None:
    withdrawn, stopped = text(office), text(office)
    office.publish({"action": "withdraw", "message_id": str(withdrawn)})
    office.writes("STOP")
    assert (office.state(withdrawn), office.state(stopped)) == (("cancelled", "withdrawn"), ("cancelled", "opted_out"))
    assert run("approve", str(stopped), "--yes").exit_code == 1


def test_a_sequence_of_such_an_agent_is_rejected(office: World) -> None:
    office.publish(part(UUID(int=7), 1, agent_id="crm_1"))
    assert office.all("SELECT reason, field FROM orchestrator.rejections") == [
        ("sequence_needs_approval", "sequence_id")
    ]


def test_a_publisher_does_not_approve_its_own_message(office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held = text(office)
    office.connection.execute("UPDATE message_queue SET published_by = 'AROAAGENT'")
    for user_id, code in (("AROAAGENT:session", 1), ("AROAOPERATOR:session", 0)):
        monkeypatch.setattr(command, "aws_user_id", lambda user_id=user_id: user_id)
        assert run("approve", str(held), "--yes").exit_code == code, user_id


@pytest.mark.usefixtures("office")
def test_the_role_of_the_functions_approves_nothing(database_url: str) -> None:
    insert = "INSERT INTO orchestrator.approvals VALUES (gen_random_uuid(), '', now())"
    with (
        login_role(database_url, "functions_alone", f"GRANT {ROLE} TO {{}}") as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute(insert)


def test_agent_set_and_list_know_approval(office: World) -> None:
    assert run("agent", "set", "bank", "--approval", "--yes").exit_code == 0
    assert [row["prefix"] for row in json.loads(run("agent", "list", "--json").output) if row["needs_approval"]] == [
        "bank",
        "crm",
    ]
    assert run("agent", "set", "bank", "--no-approval", "--yes").exit_code == 0
    assert "needed" in run("agent", "list").output
