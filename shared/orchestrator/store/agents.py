"""Settings of agents: list, write and remove (R13)."""

from psycopg import Connection

from orchestrator.agents import Agent
from orchestrator.store.database import sql


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
        },
    )


def remove_agent(connection: Connection, prefix: str) -> bool:
    """Remove the settings of a prefix, so that the defaults apply; return whether there were settings."""
    return connection.execute(sql("remove_agent"), {"prefix": prefix}).rowcount == 1
