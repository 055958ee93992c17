"""Settings of agents: list, write and remove (R13)."""

from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.agents import Agent
from orchestrator.store.database import sql

# How many waiting messages are looked at for those that wait for a start limit.
_MOST_READ = 10_000


@dataclass(frozen=True, slots=True)
class AgentAtStartLimit:
    """An agent without settings, its publisher, and how many of its messages wait for the start limit (R13)."""

    agent_id: str
    publisher: str
    messages: int


def list_agents(connection: Connection) -> list[Agent]:
    """List all settings, by prefix."""
    return [Agent(*row) for row in connection.execute(sql("read_agents"))]


def set_agent(connection: Connection, agent: Agent) -> None:
    """Write the settings of a prefix."""
    publishers = list(agent.publishers) if agent.publishers is not None else None
    connection.execute(
        sql("set_agent"),
        {
            "prefix": agent.prefix,
            "may_use_urgent": agent.may_use_urgent,
            "hourly_limit": agent.hourly_limit,
            "publishers": publishers,
            "urgent_at_night": agent.urgent_at_night,
            "purpose": agent.purpose,
            "needs_approval": agent.needs_approval,
        },
    )


def remove_agent(connection: Connection, prefix: str) -> bool:
    """Remove the settings of a prefix, so that the defaults apply; return whether there were settings."""
    return connection.execute(sql("remove_agent"), {"prefix": prefix}).rowcount == 1


def list_agents_at_start_limit(connection: Connection, limit: int) -> list[AgentAtStartLimit]:
    """List agents whose messages wait until an owner decides on them, most messages first."""
    with connection.cursor(row_factory=class_row(AgentAtStartLimit)) as cursor:
        return cursor.execute(sql("list_agents_at_start_limit"), {"most": _MOST_READ, "limit": limit}).fetchall()
