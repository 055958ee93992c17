"""Reads the facts of structured data: each value by itself, and beside its key and the keys around it."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from orchestrator.wording.facts.amounts import currencies_of
from orchestrator.wording.facts.dates import both_orders
from orchestrator.wording.facts.kinds import (
    Amount,
    Code,
    Date,
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
from orchestrator.wording.facts.language import Language, language, language_of
from orchestrator.wording.facts.normal import normal, split_key
from orchestrator.wording.facts.number_meaning import currency_in, is_no_price, joined_duration, meaning_of
from orchestrator.wording.facts.numerals import NUMERAL, values_of
from orchestrator.wording.facts.reading import numbers_in, read_facts
from orchestrator.wording.facts.zones import ZONES

_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:Z|[+-]\d{2}:?\d{2})")
_PERIODS = {"week": "this_week", "month": "this_month", "year": "this_year"}
# "5 to 7" under a key with a unit: both ends have it.
_RANGE = re.compile(r"(\d{1,6}) ?(?:-|to|or|and|a|à|y|e|et|bis|und|até|ou|o) ?(\d{1,6})")
_NUMERAL = re.compile(NUMERAL)
# Values that are written like keys: in_progress, weeklySummary.
_KEY_LIKE = re.compile(r"[^\W\d_]+(?:_[^\W_]+)+|[a-z]+(?:[A-Z][a-z]+)+")
_HOUR_KEYS = frozenset({"hours", "hour", "time", "times", "window", "slot", "open", "opening", "pickup", "horario"})
# Keys of lengths of time that are written as clocks: 52:41.
_LENGTH_KEYS = frozenset({"duration", "length", "elapsed", "pace", "runtime", "lap", "split", "finish"})
_DAY_HOURS = 24
# Digits beyond these are what a computer makes of a decimal fraction.
_PLACES = 10


@dataclass
class DataFacts:
    """What a message's data states.

    Attributes:
        facts: everything that is stated, alone or in its place.
        numbers: every number, with or without a unit.
        money: numbers whose key allows an amount of money.
        currencies: every currency that is named.
        lengths: the lengths of lists.
        instants: the times that are stated with their offset.
        bare: numbers that stand alone, and not in an amount or with a unit.
        words: every word of values and keys, in small letters.
    """

    facts: set[Fact] = field(default_factory=set)
    numbers: set[Decimal] = field(default_factory=set)
    money: set[Decimal] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    lengths: set[int] = field(default_factory=set)
    instants: set[datetime] = field(default_factory=set)
    bare: set[Decimal] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    @property
    def dates(self) -> list[Date]:
        """The days that are stated."""
        return [fact for fact in self.facts if isinstance(fact, Date)]


def read_data(data: Mapping[str, Any], spoken: Language, zone: tzinfo | None = None) -> DataFacts:
    """Return the facts of a message's data.

    Args:
        spoken: the language of the text; data is read in it, in its own language, and in English.
        zone: the person's; instants are facts in this zone, too.
    """
    own = language_of(" ".join(normal(text) for text in texts_in(data)))
    reader = _Reader([*{language("en"), own, spoken}], zone)
    reader.read(data, "", data, frozenset())
    # A weekly summary is one of this week.
    for period in (fact for fact in reader.facts_of(str(data.get("type", ""))) if isinstance(fact, Frequency)):
        reader.known.facts.add(RelativeDay(_PERIODS.get(period.unit, "today")))
    return reader.known


def plain_text(value: str) -> str:
    """Return a text of the data without HTML."""
    return html.unescape(_TAG.sub(" ", html.unescape(value))) if "<" in value or "&" in value else value


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts of a JSON value, without its keys."""
    match value:
        case Mapping():
            for inner in value.values():
                yield from texts_in(inner)
        case list():
            for inner in value:
                yield from texts_in(inner)
        case str():
            yield value


