"""When a message that was just accepted is due, the reason, and the quiet hours that bind it (R6, R7)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.first_due import FirstDue, find_first_due, quiet_hours_of
from orchestrator.rules.quiet_hours import QuietHours
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings

NOW = datetime(2026, 3, 3, 19, tzinfo=UTC)
PERSON = Person(UUID(int=1), "+12125550101", timezone="America/New_York")


def message(lane: Lane, **fields: Any) -> MessageState:
    values = {"can_delay": True, "due": NOW, "not_before": None, "accepted_at": NOW, **fields}
    return MessageState(lane=lane, expires_at=NOW + timedelta(days=3), **values)


@pytest.mark.parametrize(
    ("not_before", "due", "reason"),
    [
        (None, "19:00:00", None),
        ("18:59:00", "19:00:00", None),
        ("19:00:00", "19:00:00", None),
        ("19:00:01", "19:00:01", Reason.SCHEDULED),
        ("20:00:00", "20:00:00", Reason.SCHEDULED),
    ],
    ids=["no time of its own", "in the past", "now", "in a second", "in an hour"],
)
def test_a_message_is_due_at_its_own_time_but_not_in_the_past(
    not_before: str | None, due: str, reason: Reason | None
) -> None:
    own = None if not_before is None else datetime.combine(NOW, time.fromisoformat(not_before), UTC)
    found = find_first_due(message(Lane.HIGH, not_before=own), PERSON, PolicySettings(), NOW)
    assert found == FirstDue(datetime.combine(NOW, time.fromisoformat(due), UTC), reason)


@pytest.mark.parametrize(
    ("lane", "can_delay", "at_night", "purpose", "binds"),
    [
        (Lane.URGENT, False, True, Purpose.INFORMATIONAL, False),
        (Lane.URGENT, False, True, Purpose.TRANSACTIONAL, False),
        (Lane.URGENT, False, True, Purpose.MARKETING, True),
        (Lane.URGENT, False, False, Purpose.INFORMATIONAL, True),
        (Lane.URGENT, True, True, Purpose.INFORMATIONAL, True),
        (Lane.HIGH, False, True, Purpose.INFORMATIONAL, True),
    ],
    ids=["urgent", "transactional", "marketing", "of an agent that may not", "that can wait", "high"],
)
def test_which_messages_quiet_hours_bind(
    lane: Lane, can_delay: bool, at_night: bool, purpose: Purpose, binds: bool
) -> None:
    urgent = message(lane, can_delay=can_delay, urgent_at_night=at_night, purpose=purpose)
    assert quiet_hours_of(urgent, PERSON, PolicySettings()) == (QuietHours(time(21), time(8)) if binds else None)
