"""The publish form: the guide's examples, and the Python call and SQS body that its fields make."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import InvalidMessage
from orchestrator.messages import Lane, Message, build_message, to_body

_MATCH = {"matchedInnovators": [{"name": "Acme Corp", "reason": "Enterprise CRM"}]}

EXAMPLES: dict[str, dict[str, Any]] = {
    "urgent notification": {
        "agent_id": "system",
        "message_data": {"type": "payment_required", "message": "Please update your payment method"},
        "priority": "urgent",
        "can_delay": False,
    },
    "solution update": {
        "agent_id": "solution_saga_workflow_456",
        "message_data": {"type": "solution_update", "findings": _MATCH},
        "priority": "high",
        "requires_fresh_context": True,
    },
    "scheduled update": {
        "agent_id": "account_manager",
        "message_data": {"type": "weekly_summary", "stats": {"introsCompleted": 2}},
        "priority": "low",
    },
    "context-sensitive message": {
        "agent_id": "solution_saga",
        "message_data": {"type": "solution_update", "findings": _MATCH},
        "priority": "medium",
        "requires_fresh_context": True,
    },
    "note, as it stands": {
        "agent_id": "concierge_main",
        "message_data": {"type": "note", "message": "See you at the meeting"},
        "priority": "high",
    },
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What the fields of the form make."""

    call: str
    body: str


def read_form(form: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of `queue_message` that the form's fields say.

    Raises:
        InvalidMessage: a field is wrong.
    """
    try:
        data = json.loads(str(form.get("message_data", "")))
    except ValueError as error:
        raise InvalidMessage("message_data", f"is not JSON ({error})", "Give an object with a `type`") from None
    fields: dict[str, Any] = {
        "user_id": str(form.get("user_id", "")),
        "agent_id": str(form.get("agent_id", "")),
        "message_data": data,
        "priority": str(form.get("priority", Lane.MEDIUM)),
    }
    if not form.get("can_delay"):
        fields["can_delay"] = False
    if form.get("requires_fresh_context"):
        fields["requires_fresh_context"] = True
    optional = {name: str(form.get(name) or "").strip() for name in ("topic", "scheduled_for", "expires_at")}
    return {**fields, **{name: value for name, value in optional.items() if value}}


def preview(fields: Mapping[str, Any]) -> Preview:
    """The Python call and the SQS body of these fields.

    Raises:
        InvalidMessage: a field is wrong.
    """
    message: Message = build_message(fields)
    lines = "".join(f"    {name}={value!r},\n" for name, value in fields.items())
    body = json.dumps(json.loads(to_body(message)), indent=2, ensure_ascii=False)
    return Preview(f"orchestrator.queue_message(\n{lines})", body)
