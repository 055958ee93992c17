"""Activity (R4) and live conversations (R12): for how long a person who wrote may be answered at once."""

from datetime import datetime, timedelta

from orchestrator.people import Person

# How long a person is active after a message that they wrote (R4).
ACTIVE_FOR = timedelta(minutes=10)
# How long a conversation is live after a message that the person wrote (R12).
CONVERSATION_FOR = timedelta(minutes=60)
# Texts that one inbound message lets through although a limit or quiet hours would hold them.
TEXTS_PER_INBOUND = 3


def active_until(person: Person, now: datetime) -> datetime:
    """When the person's activity ends; `now` when they are not active."""
    return _end_of(ACTIVE_FOR, person, now)


def is_active(person: Person, now: datetime) -> bool:
    """Whether the person wrote within the last 10 minutes."""
    return active_until(person, now) > now


def live_until(person: Person, now: datetime) -> datetime:
    """When the live conversation with a person ends; `now` when there is none (R12)."""
    return _end_of(CONVERSATION_FOR, person, now)


def may_come_forward(person: Person, now: datetime) -> bool:
    """Whether a message that would be held may go now, because the person is active."""
    return is_active(person, now) and person.texts_while_active < TEXTS_PER_INBOUND


def _end_of(span: timedelta, person: Person, now: datetime) -> datetime:
    wrote_at = person.last_inbound_at
    return max(wrote_at + span, now) if wrote_at is not None and wrote_at <= now else now
