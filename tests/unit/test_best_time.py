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
        (["9:30 - 11:45"], (9, 10)),
        (["0-24"], tuple(range(24))),
        (["22-24", "9-25", "9-9", "10-9", "123"], (22, 23)),
        ([23.9, -0.5, float("nan")], (23,)),
        (None, ()),
    ],
)
def test_which_entries_are_hours_of_a_day(stored: object, hours: tuple[int, ...]) -> None:
    pattern = owner_pattern({"best_hours": stored})
    assert sorted(pattern.hours if pattern else ()) == list(hours)


@pytest.mark.parametrize(
    ("stored", "days"),
    [
        ([0], {6}),
        ([1], {0}),
        ([6], {5}),
        ([7, 3.9], {6, 2}),
        ([-1, 8, True, float("nan"), None], set()),
        (["Weekends"], {5, 6}),
        (["weekend"], {5, 6}),
        (["weekdays"], {0, 1, 2, 3, 4}),
        (["workday"], {0, 1, 2, 3, 4}),
        (["mo", " Thurs ", "Sundays"], {0, 3, 6}),
        (["m", "t", "someday", ""], set()),
        ("tuesday", {1}),
    ],
)
def test_which_entries_are_days_of_the_week(stored: object, days: set[int]) -> None:
    pattern = owner_pattern({"preferred_days": stored})
    assert (pattern.days if pattern else set()) == days
    assert pattern is None or pattern.hours == (10,)


@pytest.mark.parametrize(
    ("earliest", "expires_at", "quiet", "expected"),
    [
        ("08:00", "23:00", None, "10:15"),
        ("10:15", "23:00", None, "10:15"),
        ("10:59", "23:00", None, "10:59"),
        ("11:00", "23:00", None, "11:00"),
        ("08:00", "10:20", None, "08:00"),
        ("08:00", "10:21", None, "10:15"),
        ("08:00", "23:00", QuietHours(time(10, 16), time(7)), "10:15"),
        ("08:00", "23:00", QuietHours(time(10, 15), time(7)), "08:00"),
        ("08:00", "23:00", QuietHours(time(21), time(10, 15)), "10:15"),
        ("08:00", "23:00", QuietHours(time(21), time(10, 16)), "08:00"),
    ],
    ids=[
        "before it", "at its minute", "within the hour", "the hour is over", "it expires within five minutes",
        "it expires later", "quiet a minute later", "quiet from then on", "quiet until then", "quiet a minute longer",
    ],
)  # fmt: skip
def test_the_best_time_of_one_day(earliest: str, expires_at: str, quiet: QuietHours | None, expected: str) -> None:
    """A person is texted at ten on Tuesdays; the message stands in the middle of the half hour of the spread."""
    zone = ZoneInfo("America/New_York")
    now, until, best = (
        datetime.combine(datetime(2026, 3, 3), time.fromisoformat(clock), zone)  # noqa: DTZ001
        for clock in (earliest, expires_at, expected)
    )
    assert best_time(now, until, (zone,), quiet, Pattern((10,), frozenset({1})), spread=0.5) == best


@pytest.mark.parametrize("other", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_the_clock_of_the_first_zone_counts(other: str) -> None:
    """Where it is another hour, and another day."""
    first = ZoneInfo("America/New_York")
    tuesday = datetime(2026, 3, 3, 8, tzinfo=first)
    pattern = Pattern((10,), frozenset({1}))
    found = best_time(tuesday, tuesday + timedelta(days=10), (first, ZoneInfo(other)), None, pattern, spread=0.0)
    assert found == tuesday.replace(hour=10)


def test_a_person_without_a_zone_has_no_best_time() -> None:
    now = datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert best_time(now, now + timedelta(days=2), (), NIGHT, Pattern(), spread=0.5) == now


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
