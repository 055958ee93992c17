"""What a text states where: dates, times, lengths of time and how often, each with all that it may mean."""

from decimal import Decimal

import pytest

from orchestrator.wording.facts.kinds import (
    Date,
    DayOfMonth,
    Duration,
    Fact,
    Free,
    Frequency,
    Month,
    Number,
    RelativeDay,
    Time,
    Weekday,
)
from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.reading import read_facts


def facts(text: str, code: str = "en", *, exact: bool = False) -> dict[str, set[Fact]]:
    """The facts of a text, by the words that state them."""
    return {
        text[found.start : found.end].strip(" ."): set(found.readings)
        for found in read_facts(text, language(code), exact=exact)
    }


def at(*clocks: str) -> set[Fact]:
    return {Time(int(hours) * 60 + int(minutes)) for hours, minutes in (clock.split(":") for clock in clocks)}


def number(value: str) -> Fact:
    return Number(Decimal(value))


def seconds(value: float) -> Fact:
    return Duration(Decimal(str(value)), "second")


@pytest.mark.parametrize(
    ("code", "text", "stated"),
    [
        ("en", "Due 2026-11-22.", {"2026-11-22": {Date(11, 22, 2026)}}),
        ("en", "Paid in 2026-10.", {"2026-10": {Month(10, 2026)}}),
        ("en", "Due Nov 22.", {"Nov 22": {Date(11, 22)}}),
        ("en", "Due Nov 22nd, 2026.", {"Nov 22nd, 2026": {Date(11, 22, 2026)}}),
        ("en", "Due on the 22nd of November 2026.", {"22nd of November 2026": {Date(11, 22, 2026)}}),
        ("en", "Due the 22nd.", {"22nd": {DayOfMonth(22), number("22")}}),
        ("en", "From December 2-4.", {"December 2-": {Date(12, 2)}, "4": {Date(12, 4)}}),
        ("en", "From 2-4 December", {"2-4 Decembe": {Date(12, 2)}, "r": {Date(12, 4)}}),
        ("en", "In October 2026.", {"October 2026": {Month(10, 2026)}}),
        ("en", "In October.", {"October": {Month(10)}}),
        # A day that no month has is no date.
        ("en", "Ask for Nov 31.", {"31": {number("31")}}),
        ("en", "Due February 29.", {"February 29": {Date(2, 29)}}),
        # May, March and Mar are months with a capital letter and a word before them alone, or with a year.
        ("en", "See you in May.", {"May": {Month(5)}}),
        ("en", "May I call?", {}),
        ("en", "We march on.", {}),
        ("en", "Paid since march 2026.", {"march 2026": {Month(3, 2026)}}),
        ("en", "Paid in dec.", {"dec": {Month(12)}}),
        ("en", "Paid in june.", {"june": {Month(6)}}),
        ("en", "Paid in Dec.", {"Dec": {Month(12)}}),
        ("en", "The MAR team is here.", {}),
        ("en", "The DEC team is here.", {}),
        ("en", "The DEC team pays on Nov 22.", {"Nov 22": {Date(11, 22)}}),
        ("en", "PAID IN DECEMBER", {"DECEMBER": {Month(12)}}),
        ("en", "In Dec we pay.", {"Dec": {Month(12)}}),
        ("en", "In dec we pay.", {}),
        # A number before the verb "may" is no day.
        ("en", "North 7 may get rain.", {"7": {number("7")}}),
        ("en", "Due 7 april dinner.", {"7 april": {Date(4, 7)}}),
        ("en", "Due 7 may at noon.", {"7 may": {Date(5, 7)}, "noon": at("12:00")}),
        ("en", "North 7 may get rain on Nov 22.", {"7": {number("7")}, "Nov 22": {Date(11, 22)}}),
        ("en", "Not Nov 31 but Nov 22.", {"31": {number("31")}, "Nov 22": {Date(11, 22)}}),
        ("de", "Am 7. mai dann.", {"7. mai": {Date(5, 7)}}),
        ("fr", "Sept places restent.", {"Sept": {number("7")}}),
        ("fr", "Le 3 sept. 2026.", {"3 sept. 2026": {Date(9, 3, 2026)}}),
        # Dates in numbers: the month stands first in English alone, and where the order fits no date the other one counts.
        ("en", "Due 3/4.", {"3": {number("3")}, "4": {number("4")}}),
        ("en", "Due 4/5.", {"4/5": {Date(4, 5)}}),
        ("en", "Due 22/11.", {"22/11": {Date(11, 22)}}),
        ("en", "Due 11/22/26.", {"11/22/26": {Date(11, 22, 2026)}}),
        ("en", "Due 11/22/2026.", {"11/22/2026": {Date(11, 22, 2026)}}),
        ("en", "Due 4.5.2026.", {"4.5.2026": {Date(5, 4, 2026)}}),
        ("en", "Due 4-5-2026.", {"4-5-2026": {Date(5, 4, 2026)}}),
        ("fr", "Avant le 4/5.", {"4/5": {Date(5, 4)}}),
        ("fr", "Avant le 13/5/26.", {"13/5/26": {Date(5, 13, 2026)}}),
        ("de", "Am 4.5. um 9 Uhr.", {"4.5": {Date(5, 4)}, "9 Uhr": at("9:00", "21:00")}),
        ("en", "From 12/24-12/28.", {"12/24": {Date(12, 24)}, "12/28": {Date(12, 28)}}),
        ("en", "From 2/9-2/11.", {"2/9": {Date(2, 9)}, "2/11": {Date(2, 11)}}),
        ("en", "We are open 24/7.", {}),
        ("en", "Take 1/2 of it.", {"1": {number("1")}, "2": {number("2")}}),
        ("en", "Take 1/5 of it.", {"1/5": {Date(1, 5)}}),
        ("en", "Row 13/14 now.", {"13": {number("13")}, "14": {number("14")}}),
        ("en", "A score of 4-5.", {"4": {number("4")}, "5": {number("5")}}),
    ],
)  # fmt: skip
def test_dates(code: str, text: str, stated: dict[str, set[Fact]]) -> None:
    assert facts(text, code) == stated


