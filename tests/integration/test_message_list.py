"""Messages are found by what they are, page by page; an operator withdraws and releases what waits; people are listed."""

import csv
import io
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from orchestrator.ids import LAST_ID
from orchestrator.store import message_list
from orchestrator.store.database import sql
from orchestrator.store.pauses import list_pauses, pause
from orchestrator_cli.main import app
from tests.world import World


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, arguments)
    assert result.exit_code == code, result.output
    return str(result.exception) if code == 1 else result.output


def ids(*arguments: str) -> list[UUID]:
    return [UUID(row["message_id"]) for row in json.loads(run("messages", *arguments, "--json"))]


# Finding -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def four(world: World) -> list[UUID]:
    """Four messages, oldest first: sent to Ada, held for Ada's best time, withdrawn from Ben, sent to Ben."""
    world.person()
    world.person("ben", phone="+12125550102")
    found = [world.message()]
    world.minute()
    world.wait(hours=1)
    news = {"type": "news", "message": "News"}
    best_time = {"best_hours": [18]}
    world.connection.execute("UPDATE users SET response_pattern = %s", (json.dumps(best_time),))
    found.append(world.message(priority="low", agent_id="saga_1", message_data=news))
    world.wait(seconds=1)
    found.append(world.message("ben", priority="low", topic="crm"))
    world.publish({"action": "withdraw", "user_id": "ben", "topic": "crm"})
    world.wait(seconds=1)
    found.append(world.message("ben", message_data={"type": "note", "message": "Hi"}))
    world.minute()
    return found


def test_messages_are_found_by_what_they_are(four: list[UUID]) -> None:
    sent, held, withdrawn, last = four
    assert ids() == [last, withdrawn, held, sent]
    assert ids("--user", "ben") == [last, withdrawn]
    assert ids("--agent", "Saga") == ids("--lane", "LOW", "--state", "queued") == [held]
    assert ids("--state", "cancelled") == ids("--reason", "withdrawn") == ids("--topic", "crm") == [withdrawn]
    assert ids("--since", "2026-03-03T16:00:00Z") == [last, withdrawn, held]
    assert ids("--until", "2026-03-03T11:00:00-05:00", "--since", "2026-03-03") == [sent]
    printed = run("messages", "--agent", "saga")
    assert str(held) in printed
    assert "for ada by saga_1" in printed
    assert "best_time" in printed
    assert "No messages." in run("messages", "--agent", "other")
    assert "'soon' is no time" in run("messages", "--since", "soon", code=2)
    backwards = run("messages", "--since", "2026-03-03T12:00", "--until", "2026-03-03T06:00-05:00", code=2)
    assert "Nothing lies in this period" in backwards
    assert "--csv or --json, not both" in run("messages", "--csv", "--json", code=2)
    assert "Give --spending alone" in run("resume", "--spending", "--lane", "low", code=2)
    assert "'x' is none of them. Use queued" in run("messages", "--state", "x", code=2)


def test_pages_follow_each_other_by_the_last_id(four: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    newest_first = four[::-1]
    assert ids("--limit", "3") == newest_first[:3]
    assert ids("--limit", "3", "--before", str(newest_first[2])) == newest_first[3:]
    assert f"The next page: --before {newest_first[2]}" in run("messages", "--limit", "3")
    monkeypatch.setattr(message_list, "MOST_READ", 1)  # each statement reads one row
    assert ids("--user", "ben") == newest_first[:2]
    assert ids("--all", "--limit", "1") == newest_first


def test_messages_are_exported_as_csv(four: list[UUID]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("messages", "--csv", "--all"))))
    assert [UUID(row["message_id"]) for row in rows] == four[::-1]
    assert (rows[0]["person"], rows[0]["lane"], rows[0]["due"]) == ("ben", "high", "")
    assert rows[2]["accepted_at"] == "2026-03-03T16:00:00+00:00"


