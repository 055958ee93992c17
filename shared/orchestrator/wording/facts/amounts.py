"""Amounts of money, by sign, code and name, and shares in percent or points."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from orchestrator.wording.facts.kinds import Amount, Fact, Found, Measure, Percent, Points
from orchestrator.wording.facts.language import Language, any_of
from orchestrator.wording.facts.numerals import number_pattern, values_in

# Currencies whose names and signs are recognized; codes of others are, too.
CODES = [
    "USD", "CAD", "MXN", "EUR", "GBP", "AUD", "NZD", "CHF", "JPY", "CNY", "INR", "BRL", "ARS", "CLP", "COP", "PEN",
    "KRW", "SGD", "HKD", "TWD", "THB", "PHP", "IDR", "VND", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "TRY",
    "RUB", "UAH", "ILS", "ZAR", "EGP", "NGN", "KES", "AED", "SAR",
]  # fmt: skip
_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TWD"})
_PESOS = frozenset({"MXN", "ARS", "CLP", "COP", "PHP"})
_KRONOR = frozenset({"SEK", "NOK", "DKK"})
_SIGNS: dict[str, frozenset[str]] = {
    "US$": frozenset({"USD"}), "CA$": frozenset({"CAD"}), "C$": frozenset({"CAD"}), "A$": frozenset({"AUD"}),
    "MX$": frozenset({"MXN"}), "R$": frozenset({"BRL"}), "HK$": frozenset({"HKD"}), "$": _DOLLARS,
    "€": frozenset({"EUR"}), "£": frozenset({"GBP"}), "¥": frozenset({"JPY", "CNY"}), "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}), "₽": frozenset({"RUB"}), "₺": frozenset({"TRY"}), "₴": frozenset({"UAH"}),
    "₪": frozenset({"ILS"}), "฿": frozenset({"THB"}), "₫": frozenset({"VND"}), "₱": frozenset({"PHP"}),
    "zł": frozenset({"PLN"}), "kr": _KRONOR,
}  # fmt: skip
# Short names, beside the full ones of CLDR ("US dollars", "euros").
_NAMES = {
    "dollar": _DOLLARS, "dollars": _DOLLARS, "bucks": _DOLLARS, "dólar": _DOLLARS, "dólares": _DOLLARS,
    "pound": frozenset({"GBP"}), "pounds": frozenset({"GBP"}), "quid": frozenset({"GBP"}), "libras": frozenset({"GBP"}),
    "livres": frozenset({"GBP"}), "pfund": frozenset({"GBP"}), "franken": frozenset({"CHF"}),
    "francs": frozenset({"CHF"}),
    "yen": frozenset({"JPY"}), "yuan": frozenset({"CNY"}), "rupees": frozenset({"INR"}), "reais": frozenset({"BRL"}),
    "real": frozenset({"BRL"}), "pesos": _PESOS, "peso": _PESOS, "won": frozenset({"KRW"}), "euro": frozenset({"EUR"}),
    "euros": frozenset({"EUR"}), "kronor": frozenset({"SEK"}), "kroner": frozenset({"NOK", "DKK"}),
}  # fmt: skip
# Hundredths, of any currency that has them.
_CENTS = any_of(["cents", "cent", "¢", "centavos", "céntimos", "centimes", "cêntimos", "pence"])
# The hundredths of an amount and what stands before them: 18 dollars and 78 cents.
_ENDS_IN_CENTS = re.compile(rf"{_CENTS}$", re.IGNORECASE)
_JOINT = re.compile(r",?\s*(?:and|y|con|et|e|com|und)?\s*", re.IGNORECASE)
_ANY = frozenset(CODES)
# Names of a currency and of a weight.
_POUNDS = frozenset({"pound", "pounds", "libras", "livres", "pfund"})


def currencies_of(name: str) -> frozenset[str]:
    """Return the codes that a sign, code or name may mean; empty for anything else."""
    name = name.strip().rstrip(".")
    if name.upper() in _ANY:
        return frozenset({name.upper()})
    return _SIGNS.get(name) or _NAMES.get(name.casefold()) or frozenset()


def find_amounts(text: str, language: Language) -> Iterator[Found]:
    """Yield the amounts of a text with their currencies; "86 dollars and 2 cents" is one."""
    found = list(_find_parts(text, language))
    while found:
        amount = found.pop(0)
        is_followed = bool(found) and _JOINT.fullmatch(text[amount.end : found[0].start]) is not None
        if is_followed and _ENDS_IN_CENTS.search(text[: found[0].end]) and (sums := _sums(amount, found[0])):
            amount = Found(amount.start, found.pop(0).end, sums)
        yield amount


def _sums(units: Found, hundredths: Found) -> tuple[Fact, ...]:
    return tuple(
        Amount(one.value + two.value.copy_sign(one.value), one.currencies)
        for one in units.readings
        for two in hundredths.readings
        if isinstance(one, Amount) and isinstance(two, Amount) and two.value < 1 and one.value == int(one.value)
    )


def _find_parts(text: str, language: Language) -> Iterator[Found]:
    names = _names(language)
    for match in _amount(language).finditer(text):
        groups = match.groupdict()
        number = groups["number"] or groups["number2"]
        written = groups["before"] or groups["after"] or groups["cents"]
        cents = groups["cents"] is not None
        currencies = _ANY if cents else currencies_of(written) or names.get(written.casefold(), frozenset())
        sign = -1 if groups["minus"] else 1
        rest = Decimal(groups["hundredths"] or 0) / 100  # 12 euros 50
        readings: tuple[Fact, ...] = tuple(
            Amount(sign * (value / (100 if cents else 1) + rest), currencies) for value in _amounts_in(number, language)
        )
        if (written or "").casefold() in _POUNDS:
            readings += tuple(Measure(value.normalize(), "mass-pound") for value in values_in(number, language))
        yield Found(match.start(), match.end(), readings)


def find_shares(text: str, language: Language) -> Iterator[Found]:
    """Yield percentages and points of a text."""
    for match in _share(language).finditer(text):
        kind = Points if match["points"] else Percent
        yield Found(match.start(), match.end(), tuple(kind(value) for value in values_in(match["number"], language)))


def _amounts_in(number: str, language: Language) -> list[Decimal]:
    """What a number means as an amount: the point of 1.200 divides thousands everywhere but in English."""
    values = sorted(values_in(number, language), key=abs)
    return values[:1] if language.code == "en" else values[-1:]


@cache
def _names(language: Language) -> dict[str, frozenset[str]]:
    """The names of currencies in a language, singular and plural."""
    from babel import Locale
    from babel.numbers import get_currency_name

    locale = Locale(language.code)
    return {
        get_currency_name(code, count, locale=locale).casefold(): frozenset({code})
        for code in CODES
        for count in (1, 2)
    }


def currency_names(language: Language) -> str:
    """Return a pattern for the signs, codes and names of currencies."""
    return rf"(?:{any_of(_SIGNS)}|{any_of(CODES)}\b|(?i:{any_of([*_names(language), *_NAMES])})\b)"


@cache
def _amount(language: Language) -> re.Pattern[str]:
    number = number_pattern(language)
    signs, codes = any_of(_SIGNS), any_of(CODES)
    names = any_of([*_names(language), *_NAMES])
    return re.compile(
        rf"(?P<minus>(?<!\w)-\s?)?(?<![\w$])(?P<before>{signs}|\b{codes}\b)\s?{number}"
        rf"|{number.replace('?P<number>', '?P<number2>')}"
        rf"\s?(?:(?P<cents>(?i:{_CENTS})\b|¢)|(?P<after>(?i:{names})\b|{codes}\b|(?:{signs})(?![\w$]))"
        rf"(?:\s(?P<hundredths>\d\d)(?![\w%/:-]|[.,]\d))?)"
    )


@cache
def _share(language: Language) -> re.Pattern[str]:
    number = number_pattern(language)
    percent, points = language.patterns["percent"], language.patterns["point"]
    return re.compile(
        rf"{number}[\s-]?(?:%(?!\s?-?points?)|(?i:{percent})\b(?!age)|(?P<points>%-?\s?points?|(?i:{points})\b))"
    )
