"""The law of the place (R15): when texts of a purpose may go, and where a phone may ring."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from dateutil.easter import easter  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import geocoder

from orchestrator.errors import SettingsError
from orchestrator.jurisdiction_fields import holiday_rule
from orchestrator.jurisdictions import ROOT, read_law
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.decision_values import Hold, Send
from orchestrator.rules.holidays import (
    DayByEaster,
    FixedDay,
    HolidayRule,
    WeekdayOfMonth,
    easter_sunday,
    holidays_in,
)
from orchestrator.rules.law import LawfulTimes, OpenHours, lawful_times
from orchestrator.rules.places import whereabouts_of
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import Delivery, MessageState
from orchestrator.rules.wave import decide_wave
from orchestrator.settings import PolicySettings

LAW = read_law()
FEDERAL = [row for row in LAW.holidays if row.place == "US"]


def person(phone: str, zone: str | None = None, place: str | None = None) -> Person:
    return Person(UUID(int=1), phone, timezone=zone, place=place)


def marketing_to(phone: str, zone: str | None = None, place: str | None = None) -> LawfulTimes:
    times = lawful_times(LAW, "marketing", whereabouts_of(person(phone, zone, place), LAW))
    assert times is not None
    return times


# Places ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "zone", "place", "expected"),
    [
        ("+13055550101", None, None, "FL America/New_York"),
        ("+13055550101", "America/New_York", None, "FL America/New_York"),
        ("+13055550101", "US/Eastern", None, "FL US/Eastern"),
        ("+15145550101", None, None, "QC America/Toronto"),
        ("+17875550101", None, None, "PR America/Puerto_Rico"),
        # Stored and number differ: both count, each by its own clock.
        ("+13055550101", "America/Chicago", "IL", "IL America/Chicago, FL America/New_York"),
        ("+13055550101", "Pacific/Honolulu", None, "HI Pacific/Honolulu, FL America/New_York"),
        # Several provinces share an area code.
        ("+19025550101", None, None, "NS America/Halifax, PE America/Halifax"),
        # A number without a place: the stored zone, or the stored state.
        ("+18005550101", "Pacific/Honolulu", None, "HI Pacific/Honolulu"),
        ("+18005550101", "America/New_York", "RI", "RI America/New_York"),
        # Abroad: the number's place by both clocks.
        ("+13055550101", "Europe/Paris", None, "FL America/New_York, FL Europe/Paris"),
        # A zone that is none of the stored state's: every clock counts.
        ("+18005550101", "America/New_York", "WA", "WA America/New_York, WA America/Los_Angeles, WA US/Pacific"),
        # Nothing is known, or what is stored does not exist: nowhere.
        ("+18005550101", None, None, ""),
        ("+13055550101", "America/New_York", "XX", ""),
        ("+442071838750", "Europe/London", None, ""),
    ],
)
def test_where_a_phone_may_ring(phone: str, zone: str | None, place: str | None, expected: str) -> None:
    found = whereabouts_of(person(phone, zone, place), LAW)
    assert ", ".join(f"{each.place} {each.zone.key}" for each in found) == expected


def test_every_area_code_that_the_library_knows_has_its_place() -> None:
    names = {place.name: code for code, place in LAW.places.items()}
    names |= {"Washington State": "WA", "Washington D.C.": "DC", "British Colombia": "BC"}
    unknown = []
    for area_code in range(200, 1000):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=area_code * 10_000_000 + 5_550_123)
        described = geocoder.description_for_number(number, "en")
        places = [names.get(name) or name[-2:] for name in described.split("/") if name not in ("", "Canada")]
        if phonenumbers.region_code_for_number(number) not in ("US", "CA"):
            continue
        unknown += [(area_code, p) for p in places if p not in LAW.by_area_code.get(area_code, ())]
    assert unknown == []


# Holidays -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "expected"),
    [  # opm.gov, Federal Holidays; a Saturday's own day counts beside the Friday
        (2026, "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25"),
        (2027, "01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31"),
        (2028, "01-01 01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-11 11-23 12-25"),
    ],
)
def test_federal_holidays_and_the_days_on_which_they_are_observed(year: int, expected: str) -> None:
    (row,) = FEDERAL
    days = holidays_in(year, row.days, observed=row.observed)
    assert " ".join(f"{day:%m-%d}" for day in sorted(days)) == expected


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("January 1", FixedDay(1, 1)),
        ("the day after December 31", FixedDay(12, 31, 1)),
        ("third Monday of January", WeekdayOfMonth(1, 0, 3)),
        ("last Monday of May", WeekdayOfMonth(5, 0, -1)),
        ("the day after fourth Thursday of November", WeekdayOfMonth(11, 3, 4, 1)),
        ("2 days before Easter", DayByEaster(-2)),
        ("39 days after Easter", DayByEaster(39)),
        ("the day after 2 days before Easter", DayByEaster(-1)),
        ("the day after 39 days after Easter", DayByEaster(40)),
    ],
)
def test_a_holiday_is_read_from_its_rule(words: str, rule: HolidayRule) -> None:
    assert holiday_rule(words) == rule


@pytest.mark.parametrize(
    ("place", "day"),
    [
        ("AL", date(2026, 2, 17)),  # Mardi Gras
        ("AL", date(2026, 4, 27)),  # Confederate Memorial Day
        ("LA", date(2026, 4, 3)),  # Good Friday
        ("LA", date(2026, 11, 27)),  # the day after Thanksgiving
        ("RI", date(2026, 8, 10)),  # Victory Day
    ],
)
def test_holidays_of_a_state(place: str, day: date) -> None:
    assert LAW.is_holiday(place, day)
    assert not LAW.is_holiday("FL", day)


def test_a_holiday_at_the_turn_of_the_year_is_observed_in_the_other_year() -> None:
    """December 31, 2023, was a Sunday, and January 1, 2022, a Saturday."""
    last_day, first_day = FixedDay(12, 31), FixedDay(1, 1)
    assert holidays_in(2024, (last_day,), observed=True) == {date(2024, 1, 1), date(2024, 12, 31)}
    assert holidays_in(2021, (first_day,), observed=True) == {date(2021, 1, 1), date(2021, 12, 31)}


def test_easter_is_on_the_day_that_another_implementation_names() -> None:
    """For each year for which the Gregorian calculation holds (dateutil.easter, `EASTER_WESTERN`)."""
    assert [year for year in range(1583, 4100) if easter_sunday(year) != easter(year)] == []


# Hours ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("situation", "phone", "zone", "now", "expected"),
    [
        ("open", "+13055550101", "America/New_York", "2026-07-07 19:59", "2026-07-07 19:59"),
        ("the end is excluded", "+13055550101", "America/New_York", "2026-07-07 20:00", "2026-07-08 08:00"),
        ("a state without a row", "+12025550101", "America/New_York", "2026-07-07 20:59", "2026-07-07 20:59"),
        ("its end", "+12025550101", "America/New_York", "2026-07-07 21:00", "2026-07-08 08:00"),
        ("Saturday night before Sunday", "+12055550101", "America/Chicago", "2026-08-01 20:00", "2026-08-03 08:00"),
        ("observed Friday to Monday", "+12055550101", "America/Chicago", "2026-07-03 07:00", "2026-07-06 08:00"),
        ("Sunday noon in Texas", "+15125550101", "America/Chicago", "2026-08-02 09:00", "2026-08-02 12:00"),
        ("Saturday noon in Pennsylvania", "+12155550101", "America/New_York", "2026-08-01 12:00", "2026-08-02 08:00"),
        ("Mississippi by Central time", "+16015550101", "America/New_York", "2026-08-03 08:30", "2026-08-03 10:00"),
        ("clocks go forward", "+13055550101", "America/New_York", "2026-03-07 20:00", "2026-03-08 08:00"),
        ("clocks go back", "+13055550101", "America/New_York", "2026-10-31 20:00", "2026-11-01 08:00"),
        ("a year ends", "+12055550101", "America/Chicago", "2026-12-31 20:00", "2027-01-02 08:00"),
    ],
)
def test_when_marketing_may_go_next(situation: str, phone: str, zone: str, now: str, expected: str) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(zone))
    found = marketing_to(phone, zone).next_lawful(instant)
    assert found is not None
    assert f"{found.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" == expected, situation


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001
    st.sampled_from(sorted(LAW.places)),
    st.sampled_from([None, "America/New_York", "Pacific/Honolulu"]),
)
def test_the_next_moment_is_allowed_and_none_before_it_is(moment: datetime, place: str, zone: str | None) -> None:
    now = moment.replace(tzinfo=UTC)
    times = marketing_to("+18005550101", zone, place)
    found = times.next_lawful(now)
    assert found is not None
    assert all(clock.is_open(found) for clock in times.clocks)
    before = [now + part * (found - now) / 7 for part in range(7)] if found > now else []
    assert not any(all(clock.is_open(instant) for clock in times.clocks) for instant in before)
    until = times.lawful_until(found)
    assert until is not None
    assert found < until <= found + timedelta(days=1)


def test_transactional_and_informational_texts_are_bound_by_no_row() -> None:
    for purpose in ("transactional", "informational"):
        assert lawful_times(LAW, purpose, whereabouts_of(person("+13055550101"), LAW)) is None


def test_a_place_that_is_not_known_allows_nothing() -> None:
    assert marketing_to("+18005550101").is_unknown
    assert marketing_to("+13055550101", place="XX").is_unknown


def test_the_strictest_cap_of_all_places_counts() -> None:
    assert (marketing_to("+13055550101").most_texts, marketing_to("+13055550101").period) == (3, timedelta(hours=24))
    assert marketing_to("+13055550101", place="GA").most_texts == 3
    assert marketing_to("+14045550101").most_texts is None


def test_a_row_in_words_names_place_hours_and_source() -> None:
    evening = datetime(2026, 7, 7, 20, 30, tzinfo=ZoneInfo("America/New_York"))
    assert marketing_to("+13055550101").rows_against(evening) == (
        "Florida: marketing texts 08:00-20:00 (dropcowboy.com/state-compliance of 2025-11-01, checked 2026-11-25, "
        "secondary)"
    )
    assert "at most 3 marketing texts in 24 hours" in marketing_to("+13055550101").rows_at(evening)


# An owner's file ------------------------------------------------------------------------------------------------------

ORIGIN = 'source = "our counsel"\nchecked = 2026-11-25\nprimary = false\n'
FLORIDA = f'[[hours]]\nplaces = ["FL"]\npurposes = ["marketing"]\nevery_day = "10:00-18:00"\n{ORIGIN}'
BRITAIN = f"""
[[places]]
code = "BRITAIN"
name = "United Kingdom"
iso_country = "GB"
zones = ["Europe/London"]
[[hours]]
places = ["BRITAIN"]
purposes = ["marketing", "informational"]
every_day = "08:00-20:00"
{ORIGIN}"""


def test_an_owners_row_replaces_ours_of_the_same_place_and_purpose(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(FLORIDA)
    own = read_law(str(tmp_path / "own.toml"))
    assert [str(row.days[0]) for row in own.hours_of("FL", "marketing")] == ["08:00-21:00", "10:00-18:00"]
    assert own.hours_of("OK", "marketing") == LAW.hours_of("OK", "marketing")
    assert own.caps_of("FL", "marketing") == LAW.caps_of("FL", "marketing")


def test_an_owner_adds_a_country_and_binds_another_purpose(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(BRITAIN)
    own = read_law(str(tmp_path / "own.toml"))
    found = whereabouts_of(person("+442071838750"), own)
    assert [each.place for each in found] == ["BRITAIN"]
    times = lawful_times(own, "informational", found)
    assert times is not None
    assert not times.is_unknown
    # A place that no row of informational texts names is bound by none.
    assert lawful_times(own, "informational", whereabouts_of(person("+13055550101"), own)) == LawfulTimes(own)


def test_a_place_without_hours_beside_one_that_names_them_allows_no_marketing(tmp_path: Path) -> None:
    france = '[[places]]\ncode = "FRANCE"\nname = "France"\niso_country = "FR"\nzones = ["Europe/Paris"]\n'
    (tmp_path / "own.toml").write_text(BRITAIN + france)
    own = read_law(str(tmp_path / "own.toml"))
    britain = whereabouts_of(person("+442071838750"), own)
    for purpose, is_unknown in (("marketing", True), ("informational", False)):
        times = lawful_times(own, purpose, [*britain, *whereabouts_of(person("+33612345678"), own)])
        assert times is not None
        assert times.is_unknown == is_unknown


def test_a_file_is_named_from_the_folder_of_the_package() -> None:
    assert read_law(str(Path("rules/jurisdictions.toml"))).hours == LAW.hours
    assert (ROOT / "rules").is_dir()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[[hours", "not TOML"),
        ("[[hour]]\n", "hour is no kind of row"),
        ("hours = 1\n", "headed [[hours]]"),
        (FLORIDA.replace('"FL"', '"XX"'), "row 1 of hours, field places: 'XX' is no place that exists"),
        (FLORIDA.replace('"FL"', ""), "row 1 of hours, field places: should be a list"),
        (FLORIDA.replace("marketing", "adverts"), "row 1 of hours (FL), field purposes"),
        (FLORIDA.replace("10:00-18:00", "18:00-10:00"), "row 1 of hours (FL), field every_day: should end later"),
        (FLORIDA.replace("10:00-18:00", "10-18"), "field every_day: should be"),
        (FLORIDA.replace("10:00-18:00", "10:00-24:30"), "field every_day: should be"),
        (FLORIDA.replace("every_day", "monday"), "field tuesday: is missing"),
        (FLORIDA.replace("every_day", "everyday"), "field monday: is missing"),
        (FLORIDA + 'sundays = "none"\n', "field sundays: is unknown"),
        (FLORIDA + 'zone = "EST"\n', "field zone: should be the IANA zone of a place"),
        (FLORIDA.replace('source = "our counsel"', 'source = ""'), "field source: should be a text"),
        (FLORIDA.replace("checked = 2026-11-25\n", ""), "field checked: is missing"),
        (FLORIDA.replace("2026-11-25", '"2026-11-25"'), "field checked: should be a date"),
        (FLORIDA.replace("primary = false", "primary = 0"), "field primary: should be true or false"),
        (FLORIDA + FLORIDA, "FL has two rows for marketing texts"),
        (
            f'[[caps]]\nplaces = ["FL"]\npurposes = ["marketing"]\ntexts = -1\nhours = 24\n{ORIGIN}',
            "field texts: should be a whole number",
        ),
        (
            f'[[caps]]\nplaces = ["FL"]\npurposes = ["marketing"]\ntexts = 3\nhours = 999\n{ORIGIN}',
            "field hours: should be 1 to 168",
        ),
        (
            f'[[caps]]\nplaces = ["FL"]\npurposes = ["marketing"]\ntexts = 3\nhours = {10**12}\n{ORIGIN}',
            "field hours: should be 1 to 168",
        ),
        (
            f'[[holidays]]\nplaces = ["FL"]\ndays = ["February 30"]\nobserved = true\n{ORIGIN}',
            "row 1 of holidays (FL), field days: should name days that exist",
        ),
        (
            f'[[holidays]]\nplaces = ["FL"]\ndays = ["sixth Monday of May"]\nobserved = true\n{ORIGIN}',
            "field days: should name days such as",
        ),
        (BRITAIN.replace('"BRITAIN"', '"DE"'), "row 1 of places, field code: 'DE' is a place already"),
        (BRITAIN.replace('"BRITAIN"', '"FL"'), "row 1 of places, field code: 'FL' is a place already"),
        (BRITAIN.replace('"BRITAIN"', '"US"'), "row 1 of places, field code: 'US' is a place already"),
        (BRITAIN.replace("zones", "size = 1\nzones"), "row 1 of places, field size: is unknown"),
        (BRITAIN + BRITAIN, "row 2 of places, field code: 'BRITAIN' is a place already"),
    ],
)
def test_a_broken_file_stops_the_function_and_names_row_and_field(tmp_path: Path, content: str, named: str) -> None:
    (tmp_path / "own.toml").write_text(content)
    with pytest.raises(SettingsError) as caught:
        read_law(str(tmp_path / "own.toml"))
    assert named in str(caught.value)
    assert str(caught.value).startswith("LAW_FILE")


def test_a_file_that_is_missing_stops_the_function() -> None:
    with pytest.raises(SettingsError, match="LAW_FILE: the file of the law cannot be read"):
        read_law("no/such/file.toml")


def marketing(now: datetime, ada: Person, messages: int = 1) -> list[Delivery]:
    """Marketing that is due."""
    state = MessageState(
        lane=Lane.HIGH,
        can_delay=True,
        due=now,
        not_before=None,
        expires_at=now + timedelta(days=7),
        accepted_at=now,
        purpose=Purpose.MARKETING,
    )
    return [
        Delivery(UUID(int=number), "promo", {}, "Hello", "verbatim", now.date(), 0, state, ada, paused=False)
        for number in range(messages)
    ]


def test_where_no_day_allows_marketing_it_waits_an_hour_and_is_looked_at_again(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(FLORIDA.replace('"10:00-18:00"', '"none"'))
    now = datetime(2026, 7, 7, 15, tzinfo=UTC)
    wave = marketing(now, person("+13055550101", "America/New_York"))
    (hold,) = decide_wave(wave, PolicySettings(), read_law(str(tmp_path / "own.toml")), now).values()
    assert isinstance(hold, Hold)
    assert (hold.reason, hold.until) == (Reason.LAW_HOURS, now + timedelta(hours=1))


def test_hours_are_written_with_their_minutes() -> None:
    assert [str(OpenHours(599, 1259)), str(OpenHours(0, 1440))] == ["09:59-20:59", "00:00-24:00"]


def test_a_text_of_the_same_wave_counts_toward_the_cap() -> None:
    now = datetime(2026, 7, 7, 15, tzinfo=UTC)
    earlier = (now - timedelta(hours=2), now - timedelta(hours=1))
    ada = replace(person("+13055550101", "America/New_York"), law_sends=earlier, hourly_limit=10)
    first, second = decide_wave(marketing(now, ada, 2), PolicySettings(), LAW, now).values()
    assert isinstance(first, Send)
    assert (first.law.texts, first.law.most, first.law.hours) == (1, 3, 24)
    assert isinstance(second, Hold)
    assert (second.reason, second.until) == (Reason.LAW_CAP, earlier[0] + timedelta(hours=24))
