"""Publishes structured findings that can wait; Claude writes one friendly text from them."""

from orchestrator import MessageOrchestrator

message_id = MessageOrchestrator().queue_message(
    user_id="user_123",
    agent_id="account_manager",
    message_data={"type": "weekly_summary", "stats": {"introsCompleted": 2}},
    priority="low",
    can_delay=True,
    requires_fresh_context=False,
)
print(f"Message queued: {message_id}")
