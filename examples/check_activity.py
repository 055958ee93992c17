"""Checks whether a person is active. Needs DATABASE_URL and the [db] extra."""

from orchestrator import MessageOrchestrator

if MessageOrchestrator().is_user_active("user_123"):
    print("User is active: a good time to send")
else:
    print("User is inactive: the orchestrator finds a better time")
