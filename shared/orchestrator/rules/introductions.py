"""When a text must say who writes and how to stop (R15): the first to a person, and the first after 30 days."""

from datetime import datetime, timedelta
from enum import StrEnum

from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.law import Law
from orchestrator.rules.places import whereabouts_of
from orchestrator.rules.state import MessageState

# After so long without a text a person may no longer know who writes.
FORGETS_AFTER = timedelta(days=30)


class Introduction(StrEnum):
    """What a text says of its sender."""

    NONE = "none"
    NAME = "name"  # the sender's name, and how to stop
    CONTACT = "contact"  # and how to reach the sender, as CASL asks of commercial messages


def introduction_of(message: MessageState, person: Person, law: Law, now: datetime) -> Introduction:
    """What a text says of its sender.

    A sequence introduces itself with its first part. Commercial messages in Canada name the sender, how to reach it and
    how to unsubscribe, in each message (Electronic Commerce Protection Regulations (CRTC), SOR/2012-36, section 2).
    """
    if message.continues:
        return Introduction.NONE
    if message.purpose is Purpose.MARKETING and _may_be_in_canada(person, law):
        return Introduction.CONTACT
    is_known = person.texted_at is not None and now - person.texted_at < FORGETS_AFTER
    return Introduction.NONE if is_known else Introduction.NAME


def _may_be_in_canada(person: Person, law: Law) -> bool:
    return any(law.places[found.place].country == "CANADA" for found in whereabouts_of(person, law))
