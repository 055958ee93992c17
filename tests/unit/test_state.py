"""The state of a message of which nothing more is known than its times and its lane."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.state import Delivery, MessageState

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
PLAIN = MessageState(
    lane=Lane.HIGH, can_delay=True, due=NOW, not_before=None, expires_at=NOW + timedelta(days=1), accepted_at=NOW
)


def test_a_message_of_which_nothing_more_is_known_is_one_ordinary_text_that_nothing_stops() -> None:
    assert (
        MessageState(
            lane=Lane.HIGH,
            can_delay=True,
            due=NOW,
            not_before=None,
            expires_at=NOW + timedelta(days=1),
            accepted_at=NOW,
            best_at=None,
            spread=0.0,
            draw=0.5,
            requires_fresh_context=False,
            withdrawn=False,
            superseded_by=None,
            higher_is_due=False,
            in_sequence=False,
            continues=False,
            broken=False,
            parts=1,
            is_reply=False,
            allow_repeat=False,
            asks=False,
            question_at=None,
            purpose=Purpose.INFORMATIONAL,
            has_consent=True,
            revoked=False,
            urgent_at_night=True,
            agent_hour=None,
            inbound_unread=False,
            relevance=Relevance.UNASKED,
            checked_at=None,
        )
        == PLAIN
    )


def test_the_words_of_a_delivery_need_no_approval_unless_it_says_so() -> None:
    person = Person(UUID(int=1), "+12125550101")
    delivery = Delivery(UUID(int=1), "bulk", {}, "Hello", None, date(2026, 3, 3), 0, PLAIN, person, paused=False)
    assert not delivery.needs_approval
    assert delivery.approved_digest is None
