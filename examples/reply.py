"""Replies to a person who just wrote: within seconds, past limits and quiet hours, never past an opt-out."""

from orchestrator import MessageOrchestrator

message_id = MessageOrchestrator().reply(
    user_id="user_123",
    agent_id="concierge_main",
    content="Shall I introduce you?",
)
print(f"Replied: {message_id}")
