"""How a call to Claude is written into the log, whatever it was about."""

from uuid import UUID

from orchestrator.store.calls import LoggedCall
from orchestrator.wording.claude import Call


def logged(
    call: Call,
    *,
    action_type: str,
    user_id: UUID,
    message_id: UUID | None,
    agent_id: str,
    outcome: str,
    messages: int,
) -> LoggedCall:
    """A call with what it was about, and what became of its answer."""
    return LoggedCall(
        action_type=action_type,
        user_id=user_id,
        message_id=message_id,
        agent_id=agent_id,
        model=call.model,
        input_tokens=call.input_tokens,
        cached_tokens=call.cached_tokens,
        output_tokens=call.output_tokens,
        cost_usd=call.cost_usd,
        latency_ms=call.latency_ms,
        outcome=outcome,
        messages=messages,
        error=call.error,
    )
