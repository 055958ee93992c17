"""What a text states where: numbers, amounts, shares, measures, addresses and codes, each with all that it may mean."""

from decimal import Decimal

import pytest

from orchestrator.wording.facts.amounts import currencies_of
from orchestrator.wording.facts.kinds import (
    Amount,
    Code,
    Date,
    DayOfMonth,
    Email,
    Fact,
    Free,
    Handle,
    Link,
    Measure,
    Month,
    Number,
    Percent,
    Phone,
    Points,
    RelativeDay,
    Time,
    Weekday,
    Zone,
)
from orchestrator.wording.facts.language import language, language_of
from orchestrator.wording.facts.measures import unit_of
from orchestrator.wording.facts.normal import normal
from orchestrator.wording.facts.reading import read_facts

DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TWD"})


def facts(text: str, code: str = "en") -> dict[str, set[Fact]]:
    """The facts of a text, by the words that state them."""
    text = normal(text)
    return {
        text[found.start : found.end].strip(" ."): set(found.readings) for found in read_facts(text, language(code))
    }


def numbers(*values: str) -> set[Fact]:
    return {Number(Decimal(value)) for value in values}


def money(value: str, *currencies: str) -> set[Fact]:
    return {Amount(Decimal(value), frozenset(currencies) or DOLLARS)}


def measure(value: str, unit: str) -> set[Fact]:
    return {Measure(Decimal(value).normalize(), unit)}