class _Reader:
    """Collects the facts of one message's data."""

    def __init__(self, languages: list[Language], zone: tzinfo | None) -> None:
        self.known = DataFacts()
        self._languages = languages
        self._zone = zone

    def read(self, value: Any, key: str, siblings: Mapping[str, Any], currencies: frozenset[str]) -> None:
        """Read a value under its key, with the object that holds it and the currencies that apply."""
        match value:
            case bool() | None:
                pass
            case Mapping():
                self._read_object(value, currencies)
            case list():
                self.known.lengths.add(len(value))
                for inner in value:
                    self.read(inner, key, siblings, currencies)
            case int() | float():
                self._read_number(Decimal(str(round(value, _PLACES))), key, siblings, currencies)
            case str():
                self._read_string(normal(plain_text(value)), key, siblings, currencies)

    def _read_string(self, text: str, key: str, siblings: Mapping[str, Any], currencies: frozenset[str]) -> None:
        whole = text.strip()
        self._read_text(text)
        self._read_word(whole.casefold())
        self._read_whole(whole, key)
        if _KEY_LIKE.fullmatch(text):
            self._read_text(split_key(text))
        numbers = {Decimal(end) for end in ends.groups()} if (ends := _RANGE.fullmatch(whole)) else set()
        if _NUMERAL.fullmatch(whole) and not re.match(r"0\d{2}", whole):
            numbers |= values_of(whole)
        for number in numbers:
            self._read_number(number, key, siblings, currencies)

    def facts_of(self, key: str) -> Iterator[Fact]:
        """Yield what a text that is written like a key states."""
        for spoken in self._languages:
            for found in read_facts(normal(split_key(key)), spoken):
                yield from found.readings

    def _read_object(self, value: Mapping[str, Any], currencies: frozenset[str]) -> None:
        currencies = currency_in(value) or currencies
        self.known.currencies |= currencies
        self.known.facts.update(joined_duration(value))
        if value and all(isinstance(inner, Mapping) for inner in value.values()):
            self.known.lengths.add(len(value))
        for name, inner in value.items():
            self._read_text(split_key(name))
            if name.isalnum() and not name.isalpha():
                self.known.facts.add(Code(name.upper()))  # a1c is written A1C
            self.read(inner, name, value, currencies)

    def _read_number(self, number: Decimal, key: str, siblings: Mapping[str, Any], currencies: frozenset[str]) -> None:
        meaning = meaning_of(number, key, siblings, currencies)
        self.known.numbers.add(number)
        self.known.bare.add(number)
        self.known.facts |= meaning.facts
        if meaning.money is not None:
            self.known.money.add(meaning.money)

    def _read_text(self, text: str) -> None:
        known = self.known
        known.words.update(word.casefold() for word in re.findall(r"[^\W\d_]+", text))
        for spoken in self._languages:
            for found in read_facts(text, spoken, exact=True):
                known.facts.update(found.readings)
                for reading in found.readings:
                    if isinstance(reading, Number):
                        known.numbers.add(reading.value)
                        known.bare.add(reading.value)
                    if isinstance(reading, Amount):
                        known.currencies |= reading.currencies
                    if isinstance(reading, Amount | Percent | Points | Measure | Duration):
                        known.numbers |= numbers_in(found, text, spoken)
        known.facts.update(both_orders(text))
        for instant in _INSTANT.findall(text):
            self._read_instant(instant)

    def _read_word(self, word: str) -> None:
        """Add what a value of one word states by itself: a month, a period, a currency."""
        self.known.currencies |= currencies_of(word) if len(word) == 3 else frozenset()
        for spoken in self._languages:
            if month := spoken.months.get(word):
                self.known.facts.add(Month(month))
            if period := spoken.units.get(word):
                self.known.facts.add(Frequency(period))

    def _read_whole(self, text: str, key: str) -> None:
        """Add what a value is as a whole: a code with a space in it, hours such as 9-17, a zone, a part such as 5/8."""
        if re.fullmatch(r"[A-Z]{1,4} \d{1,8}[A-Z]?", text):
            self.known.facts.add(Code(text))
        if is_no_price(text.casefold(), key):
            self.known.facts.add(Free())
        if clock := re.fullmatch(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)", text):
            hours, minutes, seconds = (int(part or 0) for part in clock.groups())
            if hours or minutes >= _DAY_HOURS or _LENGTH_KEYS & set(split_key(key).casefold().split()):
                self.known.facts.add(Duration(Decimal(hours * 3_600 + minutes * 60 + seconds), "second"))
        if text in ZONES:
            self.known.facts.add(Zone(text))
        if part := re.fullmatch(r"(\d{1,4}) ?/ ?(\d{1,4})", text):
            self.known.numbers |= {Decimal(number) for number in part.groups()}
        ends = re.fullmatch(r"(\d{1,2}) ?- ?(\d{1,2})", text)
        if ends and _HOUR_KEYS & set(split_key(key).casefold().split()):
            self.known.facts |= {Time(int(hour) % 24 * 60) for hour in ends.groups()}

    def _read_instant(self, text: str) -> None:
        """Add what an instant is on the person's clock; beside it, the clock of UTC is no time of day."""
        try:
            instant = datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
        except ValueError:
            return
        self._add_offset(instant)
        self.known.instants.add(instant)
        if self._zone is None:
            return
        self._add_offset(instant.astimezone(self._zone))
        if instant.utcoffset() == timedelta(0):
            self.known.facts -= set(_clock_and_day(instant))
        self.known.facts.update(_clock_and_day(instant.astimezone(self._zone)))

    def _add_offset(self, instant: datetime) -> None:
        offset = instant.utcoffset()
        self.known.facts |= {Offset(Decimal(offset.total_seconds()) / 3_600)} if offset is not None else set()


def _clock_and_day(instant: datetime) -> tuple[Time, Date]:
    return Time(instant.hour * 60 + instant.minute), Date(instant.month, instant.day, instant.year)