@pytest.mark.parametrize(
    ("code", "text", "stated"),
    [
        ("en", "See you 3:30 PM", {"3:30 PM": at("15:30")}),
        ("en", "See you 12 AM", {"12 AM": at("0:00")}),
        ("en", "See you 12:05 p.m.", {"12:05 p.m": at("12:05")}),
        ("en", "See you 1 am", {"1 am": at("1:00")}),
        ("en", "See you 11.15 P.M.", {"11.15 P.M": at("23:15")}),
        ("en", "See you 13 PM", {"13": {number("13")}}),
        ("en", "See you 0 PM", {"0": {number("0")}}),
        ("en", "It runs 3-4 PM.", {"3": {*at("3:00", "15:00"), number("3")}, "4 PM": at("16:00")}),
        ("en", "It runs 3:15-4 PM.", {"3:15": at("3:15", "15:15"), "4 PM": at("16:00")}),
        ("en", "It runs 12-2 PM.", {"12": {*at("0:00", "12:00"), number("12")}, "2 PM": at("14:00")}),
        ("en", "Garage 13 until 22:15.", {"13": {number("13")}, "22:15": at("22:15")}),
        ("en", "Garage 13 until 22:15, 3-4 PM.",
         {"13": {number("13")}, "22:15": at("22:15"), "3": {*at("3:00", "15:00"), number("3")}, "4 PM": at("16:00")}),
        # A clock of twelve hours may mean either half of the day; with a zero before it, or from 13 on, it does not.
        ("en", "See you 3:30.", {"3:30": at("3:30", "15:30")}),
        ("en", "See you 03:30.", {"03:30": at("3:30")}),
        ("en", "See you 12:59.", {"12:59": at("12:59", "0:59")}),
        ("en", "See you 13:00.", {"13:00": at("13:00")}),
        ("en", "See you 15:30:20.", {"15:30:20": at("15:30")}),
        ("en", "See you 24:00.", {"24:00": at("0:00")}),
        ("en", "See you 3:30 in the afternoon.", {"3:30": at("15:30")}),
        ("en", "See you 3:30 in the morning.", {"3:30": at("3:30")}),
        ("en", "See you 12:00 in the afternoon.", {"12:00": at("12:00")}),
        ("en", "From noon to midnight.", {"noon": at("12:00"), "midnight": at("0:00")}),
        ("en", "Noon it is.", {"Noon": at("12:00")}),
        ("fr", "Vers Midi.", {"Midi": at("12:00")}),
        ("de", "Bis Mittag.", {"Mittag": at("12:00")}),
        ("de", "Immer mittags.", {}),
        ("de", "Um 15.30 Uhr.", {"15.30 Uhr": at("15:30")}),
        ("de", "Um 24 Uhr.", {"24 Uhr": at("0:00")}),
        ("fr", "Rendez-vous 14h30.", {"14h30": at("14:30")}),
        ("fr", "Rendez-vous 14 h.", {"14 h": {*at("14:00"), seconds(50_400)}}),
        ("fr", "Encore 1.50 h.", {"1.50 h": {*at("1:50"), seconds(5_400)}}),
        ("en", "It took 14h30.", {"14h30": at("14:30")}),
        ("en", "It took 14 h.", {"14 h": {seconds(50_400)}}),
        ("en", "It took 14 h, 14h30.", {"14 h": {seconds(50_400)}, "14h30": at("14:30")}),
        # Times in words.
        ("en", "See you half past three.", {"half past three": at("3:30", "15:30")}),
        ("en", "See you quarter past three.", {"quarter past three": at("3:15", "15:15")}),
        ("en", "See you quarter to three.", {"quarter to three": at("2:45", "14:45")}),
        ("en", "See you at ten to nine.", {"at ten to nine": at("8:50", "20:50")}),
        ("en", "See you ten past 12.", {"ten past 12": at("12:10", "0:10")}),
        ("en", "See you half past 12 in the afternoon.", {"half past 12": at("12:30")}),
        ("de", "Um halb acht.", {"halb acht": at("7:30", "19:30")}),
        ("de", "Um halb 13.", {"halb 13": at("12:30")}),
        ("de", "Um halb eins.", {"halb eins": at("0:30", "12:30")}),
        ("es", "A las tres y media.", {"tres y media": at("3:30", "15:30")}),
        ("es", "A las 13 y media.", {"13 y media": at("13:30")}),
        ("en", "See you half past one.", {"half past one": at("1:30", "13:30")}),
        ("en", "See you 59 minutes past three.", {"59 minutes past three": at("3:59", "15:59")}),
        ("en", "See you half past 24.", {"half past 24": at("0:30")}),
        ("en", "See you half past 25.", {"half": {number("0.5")}, "25": {number("25")}}),
        ("fr", "Train: sept heures du matin.", {"sept heures": at("7:00")}),
        ("es", "Son siete horas de la tarde.", {"siete horas": at("19:00")}),
        ("en", "Just seven hours in the evening.", {"seven hours": {seconds(25_200)}}),
        ("es", "Son 7 minutos de la tarde.", {"7 minutos": {seconds(420)}}),
        ("en", "See you seven in the evening.", {"seven": at("19:00")}),
        ("en", "See you 9 in the morning.", {"9": at("9:00")}),
        ("en", "See you 1 in the morning.", {"1": at("1:00")}),
        ("en", "See you 12 in the morning.", {"12": at("0:00")}),
        ("en", "See you 13 in the morning.", {"13": {number("13")}}),
        ("en", "See you 5 this evening.", {"5": {*at("17:00"), number("5")}, "this evening": {RelativeDay("this_evening")}}),
        ("en", "See you 12 this morning.", {"12": {*at("0:00"), number("12")}, "this morning": {RelativeDay("this_morning")}}),
        ("en", "See you 1 tonight.", {"1": {*at("13:00"), number("1")}, "tonight": {RelativeDay("tonight")}}),
        ("en", "See you 0 tonight.", {"0": {number("0")}, "tonight": {RelativeDay("tonight")}}),
        # A bare number behind "at".
        ("en", "See you at 3", {"3": {number("3"), *at("3:00", "15:00")}}),
        ("en", "See you at 12", {"12": {number("12"), *at("12:00", "0:00")}}),
        ("en", "See you at 13", {"13": {number("13"), *at("13:00")}}),
        ("en", "See you at 24", {"24": {number("24"), *at("0:00")}}),
        ("en", "See you at 0", {"0": {number("0"), *at("0:00", "12:00")}}),
        ("en", "See you at 3.5", {"3.5": {number("3.5")}}),
        ("en", "See you at 25", {"25": {number("25")}}),
        ("en", "See you at 18.30", {"18.30": {number("18.30"), *at("18:30")}}),
        ("en", "See you at 11.59", {"11.59": {number("11.59"), *at("11:59", "23:59")}}),
        ("en", "See you at 12.00", {"12.00": {number("12"), *at("12:00")}}),
        ("en", "It costs 18.30", {"18.30": {number("18.30")}}),
        ("es", "A las 4 de la tarde.", {"4": at("16:00")}),
        ("de", "Um 4.", {"4": {number("4"), *at("4:00", "16:00")}}),
        # A bare number behind an article.
        ("en", "On the 31", {"31": {number("31"), DayOfMonth(31)}}),
        ("en", "On the 1", {"1": {number("1"), DayOfMonth(1)}}),
        ("en", "On the 32", {"32": {number("32")}}),
        ("en", "On the 0", {"0": {number("0")}}),
        ("en", "On the 22 seats", {"22": {number("22")}}),
    ],
)  # fmt: skip
def test_times(code: str, text: str, stated: dict[str, set[Fact]]) -> None:
    assert facts(text, code) == stated


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("3:30", {"3:30": at("3:30")}),
        ("2026-11-22T15:30:00-05:00", {"2026-11-22": {Date(11, 22, 2026)}, "15:30:00-05:00": at("15:30")}),
        ("2026-11-22T05:30Z", {"2026-11-22": {Date(11, 22, 2026)}, "05:30Z": at("5:30")}),
        ("13:00-17:00", {"13:00": at("13:00"), "17:00": at("17:00")}),
        ("every Tuesday", {"every Tuesday": {Frequency("weekday_1"), Weekday(1)}}),
    ],
)
def test_data_means_what_it_states(text: str, stated: dict[str, set[Fact]]) -> None:
    assert facts(text, exact=True) == stated


