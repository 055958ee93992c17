"""Publishes an urgent message: sent at once, also in quiet hours; never past an opt-out or the daily limit."""

from orchestrator import MessageOrchestrator

message_id = MessageOrchestrator().queue_message(
    user_id="user_123",
    agent_id="system",
    message_data={"type": "payment_required", "message": "Please update your payment method"},
    priority="urgent",
    can_delay=False,
    requires_fresh_context=False,
)
print(f"Message queued: {message_id}")
