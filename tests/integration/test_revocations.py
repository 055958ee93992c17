"""A person who revokes by e-mail, on the phone or on a web page (R11): `user stop` with a reason and a date."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.world import World

Command = Callable[..., str]


@pytest.fixture
def command(run_command: Command) -> Command:
    return run_command


def test_a_revocation_by_other_ways_has_a_reason_and_a_date_which_explain_show_and_the_export_print(
    world: World, command: Command
) -> None:
    ada = world.person(timezone="America/New_York")
    waiting = world.message(scheduled_for="2026-12-24T15:00:00Z")
    yesterday = (world.now - timedelta(days=1)).isoformat()
    stopped = json.loads(
        command(
            "user", "stop", "--yes", "ada", "--reason", " by [red]e-mail\x1b[31m,\n 47", "--date", yesterday, "--json"
        )
    )
    assert datetime.fromisoformat(stopped["opted_out_at"]) == world.now - timedelta(days=1)
    assert world.all("SELECT note, opted_out_at, recorded_at FROM orchestrator.opt_outs") == [
        ("by [red]e-mail, 47", world.now - timedelta(days=1), world.now)
    ]
    recorded = f"recorded by an operator, recorded {world.now:%Y-%m-%d %H:%M:%S} UTC: by [red]e-mail, 47 (R11)"
    assert recorded in " ".join(command("user", "show", "ada").split())
    steps = json.loads(command("explain", str(waiting), "--json"))["steps"]
    assert [step["detail"] for step in steps if step["what"] == "opted out"] == [recorded]
    assert json.loads(command("user", "show", "ada", "--json"))["opt_outs"][0]["note"] == "by [red]e-mail, 47"
    assert "by [red]e-mail, 47" in command("privacy", "export", str(ada))


def test_a_revocation_recorded_late_lifts_nothing_and_loses_to_a_later_start(world: World, command: Command) -> None:
    world.person()
    world.writes("STOP")
    world.take_in()
    stopped_at = world.now
    world.wait(days=1)
    command("user", "stop", "--yes", "ada", "--reason", "by phone", "--date", "2020-01-01")
    assert world.all("SELECT source, note, opted_out_at, ended_at FROM orchestrator.opt_outs") == [
        ("keyword", "by phone", stopped_at, None)
    ]
    world.writes("START")
    world.take_in()
    world.wait(hours=1)
    assert "is not opted out: a START came" in command("user", "stop", "--yes", "ada", "--date", "2020-01-01")
    assert json.loads(command("user", "stop", "--yes", "ada", "--json"))["opted_out"] is True


@pytest.mark.parametrize(
    ("zone", "date", "hours_ago"),
    [
        ("America/New_York", "{day}", 0),  # a day that has not ended counts until now
        ("Pacific/Auckland", "{day_before}", None),
    ],
)
def test_a_date_alone_is_the_end_of_that_day_where_the_person_lives(
    world: World, command: Command, zone: str, date: str, hours_ago: int | None
) -> None:
    world.person(timezone=zone)
    local = world.now.astimezone(ZoneInfo(zone))
    text = date.format(day=local.date(), day_before=local.date() - timedelta(days=1))
    command("user", "stop", "--yes", "ada", "--date", text)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    assert world.all("SELECT opted_out_at FROM orchestrator.opt_outs") == [
        (midnight if hours_ago is None else world.now,)
    ]


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--date", "yesterday", "is not a date"),
        ("--date", "2026-13-01", "is not a date"),
        ("--date", "9999-12-31", "is not a date"),
        ("--date", "2026-03-02T09:30:00", "has no offset"),
        ("--date", "2099-01-01", "in the future"),
        ("--date", "2099-01-01T00:00:00Z", "in the future"),
        ("--reason", " \u200b", "1 to 500 characters"),
        ("--reason", "x" * 501, "1 to 500 characters"),
    ],
)
def test_a_revocation_with_a_wrong_value_is_refused_and_opts_out_no_one(
    world: World, command: Command, option: str, value: str, problem: str
) -> None:
    world.person()
    assert problem in " ".join(command("user", "stop", "--yes", "ada", option, value, code=2).split())
    assert world.all("SELECT * FROM orchestrator.opt_outs") == []
