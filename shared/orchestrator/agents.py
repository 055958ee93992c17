"""Agents: their settings, their hourly limit, and the throttle on one far above its usual rate (R13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.settings import PolicySettings


@dataclass(frozen=True, slots=True)
class Agent:
    """Settings of the agents whose id begins with `prefix`.

    Attributes:
        urgent_at_night: whether an urgent message that cannot wait ignores quiet hours (R5); None means `system` alone.
        hourly_limit: messages accepted in any 60 minutes; None means no limit, and then the throttle applies.
        publishers: the AWS identities that may publish for these agents, as `publisher_of` gives them; None means any.
    """

    prefix: str
    may_use_urgent: bool = True
    hourly_limit: int | None = None
    publishers: Sequence[str] | None = None
    urgent_at_night: bool | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """How many messages of one agent were accepted in the last hour, and usually are in an hour."""

    this_hour: int = 0
    usual_hour: float = 0.0


def owner_of(publisher: str, agents: Sequence[Agent]) -> str | None:
    """The owner of what a publisher publishes: itself where agents are bound to it, else none (R9).

    Only its owner may replace, withdraw or continue a message that has one.
    """
    return publisher if any(publisher in (agent.publishers or ()) for agent in agents) else None


def agent_for(agent_id: str, agents: Sequence[Agent]) -> Agent:
    """The settings of an agent: those of the longest prefix of its id, or the defaults."""
    matching = [agent for agent in agents if agent_id.startswith(agent.prefix)]
    return max(matching, key=lambda agent: len(agent.prefix), default=Agent(prefix=agent_id))


def waits_until(agent: Agent, accepted_before: int, now: datetime) -> datetime | None:
    """Until when a message waits for the hourly limit of its agent; None when it need not wait.

    Messages above the limit go in the hours that follow, as many in each as the limit allows. With a limit of zero a
    message waits for a day, and is then checked again.

    Args:
        accepted_before: messages of the agent that were accepted earlier in this hour.
    """
    if agent.hourly_limit is None or accepted_before < agent.hourly_limit:
        return None
    if agent.hourly_limit <= 0:
        return now + timedelta(days=1)
    hours = accepted_before // agent.hourly_limit
    return now + timedelta(hours=hours)


def throttle_note(agent: Agent, rate: Rate, more: int, policy: PolicySettings) -> str | None:
    """Why an agent is throttled once `more` messages join its hour; None when it is not.

    An agent with an hourly limit has an owner's decision instead, and a new agent has no usual rate yet.
    """
    if agent.hourly_limit is not None or not rate.usual_hour:
        return None
    ceiling = max(policy.brake_floor, policy.brake_factor * rate.usual_hour)
    if rate.this_hour + more <= ceiling:
        return None
    return f"{rate.this_hour + more} messages in an hour, usually {rate.usual_hour:.0f}"


def throttle_notes(
    counts: Mapping[str, int], agents: Sequence[Agent], rates: Mapping[str, Rate], policy: PolicySettings
) -> dict[str, str]:
    """The agents to throttle after a batch, each with the note why.

    Args:
        counts: accepted messages of the batch by agent id.
    """
    notes = {
        agent_id: throttle_note(agent_for(agent_id, agents), rates.get(agent_id, Rate()), more, policy)
        for agent_id, more in counts.items()
    }
    return {agent_id: note for agent_id, note in notes.items() if note}
