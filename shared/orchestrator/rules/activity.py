"""Who is active (R4): a person who just wrote may be answered at once, a few times."""

from datetime import datetime, timedelta

from orchestrator.people import Person

ACTIVE_FOR = timedelta(minutes=10)
# How long a conversation is live after a message from the person (R12).
CONVERSATION_FOR = timedelta(minutes=60)
# Texts that one inbound message lets through although a limit or quiet hours would hold them.
TEXTS_PER_INBOUND = 3


def active_until(person: Person, now: datetime) -> datetime:
    """When the person's activity ends; `now` where they are not active."""
    wrote = person.last_inbound_at
    return max(wrote + ACTIVE_FOR, now) if wrote is not None and wrote <= now else now


def is_active(person: Person, now: datetime) -> bool:
    """Whether the person wrote within the last 10 minutes."""
    return active_until(person, now) > now


def live_until(person: Person, now: datetime) -> datetime:
    """When the live conversation with a person ends; `now` where there is none (R12)."""
    wrote = person.last_inbound_at
    return max(wrote + CONVERSATION_FOR, now) if wrote is not None and wrote <= now else now


def may_come_forward(person: Person, now: datetime) -> bool:
    """Whether a message that would be held may go now, because the person is there."""
    return is_active(person, now) and person.texts_while_active < TEXTS_PER_INBOUND
