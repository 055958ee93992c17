"""Each command of docs/operate.md answers its question, in a world in which much has happened."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
import time_machine
from typer.testing import CliRunner

from orchestrator_cli import service_checks
from orchestrator_cli.main import app
from orchestrator_local.stand_ins.phones import Callback
from orchestrator_local.template import ROOT
from tests.integration.test_privacy import dead_letter_queue
from tests.world import World

__all__ = ["dead_letter_queue"]  # a fixture
ROWS = re.findall(
    r"^\| (\d+) \| (.+?) \| `orchestrator (.+?)` \| (.+?) \|$", (ROOT / "docs/operate.md").read_text(), re.MULTILINE
)
CONSOLES = (ROOT / "cli/orchestrator_cli/console", ROOT / "local/orchestrator_local/console/templates")
WISH = "cease and desist from all this please"


def run(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "250", "NO_COLOR": "1"}).invoke(app, arguments, input="y\n")
    assert result.exit_code == 0 or arguments == ("doctor",), result.output
    return result.output


@pytest.fixture(autouse=True)
def grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "grace")


@pytest.fixture
def past(world: World, dead_letter_queue: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, UUID]:
    """Ada has a past; Ben got a text that did not arrive; Eve said stop; Chen wrote what has to be read."""
    monkeypatch.setattr(service_checks, "check_webhook", lambda: iter(()))
    world.person_with_a_past(response_pattern=json.dumps({"best_hours": [18]}))
    world.person("ben", phone="+12125550102")
    world.person("eve", phone="+12125550103")
    chen = world.person("chen", phone="+12125550104")
    not_delivered = world.message("ben", agent_id="saga_1")
    rendered = world.message("ben", message_data={"type": "weekly_summary", "stats": {"introsCompleted": 2}})
    world.phones.callbacks.clear()
    world.minute()
    ((attempt, sid),) = world.all(
        "SELECT id, twilio_message_sid FROM orchestrator.attempts WHERE message_id = %s", not_delivered
    )
    (report,) = [callback for callback in world.phones.callbacks if callback.fields["MessageSid"] == sid][:1]
    fields = {**report.fields, "MessageStatus": "undelivered", "ErrorCode": "30007"}
    world.phones.callbacks.clear()
    world.twilio_calls(Callback(report.url, fields))
    world.take_in()
    world.writes("STOP", phone="+12125550103")
    world.writes("Who is this?", phone="+12125550155")
    world.says(chen, WISH)
    held = world.message(priority="low", agent_id="saga_1", message_data={"type": "news", "message": "News"})
    world.publish({"user_id": "ada", "agent_id": "saga_1", "priority": "asap", "message_data": {"type": "x"}})
    run("pause", "--agent", "crm", "--note", "provider incident", "--yes")
    world.connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, note, paused_at, ends_at)"
        " VALUES ('brake', 'bulk', '501 messages in an hour, usually 1', %s, %s + interval '1 hour')",
        (world.now, world.now),
    )
    with pytest.MonkeyPatch.context() as strict:
        enqueue = world.functions["enqueue"]
        strict.setitem(enqueue.__dict__, "settings", enqueue.settings.model_copy(update={"agent_start_limit": 0}))
        world.message("ben", agent_id="new_1", priority="low")
    world.minute()
    return {"held": held, "not_delivered": not_delivered, "rendered": rendered, "attempt": attempt}


def answers(ids: dict[str, UUID]) -> dict[int, list[str]]:
    """What the answer to each question holds."""
    held, not_delivered, rendered = (str(ids[name]) for name in ("held", "not_delivered", "rendered"))
    return {
        1: ["PAUSED agent crm", "✓ database", "dead letters"],
        2: ["sent", "best_time", "undelivered by code", "30007"],
        3: [held, "best_time", "low: 2 waiting"],
        4: ["ben", "2 of 2", "at limit"],
        5: ["Together since 2026-03-01 (UTC)", "texts."],
        6: ["render_message", "claude-haiku-5-5", "Saved by"],
        7: ["held", "the hour at which the person usually answers (R7)", "until"],
        8: ["daily limit", "21:00-08:00", "America/New_York", held],
        9: ["undelivered", "code 30007"],
        10: [held, "due"],
        11: [not_delivered, "2026-03-03"],
        12: [not_delivered, "not delivered, code 30007"],
        13: ["for ada", "unknown_outcome"],
        14: ["eve", "opted out 2026-03-03 15:"],
        15: [WISH],
        16: ["Who is this?", "+12125550155"],
        17: ["agent crm", "by grace: provider incident"],
        18: [
            "At the start limit: new_1 of no publisher, 1 messages wait",
            "agent bulk",
            "by the throttle: 501 messages in an hour, usually 1",
        ],
        19: ["saga_1", "invalid_field", "Use urgent, high, medium or low"],
        20: ["enqueue", "dead letters"],
        21: ["grace", "pause agent crm", "provider incident"],
        22: ["daily limit 10 → 20", "quiet hours 21:00-08:00 → 22:00-07:00"],
        23: [not_delivered, rendered],
        24: [f"Released {held}"],
        25: ["1 messages withdrawn"],
        26: ["Nothing to compare yet"],
    }


# What the answer must not hold, where a command has to choose.
OTHERS = {4: "eve", 11: "concierge_main", 12: "concierge_main", 14: "ada-before"}


def test_each_command_answers_its_question(world: World, past: dict[str, UUID]) -> None:
    expected = answers(past)
    assert [int(number) for number, *_ in ROWS] == sorted(expected) == list(range(1, 27))
    ids = {"MESSAGE_ID": str(past["held"]), "TEXT_ID": str(past["attempt"])}
    with time_machine.travel(world.now, tick=True):  # `doctor` waits for services on a clock that moves
        for number, question, command, _ in ROWS:
            shown = run(*(ids.get(word, word) for word in command.split()))
            for words in expected[int(number)]:
                assert words in shown, f"{question}\n{shown}"
            assert OTHERS.get(int(number), "nothing else") not in shown, f"{question}\n{shown}"


def test_what_the_console_answers_has_its_name_there() -> None:
    page = " ".join(file.read_text() for folder in CONSOLES for file in folder.rglob("*.*") if file.suffix != ".pyc")
    named = [name for *_, place in ROWS for name in re.findall(r"\*\*(.+?)\*\*", place)]
    assert len(named) >= len(ROWS)
    assert [name for name in named if name not in page] == []


def test_a_message_is_found_by_each_id_of_its_text(world: World, past: dict[str, UUID]) -> None:
    ((sid, row),) = world.all(
        "SELECT twilio_message_sid, id FROM messages WHERE twilio_message_sid IN"
        " (SELECT twilio_message_sid FROM orchestrator.attempts WHERE message_id = %s)",
        past["not_delivered"],
    )
    by_id = run("explain", str(past["not_delivered"]))
    assert run("explain", sid) == run("explain", str(row)) == by_id
    no_text = CliRunner().invoke(app, ["explain", "SM" + "0" * 32])
    assert "No text of ours has Twilio's id" in str(no_text.exception)
    assert "is not a message id" in CliRunner(env={"COLUMNS": "250"}).invoke(app, ["explain", "SM123"]).output


def test_the_first_day_of_the_month_is_in_its_costs_and_the_day_before_is_not(world: World) -> None:
    world.travel_to("2026-02-28T16:00:00+00:00")
    world.person()
    for day in ("2026-02-28", "2026-03-01"):
        world.travel_to(f"{day}T16:00:00+00:00")
        world.message(message_data={"type": "note", "message": day})
        world.minute()
    world.travel_to("2026-03-03T16:00:00+00:00")
    costs = json.loads(run("costs", "--month", "--json"))
    assert [line["day"] for line in costs["texts"]] == ["2026-03-01"]
    assert costs["total_usd"]["twilio"] == costs["texts"][0]["twilio_usd"]


# What operators did to a message ---------------------------------------------------------------------------------------


def steps(message_id: UUID) -> list[tuple[str, str]]:
    """What operators did to a message, as `explain` shows it."""
    found = json.loads(run("explain", str(message_id), "--json"))["steps"]
    done = ("released", "withdrawn", "paused", "resumed")
    return [(step["what"], step["detail"]) for step in found if step["what"] in done]


@pytest.fixture
def held(world: World) -> UUID:
    """A message to Ada that waits for the best time."""
    world.person(response_pattern=json.dumps({"best_hours": [18]}))
    return world.message(priority="medium", agent_id="saga_1")


def test_explain_shows_a_release_and_the_pauses_of_a_message(world: World, held: UUID) -> None:
    for options in (["--agent", "saga"], ["--user", "ada"], ["--lane", "medium"], ["--type", "note"], []):
        world.wait(seconds=1)
        run("pause", *options, "--note", "provider incident", "--yes")
    run("pause", "--agent", "other", "--yes")
    run("pause", "--lane", "low", "--yes")
    world.wait(seconds=1)
    run("resume", "--yes")
    world.wait(seconds=1)
    run("release", str(held), "--now", "--reason", "she asked for it", "--yes")
    assert steps(held) == [
        *(
            ("paused", f"{what}, by grace: provider incident")
            for what in ("agent saga", "this person", "lane medium", "type note", "everything")
        ),
        ("resumed", "everything, by grace"),
        ("released", "at once, by grace: she asked for it"),
    ]


def test_explain_leaves_out_a_pause_and_an_end_without_effect(world: World, held: UUID) -> None:
    for command, note in (("resume", []), ("pause", ["--note", "first"]), ("pause", ["--note", "second"])):
        run(command, "--agent", "saga", *note, "--yes")
        world.wait(seconds=1)
    after = world.message(priority="medium", agent_id="saga_1", message_data={"type": "note", "message": "Later"})
    assert steps(held) == steps(after) == [("paused", "agent saga, by grace: first")]
    assert "effect: none" in run("actions"), "the record has it"


def test_explain_shows_what_was_paused_before_a_message_and_nothing_after_its_end(world: World) -> None:
    world.person()
    for command in ("pause", "resume", "pause"):
        run(command, "--agent", "saga", "--yes")
        world.wait(seconds=1)
    message = world.message(agent_id="saga_1")
    world.minute()
    run("resume", "--agent", "saga", "--yes")
    world.minute()
    assert world.state(message)[0] == "sent"
    world.wait(minutes=1)
    run("pause", "--yes")
    assert steps(message) == [("paused", "agent saga, by grace"), ("resumed", "agent saga, by grace")]


def test_explain_shows_a_withdrawal_by_id_by_agent_and_of_a_whole_sequence(world: World, held: UUID) -> None:
    of_sequence: dict[str, Any] = {
        "sequence_id": str(UUID(int=7)),
        "sequence_total": 2,
        "priority": "low",
        "agent_id": "saga_2",
    }
    parts = [world.message(sequence_position=place, **of_sequence) for place in (1, 2)]
    run("withdraw", str(held), "--reason", "wrong prices", "--yes")
    world.wait(seconds=1)
    run("withdraw", "--agent", "saga", "--yes")
    assert steps(held) == [("withdrawn", "by grace: wrong prices")]
    assert [steps(part) for part in parts] == [[("withdrawn", "agent saga, by grace")]] * 2


def test_a_withdrawal_by_an_agent_is_no_operators(world: World, held: UUID) -> None:
    world.publish({"action": "withdraw", "message_id": str(held)})
    assert world.state(held) == ("cancelled", "withdrawn")
    assert steps(held) == []


def test_a_release_of_one_part_shows_in_each_part(world: World, held: UUID) -> None:
    of_sequence: dict[str, Any] = {"sequence_id": str(UUID(int=7)), "sequence_total": 2, "priority": "medium"}
    parts = [world.message(sequence_position=place, **of_sequence) for place in (1, 2)]
    world.connection.execute("UPDATE message_queue SET reason = 'best_time' WHERE sequence_id IS NOT NULL")
    run("release", str(parts[0]), "--yes")
    assert [steps(part) for part in parts] == [[("released", "by grace")]] * 2
    assert steps(held) == []
