"""Lists groups of agents page by page: their limit, how much they publish, and what of theirs waits (R13)."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection

from orchestrator.agents import PUBLISHER_KEY, AgentGroup
from orchestrator.store.database import sql

# Waiting messages that are counted; a count that reaches it means "or more".
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class GroupUse:
    """A group of agents and its waiting messages by reason; what is due has the reason `due`."""

    group: AgentGroup
    waiting: Mapping[str, int]


class GroupPage(NamedTuple):
    """Groups of one page; `next_after` is the key after which the next begins, None where nothing is left."""

    groups: list[GroupUse]
    next_after: str | None


def list_agent_groups(
    connection: Connection, now: datetime, start_limit: int, limit: int, after: str = ""
) -> GroupPage:
    """List groups that have settings or published in the last seven days, by key.

    Args:
        start_limit: texts an hour of agents without settings.
        limit: groups of a page.
        after: the last key of the page before.
    """
    parameters = {"now": now, "after": after, "limit": limit}
    keys = [key for (key,) in connection.execute(sql("list_agent_group_keys"), parameters)]
    counts = connection.execute(sql("count_waiting_of_agents"), {"most": MOST_COUNTED}).fetchall()
    # A key that is a prefix or an agent belongs to its own group; an agent without an id, to that of its publisher.
    speakers = [("", key.removeprefix(PUBLISHER_KEY)) if key.startswith(PUBLISHER_KEY) else (key, "") for key in keys]
    speakers += [(agent_id, publisher) for agent_id, publisher, _, _ in counts]
    rows = connection.execute(
        sql("read_agent_groups"),
        {
            "agent_ids": [agent_id for agent_id, _ in speakers],
            "publishers": [publisher for _, publisher in speakers],
            "start_limit": start_limit,
            "now": now,
        },
    ).fetchall()
    key_of = {(agent_id, publisher): key for agent_id, publisher, key, *_ in rows}
    groups = {key: AgentGroup(key, *numbers) for _, _, key, *numbers in rows}
    waiting: dict[str, Counter[str]] = defaultdict(Counter)
    for agent_id, publisher, reason, messages in counts:
        waiting[key_of[agent_id, publisher]][reason] += messages
    # Agents whose settings changed meanwhile are counted under another key now.
    found = [GroupUse(groups[key], waiting[key]) for key in keys if key in groups]
    return GroupPage(found, keys[-1] if len(keys) == limit else None)