@pytest.mark.parametrize(
    ("code", "written", "meant"),
    [
        ("en", "1,200", ["1200"]),
        ("en", "1,200.50", ["1200.50"]),
        ("en", "1.200,50", ["1200.50"]),
        ("en", "1'200", ["1200"]),
        ("en", "1 200", ["1200"]),
        ("en", "1,234,567", ["1234567"]),
        ("en", "1.234,5", ["1234.5"]),
        # What a point divides differs by language; a comma before three digits divides thousands, unless a zero leads.
        ("en", "1.234", ["1234", "1.234"]),
        ("en", "12,34", ["12.34"]),
        ("en", "0,123", ["123", "0.123"]),
        ("en", "10,123", ["10123"]),
        ("en", "-5", ["-5"]),
        ("en", "+5", ["5"]),
        ("en", "-1,200", ["-1200"]),
        ("en", "2k", ["2000"]),
        ("en", "1,5 Mio", ["1500000"]),
        ("en", "2 bn", ["2000000000"]),
        ("en", "3 mm units", None),
        ("en", "1.2 million", ["1200000"]),
        ("en", "3 and a half", ["3.5"]),
        ("en", "three and a half", ["3.5"]),
        ("en", "two", ["2"]),
        ("en", "twenty-one", ["21"]),
        ("en", "twenty one", ["21"]),
        ("en", "twenty-nine", ["29"]),
        ("en", "ninety-nine", ["99"]),
        ("en", "a dozen", ["12"]),
        ("en", "two dozen", ["24"]),
        ("en", "one hundred forty", ["140"]),
        ("en", "two thousand five hundred", ["2500"]),
        ("en", "five hundred thousand", ["500000"]),
        ("en", "twelve thousand five hundred", ["12500"]),
        ("en", "a thousand two hundred", ["1200"]),
        ("en", "two million three thousand", ["2003000"]),
        ("es", "ciento veinte", ["120"]),
        ("es", "dos mil", ["2000"]),
        ("es", "mil doscientos", ["1200"]),
        ("es", "veintiuno", ["21"]),
        ("fr", "soixante-douze", ["72"]),
        ("fr", "soixante-dix-neuf", ["79"]),
        ("fr", "vingt-neuf", ["29"]),
        ("fr", "quatre-vingt-deux", ["82"]),
        ("fr", "quatre-vingt-dix", ["90"]),
        ("fr", "quatre-vingt-dix-neuf", ["99"]),
        ("fr", "deux mille trois", ["2003"]),
        ("de", "einundzwanzig", ["21"]),
        ("de", "neunundneunzig", ["99"]),
        ("de", "zwei", ["2"]),
    ],
)  # fmt: skip
def test_numbers(code: str, written: str, meant: list[str] | None) -> None:
    stated = facts(f"- {written} -", code)
    if meant is None:
        assert numbers("3000000") not in stated.values()
    else:
        assert stated == {written: numbers(*meant)}


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        # Some signs and names may mean several currencies, codes one.
        ("a $1,200", {"$1,200": money("1200")}),
        ("a US$12.50", {"US$12.50": money("12.50", "USD")}),
        ("a CA$12", {"CA$12": money("12", "CAD")}),
        ("- 12 CAD", {"12 CAD": money("12", "CAD")}),
        ("- 12 usd", {"12": numbers("12")}),
        ("- 12 bucks", {"12 bucks": money("12")}),
        ("- 12 US dollars", {"12 US dollars": money("12", "USD")}),
        ("- 1 euro", {"1 euro": money("1", "EUR")}),
        ("a kr 50", {"kr 50": money("50", "SEK", "NOK", "DKK")}),
        ("- 80 pesos", {"80 pesos": money("80", "MXN", "ARS", "CLP", "COP", "PHP")}),
        ("a £5", {"£5": money("5", "GBP")}),
        ("- 5 pounds", {"5 pounds": money("5", "GBP") | measure("5", "mass-pound")}),
        ("- 5 quid", {"5 quid": money("5", "GBP")}),
        ("a -$5 b", {"-$5": money("-5")}),
        ("a -86 dollars b", {"-86 dollars": money("-86")}),
        ("a $1.2 million", {"$1.2 million": money("1200000")}),
        ("a $5k", {"$5k": money("5000")}),
        # Hundredths, alone or behind an amount without any.
        ("- 86 dollars and 2 cents", {"86 dollars and 2 cents": money("86.02")}),
        ("a -86 dollars and 2 cents b", {"-86 dollars and 2 cents": money("-86.02")}),
        ("- 86 dollars, 99 cents", {"86 dollars, 99 cents": money("86.99")}),
        ("- 86 dollars and 3 euros", {"86 dollars": money("86"), "3 euros": money("3", "EUR")}),
        ("- 86 dollars and 2 cents, 5 euros", {"86 dollars and 2 cents": money("86.02"), "5 euros": money("5", "EUR")}),
        ("- 1 Swiss franc", {"1 Swiss franc": money("1", "CHF")}),
        ("- 12 euros 50 left", {"12 euros 50": money("12.50", "EUR")}),
        ("- 12 euros 50% left", {"12 euros": money("12", "EUR"), "50%": {Percent(Decimal(50))}}),
        ("- 1.200 dollars", {"1.200 dollars": money("1.2")}),
        ("- 15%", {"15%": {Percent(Decimal(15))}}),
        ("- 15 percent", {"15 percent": {Percent(Decimal(15))}}),
        ("- 2 percentage points", {"2 percentage points": {Points(Decimal(2))}}),
        ("- 5%-points", {"5%-points": {Points(Decimal(5))}}),
        ("- 3 points", {"3 points": {Points(Decimal(3))}}),
        ("- 2.5 kg", {"2.5 kg": measure("2.5", "mass-kilogram")}),
        ("- 1 kilometer", {"1 kilometer": measure("1000", "length-meter")}),
        ("- 500 g", {"500 g": measure("0.5", "mass-kilogram")}),
        ("- 8 lb 3 oz", {"8 lb 3 oz": measure("8.1875", "mass-pound")}),
        ("- 3 oz 8 lb", {"3 oz": measure("0.1875", "mass-pound"), "8 lb": measure("8", "mass-pound")}),
        ("- 5 ft 3 in", {"5 ft 3 in": measure("63", "length-inch")}),
        ("- 18 millimeters", {"18 millimeters": measure("0.018", "length-meter")}),
        ("- 5 km/h", {"5 km/h": measure("5", "speed-kilometer-per-hour")}),
        ("- 22 ng/mL", {"22 ng/mL": measure("22", "ng/ml")}),
        ("- 4,870 in September", {"4,870": numbers("4870"), "September": {Month(9)}}),
        ("- 18x12x6", {"18": numbers("18"), "12": numbers("12"), "6": numbers("6")}),
        # Fractions of one character or of three stand behind a whole number.
        ("- 1½ boxes", {"1.5": numbers("1.5")}),
        ("- 1 1/2 boxes", {"1.5": numbers("1.5")}),
        ("- 2 3/4 of it", {"2.75": numbers("2.75")}),
        ("- 1 2/2 boxes", {"1": numbers("1"), "2/2": {Date(2, 2)}}),
        ("- ١٢ boxes", {"12": numbers("12")}),
        ("- 3²", {"32": numbers("32")}),
        ("- minus 5", {"-5": numbers("-5")}),
        ("a minus $5.50 b", {"-$5.50": money("-5.50")}),
    ],
)  # fmt: skip
def test_amounts_shares_and_measures(text: str, stated: dict[str, set[Fact]]) -> None:
    assert facts(text) == stated


