"""Puts a value of the data into words: numbers, money, dates and times as people of a language write them.

Links, addresses, handles, file names and codes stay as they are, character by character.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from orchestrator.wording.facts.data_facts import plain_text
from orchestrator.wording.facts.measures import unit_of
from orchestrator.wording.facts.normal import split_key
from orchestrator.wording.facts.number_meaning import currency_in

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?")
# A word that is kept whole: it has an inner dot, @, slash or colon, or digits beside letters or marks.
_WHOLE = re.compile(r"\S*(?:\w[.@/:#_]\w|://|\d[\w-]*[^\W\d]|[^\W\d][\w-]*\d)\S*|[@#$]\w+")
# Characters that read as code or markup on a phone; in a link only those that no link has.
_NOISE = re.compile(r"[{}\[\]<>`|\\\n]+|\*\*+|(?<!\w)[*_]+|[*_]+(?!\w)")
_NOISE_IN_WHOLE = re.compile(r"[{}\[\]<>`\\\n]+")
_COMPARISONS = frozenset({"<", ">", "<=", ">="})
# Texts that stand for nothing, and ids, which mean nothing to a person.
_NOTHING = re.compile(r"null|none|nil|nan|n/?a|undefined|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Keys whose values are names of states: in_progress is no code.
_STATE_KEYS = frozenset({"status", "state", "type", "kind", "stage", "category", "reason", "priority", "level"})
_MONEY_KEYS = frozenset(
    {"price", "cost", "fee", "amount", "total", "balance", "due", "paid", "refund", "charge", "owed"}
)
# Numbers under these keys are names, not quantities: no thousands are marked.
_NAME_KEYS = frozenset(
    {"number", "code", "order", "year", "id", "pin", "zip", "flight", "room", "invoice", "reference"}
)
# From here on a number is written digit by digit.
_LARGE = 10**15
# Digits that a float of a computer shows and a person does not mean.
_PLACES = 10


@dataclass(frozen=True, slots=True)
class Manner:
    """How values are written.

    Attributes:
        language: a code that CLDR knows, such as `en`.
        now: the time on the person's clock, with its zone; None where the zone is not known.
        words: the words for yes and no.
    """

    language: str
    now: datetime | None
    words: Mapping[str, str]


def say_value(value: Any, key: str, siblings: Mapping[str, Any], manner: Manner) -> str:
    """Return a text, number or truth value as people write it; an empty text for nothing.

    Args:
        value: no list and no object.
        key: the key that it stands under.
        siblings: the object that holds it, which may name a currency.
    """
    match value:
        case None:
            return ""
        case bool():
            return manner.words["yes" if value else "no"]
        case int() | float():
            return _say_number(Decimal(str(value)), key, siblings, manner)
        case _:
            return _say_text(str(value), key, manner)


def say_key(key: str) -> str:
    """Return a key as people write it; a unit such as kWh stays as it is."""
    return key if unit_of(key) else clean_words(split_key(key).lower())


def clean_words(text: str) -> str:
    """Return a text without HTML and without characters that read as markup; what has to stay whole stays."""
    words = plain_text(text).split()
    kept = (
        word
        if word in _COMPARISONS
        else _NOISE_IN_WHOLE.sub("", word)
        if _WHOLE.fullmatch(word)
        else _NOISE.sub(" ", word)
        for word in words
    )
    return " ".join(" ".join(kept).split()).strip(" ,;:")


def _say_number(number: Decimal, key: str, siblings: Mapping[str, Any], manner: Manner) -> str:
    from babel.numbers import format_currency, format_decimal

    words = {word.casefold() for word in split_key(key).split()}
    if words & _NAME_KEYS or abs(number) >= _LARGE:
        return f"{number:f}"
    number = round(number, _PLACES).normalize() or Decimal(0)  # no minus before a zero
    currencies = currency_in(siblings)
    if words & _MONEY_KEYS and len(currencies) == 1:
        code, is_whole = next(iter(currencies)), number == number.to_integral_value()
        pattern = "¤#,##0" if is_whole and manner.language == "en" else None  # $1,200 rather than $1,200.00
        return format_currency(number, code, pattern, locale=manner.language, currency_digits=pattern is None)
    return format_decimal(number, locale=manner.language, decimal_quantization=False)


def _say_text(text: str, key: str, manner: Manner) -> str:
    stripped = text.strip()
    if _NOTHING.fullmatch(stripped):
        return ""
    if _DATE.fullmatch(stripped):
        return _say_date(stripped, manner)
    if _INSTANT.fullmatch(stripped):
        return _say_instant(stripped, manner)
    if key.casefold() in _STATE_KEYS and re.fullmatch(r"[A-Za-z]+(?:[_-][A-Za-z]+)+|[a-z]+[A-Z]\w*", stripped):
        return split_key(stripped).lower()
    return clean_words(text)


def _say_date(text: str, manner: Manner) -> str:
    from babel.dates import format_skeleton

    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    is_this_year = manner.now is None or manner.now.year == day.year
    return format_skeleton(
        "MMMd" if is_this_year else "yMMMd", datetime.combine(day, time(), UTC), locale=manner.language
    )


def _say_instant(text: str, manner: Manner) -> str:
    """An instant on the person's clock; without a zone, on the clock that it names."""
    from babel.dates import format_skeleton, format_time

    try:
        instant = datetime.fromisoformat(text.replace(" ", "T", 1))
    except ValueError:
        return text
    if manner.now is not None and instant.tzinfo is not None:
        instant = instant.astimezone(manner.now.tzinfo)
    is_this_year = manner.now is None or manner.now.year == instant.year
    day = format_skeleton("MMMd" if is_this_year else "yMMMd", instant.replace(tzinfo=None), locale=manner.language)
    return f"{day}, {format_time(instant.time(), 'short', locale=manner.language)}"
