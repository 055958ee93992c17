"""What a bare number of the data means, by its key and the keys beside it: money, a share, a duration, a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from orchestrator.wording.facts.amounts import currencies_of
from orchestrator.wording.facts.durations import UNITS, duration_of
from orchestrator.wording.facts.kinds import (
    Amount,
    DayOfMonth,
    Duration,
    Fact,
    Free,
    Frequency,
    Measure,
    Number,
    Percent,
    Points,
    Time,
)
from orchestrator.wording.facts.language import codes, language
from orchestrator.wording.facts.measures import measure_of, units_of
from orchestrator.wording.facts.normal import split_key

# Keys, in small letters.
_CURRENCY = frozenset(
    {"currency", "currencycode", "currency_code", "ccy", "curr", "moneda", "devise", "moeda", "währung"}
)
_UNIT = frozenset({"unit", "units", "uom"})
_HUNDREDTHS = frozenset({"cents", "minor", "pence"})
# Words of keys.
_PERCENTAGES = frozenset(
    {
        "percent", "percents", "percentage", "pct", "porcentaje", "porciento", "pourcent", "pourcentage",
        "porcentagem", "prozent", "ratio", "probability",
    }
)  # fmt: skip
_SHARES = _PERCENTAGES | frozenset(
    {
        "rate", "share", "discount", "growth",
        "confidence", "completion", "progress", "utilization", "utilisation", "humidity", "battery", "apr", "apy",
        "vat", "off", "uptime", "score", "descuento", "remise", "taux", "desconto", "rabatt",
    }
)  # fmt: skip
_POINTS = frozenset({"points", "point", "pts", "pp", "puntos", "pontos", "punkte"})
_PRICES = frozenset(
    {
        "price", "cost", "fee", "fees", "amount", "charge", "total", "due", "precio", "coste", "costo", "importe",
        "prix", "coût", "cout", "montant", "preço", "preco", "valor", "custo", "preis", "kosten", "betrag",
        "charges", "costs", "tarifa", "cargo", "frais", "taxa", "gebühr", "gebuehr", "admission", "entry", "entrada",
        "entrée", "eintritt", "shipping", "delivery", "copay", "deposit",
    }
)  # fmt: skip
_NOTHING = frozenset(
    {
        "none", "no", "nil", "zero", "waived", "nothing", "ninguno", "ninguna", "nada", "aucun", "aucune", "rien",
        "nenhum", "nenhuma", "keine", "keiner",
    }
)  # fmt: skip
_YEARS = frozenset({"age", "anniversary", "edad", "alter", "idade"})
_TIMES = frozenset(
    {
        "at", "time", "from", "to", "until", "start", "starts", "end", "ends", "opens", "closes", "open", "close",
        "hour", "boarding", "departs", "departure", "arrives", "arrival", "pickup", "between", "begins", "begin",
    }
)  # fmt: skip
_COUNTS = frozenset(
    {
        "days", "day", "hours", "hour", "minutes", "minute", "seconds", "weeks", "months", "years", "nights",
        "count", "number", "quantity", "qty", "items", "people", "persons", "guests", "seats", "year", "order",
        "id", "code", "page", "pages", "position", "rank", "attempts",
    }
)  # fmt: skip
# Abbreviations of time units that mean something else in a key.
_NO_UNITS = frozenset({"m", "mo", "h", "min"})
# Before these words a unit of time says when, and not how long: visits_this_month, price_per_week.
_POINTERS = frozenset(
    {
        "this", "last", "next", "per", "each", "every", "current", "previous", "prior", "este", "esta", "pasado",
        "pasada", "por", "cada", "ce", "cette", "dernier", "dernière", "par", "chaque",
    }
)  # fmt: skip
# Those that are units at the end of one: duration_min.
_LAST_UNITS = {"h": "hour", "min": "minute"}
_BILLS = frozenset({"due", "billing", "payment", "pay", "rent", "statement"})


@dataclass(frozen=True, slots=True)
class NumberMeaning:
    """What a number of the data states.

    Attributes:
        facts: the number itself, and what its key makes of it.
        money: its value as an amount of money; None where its key rules money out.
    """

    facts: frozenset[Fact]
    money: Decimal | None


def meaning_of(number: Decimal, key: str, siblings: Mapping[str, Any], currencies: frozenset[str]) -> NumberMeaning:
    """Return what a number means.

    Args:
        siblings: the object that holds it.
        currencies: those that the objects around it name.
    """
    words = split_key(key).split()
    unit = next((str(siblings[name]) for name in siblings if name.casefold() in _UNIT), "")
    names = [*words, *(f"{one} {two}" for one, two in pairwise(words)), unit, key]
    small = {word.casefold() for word in words}
    periods = {two for one, two in pairwise(words) if one.casefold() in _POINTERS and time_unit_of(two)}
    units: set[Fact] = set(_with_unit(number, [name for name in names if name not in periods]))
    named = frozenset().union(*(currencies_of(name) for name in names))
    is_count = bool(units) or not small.isdisjoint(_COUNTS | _PERCENTAGES)
    money = None if is_count else number / 100 if small & _HUNDREDTHS else number
    facts = {Number(number), *units, *_by_key(number, small, unit), *_scaled(number, small)}
    if len(words) > 1 and (abbreviated := _LAST_UNITS.get(words[-1].casefold())):
        facts.add(duration_of(number, abbreviated))
    if money is not None and (named or currencies):
        facts.add(Amount(money, named or currencies))
    return NumberMeaning(frozenset(facts), money)


def currency_in(value: Mapping[str, Any]) -> frozenset[str]:
    """Return the currency that an object names for its amounts; empty where it names none."""
    for name, inner in value.items():
        if name.casefold() in _CURRENCY and isinstance(inner, str) and (found := currencies_of(inner)):
            return found
    return frozenset()


def units_in(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of an object that name the currency or the unit of its numbers."""
    return {
        name: inner for name, inner in value.items() if isinstance(inner, str) and name.casefold() in _CURRENCY | _UNIT
    }