def test_cents_are_of_any_currency() -> None:
    ((cents,),) = facts("- 50 cents").values()
    assert isinstance(cents, Amount)
    assert cents.value == Decimal("0.5")
    assert {"USD", "EUR", "MXN"} <= cents.currencies


def test_an_amount_with_hundredths_takes_no_more_of_them() -> None:
    assert list(facts("- 86.5 dollars and 2 cents")) == ["86.5 dollars", "2 cents"]
    assert list(facts("a -86.5 dollars and 2 cents")) == ["-86.5 dollars", "2 cents"]


def test_free_of_charge_is_english() -> None:
    assert facts("Voici: no charge", "fr") == {}
    assert facts("Voici: no charge", "en") == {"no charge": {Free()}}


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("kWh", "energy-kilowatt-hour"), ("kwh", "energy-kilowatt-hour"), ("KB", "digital-kilobyte"),
        ("Kilometers", "length-kilometer"), ("kilometer", "length-kilometer"), ("Kilómetros", "length-kilometer"),
        ("in", "length-inch"), ("IN", None), ("f", "temperature-fahrenheit"), ("C", "temperature-celsius"),
        ("t", "mass-tonne"), ("T", None), ("things", None),
    ],
)  # fmt: skip
def test_the_unit_that_a_word_of_a_key_names(word: str, unit: str | None) -> None:
    assert unit_of(word) == unit


@pytest.mark.parametrize(
    ("text", "also", "code"),
    [
        ("See you at the office on Monday", "", "en"),
        ("Nos vemos en la oficina el lunes", "", "es"),
        ("Rendez-vous au bureau lundi", "", "fr"),
        ("Wir sehen uns am Montag im Büro", "", "de"),
        ("Vejo você no escritório na segunda-feira", "", "pt"),
        # Where the text does not decide, its data does; where neither does, it is English.
        ("Acme", "Nos vemos en la oficina el lunes", "es"),
        ("Acme", "Borealis", "en"),
        ("See you at the office", "Nos vemos en la oficina el lunes", "en"),
        # The names of months, days, units and numbers of more than three letters count once for each kind.
        ("Oktober", "", "de"),
        ("jueves", "", "es"),
        ("zwölf", "", "de"),
        ("Größe", "", "de"),
        ("Mai", "", "en"),
    ],
)
def test_the_language_of_a_text(text: str, also: str, code: str) -> None:
    assert language_of(text, also).code == code


