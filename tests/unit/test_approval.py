"""Approval (R13): which words an operator has approved, and which wait for it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.approval import digest_text, has_approved_words, waits_for_approval
from orchestrator.rules.state import Delivery, MessageState

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
STATE = MessageState(
    lane=Lane.HIGH, can_delay=True, due=NOW, not_before=None, expires_at=NOW + timedelta(days=1), accepted_at=NOW
)


def delivery(words: str | None, approved: str | None, *, needs_approval: bool = True) -> Delivery:
    """A message with words, and those that an operator approved."""
    return Delivery(
        message_id=UUID(int=1),
        agent_id="bulk",
        data={},
        words=words,
        words_source=None,
        words_on=date(2026, 3, 3),
        tries=0,
        state=STATE,
        person=Person(UUID(int=1), "+12125550101"),
        paused=False,
        needs_approval=needs_approval,
        approved_digest=None if approved is None else digest_text(approved),
    )


@pytest.mark.parametrize(
    ("words", "approved", "expected"),
    [
        ("Hello Ada", "Hello Ada", True),
        ("Hello Ada", "Hello Ada!", False),
        ("Hello Ada", None, False),
        (None, "Hello Ada", False),
        (None, None, False),
    ],
)
def test_words_that_are_approved_to_the_letter_are_not_written_again(
    words: str | None, approved: str | None, expected: bool
) -> None:
    assert has_approved_words(delivery(words, approved)) is expected


@pytest.mark.parametrize(
    ("text", "approved", "needs_approval", "waits"),
    [
        ("Hello Ada", "Hello Ada", True, False),
        ("Hello Ada", "hello Ada", True, True),
        ("Hello Ada", None, True, True),
        ("Hello Ada", None, False, False),
        ("Hello Ada", "Hello Ada", False, False),
    ],
)
def test_other_words_than_those_that_are_approved_wait(
    text: str, approved: str | None, needs_approval: bool, waits: bool
) -> None:
    assert waits_for_approval(delivery(None, approved, needs_approval=needs_approval), text) is waits


def test_the_digest_of_approved_words_stays_what_it_was() -> None:
    """Words that were approved before a deployment are approved after it."""
    assert digest_text("Hello Ada") == "0066a5360df63c83955052d32ad68318"
