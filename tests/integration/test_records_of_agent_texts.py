"""Which earlier texts count against the hourly limit of an agent's group."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from orchestrator.agents import Agent
from orchestrator.store.agents import set_agent
from tests.named_rows import NamedRows
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
    rows = NamedRows(world.connection)
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
