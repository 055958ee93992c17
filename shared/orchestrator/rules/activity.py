"""Activity (R4) and live conversations (R12): for how long a person who wrote may be answered at once."""

from datetime import date, datetime, timedelta

from orchestrator.people import Person
from orchestrator.settings import ActivitySettings

# How long a person is active after a message that they wrote (R4).
ACTIVE_FOR = timedelta(minutes=10)
# How long a conversation is live after a message that the person wrote (R12).
CONVERSATION_FOR = timedelta(minutes=60)


def active_until(person: Person, now: datetime) -> datetime:
    """When the person's activity ends; `now` when they are not active."""
    return _end_of(ACTIVE_FOR, person, now)


def is_active(person: Person, now: datetime) -> bool:
    """Whether the person wrote within the last 10 minutes."""
    return active_until(person, now) > now


def live_until(person: Person, now: datetime) -> datetime:
    """When the live conversation with a person ends; `now` when there is none (R12)."""
    return _end_of(CONVERSATION_FOR, person, now)


def may_come_forward(person: Person, texts: int, today: date, ceilings: ActivitySettings, now: datetime) -> bool:
    """Whether a message that would be held may go now, because the person is active (R4).

    Args:
        texts: what it counts for: 1, or the parts of a sequence, which goes whole or waits.
        today: the person's local day.
    """
    return (
        is_active(person, now)
        and person.texts_while_active + texts <= ceilings.active_texts_per_inbound
        and person.active_texts_this_hour + texts <= ceilings.active_texts_per_hour
        and person.active_texts_by_day.get(today, 0) + texts <= ceilings.active_texts_per_day
    )


def may_reply(person: Person, today: date, ceilings: ActivitySettings) -> bool:
    """Whether one more reply to the person is within the ceilings of replies (R12)."""
    return (
        person.replies_to_text < ceilings.replies_per_inbound
        and person.replies_this_hour < ceilings.replies_per_hour
        and person.replies_by_day.get(today, 0) < ceilings.replies_per_day
    )


def _end_of(span: timedelta, person: Person, now: datetime) -> datetime:
    wrote_at = person.last_inbound_at
    return max(wrote_at + span, now) if wrote_at is not None and wrote_at <= now else now
