"""The best time keeps its promises whatever the pattern holds (R7)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rules.best_time import SPREAD_MINUTES, Pattern, best_time, owner_pattern, read_pattern
from orchestrator.rules.quiet_hours import QuietHours

NIGHT = QuietHours(time(21), time(8))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
patterns = anything | st.fixed_dictionaries(
    {},
    optional={
        "best_hours": anything | st.lists(st.integers(-2, 26)),
        "preferred_days": anything | st.lists(st.sampled_from(["Mon", "sunday", "weekend", "x"])),
    },
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(["America/New_York", "America/St_Johns", "Australia/Lord_Howe", "UTC"]).map(ZoneInfo)


@given(moments, zones, patterns, st.floats(0, 1, exclude_max=True), st.integers(0, 200))
def test_it_is_never_early_never_quiet_and_never_past_the_expiry(
    earliest: datetime, zone: ZoneInfo, stored: object, spread: float, hours: int
) -> None:
    expires_at = earliest + timedelta(hours=hours)
    pattern = read_pattern(stored)
    best = best_time(earliest, expires_at, (zone,), NIGHT, pattern, spread)
    assert best >= earliest
    if best > earliest:
        wall = best.astimezone(zone)
        assert best < expires_at
        assert not NIGHT.covers(wall.time())
        assert wall.weekday() in pattern.days


@pytest.mark.parametrize(
    ("stored", "hours"),
    [
        ([0, 23], (0, 23)),
        ([24, -1, 25, True], ()),
        ([9.5, "17:30", " 8 "], (8, 9, 17)),
        (["24", "99:00", "9-"], ()),
        (["9-11"], (9, 10)),
        (None, ()),
    ],
)
def test_which_entries_are_hours_of_a_day(stored: object, hours: tuple[int, ...]) -> None:
    pattern = owner_pattern({"best_hours": stored})
    assert sorted(pattern.hours if pattern else ()) == list(hours)


def test_many_messages_spread_over_the_first_half_of_the_hour() -> None:
    zone = ZoneInfo("America/New_York")
    morning = datetime(2026, 3, 3, 8, tzinfo=zone)
    times = [
        best_time(morning, morning + timedelta(days=1), (zone,), NIGHT, read_pattern(None), place / 100)
        for place in range(100)
    ]
    ten = morning.replace(hour=10)
    assert min(times) == ten
    assert max(times) < ten + timedelta(minutes=SPREAD_MINUTES)
    assert len(set(times)) == 100


def test_where_the_best_hour_of_the_only_day_is_over_it_is_the_same_day_of_next_week() -> None:
    tuesday_noon = datetime(2026, 3, 3, 17, tzinfo=UTC)
    pattern = Pattern(hours=(10,), days=frozenset({1}))
    expires_at = tuesday_noon + timedelta(days=10)
    found = best_time(tuesday_noon, expires_at, (ZoneInfo("America/New_York"),), None, pattern, spread=0.0)
    assert found == datetime(2026, 3, 10, 14, tzinfo=UTC)
