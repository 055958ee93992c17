"""The people of the demo, the messages for them, and how each message should end."""

from dataclasses import dataclass
from typing import Any

from orchestrator.rules.reasons import Reason, Status


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A fictional person. `daily_limit` is None for the usual limit."""

    external_id: str
    name: str
    phone: str
    zone: str
    daily_limit: int | None = None

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the person's row, without the limit."""
        return {
            "external_id": self.external_id,
            "first_name": self.name,
            "phone_number": self.phone,
            "timezone": self.zone,
        }


@dataclass(frozen=True, slots=True)
class DemoMessage:
    """One message, and how it should end.

    Attributes:
        title: its name in the output.
        person: who it is for.
        fields: the keyword arguments of `queue_message`, without the person.
        status: the status that it should reach; `queued` means that it still waits when the demo ends.
        reason: the reason that it should have; None for any.
        is_withdrawn: whether its agent withdraws it at once.
    """

    title: str
    person: DemoPerson
    fields: dict[str, Any]
    status: Status
    reason: Reason | None = None
    is_withdrawn: bool = False


ADA = DemoPerson("user_ada", "Ada", "+12125550101", "America/New_York")
BEN = DemoPerson("user_ben", "Ben", "+13105550102", "America/Los_Angeles")
CHEN = DemoPerson("user_chen", "Chen", "+14165550103", "America/Toronto", daily_limit=1)
DANA = DemoPerson("user_dana", "Dana", "+13125550104", "America/Chicago")
EVE = DemoPerson("user_eve", "Eve", "+16175550105", "America/New_York")
DEMO_PEOPLE = (ADA, BEN, CHEN, DANA, EVE)

SOLUTION_UPDATE = {
    "type": "solution_update",
    "findings": {"matchedInnovators": [{"name": "Acme Corp", "reason": "Enterprise CRM"}]},
}
MEETING = {"type": "note", "message": "See you at the meeting"}
PAYMENT = {"type": "payment_required", "message": "Please update your payment method"}
SUMMARY = {"type": "weekly_summary", "stats": {"introsCompleted": 2}}


def fields_of(agent_id: str, data: dict[str, Any], priority: str, **others: Any) -> dict[str, Any]:
    """The keyword arguments of `queue_message`, without the person."""
    return {"agent_id": agent_id, "message_data": data, "priority": priority, **others}


# Agents publish these at the start: the patterns of the guide, and messages that a rule stops or changes.
OPENING_MESSAGES = (
    DemoMessage(
        "urgent notification",
        BEN,
        fields_of("system", PAYMENT, "urgent", can_delay=False),
        Status.SENT,
    ),
    DemoMessage(
        "solution update",
        ADA,
        fields_of("solution_saga_workflow_456", SOLUTION_UPDATE, "high", requires_fresh_context=True),
        Status.SENT,
    ),
    DemoMessage("scheduled update", CHEN, fields_of("account_manager", SUMMARY, "high"), Status.SENT),
    DemoMessage(
        "context-sensitive message",
        BEN,
        fields_of("solution_saga", SOLUTION_UPDATE, "medium", requires_fresh_context=True),
        Status.SENT,
    ),
    DemoMessage(
        "meeting note in quiet hours",
        BEN,
        fields_of("concierge_main", MEETING, "high"),
        Status.SENT,
    ),
    DemoMessage(
        "invoice note, above a limit of 1 a day",
        CHEN,
        fields_of("account_manager", {"type": "note", "text": "Your invoice is ready"}, "low"),
        Status.QUEUED,
        Reason.DAILY_LIMIT,
    ),
    DemoMessage(
        "older note on the topic matches",
        ADA,
        fields_of("solution_saga", {"type": "note", "message": "One match so far"}, "medium", topic="matches"),
        Status.SUPERSEDED,
        Reason.SUPERSEDED,
    ),
    DemoMessage(
        "newer note on the topic matches",
        ADA,
        fields_of("solution_saga", {"type": "note", "message": "Two matches now"}, "medium", topic="matches"),
        Status.SENT,
    ),
    DemoMessage(
        "note that its agent withdraws",
        BEN,
        fields_of("concierge_main", {"type": "note", "message": "See you at ten"}, "medium"),
        Status.CANCELLED,
        Reason.WITHDRAWN,
        is_withdrawn=True,
    ),
    DemoMessage(
        "solution update after an opt-out",
        DANA,
        fields_of("concierge_main", SOLUTION_UPDATE, "high"),
        Status.CANCELLED,
        Reason.OPTED_OUT,
    ),
)
# They wait for Eve while she writes, and then opts out.
MATCH = DemoMessage(
    "match, held until her best time",
    EVE,
    fields_of("solution_saga", {"type": "note", "message": "A match was found for you"}, "medium"),
    Status.SENT,
)
REMINDER = DemoMessage(
    "reminder for later",
    EVE,
    fields_of("concierge_main", {"type": "note", "message": "Your call is in an hour"}, "low", topic="call"),
    Status.CANCELLED,
    Reason.OPTED_OUT,
)
# Published after Eve opted out.
AFTER_STOP = DemoMessage(
    "urgent message after STOP",
    EVE,
    fields_of("system", PAYMENT, "urgent", can_delay=False),
    Status.CANCELLED,
    Reason.OPTED_OUT,
)
