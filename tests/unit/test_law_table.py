"""Every place, weekday, hour and purpose by our rows, compared with a transcription of the facts by another hand."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestrator.jurisdictions import read_law
from orchestrator.people import find_zone
from orchestrator.purpose import Purpose
from orchestrator.rules.law import Whereabouts, lawful_times
from orchestrator.rules.quiet_hours import QuietHours
from orchestrator.settings import PolicySettings
from tests.unit import law_transcription as transcription

LAW = read_law()
QUIET = QuietHours(PolicySettings().quiet_hours_start, PolicySettings().quiet_hours_end)
WEEKDAY, SATURDAY, SUNDAY, HOLIDAY = "a weekday", "Saturday", "Sunday", "a holiday"
ALL_DAYS = {WEEKDAY, SATURDAY, SUNDAY, HOLIDAY}
# Where our rows are stricter than the transcription, which follows secondary pages alone, and why.
SETTLED = {
    # "No Calls" on holidays in the table of dropcowboy.com/state-compliance; La. PSC General Order R-29617, V(A)(2).
    "LA": {HOLIDAY},
    # R.I. Gen. Laws 5-61-2(2): Monday to Saturday, except a state or federal holiday.
    "RI": {SUNDAY, HOLIDAY},
    # CRTC, Key Unsolicited Telecommunications Rules: from 9:00 on weekdays, from 10:00 to 18:00 on weekends.
    **{code: ALL_DAYS for code, place in LAW.places.items() if place.country == "CANADA"},
    # There the neighbours Michigan and Minnesota begin at 9:00, too.
    "MB": ALL_DAYS - {WEEKDAY},
    "ON": ALL_DAYS - {WEEKDAY},
}


def kind_of(weekday: int, *, holiday: bool) -> str:
    return HOLIDAY if holiday else {5: SATURDAY, 6: SUNDAY}.get(weekday, WEEKDAY)


def by_our_rows(place: str, purpose: Purpose, weekday: int, wall: time, *, holiday: bool) -> bool:
    """What the default quiet hours (R3) and the rows of the law allow together."""
    hours = [row.hours_on(weekday, holiday=holiday) for row in LAW.hours_of(place, purpose)]
    return not QUIET.covers(wall) and all(found is not None and found.covers(wall) for found in hours)


def moments() -> Iterator[tuple[int, time, bool]]:
    for weekday in range(7):
        for hour in range(24):
            for minute in (0, 59):
                for holiday in (False, True):
                    yield weekday, time(hour, minute), holiday


@pytest.mark.parametrize("place", sorted(LAW.places))
def test_each_hour_of_a_place_is_as_the_other_hand_transcribed_it(place: str) -> None:
    different = []
    for purpose in Purpose:
        for weekday, wall, holiday in moments():
            ours = by_our_rows(place, purpose, weekday, wall, holiday=holiday)
            theirs = transcription.may_send(place, str(purpose), weekday, wall.hour, holiday, wall.minute)
            if ours != theirs and (ours or kind_of(weekday, holiday=holiday) not in SETTLED.get(place, ())):
                different.append((purpose, weekday, wall, holiday, ours))
    assert different == []


def test_what_is_settled_still_differs() -> None:
    """A settled difference that is none any more hides a new one."""
    for place, kinds in SETTLED.items():
        found = {
            kind_of(weekday, holiday=holiday)
            for weekday, wall, holiday in moments()
            if by_our_rows(place, Purpose.MARKETING, weekday, wall, holiday=holiday)
            != transcription.may_send(place, "marketing", weekday, wall.hour, holiday, wall.minute)
        }
        assert found == kinds, place


@pytest.mark.parametrize(
    "begins",
    [date(2026, 3, 2), date(2026, 6, 29), date(2026, 10, 26), date(2026, 11, 23), date(2026, 12, 28)],
    ids=["clocks go forward", "Independence Day", "clocks go back", "Thanksgiving", "the year ends"],
)
def test_each_hour_on_the_calendar_is_as_the_table_says(begins: date) -> None:
    """The clock, daylight saving and holidays lead to the same hours as weekday, hour and holiday do."""
    for place in LAW.places.values():
        zone = find_zone(place.zones[0])
        assert zone is not None
        times = lawful_times(LAW, Purpose.MARKETING, (Whereabouts(place.code, zone),))
        assert times is not None
        for hours in range(14 * 24):
            instant = datetime.combine(begins, time(0, 30), ZoneInfo("UTC")) + timedelta(hours=hours)
            wall = instant.astimezone(zone)
            holiday = LAW.is_holiday(place.code, wall.date())
            ours = by_our_rows(place.code, Purpose.MARKETING, wall.weekday(), wall.time(), holiday=holiday)
            may_go = times.next_lawful(instant) == instant and not QUIET.covers(wall.time())
            assert may_go == ours, (place.code, wall)


def test_the_caps_are_as_the_other_hand_transcribed_them() -> None:
    assert {row.place: (row.texts, row.period) for row in LAW.caps} == transcription.CAPS


def test_the_places_without_texts_on_holidays_are_as_the_other_hand_transcribed_them() -> None:
    closed = {row.place for row in LAW.hours if row.keeps_holidays and row.on_holidays is None}
    assert closed == transcription.HOLIDAYS | {place for place in ("LA", "RI") if HOLIDAY in SETTLED[place]}


def test_the_places_are_those_that_the_other_hand_transcribed() -> None:
    assert {"US", *LAW.places} == transcription.PLACES.keys()
