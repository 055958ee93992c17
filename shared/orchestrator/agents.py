"""Who speaks: settings of agents, and the brake on one that suddenly speaks far more than it usually does (R13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.settings import PolicySettings


@dataclass(frozen=True, slots=True)
class Agent:
    """Settings of the agents whose id begins with `prefix`.

    Attributes:
        hourly_limit: messages accepted in any 60 minutes; None means no limit, and that the brake watches instead.
        publishers: the SenderIds of SQS that may speak for them; None means anybody.
    """

    prefix: str
    may_use_urgent: bool = True
    hourly_limit: int | None = None
    publishers: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """How many messages one agent had accepted in the last hour, and usually has in an hour."""

    this_hour: int = 0
    usual_hour: float = 0.0


def agent_for(agent_id: str, agents: Sequence[Agent]) -> Agent:
    """The settings of an agent: those of the longest prefix of its id, or the defaults."""
    matching = [agent for agent in agents if agent_id.startswith(agent.prefix)]
    return max(matching, key=lambda agent: len(agent.prefix), default=Agent(prefix=agent_id))


def waits_until(agent: Agent, accepted_before: int, now: datetime) -> datetime | None:
    """When a message may go whose agent had `accepted_before` messages within the hour; None when it need not wait.

    What is above the limit goes in the hours that follow, as many in each as the limit allows. With a limit of zero
    the message waits for a day at a time.
    """
    if agent.hourly_limit is None or accepted_before < agent.hourly_limit:
        return None
    if agent.hourly_limit <= 0:
        return now + timedelta(days=1)
    hours = accepted_before // agent.hourly_limit
    return now + timedelta(hours=hours)


def throttle_note(agent: Agent, rate: Rate, more: int, policy: PolicySettings) -> str | None:
    """Why an agent is braked when `more` messages come to its hour; None when it is not."""
    if agent.hourly_limit is not None or not rate.usual_hour:
        return None  # somebody said how many it may have; or it is new, and nothing is usual yet
    ceiling = max(policy.brake_floor, policy.brake_factor * rate.usual_hour)
    if rate.this_hour + more <= ceiling:
        return None
    return f"{rate.this_hour + more} messages in an hour, usually {rate.usual_hour:.0f}"


def throttle_notes(
    counts: Mapping[str, int], agents: Sequence[Agent], rates: Mapping[str, Rate], policy: PolicySettings
) -> dict[str, str]:
    """The agents to brake after a batch, each with why."""
    reasons = {
        agent_id: throttle_note(agent_for(agent_id, agents), rates.get(agent_id, Rate()), more, policy)
        for agent_id, more in counts.items()
    }
    return {agent_id: reason for agent_id, reason in reasons.items() if reason}
