"""The settings, the hourly limit and the throttle of agents (R13)."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.agents import Agent, AgentGroup, agent_for, have_same_settings, throttle_notes, waits_until
from orchestrator.settings import PolicySettings

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("agent_id", "prefix"), [("a_b_c", "a_b"), ("a_b", "a_b"), ("a_c", "a"), ("a", "a"), ("other", "other")]
)
def test_the_longest_prefix_wins(agent_id: str, prefix: str) -> None:
    assert agent_for(agent_id, [Agent("a"), Agent("a_b"), Agent("z")]) == Agent(prefix)


@pytest.mark.parametrize(
    ("agent_id", "other_id", "same"),
    [
        ("x", "y", True),
        ("a_1", "a_2", True),
        ("a_1", "x", False),
        ("x", "a_1", False),
        ("a_1", "a_b_1", False),
        # `system` alone may text at night where its settings do not say so.
        ("system", "system", True),
        ("system", "x", False),
        ("system_2", "x", True),
        ("s_1", "s_2", True),
    ],
)
def test_agents_have_the_same_settings_by_prefix_and_right_at_night(agent_id: str, other_id: str, same: bool) -> None:
    agents = [Agent("a"), Agent("a_b"), Agent("s_")]
    assert have_same_settings(agent_id, other_id, agents) is same


@pytest.mark.parametrize(("at_night", "same"), [(None, False), (True, True), (False, True)])
def test_under_a_prefix_system_has_the_settings_of_the_others_where_they_say_so(
    at_night: bool | None, same: bool
) -> None:
    assert have_same_settings("system", "sys", [Agent("sys", urgent_at_night=at_night)]) is same


@pytest.mark.parametrize(
    ("limit", "accepted_before", "hours"),
    [
        (None, 1_000, None),
        (2, 0, None),
        (2, 1, None),
        (2, 2, 1),
        (2, 3, 1),
        (2, 4, 2),
        (1, 0, None),
        (1, 1, 1),
        (1, 3, 3),
        (0, 0, 24),
    ],
)
def test_messages_above_the_hourly_limit_fill_the_hours_that_follow(
    limit: int | None, accepted_before: int, hours: int | None
) -> None:
    expected = None if hours is None else NOW + timedelta(hours=hours)
    assert waits_until(AgentGroup("x", limit), accepted_before, NOW) == expected


@pytest.mark.parametrize(
    ("situation", "group", "more", "note"),
    [
        ("a new agent has no usual rate", AgentGroup("x", None, 600, 0.0), 1, None),
        ("up to the floor", AgentGroup("x", None, 499, 1.0), 1, None),
        ("above the floor", AgentGroup("x", None, 500, 1.0), 1, "501 messages in an hour, usually 1"),
        ("up to ten times its usual hour", AgentGroup("x", None, 900, 100.0), 100, None),
        ("above it", AgentGroup("x", None, 900, 100.0), 101, "1001 messages in an hour, usually 100"),
        ("far below it", AgentGroup("x", None, 900, 100.0), 1, None),
        ("an owner's limit replaces the throttle", AgentGroup("x", 10_000, 900, 1.0), 101, None),
    ],
)
def test_an_agent_far_above_its_usual_rate_is_throttled(
    situation: str, group: AgentGroup, more: int, note: str | None
) -> None:
    notes = throttle_notes({"x": more}, [group], PolicySettings())
    assert notes == ({} if note is None else {"x": note}), situation
