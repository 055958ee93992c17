"""Local midnight against an oracle that walks minute by minute."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.rules.local_time import first_instant, next_midnight
from tests.unit.test_quiet_hours import MINUTE, ZONES, moments


@settings(max_examples=150, deadline=None)
@given(moments, st.sampled_from(ZONES))
def test_midnight_is_the_first_minute_of_the_next_day(moment: datetime, zone: ZoneInfo) -> None:
    today = moment.astimezone(zone).date()
    walked = moment
    while walked.astimezone(zone).date() <= today:
        walked += MINUTE
    assert next_midnight(moment, zone) == walked


@pytest.mark.parametrize(
    ("situation", "moment", "zone", "midnight"),
    [
        ("an ordinary day", "2026-03-03T23:59:59-05:00", "America/New_York", "2026-03-04T00:00:00-05:00"),
        ("midnight itself", "2026-03-03T00:00:00-05:00", "America/New_York", "2026-03-04T00:00:00-05:00"),
        ("before the clocks go forward", "2026-03-08T00:30:00-05:00", "America/New_York", "2026-03-09T00:00:00-04:00"),
        ("before they go back", "2026-11-01T00:30:00-04:00", "America/New_York", "2026-11-02T00:00:00-05:00"),
        (
            "before they go back, in the east",
            "2026-04-05T00:30:00+11:00",
            "Australia/Sydney",
            "2026-04-06T00:00:00+10:00",
        ),
        ("midnight is skipped", "2026-09-05T12:00:00-04:00", "America/Santiago", "2026-09-06T01:00:00-03:00"),
        ("the last hour comes twice", "2026-04-04T23:30:00-03:00", "America/Santiago", "2026-04-05T00:00:00-04:00"),
        # At 00:01 of that Sunday the clocks of Newfoundland went back to 23:01 of Saturday.
        (
            "a day begins twice, the first time",
            "2010-11-06T23:30:00-02:30",
            "America/St_Johns",
            "2010-11-07T00:00:00-02:30",
        ),
        ("its first minute", "2010-11-07T00:00:30-02:30", "America/St_Johns", "2010-11-08T00:00:00-03:30"),
        ("the second time", "2010-11-06T23:30:00-03:30", "America/St_Johns", "2010-11-07T00:00:00-03:30"),
        ("midnight comes twice", "2026-10-31T12:00:00-04:00", "America/Havana", "2026-11-01T00:00:00-04:00"),
    ],
)
def test_midnight_on_days_on_which_clocks_change(situation: str, moment: str, zone: str, midnight: str) -> None:
    assert next_midnight(datetime.fromisoformat(moment), ZoneInfo(zone)) == datetime.fromisoformat(midnight), situation


def test_the_first_instant_is_after_now_and_within_days() -> None:
    now = datetime.fromisoformat("2026-05-05T08:00:00-04:00")
    new_york = ZoneInfo("America/New_York")
    assert first_instant(now, new_york, [time(8), time(9)], lambda wall: wall.time() == time(8)) == now + timedelta(
        days=1
    )
    assert first_instant(now, new_york, [time(8), time(9)], lambda wall: wall.time() == time(7)) is None
