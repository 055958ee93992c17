"""What a message's data states: each value by itself, and what its key and the keys around it make of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.wording.facts.data_facts import read_data
from orchestrator.wording.facts.kinds import (
    Amount,
    Code,
    Date,
    DayOfMonth,
    Duration,
    Fact,
    Free,
    Frequency,
    Measure,
    Month,
    Number,
    Offset,
    Percent,
    Points,
    RelativeDay,
    Time,
    Zone,
)
from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.number_meaning import currency_in, joined_duration, meaning_of, units_in

NEW_YORK = ZoneInfo("America/New_York")


def seconds(value: float) -> Fact:
    return Duration(Decimal(str(value)), "second")


def at(clock: str) -> Fact:
    hours, minutes = clock.split(":")
    return Time(int(hours) * 60 + int(minutes))


def percent(value: str) -> Fact:
    return Percent(Decimal(value))


USD = frozenset({"USD"})
NO_CURRENCY: frozenset[str] = frozenset()
DAY = 86_400


@pytest.mark.parametrize(
    ("number", "key", "siblings", "facts"),
    [
        ("5", "things", {}, set()),
        # Lengths of time: a unit in the key, at its end, or beside it.
        ("5", "trialDays", {}, {seconds(5 * DAY)}),
        ("5", "dauer_minuten", {}, {seconds(300)}),
        ("5", "duration_min", {}, {seconds(300)}),
        ("5", "duration_h", {}, {seconds(18_000)}),
        ("5", "total_duration_min", {}, {seconds(300)}),
        ("5", "h", {}, set()),
        ("5", "min", {}, set()),
        ("5", "min_price", {}, set()),
        ("5", "duration", {"unit": "weeks"}, {seconds(35 * DAY)}),
        ("5", "business_days", {}, {seconds(5 * DAY), Duration(Decimal(5), "business_day")}),
        # Behind these words a unit says when.
        ("5", "visits_this_month", {}, set()),
        ("5", "visits_per_week", {}, set()),
        ("5", "visits_month", {}, {Duration(Decimal(5), "month")}),
        # Measures.
        ("5", "rain_mm", {}, {Measure(Decimal("0.005"), "length-meter")}),
        ("5", "weight", {"unit": "kg"}, {Measure(Decimal(5), "mass-kilogram")}),
        ("5", "value", {"UOM": "ng/mL"}, {Measure(Decimal(5), "ng/ml")}),
        ("5", "mileage", {}, {Measure(Decimal(316_800), "length-inch"), Measure(Decimal(5_000), "length-meter")}),
        # Shares: between -1 and 1 they may be a part of one.
        ("5", "discount", {}, {percent("5")}),
        ("5", "growth", {"unit": "%"}, {percent("5")}),
        ("5", "growth_of_it", {"unit": "pct"}, {percent("5")}),
        ("5", "value", {"unit": "percent"}, {percent("5")}),
        ("1", "rate", {}, {percent("1"), percent("100")}),
        ("-1", "rate", {}, {percent("-1"), percent("-100")}),
        ("1.01", "rate", {}, {percent("1.01")}),
        ("-1.01", "rate", {}, {percent("-1.01")}),
        ("0.5", "rate", {}, {percent("0.5"), percent("50")}),
        ("5", "discount_points", {}, {Points(Decimal(5))}),
        ("5", "value", {"unit": "pp"}, {Points(Decimal(5))}),
        ("25", "basis_points", {}, {Points(Decimal("0.25"))}),
        # A price of nothing is free.
        ("0", "fee", {}, {Free()}),
        ("1", "fee", {}, set()),
        ("0", "things", {}, set()),
        # Hours under keys of times.
        ("0", "opens", {}, {at("0:00")}),
        ("9", "opens", {}, {at("9:00")}),
        ("24", "closes", {}, {at("0:00")}),
        ("25", "closes", {}, set()),
        ("-1", "closes", {}, set()),
        ("9.5", "opens", {}, set()),
        ("9", "place", {}, set()),
        # Years of age, days of a month, and bills that come each month.
        ("18", "age", {}, {Duration(Decimal(216), "month")}),
        ("18", "age_months", {}, {Duration(Decimal(18), "month")}),
        ("1", "day", {}, {DayOfMonth(1), seconds(DAY)}),
        ("31", "day", {}, {DayOfMonth(31), seconds(31 * DAY)}),
        ("32", "day", {}, {seconds(32 * DAY)}),
        ("0", "day", {}, {seconds(0)}),
        ("1", "rent_day", {}, {DayOfMonth(1), Frequency("month"), seconds(DAY)}),
        ("3", "dozens", {}, {Number(Decimal(36))}),
        ("3", "thousand_eggs", {}, {Number(Decimal(3_000))}),
    ],
)  # fmt: skip
def test_what_a_number_means_by_its_key(number: str, key: str, siblings: dict[str, Any], facts: set[Fact]) -> None:
    meaning = meaning_of(Decimal(number), key, siblings, NO_CURRENCY)
    assert meaning.facts == facts | {Number(Decimal(number))}


@pytest.mark.parametrize(
    ("key", "currencies", "money", "amount"),
    [
        ("total", USD, "500", Amount(Decimal(500), USD)),
        ("total", NO_CURRENCY, "500", None),
        ("total_eur", USD, "500", Amount(Decimal(500), frozenset({"EUR"}))),
        ("amountCents", USD, "5", Amount(Decimal(5), USD)),
        ("seats", USD, None, None),
        ("trial_days", USD, None, None),
        ("rain_mm", USD, None, None),
        ("percentage", USD, None, None),
        ("discount", USD, "500", Amount(Decimal(500), USD)),
    ],
)
def test_when_a_number_may_be_money(
    key: str, currencies: frozenset[str], money: str | None, amount: Fact | None
) -> None:
    meaning = meaning_of(Decimal(500), key, {}, currencies)
    assert meaning.money == (None if money is None else Decimal(money))
    assert {fact for fact in meaning.facts if isinstance(fact, Amount)} == ({amount} if amount else set())


@pytest.mark.parametrize(
    ("value", "currencies", "units"),
    [
        ({"Currency": "usd"}, USD, {"Currency": "usd"}),
        ({"ccy": "EUR", "unit": "kg"}, {"EUR"}, {"ccy": "EUR", "unit": "kg"}),
        ({"currency": "none", "moneda": "MXN"}, {"MXN"}, {"currency": "none", "moneda": "MXN"}),
        ({"currency": 5, "note": "USD"}, set(), {}),
    ],
)
def test_what_an_object_says_of_its_numbers(value: dict[str, Any], currencies: set[str], units: dict[str, str]) -> None:
    assert currency_in(value) == currencies
    assert units_in(value) == units


@pytest.mark.parametrize(
    ("value", "sums"),
    [
        ({"hours": 2, "minutes": 30}, [seconds(9_000)]),
        ({"Hours": 2, "Minutes": 30.5, "seconds": 1}, [seconds(9_031)]),
        ({"hours": 2}, []),
        ({"hours": 2, "minutes": True}, []),
        ({"hours": 2, "minutes": "30"}, []),
        ({"hours": 2, "months": 30}, []),
        ({"hours": 2, "guests": 30}, []),
    ],
)
def test_the_length_of_time_of_an_object(value: dict[str, Any], sums: list[Fact]) -> None:
    assert list(joined_duration(value)) == sums


@pytest.mark.parametrize(
    ("data", "stated", "not_stated"),
    [
        ({"when": "2026-11-22"}, {Date(11, 22, 2026)}, {Date(11, 22)}),
        # Data does not show which order of day and month it has.
        ({"when": "3/4/2026"}, {Date(3, 4, 2026), Date(4, 3, 2026)}, set()),
        ({"when": "3/4/26"}, {Date(3, 4, 2026), Date(4, 3, 2026)}, {Date(3, 4, 26)}),
        ({"when": "3/4"}, {Date(3, 4), Date(4, 3)}, set()),
        ({"when": "13/4"}, {Date(4, 13)}, set()),
        ({"when": "3-4"}, set(), {Date(3, 4)}),
        ({"when": "3.4.2026"}, {Date(3, 4, 2026), Date(4, 3, 2026)}, set()),
        ({"month": "october"}, {Month(10)}, set()),
        ({"period": "month"}, {Frequency("month")}, set()),
        ({"status": "in_two_days"}, {seconds(2 * DAY)}, set()),
        ({"status": "dueTomorrow"}, {RelativeDay("tomorrow")}, set()),
        ({"note": "<b>5 km</b>"}, {Measure(Decimal(5_000), "length-meter")}, set()),
        ({"note": "Tom &amp; Jerry, 5&nbsp;km"}, {Measure(Decimal(5_000), "length-meter")}, set()),
        # Numbers in texts, alone or as both ends of a range, are read like numbers.
        ({"trial_days": "14"}, {seconds(14 * DAY)}, set()),
        ({"trial_days": "5 to 7"}, {seconds(5 * DAY), seconds(7 * DAY)}, set()),
        ({"trial_days": "5-7"}, {seconds(5 * DAY), seconds(7 * DAY)}, set()),
        ({"trial_days": "014"}, set(), {seconds(14 * DAY)}),
        ({"trial_days": 2.00000000004}, {seconds(2 * DAY)}, {seconds(2.00000000004 * DAY)}),
        ({"trial": {"min": 3, "length_weeks": [1, 2]}}, {seconds(7 * DAY), seconds(14 * DAY)}, set()),
        ({"time": {"hours": 2, "minutes": 30}}, {seconds(9_000)}, set()),
        # Clocks that are lengths of time: by their hours, their size or their key.
        ({"lasted": "1:02:03"}, {seconds(3_723)}, set()),
        ({"lasted": "24:10"}, {seconds(1_450)}, set()),
        ({"lasted": "23:10"}, {at("23:10")}, {seconds(1_390)}),
        ({"lap": "3:10"}, {seconds(190)}, set()),
        ({"lap": "0:59"}, {seconds(59)}, set()),
        ({"lap": "3:60"}, set(), {seconds(240)}),
        ({"open": "9-17"}, {at("9:00"), at("17:00")}, set()),
        ({"open": "9 - 24"}, {at("9:00"), at("0:00")}, set()),
        ({"window": "9-17"}, {at("9:00"), at("17:00")}, set()),
        ({"window": "9 - 24"}, {at("9:00"), at("0:00")}, set()),
        ({"score": "9-17"}, set(), {at("9:00"), at("17:00")}),
        ({"flight": "DL 1402"}, {Code("DL 1402")}, set()),
        ({"flight": "Dl 1402"}, set(), {Code("Dl 1402")}),
        ({"a1c": 5}, {Code("A1C")}, set()),
        ({"a_1c": 5, "abc": 5, "12": 5}, {Code("12")}, {Code("ABC"), Code("A_1C")}),
        ({"charge": "none"}, {Free()}, set()),
        ({"color": "none"}, set(), {Free()}),
        ({"zone": "EST"}, {Zone("EST")}, set()),
        ({"zone": "XST"}, set(), {Zone("XST")}),
        ({"price": {"value": 5, "currency": "EUR"}, "fee": 3}, {Amount(Decimal(5), frozenset({"EUR"}))},
         {Amount(Decimal(3), frozenset({"EUR"}))}),
        ({"type": "weekly_summary"}, {RelativeDay("this_week")}, {RelativeDay("today")}),
        ({"type": "monthly_summary"}, {RelativeDay("this_month")}, set()),
        ({"type": "daily_summary"}, {RelativeDay("today")}, set()),
        ({"done": True, "note": None}, set(), {Number(Decimal(1))}),
    ],
)  # fmt: skip
def test_what_values_state(data: dict[str, Any], stated: set[Fact], not_stated: set[Fact]) -> None:
    facts = read_data(data, language("en")).facts
    assert facts >= stated
    assert facts.isdisjoint(not_stated)


@pytest.mark.parametrize(
    ("data", "numbers", "bare", "lengths"),
    [
        ({"a": 5}, {5}, {5}, set()),
        ({"a": "5 km, 3 boxes"}, {5, 3}, {3}, set()),
        ({"a": "$5"}, {5}, set(), set()),
        ({"a": "5/8"}, {5, 8}, set(), set()),
        ({"a": "3 / 8"}, {3, 8}, {3, 8}, set()),
        ({"a": [7, 8, 9]}, {7, 8, 9}, {7, 8, 9}, {3}),
        ({"a": {"b": {"x": 1}, "c": {"x": 2}}}, {1, 2}, {1, 2}, {1, 2}),
        ({"a": {"b": {"x": 1}, "c": 2}}, {1, 2}, {1, 2}, {1}),
        ({"a": {}}, set(), set(), {1}),
        ({"a": True}, set(), set(), set()),
    ],
)
def test_the_numbers_of_data(data: dict[str, Any], numbers: set[int], bare: set[int], lengths: set[int]) -> None:
    known = read_data(data, language("en"))
    assert known.numbers == numbers
    assert known.bare == bare
    assert known.lengths == lengths


def test_the_currencies_and_the_money_of_data() -> None:
    known = read_data({"total": 5, "days": 3, "paid": "7 euros", "code": "usd", "note": "all"}, language("en"))
    assert known.currencies == {"EUR", "USD"}
    assert known.money == {5}


def test_words_are_those_of_keys_and_values_in_small_letters() -> None:
    known = read_data({"roomType": "Big Suite", "guest": ["Ada"]}, language("en"))
    assert known.words == {"room", "type", "big", "suite", "guest", "ada"}


@pytest.mark.parametrize(
    ("value", "stated", "not_stated"),
    [
        ("2026-11-22T20:30:00Z", {at("15:30"), Date(11, 22, 2026)}, {at("20:30")}),
        ("2026-11-22 20:30Z", {at("15:30")}, {at("20:30")}),
        ("2026-11-23T02:30:00Z", {at("21:30"), Date(11, 22, 2026)}, {at("2:30"), Date(11, 23, 2026)}),
        ("2026-11-22T20:30:00+01:00", {at("14:30"), at("20:30")}, set()),
        ("2026-11-22 20:30 +01:00", {at("14:30"), at("20:30")}, set()),
        ("2026-11-22T20:30:00.5+0100", {at("14:30"), at("20:30")}, set()),
        ("2026-11-31T20:30:00Z", set(), {at("15:30")}),
    ],
)
def test_an_instant_is_one_of_the_persons_clock(value: str, stated: set[Fact], not_stated: set[Fact]) -> None:
    facts = read_data({"at": value}, language("en"), NEW_YORK).facts
    assert facts >= stated
    assert facts.isdisjoint(not_stated)


def test_an_instant_has_its_offset_and_that_of_the_persons_clock() -> None:
    known = read_data({"at": "2026-07-22T20:30:00+05:30"}, language("en"), NEW_YORK)
    assert {fact for fact in known.facts if isinstance(fact, Offset)} == {Offset(Decimal("5.5")), Offset(Decimal(-4))}
    assert known.instants == {datetime(2026, 7, 22, 15, tzinfo=UTC)}


def test_without_a_zone_an_instant_is_one_of_its_own_clock() -> None:
    known = read_data({"at": "2026-07-22T20:30:00Z"}, language("en"))
    assert at("20:30") in known.facts
    assert Offset(Decimal(0)) in known.facts
    assert {instant.utcoffset() for instant in known.instants} == {timedelta(0)}