def test_a_page_reads_a_bounded_number_of_rows(world: World) -> None:
    world.person()
    world.connection.execute(
        "INSERT INTO message_queue (id, user_id, agent_id, message_data, scheduled_for, status, accepted_at)"
        " SELECT gen_random_uuid(), u.id, 'x', '{}', now(), 'sent', now() FROM users u, generate_series(1, 5000)"
    )
    world.connection.execute("ANALYZE message_queue")
    filters = dict.fromkeys(message_list.MessageFilter.__slots__)
    explain = b"EXPLAIN (ANALYZE, TIMING OFF) " + sql("list_messages")
    parameters = {**filters, "agent": "none", "before": LAST_ID, "most_read": 100, "limit": 10}
    plan = "\n".join(line for (line,) in world.connection.execute(explain, parameters).fetchall())
    assert "Seq Scan on message_queue" not in plan
    (read,) = [line for line in plan.splitlines() if "message_queue_pkey on message_queue" in line]
    assert "rows=100" in read


# Withdrawing -------------------------------------------------------------------------------------------------------------------


def test_what_an_agent_published_is_withdrawn(four: list[UUID], world: World) -> None:
    _, held, _, last = four
    other = world.message(priority="low", agent_id="other")
    assert "1 waiting messages would be withdrawn" in run("withdraw", "--agent", "saga", "--dry-run")
    assert world.state(held)[0] == "queued"
    assert "1 messages withdrawn" in run("withdraw", "--agent", "saga", "--reason", "wrong prices", "--yes")
    assert world.state(held) == ("cancelled", "withdrawn")
    assert (world.state(other)[0], world.state(last)[0]) == ("queued", "sent")
    assert world.all("SELECT action, target, change, reason FROM orchestrator.operator_actions") == [
        ("withdraw", "agent saga", {"withdrawn": 1}, "wrong prices")
    ]


def test_messages_are_withdrawn_by_id_and_a_sequence_whole(world: World) -> None:
    world.person()
    of_sequence: dict[str, Any] = {"sequence_id": str(UUID(int=7)), "sequence_total": 2, "priority": "low"}
    parts = [world.message(sequence_position=place, **of_sequence) for place in (1, 2)]
    single, kept = world.message(priority="low"), world.message(priority="low")
    assert "3 messages withdrawn" in run("withdraw", str(parts[1]), str(single), "--yes")
    assert [world.state(i)[0] for i in (*parts, single, kept)] == ["cancelled"] * 3 + ["queued"]
    again = run("withdraw", str(single), "--yes")
    assert "0 messages withdrawn" in again
    assert f"{single} is cancelled." in again


def test_a_withdrawal_by_id_counts_what_waits_before_it_asks(four: list[UUID], world: World) -> None:
    of_sequence: dict[str, Any] = {"sequence_id": str(UUID(int=7)), "sequence_total": 3, "priority": "low"}
    parts = [world.message(sequence_position=place, **of_sequence) for place in (1, 2, 3)]
    sent, unknown = four[0], uuid4()
    named = [str(parts[1]), str(parts[1]), str(sent), str(unknown)]
    dry = run("withdraw", *named, "--dry-run")
    assert "3 waiting messages would be withdrawn." in dry
    assert f"{sent} is sent." in dry
    assert f"{unknown} is not known." in dry
    asked = CliRunner().invoke(app, ["withdraw", *named], input="n\n")
    assert "Withdraw 3 waiting messages" in asked.output
    assert "0 messages withdrawn" in run("withdraw", str(sent)), "nothing is asked, and nothing recorded"
    assert world.all("SELECT action FROM orchestrator.operator_actions") == []
    world.connection.execute("UPDATE message_queue SET status = 'sending' WHERE id = %s", (parts[0],))
    assert f"{parts[0]} is sending." in run("withdraw", str(parts[0]), "--yes")


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_option_does_not_widen_what_is_withdrawn_or_paused(four: list[UUID], world: World, empty: str) -> None:
    """A shell leaves an empty option where a variable is not set."""
    for options in (
        ["withdraw", "--user", "ada", "--agent", empty], ["withdraw", "--topic", "crm", "--user", empty],
        ["withdraw", "--agent", "saga", "--topic", empty], ["pause", "--agent", empty], ["pause", "--type", empty],
    ):  # fmt: skip
        assert "is empty" in run(*options, "--yes", code=2), options
    for command in ("messages", "rejections"):
        assert "is empty" in run(command, "--agent", empty, code=2)
    assert world.state(four[1])[0] == "queued"
    assert list_pauses(world.connection, world.now) == []


