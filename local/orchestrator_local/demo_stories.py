"""The people of the demo, the messages for them, and how each should end."""

from dataclasses import dataclass
from typing import Any

from orchestrator.rules.reasons import Reason, Status


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A plainly fictional person."""

    external_id: str
    name: str
    phone: str
    zone: str
    daily_limit: int | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Their row, but for the limit."""
        return {
            "external_id": self.external_id,
            "first_name": self.name,
            "phone_number": self.phone,
            "timezone": self.zone,
        }


@dataclass(frozen=True, slots=True)
class DemoStory:
    """One message, and how it should end: `Status.QUEUED` means that it still waits, for `reason`."""

    title: str
    person: Neighbour
    message: dict[str, Any]
    status: Status
    reason: Reason | None = None
    withdraw: bool = False


ADA = Neighbour("user_ada", "Ada", "+12125550101", "America/New_York")
BEN = Neighbour("user_ben", "Ben", "+13105550102", "America/Los_Angeles")
CHEN = Neighbour("user_chen", "Chen", "+14165550103", "America/Toronto", daily_limit=1)
DANA = Neighbour("user_dana", "Dana", "+13125550104", "America/Chicago")

EVE = Neighbour("user_eve", "Eve", "+16175550105", "America/New_York")
EVERYBODY = (ADA, BEN, CHEN, DANA, EVE)

SOLUTION_UPDATE = {
    "type": "solution_update",
    "findings": {"matchedInnovators": [{"name": "Acme Corp", "reason": "Enterprise CRM"}]},
}
MEETING = {"type": "note", "message": "See you at the meeting"}
PAYMENT = {"type": "payment_required", "message": "Please update your payment method"}
SUMMARY = {"type": "weekly_summary", "stats": {"introsCompleted": 2}}


def message_of(agent_id: str, data: dict[str, Any], priority: str, **fields: Any) -> dict[str, Any]:
    """The keyword arguments of `queue_message`, but for the person."""
    return {"agent_id": agent_id, "message_data": data, "priority": priority, **fields}


def stories() -> list[DemoStory]:
    """The guide's patterns, and what people ask about next."""
    return [
        DemoStory(
            "urgent notification",
            BEN,
            message_of("system", PAYMENT, "urgent", can_delay=False),
            Status.SENT,
        ),
        DemoStory(
            "solution update",
            ADA,
            message_of("solution_saga_workflow_456", SOLUTION_UPDATE, "high", requires_fresh_context=True),
            Status.SENT,
        ),
        DemoStory("scheduled update", CHEN, message_of("account_manager", SUMMARY, "high"), Status.SENT),
        DemoStory(
            "context-sensitive message",
            BEN,
            message_of("solution_saga", SOLUTION_UPDATE, "medium", requires_fresh_context=True),
            Status.SENT,
        ),
        DemoStory(
            "meeting note, before breakfast",
            BEN,
            message_of("concierge_main", MEETING, "high"),
            Status.SENT,
        ),
        DemoStory(
            "one more for Chen (limit 1 a day)",
            CHEN,
            message_of("account_manager", {"type": "note", "text": "Your invoice is ready"}, "low"),
            Status.QUEUED,
            Reason.DAILY_LIMIT,
        ),
        DemoStory(
            "older news of a topic",
            ADA,
            message_of("solution_saga", {"type": "note", "message": "One match so far"}, "medium", topic="matches"),
            Status.SUPERSEDED,
            Reason.SUPERSEDED,
        ),
        DemoStory(
            "newer news of the topic",
            ADA,
            message_of("solution_saga", {"type": "note", "message": "Two matches now"}, "medium", topic="matches"),
            Status.SENT,
        ),
        DemoStory(
            "withdrawn by its agent",
            BEN,
            message_of("concierge_main", {"type": "note", "message": "See you at ten"}, "medium"),
            Status.CANCELLED,
            Reason.WITHDRAWN,
            withdraw=True,
        ),
        DemoStory(
            "for Dana, who said STOP",
            DANA,
            message_of("concierge_main", SOLUTION_UPDATE, "high"),
            Status.CANCELLED,
            Reason.OPTED_OUT,
        ),
    ]


def two_way_stories() -> list[DemoStory]:
    """What waits for Eve while she writes, and then says STOP."""
    return [
        DemoStory(
            "a match, for tomorrow at her best time",
            EVE,
            message_of("solution_saga", {"type": "note", "message": "A match was found for you"}, "medium"),
            Status.SENT,
        ),
        DemoStory(
            "a reminder for later",
            EVE,
            message_of("concierge_main", {"type": "note", "message": "Your call is in an hour"}, "low", topic="call"),
            Status.CANCELLED,
            Reason.OPTED_OUT,
        ),
    ]


def after_stop() -> DemoStory:
    """What an agent publishes after Eve has said STOP."""
    return DemoStory(
        "urgent, after STOP",
        EVE,
        message_of("system", PAYMENT, "urgent", can_delay=False),
        Status.CANCELLED,
        Reason.OPTED_OUT,
    )
