"""The hourly limit of a group of agents (R13)."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.agents import AgentHour
from orchestrator.rules.agent_limit import room_from

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("situation", "limit", "minutes_ago", "texts", "free_in"),
    [
        ("an empty hour", 1, [], 1, None),
        ("a full one, until its text is an hour old", 1, [20], 1, 40),
        ("a text of 60 minutes ago does not count", 1, [60], 1, None),
        ("the oldest text leaves first", 3, [50, 30, 10], 1, 10),
        ("a sequence with room for all parts", 3, [10], 2, None),
        ("a sequence waits until the oldest ones are gone", 3, [50, 30, 10], 2, 30),
        ("a sequence as long as the limit needs an empty hour", 2, [10], 2, 50),
        ("and so does a longer one", 2, [30, 10], 5, 50),
        ("which then goes whole", 2, [], 5, None),
        ("after it, its parts leave together", 1, [10, 10, 10], 1, 50),
        ("above a limit that was lowered", 1, [50, 30, 10], 1, 50),
        ("a limit of zero holds for a day", 0, [], 1, 24 * 60),
        ("and sequences too", 0, [], 3, 24 * 60),
        ("as does one below zero", -1, [], 1, 24 * 60),
    ],
)
def test_room_for_a_message(
    situation: str, limit: int, minutes_ago: list[int], texts: int, free_in: int | None
) -> None:
    hour = AgentHour("x", limit, [NOW - timedelta(minutes=minutes) for minutes in minutes_ago])
    expected = None if free_in is None else NOW + timedelta(minutes=free_in)
    assert room_from(hour, texts, NOW) == expected, situation


def test_without_a_limit_there_is_room() -> None:
    assert room_from(None, 5, NOW) is None


def test_what_the_limit_holds_falls_due_one_after_the_other() -> None:
    later = NOW + timedelta(minutes=30)
    assert room_from(AgentHour("x", 1, [NOW - timedelta(minutes=30)], planned=[later]), 1, NOW) == later + timedelta(
        hours=1
    )


@pytest.mark.parametrize(("due_in", "waits"), [(20, 21), (-5, 1)])
def test_a_message_waits_for_an_older_sequence_that_waits_for_room(due_in: int, waits: int) -> None:
    hour = AgentHour("x", 9, sequence_due=NOW + timedelta(minutes=due_in))
    assert room_from(hour, 1, NOW) == NOW + timedelta(minutes=waits)
