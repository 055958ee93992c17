"""The publish form: its examples, and the Python call and SQS body of its fields."""

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.errors import InvalidMessage
from orchestrator.messages import Lane, Message, build_message, to_body
from orchestrator_local.demo_messages import MEETING, PAYMENT, SOLUTION_UPDATE, SUMMARY, fields_of

EXAMPLES = {
    "urgent notification": fields_of("system", PAYMENT, "urgent", can_delay=False),
    "solution update": fields_of("solution_saga_workflow_456", SOLUTION_UPDATE, "high", requires_fresh_context=True),
    "scheduled update": fields_of("account_manager", SUMMARY, "low"),
    "context-sensitive message": fields_of("solution_saga", SOLUTION_UPDATE, "medium", requires_fresh_context=True),
    "note with its own words": fields_of("concierge_main", MEETING, "high"),
}


def read_form(form: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of `queue_message` from the fields of the form.

    Raises:
        InvalidMessage: `message_data` is not JSON.
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
    fields |= {name: True for name in ("requires_fresh_context", "expects_reply", "allow_repeat") if form.get(name)}
    optional = {name: str(form.get(name) or "").strip() for name in ("topic", "scheduled_for", "expires_at")}
    return {**fields, **{name: value for name, value in optional.items() if value}}


def preview(fields: Mapping[str, Any]) -> dict[str, str]:
    """The Python call and the SQS body of these fields, as `call` and `body`.

    Raises:
        InvalidMessage: a field is invalid.
    """
    message: Message = build_message(fields)
    lines = "".join(f"    {name}={value!r},\n" for name, value in fields.items())
    body = json.dumps(json.loads(to_body(message)), indent=2, ensure_ascii=False)
    return {"call": f"orchestrator.queue_message(\n{lines})", "body": body}
