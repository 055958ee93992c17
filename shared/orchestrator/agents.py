"""Agents: their settings, their hourly limit, and the throttle on one far above its usual rate (R13)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.purpose import Purpose
from orchestrator.settings import PolicySettings


@dataclass(frozen=True, slots=True)
class Agent:
    """Settings of the agents whose id begins with `prefix`.

    Attributes:
        urgent_at_night: whether an urgent message that cannot wait ignores quiet hours (R5); None means `system` alone.
        hourly_limit: texts of all these agents in any 60 minutes; None means no limit, and then the throttle applies.
        publishers: the AWS identities that may publish for these agents, as `publisher_of` gives them; None means any.
        purpose: what their texts are for.
        needs_approval: whether an operator approves the final words of each text before it goes.
    """

    prefix: str
    may_use_urgent: bool = True
    hourly_limit: int | None = None
    publishers: Sequence[str] | None = None
    urgent_at_night: bool | None = None
    purpose: Purpose = Purpose.INFORMATIONAL
    needs_approval: bool = False


@dataclass(frozen=True, slots=True)
class AgentGroup:
    """Agents that are counted together (R13).

    They are those whose settings have one prefix; an agent without settings that published before there were groups,
    alone; and all other agents without settings that one publisher speaks for.

    Attributes:
        hourly_limit: texts in any 60 minutes; None means no limit, and then the throttle applies.
        this_hour: messages accepted in the last hour.
        usual_hour: messages accepted in an average hour of the last days.
    """

    key: str
    hourly_limit: int | None = None
    this_hour: int = 0
    usual_hour: float = 0.0


# How the key of a group begins whose agents have no settings and share the start limit of their publisher.
PUBLISHER_KEY = "publisher "


@dataclass(frozen=True, slots=True)
class AgentHour:
    """What counts against the hourly limit of a message's group when the message is decided on (R13).

    Attributes:
        texts: when each text of the last 60 minutes went; of a sequence, each part when the first one went.
        planned: when other messages that the limit holds are due, as far as they are known.
        sequence_due: when an older sequence of the group is due that waits for room; None where none waits.
    """

    group: str
    limit: int
    texts: Sequence[datetime] = ()
    planned: Sequence[datetime] = ()
    sequence_due: datetime | None = None


def limit_of(group_key: str) -> str:
    """Which limit holds the messages of a group: `start_limit` or `agent_limit`, as the metric of ceilings names it."""
    return "start_limit" if group_key.startswith(PUBLISHER_KEY) else "agent_limit"


def owner_of(publisher: str, agents: Sequence[Agent]) -> str | None:
    """The owner of what a publisher publishes: itself where agents are bound to it, else none (R9).

    Only its owner may replace, withdraw or continue a message that has one.
    """
    return publisher if any(publisher in (agent.publishers or ()) for agent in agents) else None


def agent_for(agent_id: str, agents: Sequence[Agent]) -> Agent:
    """The settings of an agent: those of the longest prefix of its id, or the defaults."""
    matching = [agent for agent in agents if agent_id.startswith(agent.prefix)]
    return max(matching, key=lambda agent: len(agent.prefix)) if matching else Agent(prefix=agent_id)


def have_same_settings(agent_id: str, other_id: str, agents: Sequence[Agent]) -> bool:
    """Whether the same settings apply to two agents: those of one prefix, or the defaults of both.

    By default `system` alone may text at night, so other agents under its prefix have other settings.
    """
    one, other = agent_for(agent_id, agents), agent_for(other_id, agents)
    of_both = one == other or not (one in agents or other in agents)
    return of_both and _may_text_at_night(agent_id, one) == _may_text_at_night(other_id, other)


def _may_text_at_night(agent_id: str, settings: Agent) -> bool:
    return agent_id == "system" if settings.urgent_at_night is None else settings.urgent_at_night


def waits_until(group: AgentGroup, accepted_before: int, now: datetime) -> datetime | None:
    """Until when a message that arrives waits for the hourly limit of its group; None when it need not wait.

    Messages above the limit go in the hours that follow, as many in each as the limit allows. With a limit of zero a
    message waits for a day, and is then checked again. This plan spreads what was accepted; what is really sent is
    counted when a slot is reserved.

    Args:
        accepted_before: messages of the group that were accepted earlier in this hour.
    """
    if group.hourly_limit is None or accepted_before < group.hourly_limit:
        return None
    if group.hourly_limit <= 0:
        return now + timedelta(days=1)
    hours = accepted_before // group.hourly_limit
    return now + timedelta(hours=hours)


def throttle_note(group: AgentGroup, more: int, policy: PolicySettings) -> str | None:
    """Why a group of agents is throttled once `more` messages join its hour; None when it is not.

    A group with an hourly limit is held by that instead, and a new group has no usual rate yet.
    """
    if group.hourly_limit is not None or not group.usual_hour:
        return None
    ceiling = max(policy.brake_floor, policy.brake_factor * group.usual_hour)
    if group.this_hour + more <= ceiling:
        return None
    return f"{group.this_hour + more} messages in an hour, usually {group.usual_hour:.0f}"


def throttle_notes(counts: Mapping[str, int], groups: Iterable[AgentGroup], policy: PolicySettings) -> dict[str, str]:
    """The groups to throttle after a batch, each with the note why.

    Args:
        counts: accepted messages of the batch by the key of their group.
    """
    by_key = {group.key: group for group in groups}
    notes = {key: throttle_note(by_key[key], more, policy) for key, more in counts.items()}
    return {key: note for key, note in notes.items() if note}