@pytest.mark.parametrize(
    ("code", "text", "stated"),
    [
        ("en", "It took 7h 12m.", {"7h 12m": {seconds(7 * 3_600 + 12 * 60)}}),
        ("en", "It took PT1H30M.", {"PT1H30M": {seconds(5_400)}}),
        ("en", "It took P2DT3H4M5S.", {"P2DT3H4M5S": {seconds(2 * 86_400 + 3 * 3_600 + 4 * 60 + 5)}}),
        ("en", "It took P1D.", {"P1D": {seconds(86_400)}}),
        ("en", "It took PT1S.", {"PT1S": {seconds(1)}}),
        ("en", "Row P is free.", {"free": {Free()}}),
        ("en", "It took an hour and a half.", {"an hour and a half": {seconds(5_400)}}),
        ("en", "It took an hour and a quarter.", {"an hour and a quarter": {seconds(4_500)}}),
        ("en", "It took three quarters of an hour.", {"three quarters of an hour": {seconds(2_700)}}),
        ("en", "It took half an hour.", {"half an hour": {seconds(1_800)}}),
        ("en", "It took a quarter of an hour.", {"a quarter of an hour": {seconds(900)}}),
        ("en", "It took 2 hours 30 minutes.", {"2 hours 30 minutes": {seconds(9_000)}}),
        ("en", "It took 2 hours, 30 minutes and 5 seconds.", {"2 hours, 30 minutes and 5 seconds": {seconds(9_005)}}),
        ("en", "It took 30 minutes, 2 hours.", {"30 minutes": {seconds(1_800)}, "2 hours": {seconds(7_200)}}),
        ("en", "It took 5 minutes 5 minutes.", {"5 minutes": {seconds(300)}}),
        ("en", "It took 250 milliseconds.", {"250 milliseconds": {seconds(0.25)}}),
        ("en", "It took 3 days.", {"3 days": {seconds(3 * 86_400)}}),
        ("en", "It took 2 weeks.", {"2 weeks": {seconds(14 * 86_400)}}),
        ("en", "It took 2 quarters.", {"2 quarters": {Duration(Decimal(6), "month")}}),
        ("en", "It took 2 years.", {"2 years": {Duration(Decimal(24), "month")}}),
        ("en", "It took a year and a half.", {"a year and a half": {Duration(Decimal(18), "month")}}),
        ("en", "It took 3 business days.", {"3 business days": {Duration(Decimal(3), "business_day")}}),
        ("en", "It took 3 nights.", {"3 nights": {Duration(Decimal(3), "night")}}),
        ("en", "Back within a week.", {"a week": {seconds(7 * 86_400)}}),
        ("en", "A 30-day trial.", {"30-day": {seconds(30 * 86_400)}}),
        ("en", "Paid monthly.", {"monthly": {Frequency("month")}}),
        ("en", "Paid every month.", {"every month": {Frequency("month")}}),
        ("en", "Paid every other month.", {"every other month": {Frequency("two_months")}}),
        ("en", "It is 5/month.", {"5": {number("5")}, "/month": {Frequency("month")}}),
        ("en", "Paid once a month.", {"a month": {Frequency("month")}}),
        ("en", "Every other Tuesday.", {"Every other Tuesday": {Frequency("two_weekday_1")}}),
        ("en", "Every Tuesday.", {"Every Tuesday": {Frequency("weekday_1")}}),
        ("en", "Every Sun.", {"Every Sun": {Frequency("weekday_6")}}),
        ("en", "Every sun.", {}),
        ("en", "On Tue.", {"Tue": {Weekday(1)}}),
        ("en", "In the sun on Tue.", {"Tue": {Weekday(1)}}),
        ("en", "On tuesday.", {"tuesday": {Weekday(1)}}),
    ],
)  # fmt: skip
def test_lengths_of_time_and_how_often(code: str, text: str, stated: dict[str, set[Fact]]) -> None:
    assert facts(text, code) == stated
