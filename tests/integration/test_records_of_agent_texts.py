"""Which earlier texts count against the hourly limit of an agent's group, and until when a text of another sender does."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.agents import Agent
from orchestrator.store.agents import set_agent
from tests.fated_rows import FatedRows
from tests.world import World

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def test_the_texts_of_a_group_count_for_an_hour_unless_they_certainly_did_not_go(world: World) -> None:
    cases: dict[str, tuple[bool, dict[str, Any]]] = {
        "recent": (False, {}),
        "an_hour_old": (True, {"started_at": world.now - HOUR}),
        "unknown": (False, {"outcome": "unknown"}),
        "under_way": (False, {"outcome": None}),
        "refused": (True, {"outcome": "refused"}),
        "of_another": (True, {"agent_group": "x"}),
        "of_no_text": (True, {"agent_texts": 0}),
    }
    rows = FatedRows(world.connection)
    messages: dict[str, UUID] = {}
    for number, (agent, (_, columns)) in enumerate(cases.items(), 110):
        set_agent(world.connection, Agent(agent, hourly_limit=1))
        world.person(agent, phone=f"+12125550{number}")
        given = {
            "user_id": UUID(int=1),
            "agent_group": agent,
            "agent_texts": 1,
            "outcome": "accepted",
            "holds_slot": False,
        }
        rows.add("orchestrator.attempts", agent, **{**given, "started_at": world.now - HOUR + SECOND, **columns})
        messages[agent] = world.message(agent, agent_id=agent)
    world.minute()
    assert {agent: world.state(message_id) for agent, message_id in messages.items()} == {
        agent: ("sent", None) if goes else ("queued", "agent_limit") for agent, (goes, _) in cases.items()
    }


def test_a_text_of_another_sender_counts_for_an_hour_from_when_it_was_sent(world: World) -> None:
    rows = FatedRows(world.connection)
    half, third = world.now - HOUR / 2, world.now - HOUR / 3
    cases: dict[str, tuple[datetime, dict[str, Any]]] = {
        "sent later than written": (third, {"created_at": half, "sent_at": third}),
        "without the time of sending": (half, {"created_at": half}),
    }
    for number, (name, (counts_from, columns)) in enumerate(cases.items(), 110):
        user_id = world.person(name, phone=f"+12125550{number}", hourly_limit=1)
        talk = rows.add("conversations", name, user_id=user_id)
        rows.add("messages", f"text: {name}", user_id=user_id, conversation_id=talk, status="sent", **columns)
        message_id = world.message(name)
        world.minute()
        assert world.state(message_id) == ("queued", "hourly_limit")
        assert world.row(message_id)["scheduled_for"] == counts_from + HOUR
