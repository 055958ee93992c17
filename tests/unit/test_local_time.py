"""Local midnight against an oracle that walks minute by minute."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.rules.local_time import next_midnight
from tests.unit.test_quiet_hours import MINUTE, ZONES, moments


@settings(max_examples=150, deadline=None)
@given(moments, st.sampled_from(ZONES))
def test_midnight_is_the_first_minute_of_the_next_day(moment: datetime, zone: ZoneInfo) -> None:
    today = moment.astimezone(zone).date()
    walked = moment
    while walked.astimezone(zone).date() <= today:
        walked += MINUTE
    assert next_midnight(moment, zone) == walked