@pytest.mark.parametrize(
    ("code", "value"), [("en", "1.200"), ("es", "1200"), ("de", "1200"), ("fr", "1200"), ("pt", "1200")]
)
def test_the_point_of_an_amount_divides_thousands_outside_english(code: str, value: str) -> None:
    assert facts("a €1.200", code) == {"€1.200": money(value, "EUR")}


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("See https://x.example/a(b).", {"https://x.example/a(b)": {Link("x.example/a(b)", "https")}}),
        ("(see x.example/a)", {"x.example/a": {Link("x.example/a")}}),
        ("[x.example/a]", {"x.example/a": {Link("x.example/a")}}),
        ("See x.example/a)?!", {"x.example/a": {Link("x.example/a")}}),
        ("See x.example/f(a)(b)", {"x.example/f(a)(b)": {Link("x.example/f(a)(b)")}}),
        ("See www.Pay.example/", {"www.Pay.example/": {Link("pay.example")}}),
        ("See HTTP://Pay.example/Ab?x", {"HTTP://Pay.example/Ab?x": {Link("pay.example/Ab?x", "http")}}),
        ("See x.example:8080/a", {"x.example:8080/a": {Link("x.example:8080/a")}}),
        ("See http:x.example", {"http:x.example": {Link("http:x.example")}}),
        ("See ftp://X.example/Ab", {"ftp://X.example/Ab": {Link("ftp://x.example/Ab")}}),
        ("Write mailto:Ada@X.example.", {"mailto:Ada@X.example": {Email("ada@x.example")}}),
        ("Ask @Acme_help", {"@Acme_help": {Handle("@acme_help")}}),
        ("See evil dot com", {"evil dot com": {Link("evil.com")}}),
        ("See evil[.]COM", {"evil[.]COM": {Link("evil.com")}}),
        ("See evil . com", {"evil . com": {Link("evil.com")}}),
        ("Call 212-555-0123", {"212-555-0123": {Phone("12125550123"), Code("2125550123")}}),
        ("Call 5550123", {"5550123": {Phone("15550123"), Code("5550123"), *numbers("5550123")}}),
        ("Call 555012", {"555012": numbers("555012")}),
        ("Call x2125550123", {"x2125550123": {Code("x2125550123")}}),
        ("Sent 12345678901234", {"12345678901234": {Phone("12345678901234"), Code("12345678901234"), *numbers("12345678901234")}}),
        ("Call 212-555-0123 or 12345678901234", {
            "212-555-0123": {Phone("12125550123"), Code("2125550123")},
            "12345678901234": {Phone("12345678901234"), Code("12345678901234"), *numbers("12345678901234")},
        }),
        ("12345678901234", {"12345678901234": {Phone("12345678901234"), Code("12345678901234"), *numbers("12345678901234")}}),
        ("Call x2125550123, 212-555-0124", {
            "x2125550123": {Code("x2125550123")},
            "212-555-0124": {Phone("12125550124"), Code("2125550124")},
        }),
        ("Write ada@x.example, see x.example", {"ada@x.example": {Email("ada@x.example")}, "x.example": {Link("x.example")}}),
        ("Say four one five five five", {
            "four one five five five": {Phone("41555"), Phone("141555"), Code("41555"), *numbers("41555")},
        }),
        ("Say oh one two three", {"oh one two three": {Phone("0123"), Phone("10123"), Code("0123"), *numbers("0123")}}),
        ("The pin is 007", {"007": {Code("007")}}),
        ("The pin is 07", {"07": numbers("7")}),
        ("Use A-77 and WINTER15", {"A-77": {Code("A-77")}, "WINTER15": {Code("WINTER15")}}),
        ("Use wf_nine", {"wf_nine": {Code("wf_nine")}}),
        ("It is _so_ nice", {}),
        ("A B2B and H2O", {}),
        ("The 1st time", {"1st": {DayOfMonth(1), *numbers("1")}}),
        ("Get v4.12.1-beta.2", {"v4.12.1-beta.2": {Code("4.12.1-beta.2")}}),
        ("It is 5 PM EST", {"5 PM": {Time(17 * 60)}, "EST": {Zone("EST")}}),
        ("It is free", {"free": {Free()}}),
        ("Feel free to come", {}),
        ("Feel free to come, it is free", {"free": {Free()}}),
        ("At no extra charge", {"At no extra charge": {Free()}}),
        ("See you tomorrow", {"tomorrow": {RelativeDay("tomorrow")}}),
        ("Reply 1 or 2", {}),
        ("Reply 1 or 2. Bring 3", {"3": numbers("3")}),
        ("A 1-on-1 call 24/7", {}),
    ],
)  # fmt: skip
def test_addresses_codes_and_other_words(text: str, stated: dict[str, set[Fact]]) -> None:
    assert facts(text) == stated


@pytest.mark.parametrize(
    ("text", "weekday"),
    [("A entrevista é na quarta.", 2), ("É na sexta.", 4), ("É na segunda-feira.", 0), ("É no domingo.", 6)],
)
def test_a_weekday_in_portuguese_may_be_short(text: str, weekday: int) -> None:
    assert list(facts(text, "pt").values()) == [{Weekday(weekday)}]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("usd", {"USD"}), (" USD ", {"USD"}), ("Euros", {"EUR"}), ("kr.", {"SEK", "NOK", "DKK"}), ("¥", {"JPY", "CNY"}),
        ("dollarydoos", set()), ("", set()),
    ],
)  # fmt: skip
def test_what_currencies_a_name_means(name: str, codes: set[str]) -> None:
    assert currencies_of(name) == codes