def time_unit_of(word: str) -> str | None:
    """Return the unit of time that a word of a key names in any language."""
    folded = word.casefold()
    return next((unit for code in codes() if (unit := language(code).units.get(folded))), None)


def joined_duration(value: Mapping[str, Any]) -> Iterator[Duration]:
    """Yield the sum of an object such as {"hours": 2, "minutes": 30}."""
    units = language("en").units
    parts = [
        duration_of(Decimal(str(inner)), units[name.casefold()])
        for name, inner in value.items()
        if units.get(name.casefold()) in UNITS and isinstance(inner, int | float) and not isinstance(inner, bool)
    ]
    seconds = [part.value for part in parts if part.unit == "second"]
    if len(seconds) > 1:
        yield Duration(sum(seconds, Decimal(0)), "second")


def _with_unit(number: Decimal, names: list[str]) -> Iterator[Fact]:
    for name in names:
        time_unit = time_unit_of(name)
        if time_unit and name.casefold() not in _NO_UNITS:
            yield duration_of(number, time_unit)
        yield from (measure_of(number, measure) for measure in units_of(name))
        if "/" in name:
            yield Measure(number, name.lower())


def _scaled(number: Decimal, words: set[str]) -> Iterator[Fact]:
    """Yield a number whose key has a scale: {"dozens": 3} are 36."""
    scales = {word: value for code in codes() for word, value in language(code).scales.items() if len(word) > 3}
    yield from (Number(number * scales[word]) for word in words & scales.keys())


def is_no_price(value: str, key: str) -> bool:
    """Return whether a value says that there is nothing to pay: {"charge": "none"}."""
    return value in _NOTHING and not _PRICES.isdisjoint(split_key(key).casefold().split())


def _by_key(number: Decimal, words: set[str], unit: str) -> Iterator[Fact]:
    if (words & _SHARES and not words & _POINTS) or unit in ("%", "percent", "pct"):
        yield Percent(number)
        if abs(number) <= 1:
            yield Percent(number * 100)
    if words & _POINTS or unit in ("points", "pp"):
        yield Points(number / 100 if "basis" in words else number)
    if number == 0 and words & _PRICES:
        yield Free()
    if number != number.to_integral_value():
        return
    if words & _TIMES and 0 <= number <= 24:
        yield Time(int(number) % 24 * 60)
    if words & _YEARS and not any(time_unit_of(word) for word in words):
        yield duration_of(number, "year")
    if "day" in words and 1 <= number <= 31:
        yield DayOfMonth(int(number))
        if words & _BILLS:  # due_day: 1 is the first of each month
            yield Frequency("month")
