"""Open questions: which message one holds, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.messages import Lane
from orchestrator.rules.questions import HOLDS_FOR, held_by_question_until
from orchestrator.rules.state import MessageState

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MESSAGE = MessageState(
    lane=Lane.HIGH,
    can_delay=True,
    due=NOW,
    not_before=None,
    expires_at=NOW + timedelta(days=1),
    accepted_at=NOW,
    asks=True,
    question_at=NOW - timedelta(hours=1),
)


@pytest.mark.parametrize(
    ("message", "until"),
    [
        (MESSAGE, NOW + timedelta(hours=1)),
        (replace(MESSAGE, lane=Lane.LOW), NOW + timedelta(hours=1)),
        (replace(MESSAGE, in_sequence=True, parts=2), NOW + timedelta(hours=1)),
        (replace(MESSAGE, question_at=NOW), NOW + HOLDS_FOR),
        (replace(MESSAGE, question_at=NOW - HOLDS_FOR + SECOND), NOW + SECOND),
        (replace(MESSAGE, question_at=NOW - HOLDS_FOR), None),
        (replace(MESSAGE, question_at=NOW - HOLDS_FOR - SECOND), None),
        (replace(MESSAGE, question_at=None), None),
        (replace(MESSAGE, asks=False), None),
        (replace(MESSAGE, lane=Lane.URGENT), None),
        (replace(MESSAGE, is_reply=True), None),
        (replace(MESSAGE, in_sequence=True, continues=True), None),
    ],
)
def test_until_when_another_agents_question_holds_a_message(message: MessageState, until: datetime | None) -> None:
    assert held_by_question_until(message, NOW) == until
