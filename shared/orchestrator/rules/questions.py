"""Open questions: for how long a text that expects a reply waits for it, and holds other agents' questions back."""

from datetime import datetime, timedelta

from orchestrator.messages import Lane
from orchestrator.rules.state import MessageState

# For so long after a question, what its person writes may be the answer. What is open is found by one SQL function,
# `orchestrator.open_questions`.
OPEN_FOR = timedelta(days=7)
# For so long an open question holds the questions of other agents: a person who gets two at once answers neither.
HOLDS_FOR = timedelta(hours=2)


def is_held_by_questions(message: MessageState) -> bool:
    """Whether an open question of another agent may hold a message: an ordinary one that asks something itself."""
    return message.asks and not message.continues and not message.is_reply and message.lane is not Lane.URGENT


def held_by_question_until(message: MessageState, now: datetime) -> datetime | None:
    """Find until when another agent's open question holds a message; None where none does."""
    if not is_held_by_questions(message) or message.question_at is None:
        return None
    until = message.question_at + HOLDS_FOR
    return until if until > now else None
