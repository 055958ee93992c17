"""Settings of agents, as operators see and change them (R13)."""

from psycopg import Connection

from orchestrator.agents import Agent
from orchestrator.store.database import sql


def list_agents(connection: Connection) -> list[Agent]:
    """All settings, by prefix."""
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
        },
    )


def remove_agent(connection: Connection, prefix: str) -> bool:
    """Back to the defaults; returns whether there were settings."""
    return connection.execute(sql("remove_agent"), {"prefix": prefix}).rowcount == 1
