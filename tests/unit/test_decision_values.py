"""What a decision to send carries: until when the text may leave, the limits to keep, and what it counts for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.jurisdictions import read_law
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.decision import decide
from orchestrator.rules.decision_values import Send
from orchestrator.rules.law_decision import LawLimit
from orchestrator.rules.limits import Caps
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings

LAW = read_law()
POLICY = PolicySettings()
TODAY = date(2026, 3, 3)
NONE = Caps(day=None, hour=None)
NO_LAW = LawLimit(texts=0, most=None, hours=24, note=None)


def at(hour: int, minute: int = 0) -> datetime:
    """A time of day in New York, on Tuesday 3 March 2026."""
    return datetime(2026, 3, 3, hour, minute, tzinfo=UTC) + timedelta(hours=5)


ADA = Person(UUID(int=1), "+12125550101", timezone="America/New_York")
IN_FLORIDA = replace(ADA, phone_number="+13055550101")
IN_GEORGIA = replace(ADA, phone_number="+14045550101")
HIGH = MessageState(
    lane=Lane.HIGH, can_delay=True, due=at(14), not_before=None, expires_at=at(23, 30), accepted_at=at(1)
)
MEDIUM = replace(HIGH, lane=Lane.MEDIUM)
URGENT = replace(HIGH, lane=Lane.URGENT, can_delay=False)
FIRST_OF_THREE = replace(HIGH, in_sequence=True, parts=3)
LATER_PART = replace(FIRST_OF_THREE, continues=True)
REPLY = replace(URGENT, is_reply=True)
MARKETING = replace(HIGH, purpose=Purpose.MARKETING)
ORDINARY = Send(
    local_date=TODAY,
    open_until=at(21),
    caps=Caps(day=10, hour=2),
    takes_slot=True,
    active_since=None,
    active_texts=0,
    reply_to=None,
    law=NO_LAW,
    agent_texts=1,
)
WROTE = at(2, 58)
TO_ACTIVE = replace(ORDINARY, open_until=at(3, 8), caps=NONE, active_since=WROTE, active_texts=1)
ANSWER = replace(ORDINARY, open_until=at(14, 30), caps=NONE, takes_slot=False, reply_to=at(13, 30))


@pytest.mark.parametrize(
    ("situation", "message", "person", "now", "expected"),
    [
        ("high", HIGH, ADA, at(14), ORDINARY),
        ("medium leaves a slot of the day", MEDIUM, ADA, at(14), replace(ORDINARY, caps=Caps(9, 2))),
        ("urgent", URGENT, ADA, at(14), replace(ORDINARY, open_until=at(23, 30), caps=Caps(10, None))),
        (
            "no later than it expires",
            replace(HIGH, expires_at=at(15)),
            ADA,
            at(14),
            replace(ORDINARY, open_until=at(15)),
        ),
        ("a sequence counts whole for its agents", FIRST_OF_THREE, ADA, at(14), replace(ORDINARY, agent_texts=3)),
        (
            "a later part takes no slot",
            LATER_PART,
            ADA,
            at(14),
            replace(ORDINARY, caps=NONE, takes_slot=False, agent_texts=0),
        ),
        ("to an active person at night", HIGH, replace(ADA, last_inbound_at=WROTE), at(3), TO_ACTIVE),
        (
            "a sequence to an active person",
            FIRST_OF_THREE,
            replace(ADA, last_inbound_at=WROTE),
            at(3),
            replace(TO_ACTIVE, active_texts=3, agent_texts=3),
        ),
        (
            "a later part to an active person",
            LATER_PART,
            replace(ADA, last_inbound_at=WROTE),
            at(3),
            replace(TO_ACTIVE, takes_slot=False, active_texts=0, agent_texts=0),
        ),
        ("a reply, until its conversation ends", REPLY, replace(ADA, last_inbound_at=at(13, 30)), at(14), ANSWER),
        (
            "a reply that expires before that",
            replace(REPLY, expires_at=at(14, 10)),
            replace(ADA, last_inbound_at=at(13, 30)),
            at(14),
            replace(ANSWER, open_until=at(14, 10)),
        ),
        (
            "marketing in Florida, with its hours and its cap",
            MARKETING,
            IN_FLORIDA,
            at(14),
            replace(ORDINARY, open_until=at(20), law=LawLimit(1, 3, 24, "United States")),
        ),
        (
            "a later part of marketing in Florida",
            replace(LATER_PART, purpose=Purpose.MARKETING),
            IN_FLORIDA,
            at(14),
            replace(
                ORDINARY,
                open_until=at(20),
                caps=NONE,
                takes_slot=False,
                agent_texts=0,
                law=LawLimit(0, None, 24, "United States"),
            ),
        ),
        (
            "a reply of a marketing agent in Florida",
            replace(REPLY, purpose=Purpose.MARKETING),
            replace(IN_FLORIDA, last_inbound_at=at(19, 30)),
            at(19, 45),
            replace(ANSWER, open_until=at(20), reply_to=at(19, 30), law=LawLimit(1, 3, 24, "United States")),
        ),
        (
            "marketing in Georgia, which has no cap",
            MARKETING,
            IN_GEORGIA,
            at(14),
            replace(ORDINARY, law=LawLimit(1, None, 24, "United States")),
        ),
    ],
)
def test_what_a_decision_to_send_carries(
    situation: str, message: MessageState, person: Person, now: datetime, expected: Send
) -> None:
    decision = decide(message, person, paused=False, policy=POLICY, law=LAW, now=now)
    assert isinstance(decision, Send), situation
    # Of the rows of the law in words, the first is that of the country.
    note = decision.law.note and decision.law.note.partition(":")[0]
    assert replace(decision, law=replace(decision.law, note=note)) == expected, situation
