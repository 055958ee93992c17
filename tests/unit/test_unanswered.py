"""How often an agent may text a person who does not answer."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestrator.rules.local_time import start_of_day
from orchestrator.rules.unanswered import UnansweredTexts, refuse_another


@pytest.mark.parametrize(("sent", "waiting"), [(0, 0), (2, 0), (0, 2), (1, 1)])
def test_up_to_two_unanswered_texts_leave_room_for_one(sent: int, waiting: int) -> None:
    assert refuse_another(UnansweredTexts(sent, waiting)) is None


@pytest.mark.parametrize(("sent", "waiting"), [(3, 0), (0, 3), (2, 1), (5, 5)])
def test_three_are_the_most_and_the_refusal_says_not_to_resend(sent: int, waiting: int) -> None:
    words = refuse_another(UnansweredTexts(sent, waiting))
    assert words is not None
    assert f"{sent} sent today, {waiting} waiting" in words
    assert "Do not try again" in words


@pytest.mark.parametrize(
    ("now", "zone", "began"),
    [
        ("2026-03-03T15:00:00+00:00", "America/New_York", "2026-03-03T05:00:00+00:00"),
        ("2026-03-03T05:00:00+00:00", "America/New_York", "2026-03-03T05:00:00+00:00"),
        ("2026-03-03T04:59:59+00:00", "America/New_York", "2026-03-02T05:00:00+00:00"),
        ("2026-03-08T20:00:00+00:00", "America/New_York", "2026-03-08T05:00:00+00:00"),  # the clocks changed at 02:00
        ("2026-09-06T12:00:00+00:00", "America/Santiago", "2026-09-06T04:00:00+00:00"),  # midnight was skipped
        ("2026-11-01T12:00:00+00:00", "America/Havana", "2026-11-01T04:00:00+00:00"),  # midnight comes twice
    ],
)
def test_when_a_local_day_began(now: str, zone: str, began: str) -> None:
    assert start_of_day(datetime.fromisoformat(now), ZoneInfo(zone)) == datetime.fromisoformat(began).astimezone(UTC)
