"""Applies the law of the place to one message (R15): whether it may go now, until when, and when it may go next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.people import Person
from orchestrator.rules.law import Law, LawfulTimes, describe_cap, lawful_times
from orchestrator.rules.places import whereabouts_of
from orchestrator.rules.quiet_hours import QuietHours, next_open
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import MessageState

# What cannot be determined is checked again after this; an operator or the owner may have corrected it by then.
RECHECK_AFTER = timedelta(hours=1)
# Rounds between quiet hours and the law until both allow a text; each is a day at most.
_ROUNDS = 32


@dataclass(frozen=True, slots=True)
class LawLimit:
    """What the reserving statement compares and records for one text.

    Attributes:
        texts: what it counts for toward the caps: the parts of a sequence with its first one.
        most: the most texts in the period, this one included; None without a cap.
        hours: the period.
        note: the rows that bind the text, in words.
    """

    texts: int = 0
    most: int | None = None
    hours: int = 24
    note: str | None = None


UNBOUND = LawLimit()


def lawful_times_of(message: MessageState, person: Person, law: Law) -> LawfulTimes | None:
    """What the law asks of a message; None where no row binds its purpose."""
    if message.purpose not in law.purposes:
        return None
    return lawful_times(law, message.purpose, whereabouts_of(person, law))


def law_limit(message: MessageState, lawful: LawfulTimes | None, now: datetime) -> LawLimit:
    """What is compared and recorded when the message's slot is reserved."""
    if lawful is None:
        return UNBOUND
    texts = 0 if message.continues else message.parts
    most = None if message.continues else lawful.most_texts
    return LawLimit(texts, most, lawful.period // timedelta(hours=1), lawful.rows_at(now))


def hold_by_law(  # noqa: PLR0911
    message: MessageState,
    person: Person,
    lawful: LawfulTimes | None,
    quiet: QuietHours | None,
    lasts: timedelta,
    now: datetime,
) -> tuple[datetime, Reason, str | None] | None:
    """Find what in the law of the place holds a message.

    Args:
        quiet: the quiet hours that bind the message, so that it is due when both allow it.
        lasts: how long a sequence takes; none begins shortly before the law forbids its later parts.

    Returns:
        Until when it waits, the reason, and the rows in words; None where the law holds it not.
    """
    if lawful is None:
        return None
    if lawful.is_unknown:
        return now + RECHECK_AFTER, Reason.LAW_PLACE_UNKNOWN, None
    opens = lawful.next_lawful(now)
    if opens is None:
        return now + RECHECK_AFTER, Reason.LAW_HOURS, lawful.rows_against(now)
    if opens > now:
        return next_opening(opens, person, quiet, lawful), Reason.LAW_HOURS, lawful.rows_against(now)
    closes = lawful.lawful_until(now) if message.in_sequence and not message.continues else None
    if closes and closes - now < lasts:
        return next_opening(closes, person, quiet, lawful), Reason.LAW_HOURS, lawful.rows_against(closes)
    frees = _cap_frees_at(message, person, lawful, now)
    if frees:
        caps = "; ".join(describe_cap(row, lawful.law) for row in lawful.caps)
        return next_opening(frees, person, quiet, lawful), Reason.LAW_CAP, caps
    return None


def _cap_frees_at(message: MessageState, person: Person, lawful: LawfulTimes, now: datetime) -> datetime | None:
    """When the caps allow the message, counted from the texts that went; None when they allow it now.

    A sequence counts as a whole. One that is longer than a cap never goes: it is decided again each period.
    """
    if message.continues or lawful.most_texts is None:
        return None
    others = lawful.most_texts - message.parts
    if others < 0:
        return now + lawful.period
    within = sorted(sent for sent in person.law_sends if sent > now - lawful.period)
    return within[len(within) - others - 1] + lawful.period if len(within) > others else None


def next_opening(earliest: datetime, person: Person, quiet: QuietHours | None, lawful: LawfulTimes | None) -> datetime:
    """The first instant from a time on at which quiet hours and the law both allow a text.

    Where they never agree, the time itself: the message is then decided again.
    """
    instant = earliest
    for _ in range(_ROUNDS):
        opens = next_open(instant, person.zones, quiet) if quiet else instant
        opens = lawful.next_lawful(opens) if lawful and opens else opens
        if opens is None or opens == instant:
            return instant
        instant = opens
    return earliest
