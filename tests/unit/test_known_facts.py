"""Whether data states a fact of a text in another form, or a fact follows from two of its values."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.wording.facts.data_facts import read_data
from orchestrator.wording.facts.derived import is_derived
from orchestrator.wording.facts.kinds import (
    Amount,
    Code,
    Date,
    DayOfMonth,
    Duration,
    Fact,
    Free,
    Frequency,
    Link,
    Measure,
    Month,
    NamedDay,
    Number,
    Percent,
    Points,
    RelativeDay,
    Time,
    Weekday,
    Zone,
)
from orchestrator.wording.facts.known import is_known
from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.leaves import leaves_of

# A Tuesday.
TODAY = date(2026, 3, 3)
USD, EUR = frozenset({"USD"}), frozenset({"EUR"})
DOLLARS = frozenset({"USD", "CAD", "AUD"})
DAY = 86_400


def number(value: str) -> Fact:
    return Number(Decimal(value))


def percent(value: str) -> Fact:
    return Percent(Decimal(value))


def money(value: str, currencies: frozenset[str] = USD) -> Fact:
    return Amount(Decimal(value), currencies)


def seconds(value: int) -> Fact:
    return Duration(Decimal(value), "second")


def days(value: int) -> Fact:
    return seconds(value * DAY)


def months(value: int) -> Fact:
    return Duration(Decimal(value), "month")


def kilos(value: str) -> Fact:
    return Measure(Decimal(value), "mass-kilogram")


def at(hours: int, minutes: int = 0) -> Fact:
    return Time(hours * 60 + minutes)


def known(data: dict[str, Any], fact: Fact, today: date | None = TODAY) -> bool:
    return is_known(fact, read_data(data, language("en"), ZoneInfo("America/New_York")), today)


def derived(data: dict[str, Any], *facts: Fact) -> bool:
    spoken = language("en")
    return is_derived(facts, read_data(data, spoken), leaves_of(data, spoken, None))


@pytest.mark.parametrize(
    ("data", "is_so", "is_not"),
    [
        # Numbers: a year of a date, the length of a list, a share of one.
        ({"due": "2026-11-22"}, [number("2026")], [number("2025"), number("2027")]),
        ({"vendors": ["Acme", "Tidal"]}, [number("2")], [number("1"), number("3")]),
        ({"discount": "25%"}, [number("0.25")], [number("0.24"), number("2500")]),
        ({"discount": "100%", "growth": "-50%"}, [], [number("1"), number("-0.5")]),
        # A share may stand as a part of one in the data, and is one of neither nothing nor all.
        ({"value": 0.65}, [percent("65")], [percent("64"), percent("0.65")]),
        ({"value": 1}, [], [percent("100"), percent("1")]),
        ({"value": 0}, [], [percent("0")]),
        ({"value": -0.5}, [], [percent("-50")]),
        ({"value": 1.5}, [], [percent("150")]),
        # Codes, links.
        ({"flight": "DL 1402"}, [Code("DL1402")], [Code("DL1403"), Code("DL 14 02")]),
        ({"link": "https://a.example/b"}, [Link("a.example/b")], [Link("a.example/b", "http"), Link("a.example/c")]),
        ({"link": "a.example/b"}, [Link("a.example/b", "https")], [Link("a.example/c", "https")]),
        # How often.
        ({"paid": "every 2 weeks"}, [Frequency("two_weeks")], [Frequency("two_months"), Frequency("week")]),
        ({"paid": "every other week"}, [days(14)], [days(7), months(2)]),
        ({"meets": "Tuesday", "how": "weekly"}, [Frequency("weekday_1")], [Frequency("weekday_2"), Frequency("two_weekday_1")]),
        ({"meets": "Tuesday", "how": "every other week"}, [Frequency("two_weekday_1")], [Frequency("weekday_1")]),
        ({"meets": "Tuesday"}, [], [Frequency("weekday_1")]),
        # Free is what costs nothing.
        ({"fee": "$0"}, [Free()], []),
        ({"fee": "$1"}, [], [Free()]),
        # Amounts: "$" may be any dollar; a code is more than the sign says, but for the one that it mostly means.
        ({"fee": "$5"}, [money("5", DOLLARS), money("5", USD)], [money("5", frozenset({"CAD"})), money("5", EUR), money("6", USD)]),
        ({"fee": "5 CAD"}, [money("5", DOLLARS), money("5", frozenset({"CAD"}))], [money("5", USD)]),
        ({"fee": "5 EUR", "cap": "$5"}, [money("5", EUR), money("5", DOLLARS)], [money("5", frozenset({"GBP"}))]),
        ({"total": 5, "paid": "$7"}, [money("5", DOLLARS)], [money("5", EUR), money("8", DOLLARS)]),
        ({"days": 5, "paid": "$7"}, [], [money("5", DOLLARS)]),
        # Zones: of the person, of an instant, or named.
        ({"at": "2026-07-01T12:00:00-07:00"}, [Zone("PDT"), Zone("PT"), Zone("EDT"), Zone("ET")], [Zone("PST"), Zone("CT")]),
        ({"at": "5 PM", "zone": "pacific"}, [Zone("PST"), Zone("PDT"), Zone("PT")], [Zone("MDT"), Zone("EST")]),
        # Dates, with or without the year.
        ({"due": "2026-11-22"}, [Date(11, 22), Date(11, 22, 2026)], [Date(11, 22, 2027), Date(11, 21), Date(12, 22)]),
        ({"due": "Nov 22"}, [Date(11, 22)], [Date(11, 22, 2026)]),
        ({"due": "tomorrow"}, [Date(3, 4), Date(3, 4, 2026), DayOfMonth(4), Weekday(2)], [Date(3, 3), DayOfMonth(3)]),
        ({"due": "yesterday"}, [Date(3, 2)], [Date(3, 3), Date(3, 4)]),
        ({"due": "the day after tomorrow"}, [Date(3, 5)], [Date(3, 4)]),
        ({"due": "today"}, [Date(3, 3)], [Date(3, 2), Date(3, 4)]),
        ({"due": "tonight"}, [Date(3, 3)], [Date(3, 4)]),
        ({"due": "2026-11-22"}, [Month(11), Month(11, 2026)], [Month(11, 2025), Month(10), Month(12)]),
        ({"due": "October"}, [Month(10)], [Month(9), Month(11), Month(10, 2026)]),
        ({"due": "2026-11-22"}, [DayOfMonth(22)], [DayOfMonth(21), DayOfMonth(23)]),
        ({"due": "2026-11-22"}, [Weekday(6)], [Weekday(5), Weekday(0)]),
        ({"due": "Nov 22"}, [Weekday(6)], [Weekday(5)]),
        ({"due": "Feb 29", "paid": "March 5"}, [Weekday(3)], [Weekday(6)]),
        ({"due": "Dec 24"}, [NamedDay("christmas_eve")], [NamedDay("christmas")]),
        # How far a day is away.
        ({"due": "2026-03-05"}, [days(2)], [days(1), days(3), seconds(2), months(2)]),
        ({"due": "2026-03-01"}, [days(2)], [days(1), days(3)]),
        ({"due": "2026-05-03"}, [months(2)], [months(1), months(3)]),
        ({"due": "2025-02-03"}, [months(13)], [months(11), months(12)]),
        ({"due": "2026-05-04"}, [], [months(2)]),
        ({"due": "2026-05-02"}, [], [months(2)]),
        ({"due": "2026-03-05"}, [], [Duration(Decimal(2), "night"), Duration(Decimal(2), "business_day")]),
    ],
)  # fmt: skip
def test_forms_of_what_data_states(data: dict[str, Any], is_so: list[Fact], is_not: list[Fact]) -> None:
    assert [fact for fact in is_so if not known(data, fact)] == []
    assert [fact for fact in is_not if known(data, fact)] == []


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-03-03", "2026-03-03"),
        ("tomorrow", "2026-03-04", "2026-03-04"),
        ("after_tomorrow", "2026-03-05", "2026-03-05"),
        ("yesterday", "2026-03-02", "2026-03-02"),
        ("last_night", "2026-03-02", "2026-03-02"),
        ("this_week", "2026-03-02", "2026-03-08"),
        ("next_week", "2026-03-09", "2026-03-15"),
        ("last_week", "2026-02-23", "2026-03-01"),
        ("this_weekend", "2026-03-07", "2026-03-08"),
        ("next_weekend", "2026-03-14", "2026-03-15"),
        ("last_weekend", "2026-02-28", "2026-03-01"),
        ("this_month", "2026-03-01", "2026-03-31"),
        ("next_month", "2026-04-01", "2026-04-30"),
        ("last_month", "2026-02-01", "2026-02-28"),
        ("this_year", "2026-01-01", "2026-12-31"),
        ("next_year", "2027-01-01", "2027-12-31"),
        ("last_year", "2025-01-01", "2025-12-31"),
    ],
)
def test_days_as_seen_from_today(name: str, first: str, last: str) -> None:
    """The first and the last day of each; those before and behind, and a week further, are none."""
    one, two = date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal()
    around = [date.fromordinal(day) for day in (one - 7, one - 1, one, two, two + 1, two + 7)]
    assert [known({"due": f"{day}"}, RelativeDay(name)) for day in around] == [False, False, True, True, False, False]
    assert not known({"due": first}, RelativeDay(name), None)


@pytest.mark.parametrize(
    ("name", "clocks"),
    [
        ("this_morning", [("00:00", True), ("11:59", True), ("12:00", False)]),
        ("this_afternoon", [("11:59", False), ("12:00", True), ("17:59", True), ("18:00", False)]),
        ("this_evening", [("16:59", False), ("17:00", True), ("23:59", True)]),
        ("tonight", [("16:59", False), ("17:00", True), ("23:59", True)]),
    ],
)
def test_parts_of_today_have_their_hours(name: str, clocks: list[tuple[str, bool]]) -> None:
    part = RelativeDay(name)
    for clock, is_in in clocks:
        assert known({"due": "2026-03-03", "at": clock}, part) is is_in, clock
        assert known({"due": "today", "at": clock}, part, None) is is_in, clock
        assert not known({"due": "2026-03-04", "at": clock}, part), clock
        # Where the data names no day, it is derived.
        assert derived({"at": clock}, part) is is_in, clock
        assert not derived({"at": clock, "due": "2026-03-04"}, part), clock
        assert not derived({"at": clock, "due": "Friday"}, part), clock


@pytest.mark.parametrize(
    ("stated", "implied", "others"),
    [
        ("this morning", {"today"}, {"tonight", "this_evening", "this_afternoon"}),
        ("this afternoon", {"today"}, {"tonight", "this_morning"}),
        ("this evening", {"today", "tonight"}, {"this_morning"}),
        ("tonight", {"today", "this_evening"}, {"this_morning"}),
        ("today", set(), {"tonight", "tomorrow"}),
    ],
)
def test_a_part_of_a_day_says_which_day(stated: str, implied: set[str], others: set[str]) -> None:
    assert [name for name in sorted(implied | others) if known({"due": stated}, RelativeDay(name), None)] == sorted(
        implied
    )


@pytest.mark.parametrize(
    ("month", "name", "is_so"),
    [
        ("April", "next_month", True), ("February", "last_month", True), ("March", "this_month", True),
        ("April", "last_month", False), ("2027-04", "next_month", False), ("2026-04", "next_month", True),
    ],
)  # fmt: skip
def test_a_month_as_seen_from_today(month: str, name: str, is_so: bool) -> None:
    assert known({"due": month}, RelativeDay(name)) is is_so


def test_a_month_without_a_year_is_the_nearest_one() -> None:
    assert known({"due": "December"}, RelativeDay("last_month"), date(2026, 1, 15))
    assert known({"due": "January"}, RelativeDay("next_month"), date(2026, 12, 15))
    assert not known({"due": "January"}, RelativeDay("next_year"), date(2026, 12, 15))


@pytest.mark.parametrize(
    ("data", "is_so", "is_not"),
    [
        # Sums, differences and products of counts; those of codes count nothing.
        ({"used": 7, "limit": 10}, [number("3"), number("17"), number("70")], [number("4"), number("16"), number("71")]),
        ({"order": 7, "limit": 10}, [], [number("3"), number("70")]),
        ({"used": 1, "limit": 10}, [number("9"), number("11")], [number("10.5")]),
        ({"used": 0, "limit": 12}, [], [number("13")]),
        ({"used": 0.5, "limit": 10}, [number("10.5")], [number("5")]),
        ({"change": -3, "limit": 10}, [], [number("7"), number("13")]),
        ({"used": 2, "limit": 3}, [number("6")], [number("7")]),
        ({"adults": 2, "children": 3, "babies": 4}, [number("9"), number("5")], [number("10")]),
        ({"a": {"adults": 2}, "b": {"children": 3}, "c": {"babies": 14}}, [], [number("19")]),
        # The difference of two values of one unit.
        ({"rain": "7 kg", "snow": "10 kg"}, [number("3"), kilos("3"), kilos("17")], [number("17"), kilos("4")]),
        ({"rain": "7 kg", "snow": "10 kg"}, [], [Measure(Decimal(3), "volume-liter"), Measure(Decimal(3), "length-meter")]),
        ({"rain": "7 kg", "length": "10 km"}, [], [number("3"), kilos("3")]),
        ({"rain": "$7", "fee": "10 EUR"}, [], [number("3"), money("3", EUR)]),
        # Amounts: with each other, times a count, or divided by it.
        ({"fee": "$7", "cap": "$10"}, [money("3"), money("17"), money("-3")], [money("4"), money("70"), money("3", EUR)]),
        ({"fee": "$7", "seats": 3}, [money("21"), money("2.33")], [money("2.34"), money("10"), money("21", EUR)]),
        ({"fee": "$7", "seats": 1}, [], [money("8")]),
        ({"fee": "$8", "part": 0.5}, [], [money("4"), money("16")]),
        ({"fee": "$8", "seats": 2}, [money("16"), money("4")], [money("32")]),
        # Points and shares.
        ({"now": "7%", "then": "10%"}, [Points(Decimal(3))], [Points(Decimal(4)), Points(Decimal(17))]),
        ({"off": "30%"}, [percent("70")], [percent("71"), percent("-70")]),
        ({"used": 3, "limit": 4}, [percent("75"), percent("133"), percent("25"), percent("33")], [percent("76"), percent("74.9")]),
        ({"used": 0.5, "limit": 1}, [percent("50"), percent("200")], [percent("51")]),
        ({"used": -3, "limit": 4}, [], [percent("175"), percent("-75")]),
        ({"used": 3, "limit": 8}, [percent("37.5"), percent("38")], [percent("37.4"), percent("37")]),
        ({"used": 0, "limit": 4}, [], [percent("0"), percent("30")]),
        ({"was": "$50", "now": "$40"}, [percent("80"), percent("125"), percent("20"), percent("25")], [percent("10")]),
        # Lengths of time: with each other, times a count, between two days or two times.
        ({"a_minutes": 7, "b_minutes": 10}, [seconds(180), seconds(1_020)], [seconds(240), seconds(4_200)]),
        ({"a": "7 minutes", "rounds": 3}, [seconds(1_260)], [seconds(1_261)]),
        ({"a": "7 minutes", "rounds": 2}, [seconds(840)], [seconds(841)]),
        ({"from": "9:30", "to": "11:00"}, [seconds(5_400)], [seconds(5_460), Duration(Decimal(5_400), "night")]),
        ({"from": "2026-03-01", "to": "2026-03-05"}, [days(4), Duration(Decimal(4), "night")],
         [days(3), days(5), Duration(Decimal(3), "night"), Duration(Decimal(4), "business_day")]),
        # A time or day that lies so long before or behind another one.
        ({"at": "8:30", "early": "30 minutes"}, [at(8), at(9)], [at(8, 30), at(8, 1), at(7)]),
        ({"at": "23:45", "late": "30 minutes"}, [at(0, 15)], [at(0, 16)]),
        ({"due": "2026-03-05", "grace": "2 days"}, [Date(3, 7), Date(3, 3), Date(3, 7, 2026), Weekday(5)],
         [Date(3, 6), Date(3, 4), Date(3, 7, 2025), Weekday(4)]),
        ({"due": "2026-03-05", "grace": "36 hours"}, [], [Date(3, 6), Date(3, 7)]),
        ({"due": "2026-03-05", "grace": "399 days"}, [Date(4, 8, 2027)], []),
        ({"due": "2026-03-05", "grace": "400 days"}, [], [Date(4, 9, 2027)]),
        ({"due": "2026-03-05", "grace": "500 days"}, [], [Date(7, 18, 2027)]),
        ({"due": "March 5", "grace": "2 days"}, [], [Date(3, 7)]),
        # Codes: written another way, a row with its seat, the beginning of a hash.
        ({"code": "AB-12"}, [Code("ab12"), Code("A.B12")], [Code("AB13")]),
        ({"row": "C", "place": 14}, [Code("C14"), Code("c-14")], [Code("C15"), Code("D14")]),
        ({"commit": "9fe03ab71c2d"}, [Code("9fe03ab")], [Code("9fe03a"), Code("9fe03ac")]),
        ({"code": "9FE03AB71C2D"}, [], [Code("9FE03AB")]),
        ({"id": "9fe03ab7-1c2d-4a00-8b00-0123456789ab"}, [Code("9fe03ab7")], [Code("9fe03ab8")]),
        # How often a weekday comes, where the data does not say.
        ({"meets": "Tuesday"}, [Frequency("weekday_1"), Frequency("two_weekday_1")], [Frequency("weekday_2"), Frequency("week")]),
        ({"meets": "Tuesday", "paid": "monthly"}, [], [Frequency("weekday_1")]),
        # A unit that a text puts behind a number that has none.
        ({"balance": 18}, [Points(Decimal(18)), kilos("18"), days(18), months(18)], [Points(Decimal(19)), kilos("19"), days(19)]),
        ({"balance": "18%"}, [], [Points(Decimal(18)), kilos("18"), days(18)]),
        ({"balance": "$18"}, [], [Points(Decimal(18)), kilos("18"), days(18)]),
        ({"order": 18}, [], [Points(Decimal(18)), days(18)]),
        ({"business_days": {"min": 3, "max": 5}}, [Duration(Decimal(3), "business_day")], [Duration(Decimal(4), "business_day")]),
        # An hour of the clock of twelve, or of 24.
        ({"open": "09:00", "close": "20:00"}, [number("9"), number("8")], [number("10"), number("20")]),
        ({"open": "09:00", "close": "13:00"}, [number("1")], [number("0"), number("13")]),
        ({"open": "00:00", "close": "09:00"}, [], [number("0")]),
        ({"open": "12:00"}, [number("12")], []),
        ({"open": "12:30"}, [], [number("12")]),
        ({"seats": "C14, C15"}, [number("14"), number("15")], [number("1"), number("16")]),
        ({"rows": "C14, C15"}, [], [number("14")]),
        ({"at": "00:30"}, [], [RelativeDay("tomorrow")]),
        # A period of a key.
        ({"leads_week": 23}, [RelativeDay("this_week"), RelativeDay("last_week"), Frequency("week")],
         [RelativeDay("this_month"), Frequency("month"), RelativeDay("this_weekend")]),
        ({"revenue_ytd": 23}, [RelativeDay("this_year"), Frequency("year")], [RelativeDay("this_month")]),
        ({"revenue_mtd": 23}, [RelativeDay("this_month")], [RelativeDay("this_year")]),
        ({"leads_week": "many"}, [], [RelativeDay("this_week")]),
        ({"leads_day": 23}, [], [RelativeDay("today"), RelativeDay("this_week")]),
    ],
)  # fmt: skip
def test_what_follows_from_values(data: dict[str, Any], is_so: list[Fact], is_not: list[Fact]) -> None:
    assert [fact for fact in is_so if not derived(data, fact)] == []
    assert [fact for fact in is_not if derived(data, fact)] == []


def test_a_number_of_the_data_with_another_unit_is_a_wrong_one() -> None:
    data = {"fee": "$5", "cap": "$10", "limit": "15 km"}
    assert not derived(data, money("15"))
    assert derived(data, money("15"), number("3")) is False
    assert derived({"fee": "$5", "cap": "$10"}, money("15"))


def test_a_fact_is_derived_where_one_of_its_meanings_is() -> None:
    assert derived({"used": 7, "limit": 10}, Code("3"), number("3"))


def test_without_a_day_nothing_lies_so_far_away() -> None:
    assert not known({"due": "2026-03-05"}, days(2), None)
    assert known({"paid": "every other week"}, days(14), None)


def test_days_are_those_of_the_persons_clock() -> None:
    now = datetime(2026, 3, 3, 22, tzinfo=ZoneInfo("America/New_York"))
    assert known({"due": "2026-03-04T02:00:00Z"}, RelativeDay("today"), now.date())
