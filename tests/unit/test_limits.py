"""Limits (R1, R2, R5): the caps that a message keeps, and when the hour has room for one more."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.limits import (
    Caps,
    Limits,
    budget_day,
    caps,
    hour_frees_at,
    hour_is_full,
    limits_by_default,
    limits_of,
)
from orchestrator.settings import PolicySettings

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
ADA = Person(UUID(int=1), "+12125550101", timezone="America/New_York")
POLICY = PolicySettings(daily_limit=7, hourly_limit=3)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=each) for each in minutes]


@pytest.mark.parametrize(
    ("lane", "can_delay", "daily", "expected"),
    [
        (Lane.MEDIUM, True, None, Caps(6, 3)),
        (Lane.LOW, True, 3, Caps(2, 3)),
        (Lane.LOW, True, 2, Caps(1, 3)),
        (Lane.MEDIUM, True, 1, Caps(1, 3)),
        (Lane.MEDIUM, True, 0, Caps(0, 3)),
        (Lane.MEDIUM, True, -1, Caps(-1, 3)),
        (Lane.HIGH, True, None, Caps(7, 3)),
        (Lane.HIGH, False, 2, Caps(2, 3)),
        (Lane.URGENT, True, None, Caps(7, 3)),
        (Lane.URGENT, False, None, Caps(7, None)),
    ],
)
def test_the_caps_of_a_message(lane: Lane, can_delay: bool, daily: int | None, expected: Caps) -> None:
    assert caps(lane, can_delay, replace(ADA, daily_limit=daily), POLICY) == expected


def test_a_persons_own_limits_come_before_the_defaults() -> None:
    assert limits_by_default(POLICY) == limits_of(ADA, POLICY) == Limits(daily=7, hourly=3)
    assert limits_of(replace(ADA, daily_limit=0, hourly_limit=0), POLICY) == Limits(daily=0, hourly=0)


@pytest.mark.parametrize(
    ("sends", "cap", "full"),
    [
        ([], 1, False),
        ([], 0, True),
        (ago(59.99), 1, True),
        (ago(60), 1, False),
        (ago(61), 1, False),
        (ago(0, 30), 2, True),
        (ago(0, 30), 3, False),
        (ago(0, 10, 30), 2, True),
    ],
)
def test_whether_an_hour_is_full(sends: list[datetime], cap: int, full: bool) -> None:
    assert hour_is_full(sends, NOW, cap) is full


@pytest.mark.parametrize(
    ("sends", "planned", "cap", "free_in"),
    [
        ([], [], 1, 0),
        (ago(20), [], 1, 40),
        (ago(20), [], 2, 0),
        (ago(90), [], 1, 0),
        (ago(20, 50), [], 2, 10),
        (ago(50, 20), ago(-10), 2, 40),
        ([], ago(-30), 1, 90),
        (ago(20), [], 0, 60),
        ([], [], 0, 60),
        (ago(20), [], -1, 60),
    ],
)
def test_when_an_hour_has_room_for_one_more(
    sends: list[datetime], planned: list[datetime], cap: int, free_in: int
) -> None:
    assert hour_frees_at(sends, planned, NOW, cap) == NOW + timedelta(minutes=free_in)


def test_the_day_of_a_person_is_that_of_their_calendar() -> None:
    evening = datetime(2026, 3, 4, 4, 59, tzinfo=UTC)
    assert budget_day(ADA, evening) == date(2026, 3, 3)
    assert budget_day(ADA, evening + timedelta(minutes=1)) == date(2026, 3, 4)
    nowhere = Person(UUID(int=1), "+18005550101")
    assert budget_day(nowhere, evening) == date(2026, 3, 4)


def test_of_several_zones_of_a_number_the_first_one_counts() -> None:
    """The west of Florida has the zones of Chicago and of New York, in this order."""
    person = Person(UUID(int=1), "+18505550101")
    assert [zone.key for zone in person.zones] == ["America/Chicago", "America/New_York"]
    assert budget_day(person, datetime(2026, 3, 4, 5, 59, tzinfo=UTC)) == date(2026, 3, 3)
    assert budget_day(person, datetime(2026, 3, 4, 6, 0, tzinfo=UTC)) == date(2026, 3, 4)
