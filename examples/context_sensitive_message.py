"""Publishes a context-sensitive message: if the person writes before it is sent, its relevance is checked."""

from orchestrator import MessageOrchestrator

message_id = MessageOrchestrator().queue_message(
    user_id="user_123",
    agent_id="solution_saga",
    message_data={
        "type": "solution_update",
        "findings": {"matchedInnovators": [{"name": "Acme Corp", "reason": "Enterprise CRM"}]},
    },
    priority="medium",
    can_delay=True,
    requires_fresh_context=True,
)
print(f"Message queued: {message_id}")
