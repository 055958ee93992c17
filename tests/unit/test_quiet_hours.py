"""Quiet hours against an oracle that walks minute by minute, and clock changes that a reader can check."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.rules.quiet_hours import QuietHours, is_open_for, next_open, open_until

NIGHT = QuietHours(time(21), time(8))
NEW_YORK = ZoneInfo("America/New_York")
ZONES = [
    ZoneInfo(name)
    for name in (
        "America/New_York",
        "America/Los_Angeles",
        "America/St_Johns",  # half an hour off
        "Australia/Lord_Howe",  # changes by half an hour
        "Pacific/Auckland",  # changes on the day before, in UTC
        "Asia/Kathmandu",
        "America/Santiago",  # changes at midnight
        "Pacific/Honolulu",  # never changes
        "Europe/London",
        "UTC",
    )
]
MINUTE = timedelta(minutes=1)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0)
)
times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
windows = st.builds(QuietHours, times, times).filter(lambda window: window.start != window.end)


def walk(moment: datetime, zone: ZoneInfo, window: QuietHours, *, until_quiet: bool) -> datetime:
    """The oracle: minute after minute, until the wall clock shows it."""
    while window.covers(moment.astimezone(zone).time()) != until_quiet:
        moment += MINUTE
    return moment


@settings(max_examples=150, deadline=None)
@given(moments, st.sampled_from(ZONES), windows)
def test_the_end_of_quiet_hours_is_the_first_open_minute(moment: datetime, zone: ZoneInfo, window: QuietHours) -> None:
    assert next_open(moment, [zone], window) == walk(moment, zone, window, until_quiet=False)


@settings(max_examples=150, deadline=None)
@given(moments, st.sampled_from(ZONES), windows)
def test_an_open_spell_ends_at_the_first_quiet_minute(moment: datetime, zone: ZoneInfo, window: QuietHours) -> None:
    opened = walk(moment, zone, window, until_quiet=False)
    assert open_until(opened, [zone], window) == walk(opened, zone, window, until_quiet=True)


@settings(max_examples=100, deadline=None)
@given(moments, st.lists(st.sampled_from(ZONES), min_size=2, max_size=4), windows)
def test_with_several_zones_it_is_open_only_when_all_are(
    moment: datetime, zones: list[ZoneInfo], window: QuietHours
) -> None:
    opened = next_open(moment, zones, window)
    if opened is not None:
        assert not any(window.covers(opened.astimezone(zone).time()) for zone in zones)


@pytest.mark.parametrize(
    ("situation", "moment", "opens"),
    [
        ("an hour before the end", "2026-03-03T07:00:00-05:00", "2026-03-03T08:00:00-05:00"),
        ("the first quiet minute", "2026-03-03T21:00:00-05:00", "2026-03-04T08:00:00-05:00"),
        ("the last open minute", "2026-03-03T20:59:00-05:00", "2026-03-03T20:59:00-05:00"),
        ("the end itself is open", "2026-03-03T08:00:00-05:00", "2026-03-03T08:00:00-05:00"),
        ("a night that is an hour short", "2026-03-07T22:00:00-05:00", "2026-03-08T08:00:00-04:00"),
        ("a night that is an hour long", "2026-10-31T22:00:00-04:00", "2026-11-01T08:00:00-05:00"),
    ],
)
def test_the_night_in_new_york(situation: str, moment: str, opens: str) -> None:
    found = next_open(datetime.fromisoformat(moment), [NEW_YORK], NIGHT)
    assert found == datetime.fromisoformat(opens), situation


@pytest.mark.parametrize(
    ("moment", "zone", "opens"),
    [
        ("2026-03-08T01:30:00-05:00", "America/New_York", "2026-03-08T03:00:00-04:00"),
        # In UTC, these clocks change on the day before.
        ("2026-10-04T01:30:00+10:00", "Australia/Sydney", "2026-10-04T03:00:00+11:00"),
        ("2026-09-27T01:30:00+12:00", "Pacific/Auckland", "2026-09-27T03:00:00+13:00"),
    ],
)
def test_an_hour_that_does_not_exist_ends_when_the_clock_jumps_over_it(moment: str, zone: str, opens: str) -> None:
    window = QuietHours(time(1), time(2, 30))
    found = next_open(datetime.fromisoformat(moment), [ZoneInfo(zone)], window)
    assert found == datetime.fromisoformat(opens)


@pytest.mark.parametrize(
    ("situation", "moment", "opens"),
    [
        ("the first 01:30 opens", "2026-11-01T00:00:00-04:00", "2026-11-01T01:30:00-04:00"),
        ("in another year, from the hour before", "2025-11-02T00:30:00-04:00", "2025-11-02T01:30:00-04:00"),
        ("in another year, again", "2024-11-03T01:00:00-05:00", "2024-11-03T01:30:00-05:00"),
        ("the clock goes back into the window", "2026-11-01T01:00:00-05:00", "2026-11-01T01:30:00-05:00"),
    ],
)
def test_an_hour_that_comes_twice_is_quiet_twice(situation: str, moment: str, opens: str) -> None:
    window = QuietHours(time(22), time(1, 30))
    assert next_open(datetime.fromisoformat(moment), [NEW_YORK], window) == datetime.fromisoformat(opens), situation


@pytest.mark.parametrize(
    ("days", "opens"),
    [(timedelta(days=31, hours=23), True), (timedelta(days=32), False)],
    ids=["64 rounds", "65 rounds"],
)
def test_zones_that_agree_only_after_a_clock_change_are_found_within_a_month(days: timedelta, opens: bool) -> None:
    """Los Angeles shows the hour of Phoenix from 14 March 2027 on: each day before that takes two rounds."""
    zones = [ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Phoenix")]
    agreed = datetime(2027, 3, 14, 19, tzinfo=UTC)
    assert next_open(agreed - days, zones, QuietHours(time(13), time(12))) == (agreed if opens else None)


def test_no_zone_means_never() -> None:
    assert next_open(datetime(2026, 3, 3, 17, tzinfo=UTC), [], NIGHT) is None


def test_quiet_hours_that_a_clock_change_skips_begin_on_the_day_after() -> None:
    """The clocks of New York went from 02:00 to 03:00 on 8 March 2026: that day has no 02:15."""
    window = QuietHours(time(2), time(2, 30))
    saturday = datetime(2026, 3, 7, 12, tzinfo=NEW_YORK)
    assert open_until(saturday, [NEW_YORK], window) == datetime(2026, 3, 9, 2, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("begins", "window", "is_open"),
    [
        ("2026-03-03T20:00:00-05:00", NIGHT, True),
        ("2026-03-03T20:00:01-05:00", NIGHT, False),
        ("2026-03-03T07:59:59-05:00", NIGHT, False),
        ("2026-03-03T08:00:00-05:00", NIGHT, True),
        ("2026-03-03T23:00:00-05:00", QuietHours(time(8), time(8)), True),  # there are none
    ],
)
def test_whether_a_whole_hour_is_open(begins: str, window: QuietHours, is_open: bool) -> None:
    assert is_open_for(timedelta(hours=1), datetime.fromisoformat(begins), (NEW_YORK,), window) is is_open


def test_where_no_zone_is_known_no_hour_is_open() -> None:
    assert not is_open_for(timedelta(hours=1), datetime(2026, 3, 3, 17, tzinfo=UTC), (), NIGHT)


def test_in_the_first_quiet_minute_the_next_quiet_hours_are_those_of_the_day_after() -> None:
    moment = datetime(2026, 5, 5, 21, tzinfo=NEW_YORK)
    assert open_until(moment, [NEW_YORK], NIGHT) == datetime(2026, 5, 6, 21, tzinfo=NEW_YORK)