def test_messages_of_a_topic_of_one_person_are_withdrawn_in_batches(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    kept = [world.message(priority="low"), world.message("ben", priority="low", topic="crm")]
    monkeypatch.setattr("orchestrator_cli.message_list.BATCH", 1)
    mine = [world.message(priority="low", agent_id=f"a{n}") for n in range(3)]
    world.connection.execute("UPDATE message_queue SET topic = 'crm' WHERE id = ANY (%s)", (mine,))
    assert "3 messages withdrawn" in run("withdraw", "--user", "ada", "--topic", "crm", "--yes")
    assert {world.state(i)[0] for i in mine} == {"cancelled"}
    assert {world.state(i)[0] for i in kept} == {"queued"}
    assert "Name messages by their ids, or give" in run("withdraw", code=2)
    assert "Name messages by their ids, or give" in run("withdraw", str(mine[0]), "--user", "ada", code=2)


# Releasing ---------------------------------------------------------------------------------------------------------------------


def held_for_best_time(world: World) -> UUID:
    world.person(response_pattern=json.dumps({"best_hours": [18]}))
    held = world.message(priority="medium")
    assert world.state(held) == ("queued", "best_time")
    return held


def test_a_message_held_for_its_best_time_goes_when_it_is_released(world: World) -> None:
    held = held_for_best_time(world)
    assert f"Released {held}: due 2026-03-03 15:00:00 UTC" in run("release", str(held), "--yes")
    world.minute()
    assert world.state(held)[0] == "sent"
    assert "is not held for its best time; it is sent" in run("release", str(held), "--yes", code=1)
    assert "Nothing waits under the id" in run("release", str(uuid4()), "--yes", code=1)


@pytest.mark.parametrize("options", [[], ["--now", "--reason", "she asked for it on the phone"]], ids=["", "now"])
@pytest.mark.parametrize(
    ("obstacle", "why"),
    [("night", "quiet_hours"), ("limit", "daily_limit"), ("pause", None), ("stop", "opted_out")],
)
def test_a_release_passes_nothing_else(world: World, options: list[str], obstacle: str, why: str | None) -> None:
    held = held_for_best_time(world)
    match obstacle:
        case "night":
            world.connection.execute("UPDATE users SET quiet_hours_start = '09:00', quiet_hours_end = '12:00'")
        case "limit":
            run("user", "set", "ada", "--daily-limit", "0", "--yes")
        case "pause":
            pause(world.connection, "everything", "", None, world.now)
        case "stop":
            world.connection.execute(
                "INSERT INTO orchestrator.opt_outs (user_id, phone_number, source, opted_out_at)"
                " SELECT id, '+12125550101', 'operator', %s FROM users",
                (world.now,),
            )
    run("release", str(held), *options, "--yes")
    world.minute()
    assert world.texts() == []
    assert world.state(held)[1] == why


def test_a_release_names_the_pause_that_stops_the_message(world: World) -> None:
    held = held_for_best_time(world)
    pause(world.connection, "lane", "medium", "provider incident", world.now, "grace")
    released = run("release", str(held), "--yes")
    assert "Paused: lane medium since 2026-03-03 15:00:00 UTC by grace: provider incident" in released


def test_a_message_for_an_unknown_person_is_seen_in_the_queue(world: World) -> None:
    message_id = uuid4()
    world.connection.execute(
        "INSERT INTO orchestrator.waits_for_users (message_id, agent_id, since, until)"
        " VALUES (%s, 'saga', %s, %s + interval '15 minutes')",
        (message_id, world.now, world.now),
    )
    shown = run("queue")
    assert f"{message_id} by saga waits for its user until 2026-03-03 15:15:00 UTC" in shown
    assert "No messages are waiting" not in shown
    assert json.loads(CliRunner().invoke(app, ["queue", "--json"]).stdout) == []


def test_settings_that_are_the_defaults_are_named_as_that(world: World) -> None:
    assert "Set saga: the defaults, as settings of their own" in run("agent", "set", "saga", "--yes")
    assert "Set saga: no change" in run("agent", "set", "saga", "--yes")


def test_a_release_at_once_goes_before_the_other_lanes_and_needs_a_reason(world: World) -> None:
    held = held_for_best_time(world)
    assert "--now needs --reason" in run("release", str(held), "--now", code=2)
    run("release", str(held), "--now", "--reason", "she asked for it", "--yes")
    assert world.all("SELECT priority, can_delay FROM message_queue") == [("high", False)]
    ((change, reason),) = world.all("SELECT change, reason FROM orchestrator.operator_actions")
    assert (change["lane"], reason) == (["medium", "high"], "she asked for it")


def test_a_message_that_came_to_wait_for_something_else_meanwhile_is_not_released(world: World) -> None:
    """The command has read the message before it asks; the statement looks again."""
    held = held_for_best_time(world)
    world.connection.execute("UPDATE message_queue SET reason = 'daily_limit'")
    assert message_list.release_message(world.connection, held, world.now, at_once=True) is None
    assert world.state(held) == ("queued", "daily_limit")


def test_a_release_is_never_ahead_of_its_own_time(world: World) -> None:
    held = held_for_best_time(world)
    world.connection.execute("UPDATE message_queue SET not_before = %s + interval '1 hour'", (world.now,))
    run("release", str(held), "--yes")
    world.minute()
    assert world.state(held) == ("queued", "scheduled")


# People ------------------------------------------------------------------------------------------------------------------------


def test_people_are_listed_with_those_at_their_limit_and_opted_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.store.people_list.PAGE", 1)
    world.person(hourly_limit=1)
    world.person("ben", phone="+12125550102")
    world.person("eve", phone="+12125550103")
    world.message()
    world.message("ben")
    world.minute()
    world.writes("STOP", phone="+12125550103")
    people = {row["external_id"]: row for row in json.loads(run("user", "list", "--json"))}
    assert people.keys() == {"ada", "ben", "eve"}
    assert (people["ada"]["sent_this_hour"], people["ada"]["hourly_limit"], people["ada"]["at_limit"]) == (1, 1, True)
    assert (people["ben"]["sent_today"], people["ben"]["daily_limit"], people["ben"]["at_limit"]) == (1, 10, False)
    assert [row["external_id"] for row in json.loads(run("user", "list", "--at-limit", "--json"))] == ["ada"]
    assert [row["external_id"] for row in json.loads(run("user", "list", "--opted-out", "--json"))] == ["eve"]
    first = run("user", "list", "--limit", "2")
    last = first.rpartition("The next page: --after ")[2].strip()
    assert len(json.loads(run("user", "list", "--after", last, "--json"))) == 1
    assert "at limit" in run("user", "list", "--at-limit")


def test_the_list_of_people_has_the_limits_that_decide_where_tomorrow_has_a_row_already(world: World) -> None:
    ada = world.person(daily_limit=5, hourly_limit=1)
    world.connection.execute(
        "INSERT INTO user_message_budget (user_id, date, daily_limit, hourly_limit) VALUES (%s, %s, 50, 40)",
        (ada, world.now.date() + timedelta(days=1)),
    )
    (listed,) = json.loads(run("user", "list", "--json"))
    shown = json.loads(run("user", "show", "ada", "--json"))
    assert (listed["daily_limit"], listed["hourly_limit"]) == (shown["daily_limit"], shown["hourly_limit"]) == (5, 1)
