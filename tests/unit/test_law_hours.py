"""Hours, caps and words of rows of the law (R15), of a made-up place: boundaries that no row of ours has."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.holidays import FixedDay
from orchestrator.rules.law import (
    CapRow,
    HolidayRow,
    HoursRow,
    Law,
    LawClock,
    LawfulTimes,
    OpenHours,
    Origin,
    Place,
    Whereabouts,
    describe_cap,
    describe_hours,
    lawful_times,
)
from orchestrator.rules.law_decision import hold_by_law, law_limit, lawful_times_of, next_opening
from orchestrator.rules.quiet_hours import QuietHours
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import MessageState

NEW_YORK = ZoneInfo("America/New_York")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
PHOENIX = ZoneInfo("America/Phoenix")
ADVERTS = frozenset({"marketing"})
COUNSEL = Origin("our counsel", date(2026, 1, 2), primary=True)
OTHERLAND = Place("X", "Otherland", "X", None, frozenset({305}), ("America/New_York",))
ADA = Person(UUID(int=1), "+13055550101", timezone="America/New_York")
# Los Angeles shows the hour of Phoenix from 14 March 2027 on: at noon in both, on that day.
AGREED = datetime(2027, 3, 14, 19, tzinfo=UTC)


def hours(*days: OpenHours | None, zone: ZoneInfo | None = None) -> HoursRow:
    """A row with these hours from Monday on; with the last of them on all later days, and none on holidays."""
    week = (*days, *[days[-1]] * (7 - len(days)))
    return HoursRow("X", ADVERTS, week, None, True, zone, COUNSEL)


def noon(zone: ZoneInfo) -> HoursRow:
    """A row that is open from 12:00 to 13:00 of one zone, on every day."""
    return replace(hours(OpenHours(720, 780), zone=zone), keeps_holidays=False)


def cap(texts: int, period: timedelta = timedelta(days=1)) -> CapRow:
    return CapRow("X", ADVERTS, texts, period, COUNSEL)


def law(*rows: HoursRow, caps: tuple[CapRow, ...] = ()) -> Law:
    """The law of one place, with one holiday: Wednesday 4 March 2026."""
    holidays = [HolidayRow("X", (FixedDay(3, 4),), False, COUNSEL)]
    return Law({"X": OTHERLAND}, rows, caps, holidays)


def times(*rows: HoursRow, caps: tuple[CapRow, ...] = ()) -> LawfulTimes:
    own = law(*rows, caps=caps)
    return LawfulTimes(own, tuple(LawClock(own, row, "X", row.zone or NEW_YORK) for row in rows), caps)


@pytest.mark.parametrize(
    ("zone", "open_on", "now", "opens"),
    [
        # The clocks of London go back, and those of the others change, on the Sunday that follows.
        ("Europe/London", {0, 6}, "2026-10-20T12:09Z", "2026-10-24T23:00Z"),
        ("Australia/Sydney", {1, 5, 6}, "2026-03-31T23:42Z", "2026-04-03T13:00Z"),
        ("America/Los_Angeles", {1, 5, 6}, "2026-03-05T02:07Z", "2026-03-07T08:00Z"),
        ("America/Santiago", {0, 4, 5}, "2026-03-31T11:46Z", "2026-04-03T03:00Z"),
    ],
)
def test_a_row_that_is_closed_for_days_opens_with_its_day_though_the_clocks_change_behind_it(
    zone: str, open_on: set[int], now: str, opens: str
) -> None:
    days = [OpenHours(0, 1440) if day in open_on else None for day in range(7)]
    row = replace(hours(*days, zone=ZoneInfo(zone)), keeps_holidays=False)
    assert times(row).next_lawful(datetime.fromisoformat(now)) == datetime.fromisoformat(opens)


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A local time in March 2026; the 2nd is a Monday."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=NEW_YORK)


ALL_DAY, EVENING, OFFICE = OpenHours(0, 1440), OpenHours(1080, 1440), OpenHours(540, 1020)


@pytest.mark.parametrize(
    ("situation", "row", "now", "opens", "closes"),
    [
        ("until midnight", hours(EVENING), at(2, 12), at(2, 18), at(3, 0)),
        ("the last second of a day", hours(EVENING), at(2, 23, 59, 59), at(2, 23, 59, 59), at(3, 0)),
        ("from midnight on", hours(None, ALL_DAY), at(2, 12), at(3, 0), at(4, 0)),
        ("a holiday begins at midnight", hours(ALL_DAY), at(3, 12), at(3, 12), at(4, 0)),
        ("a holiday ends at midnight", hours(ALL_DAY), at(4, 12), at(5, 0), None),
        ("the last minute of an hour", hours(OpenHours(539, 1439)), at(2, 5), at(2, 8, 59), at(2, 23, 59)),
        ("the first minute", hours(OFFICE), at(2, 9), at(2, 9), at(2, 17)),
        ("a second before it", hours(OFFICE), at(2, 8, 59, 59), at(2, 9), at(2, 17)),
        ("the last second", hours(OFFICE), at(2, 16, 59, 59), at(2, 16, 59, 59), at(2, 17)),
        ("the end", hours(OFFICE), at(2, 17), at(3, 9), at(3, 17)),
        ("closed for a weekend", hours(OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, None), at(6, 17), at(9, 9), at(9, 17)),
        ("closed for days", hours(OFFICE, None), at(2, 17), at(9, 9), at(9, 17)),
    ],
)
def test_when_a_row_opens_and_closes(
    situation: str, row: HoursRow, now: datetime, opens: datetime, closes: datetime | None
) -> None:
    lawful = times(row)
    found = lawful.next_lawful(now)
    assert found == opens, situation
    assert lawful.lawful_until(opens) == closes, situation


@pytest.mark.parametrize(
    ("zone", "opens", "day", "now", "found"),
    [
        # 02:30 is skipped in New York on Sunday 8 March, and 22:30 on Easter Island on Saturday 5 September.
        ("America/New_York", OpenHours(150, 1200), 6, "2026-03-06T12:00:00-05:00", "2026-03-08T03:00:00-04:00"),
        ("Pacific/Easter", OpenHours(1350, 1440), 5, "2026-09-03T12:00:00-06:00", "2026-09-05T23:00:00-05:00"),
    ],
)
def test_a_row_that_opens_in_a_skipped_hour_days_ahead_opens_when_the_clock_jumps_over_it(
    zone: str, opens: OpenHours, day: int, now: str, found: str
) -> None:
    week = tuple(opens if weekday == day else None for weekday in range(7))
    lawful = times(hours(*week, zone=ZoneInfo(zone)))
    assert lawful.next_lawful(datetime.fromisoformat(now)) == datetime.fromisoformat(found)


@pytest.mark.parametrize(
    ("days", "found"),
    [(timedelta(days=31, hours=23), AGREED), (timedelta(days=32), None)],
    ids=["64 rounds", "65 rounds"],
)
def test_rows_that_agree_only_after_a_clock_change_are_found_within_a_month(
    days: timedelta, found: datetime | None
) -> None:
    assert times(noon(LOS_ANGELES), noon(PHOENIX)).next_lawful(AGREED - days) == found


@pytest.mark.parametrize(
    ("days", "found"),
    [(30, AGREED), (31, AGREED - timedelta(days=31)), (32, AGREED - timedelta(days=32))],
)
def test_quiet_hours_and_the_law_that_do_not_agree_within_a_month_leave_the_time_as_it_is(
    days: int, found: datetime
) -> None:
    """It is noon in Phoenix, the only hour that is not quiet, and 11:00 in Los Angeles, where the law opens at noon."""
    lawful = times(noon(LOS_ANGELES))
    person = replace(ADA, timezone="America/Phoenix")
    assert next_opening(AGREED - timedelta(days=days), person, QuietHours(time(13), time(12)), lawful) == found


@pytest.mark.parametrize(
    ("row", "day", "words"),
    [
        (hours(OFFICE), 2, "Otherland: marketing texts 09:00-17:00 (our counsel, checked 2026-01-02)"),
        (hours(None, OFFICE), 2, "Otherland: marketing texts none on Mondays (our counsel, checked 2026-01-02)"),
        (hours(OFFICE), 4, "Otherland: marketing texts none on holidays (our counsel, checked 2026-01-02)"),
        (
            replace(hours(OFFICE), keeps_holidays=False),
            4,
            "Otherland: marketing texts 09:00-17:00 (our counsel, checked 2026-01-02)",
        ),
        (
            replace(hours(OFFICE, zone=LOS_ANGELES), purposes=frozenset({"marketing", "informational"})),
            2,
            "Otherland: informational and marketing texts 09:00-17:00 America/Los_Angeles "
            "(our counsel, checked 2026-01-02)",
        ),
        (
            replace(hours(OFFICE), origin=replace(COUNSEL, primary=False)),
            2,
            "Otherland: marketing texts 09:00-17:00 (our counsel, checked 2026-01-02, secondary)",
        ),
    ],
)
def test_a_row_of_hours_in_words(row: HoursRow, day: int, words: str) -> None:
    assert describe_hours(row, law(row), "X", date(2026, 3, day)) == words


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (cap(3), "Otherland: at most 3 marketing texts in 24 hours (our counsel, checked 2026-01-02)"),
        (
            cap(1, timedelta(days=7)),
            "Otherland: at most 1 marketing texts in 168 hours (our counsel, checked 2026-01-02)",
        ),
        (
            replace(cap(3), place="CANADA"),
            "Canada: at most 3 marketing texts in 24 hours (our counsel, checked 2026-01-02)",
        ),
    ],
)
def test_a_cap_in_words(row: CapRow, words: str) -> None:
    assert describe_cap(row, law()) == words


# One message ----------------------------------------------------------------------------------------------------------

MESSAGE = MessageState(
    lane=Lane.HIGH,
    can_delay=True,
    due=at(2, 12),
    not_before=None,
    expires_at=at(9, 12),
    accepted_at=at(2, 11),
    purpose=Purpose.MARKETING,
)
SEQUENCE = replace(MESSAGE, in_sequence=True, parts=2)
LASTS = timedelta(minutes=1)


def sent(*minutes_ago: int) -> Person:
    return replace(ADA, law_sends=tuple(at(2, 12) - timedelta(minutes=minutes) for minutes in minutes_ago))


@pytest.mark.parametrize(
    ("situation", "message", "person", "most", "free_in"),
    [
        ("nothing went", MESSAGE, sent(), 3, None),
        ("one less than the cap", MESSAGE, sent(30, 20), 3, None),
        ("the cap is reached", MESSAGE, sent(30, 20, 10), 3, 30),
        ("in any order", MESSAGE, sent(10, 30, 20), 3, 30),
        ("more than the cap went", MESSAGE, sent(50, 40, 30, 20, 10), 3, 30),
        ("an hour later it counts no more", MESSAGE, sent(60, 20, 10), 3, None),
        ("nor what is older", MESSAGE, sent(90, 61, 60, 10), 3, None),
        ("a sequence as long as the cap", SEQUENCE, sent(), 2, None),
        ("needs all of it", SEQUENCE, sent(10), 2, 50),
        ("and waits for the youngest text", SEQUENCE, sent(30, 10), 2, 50),
        ("one longer than the cap waits for a whole period", SEQUENCE, sent(), 1, 60),
        ("a later part goes", replace(SEQUENCE, continues=True), sent(30, 20, 10), 3, None),
        ("a cap of none", MESSAGE, sent(), 0, 60),
    ],
)
def test_when_a_cap_of_one_hour_frees(
    situation: str, message: MessageState, person: Person, most: int, free_in: int | None
) -> None:
    lawful = times(hours(ALL_DAY), caps=(cap(most, timedelta(hours=1)),))
    held = hold_by_law(message, person, lawful, None, LASTS, at(2, 12))
    words = f"Otherland: at most {most} marketing texts in 1 hours (our counsel, checked 2026-01-02)"
    expected = None if free_in is None else (at(2, 12) + timedelta(minutes=free_in), Reason.LAW_CAP, words)
    assert held == expected, situation


OPEN = "Otherland: marketing texts 09:00-17:00 (our counsel, checked 2026-01-02)"


@pytest.mark.parametrize(
    ("situation", "message", "now", "held"),
    [
        ("open", MESSAGE, at(2, 12), None),
        ("the last second", MESSAGE, at(2, 16, 59, 59), None),
        ("closed", MESSAGE, at(2, 17), (at(3, 9), Reason.LAW_HOURS, OPEN)),
        ("a sequence a minute before the end", SEQUENCE, at(2, 16, 59), None),
        ("and a second later", SEQUENCE, at(2, 16, 59, 1), (at(3, 9), Reason.LAW_HOURS, OPEN)),
        ("a later part goes", replace(SEQUENCE, continues=True), at(2, 16, 59, 1), None),
        (
            "a later part while it is closed",
            replace(SEQUENCE, continues=True),
            at(2, 17),
            (at(3, 9), Reason.LAW_HOURS, OPEN),
        ),
    ],
)
def test_when_hours_hold_a_message(
    situation: str, message: MessageState, now: datetime, held: tuple[datetime, Reason, str] | None
) -> None:
    assert hold_by_law(message, ADA, times(hours(OFFICE)), None, LASTS, now) == held, situation


def test_what_a_text_counts_for_in_its_period() -> None:
    week = times(hours(ALL_DAY), caps=(cap(3), cap(9, timedelta(days=7))))
    found = law_limit(SEQUENCE, week, at(2, 12))
    assert (found.texts, found.most, found.hours) == (2, 3, 168)
    later = law_limit(replace(SEQUENCE, continues=True), week, at(2, 12))
    assert (later.texts, later.most, later.hours) == (0, None, 168)
    assert law_limit(MESSAGE, times(hours(ALL_DAY)), at(2, 12)).hours == 24


def test_the_law_binds_a_purpose_that_a_row_names() -> None:
    own = law(hours(OFFICE))
    lawful = lawful_times_of(MESSAGE, ADA, own)
    assert lawful is not None
    assert [clock.row for clock in lawful.clocks] == [hours(OFFICE)]
    assert lawful_times_of(replace(MESSAGE, purpose=Purpose.TRANSACTIONAL), ADA, own) is None
    assert lawful_times_of(MESSAGE, ADA, law(caps=(cap(3),))) is not None


@pytest.mark.parametrize(
    ("purpose", "is_unknown"), [("marketing", True), ("informational", False), ("transactional", False)]
)
def test_a_place_without_hours_beside_one_that_has_them_stops_marketing_alone(purpose: str, is_unknown: bool) -> None:
    row = replace(hours(OFFICE), purposes=frozenset({"marketing", "informational", "transactional"}))
    nowhere = replace(OTHERLAND, code="Y", country="Y")
    own = Law({"X": OTHERLAND, "Y": nowhere}, [row], [], [])
    lawful = lawful_times(own, purpose, [Whereabouts("X", NEW_YORK), Whereabouts("Y", NEW_YORK)])
    assert lawful is not None
    assert lawful.is_unknown is is_unknown
