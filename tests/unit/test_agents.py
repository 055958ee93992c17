"""The settings, the hourly limit and the throttle of agents (R13)."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.agents import Agent, AgentGroup, agent_for, throttle_notes, waits_until
from orchestrator.settings import PolicySettings

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("agent_id", "prefix"), [("a_b_c", "a_b"), ("a_b", "a_b"), ("a_c", "a"), ("a", "a"), ("other", "other")]
)
def test_the_longest_prefix_wins(agent_id: str, prefix: str) -> None:
    assert agent_for(agent_id, [Agent("a"), Agent("a_b"), Agent("z")]) == Agent(prefix)


@pytest.mark.parametrize(
    ("limit", "accepted_before", "hours"),
    [(None, 1_000, None), (2, 0, None), (2, 1, None), (2, 2, 1), (2, 3, 1), (2, 4, 2), (0, 0, 24)],
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
        ("an owner's limit replaces the throttle", AgentGroup("x", 10_000, 900, 1.0), 101, None),
    ],
)
def test_an_agent_far_above_its_usual_rate_is_throttled(
    situation: str, group: AgentGroup, more: int, note: str | None
) -> None:
    notes = throttle_notes({"x": more}, [group], PolicySettings())
    assert notes == ({} if note is None else {"x": note}), situation
