"""Values that the data does not state and that follow from two of its values: a difference, a sum, a product, a share.

Code cannot prove that a text means the right two values, so that the model reads such a text once more.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

from orchestrator.wording.facts.data_facts import DataFacts
from orchestrator.wording.facts.durations import UNITS, duration_of
from orchestrator.wording.facts.kinds import (
    Amount,
    Code,
    Date,
    Duration,
    Fact,
    Frequency,
    Measure,
    Number,
    Percent,
    Points,
    RelativeDay,
    Time,
    Weekday,
)
from orchestrator.wording.facts.known import HOURS_OF_PARTS, is_known
from orchestrator.wording.facts.leaves import Leaf
from orchestrator.wording.facts.number_meaning import time_unit_of

# Words of keys whose numbers count nothing.
_CODES = frozenset(
    {
        "id", "code", "number", "no", "order", "account", "ending", "pin", "reference", "ref", "route", "gate",
        "flight", "room", "zip", "bib", "phone",
    }
)  # fmt: skip
_SEATS = frozenset({"seat", "seats", "asiento", "asientos", "siège", "sièges", "siege", "sieges", "assento", "sitz"})
_SHORT_HASH = re.compile(r"[\da-f]{7,12}")
_HASH = re.compile(r"[\da-f]{12,64}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}")
# Year to date, and its like.
_TO_DATE = {"ytd": "year", "mtd": "month", "wtd": "week"}
_PERIODS = frozenset({"week", "month", "year"})
_UNITS = (Duration, Measure, Percent)
_DAY_MINUTES, _DAY_SECONDS = 1_440, 86_400


def is_derived(readings: Sequence[Fact], data: DataFacts, leaves: Sequence[Leaf]) -> bool:
    """Return whether one meaning of a fact follows from two values of the data, or from all of a group."""
    counts = _counts(leaves)
    if any(_takes_unit_from_text(reading, leaves, data) or _is_period(reading, leaves) for reading in readings):
        return True
    return any(
        type(reading) in _DERIVATIONS and _DERIVATIONS[type(reading)](reading, data, counts)
        for reading in readings
        # A number of the data with another unit is a wrong one: $5 for 5 days.
        if isinstance(reading, Points) or getattr(reading, "value", None) not in data.numbers
    ) or any(isinstance(reading, Number) and reading.value in _group_sums(leaves) for reading in readings)


def _takes_unit_from_text(fact: Fact, leaves: Sequence[Leaf], data: DataFacts) -> bool:
    """Whether a text puts a unit behind a number of the data that has none there: 1,840 points for {"balance": 1840}.

    A number as an hour is one too: open 9-8 for 9 AM to 8 PM.
    """
    numbers = _counts(leaves, (*_UNITS, Amount, Points))
    match fact:
        case Points():
            return fact.value in numbers
        case Duration():
            # In {"expected_business_days": {"min": 3, "max": 5}} the key around the numbers has their unit.
            around = ((leaf, unit) for leaf in leaves for unit in UNITS if f"{unit}s" in leaf.group.casefold())
            return any(duration_of(number, unit) == fact for number in numbers for unit in UNITS) or any(
                duration_of(number, unit) == fact for leaf, unit in around for number in leaf.facts.numbers
            )
        case Measure():
            return fact.value in numbers
        case Number() if _is_seat(fact, leaves):
            return True
        case Number() if 1 <= fact.value <= 12:
            hours = {known.minutes for known in data.facts if isinstance(known, Time)}
            return not hours.isdisjoint({int(fact.value * 60), int(fact.value * 60) + _DAY_MINUTES // 2})
    return False


def _is_seat(fact: Number, leaves: Sequence[Leaf]) -> bool:
    """Whether a number is that of a seat: seats 14 to 16 for C14, C15, C16."""
    seats = (leaf.value for leaf in leaves if not leaf.label.isdisjoint(_SEATS))
    return any(f"{fact.value}" in re.findall(r"\d+", seat) for seat in seats)


def _is_period(fact: Fact, leaves: Sequence[Leaf]) -> bool:
    """Whether a text says "this week" or "weekly" of data that has a week in a key: {"leads_week": 23}."""
    if isinstance(fact, Frequency):
        period = fact.unit
    else:
        period = fact.name.rpartition("_")[2] if isinstance(fact, RelativeDay) else ""
        period = period if period in _PERIODS else ""
    return bool(period) and any(
        period in (time_unit_of(word), _TO_DATE.get(word)) for leaf in leaves if leaf.is_number for word in leaf.label
    )


def _counts(leaves: Sequence[Leaf], of_units: tuple[type, ...] = _UNITS) -> set[Decimal]:
    """The numbers that count something; those of codes and accounts do not, nor those that may be of a unit."""
    return {
        number
        for leaf in leaves
        if leaf.is_number and leaf.label.isdisjoint(_CODES)
        if not any(isinstance(fact, of_units) for fact in leaf.facts.facts)
        for number in leaf.facts.bare
    }


def _number(fact: Number, data: DataFacts, counts: AbstractSet[Decimal]) -> bool:
    known = [number for number in counts if number > 0]
    products = (one * two for one, two in combinations(known, 2) if one > 1 and two > 1)
    of_units: dict[tuple[type, str], list[Decimal]] = {}
    for other in data.facts:
        if isinstance(other, Measure | Duration | Percent | Amount):
            unit = str(sorted(other.currencies)) if isinstance(other, Amount) else getattr(other, "unit", "")
            of_units.setdefault((type(other), unit), []).append(other.value)
    differences = {abs(one - two) for values in of_units.values() for one, two in combinations(values, 2)}
    return fact.value in (*_sums(known), *products) or fact.value in differences


def _group_sums(leaves: Sequence[Leaf]) -> Iterator[Decimal]:
    """Yield the sums of the numbers of one object: {"adults": 2, "children": 3, "babies": 1} are six."""
    for group in {leaf.group for leaf in leaves}:
        numbers = [Decimal(leaf.value) for leaf in leaves if leaf.group == group and leaf.value.isdigit()]
        if len(numbers) > 1:
            yield sum(numbers, Decimal(0))


def _amount(fact: Amount, data: DataFacts, counts: AbstractSet[Decimal]) -> bool:
    values = [known.value for known in data.facts if isinstance(known, Amount) and known.currencies & fact.currencies]
    values += [money for money in data.money if data.currencies & fact.currencies]
    products = (value * count for value in values for count in counts if count > 1)
    parts = (value / count for value in values for count in counts if count > 1)
    return abs(fact.value) in (*_sums(values), *products) or any(round(part, 2) == fact.value for part in parts)


def _points(fact: Points, data: DataFacts, _counts: AbstractSet[Decimal]) -> bool:
    shares = [known.value for known in data.facts if isinstance(known, Percent)]
    return fact.value in {abs(one - two) for one, two in combinations(shares, 2)}


def _percent(fact: Percent, data: DataFacts, counts: AbstractSet[Decimal]) -> bool:
    """Whether a share is what remains of a whole, that of one number in another, or the growth from one to another."""
    amounts = {known.value for known in data.facts if isinstance(known, Amount)}
    places = -int(fact.value.as_tuple().exponent)
    shares = [known.value for known in data.facts if isinstance(known, Percent)]
    ratios = [
        100 * ratio
        for values in (amounts, counts)
        for one, two in combinations([value for value in values if value > 0], 2)
        for ratio in (one / two, two / one, abs(one - two) / one, abs(one - two) / two)
    ]
    return fact.value in {100 - share for share in shares} or any(round(r, places) == fact.value for r in ratios)


def _with_unit(fact: Measure | Duration, data: DataFacts, counts: AbstractSet[Decimal]) -> bool:
    values = [known.value for known in data.facts if isinstance(known, type(fact)) and known.unit == fact.unit]
    products = (value * number for value in values for number in counts if number > 1)
    if fact.value in (*_sums(values), *products):
        return True
    times = [Decimal(known.minutes * 60) for known in data.facts if isinstance(known, Time)]
    days = [day.toordinal() for day in _days(data)]
    lengths = {Decimal(abs(one - two)) for one, two in combinations(days, 2)}
    if fact.unit == "second" and isinstance(fact, Duration):
        return fact.value in _sums(times) or fact.value / _DAY_SECONDS in lengths
    return fact.unit == "night" and fact.value in lengths


def _time(fact: Time, data: DataFacts, _counts: AbstractSet[Decimal]) -> bool:
    """Whether a time lies before or after another one by a length of time: "be there at 8" for 8:30 less 30 minutes."""
    times = [known.minutes for known in data.facts if isinstance(known, Time)]
    lengths = [known.value / 60 for known in data.facts if isinstance(known, Duration) and known.unit == "second"]
    return any(
        (time + sign * length) % _DAY_MINUTES == fact.minutes
        for time in times
        for length in lengths
        for sign in (1, -1)
    )


def _day(fact: Date | Weekday, data: DataFacts, _counts: AbstractSet[Decimal]) -> bool:
    lengths = [known.value for known in data.facts if isinstance(known, Duration) and known.unit == "second"]
    whole = [int(length) // _DAY_SECONDS for length in lengths if length and length % _DAY_SECONDS == 0]
    moved = DataFacts()
    moved.facts |= {
        Date(day.month, day.day, day.year)
        for known in _days(data)
        for length in whole
        for day in (known - timedelta(length), known + timedelta(length))
        if length < 400
    }
    return is_known(fact, moved, None)


def _code(fact: Code, data: DataFacts, _counts: AbstractSet[Decimal]) -> bool:
    """Whether a code is written another way, is a row with its seat, or begins a hash or UUID as people shorten it."""
    codes = [known.text for known in data.facts if isinstance(known, Code)]
    if any(_letters(code) == _letters(fact.text) for code in codes):
        return True
    joined = re.fullmatch(r"([A-Za-z]{1,3})-?(\d{1,3})", fact.text)
    if joined and joined[1].casefold() in data.words and Decimal(joined[2]) in data.bare:
        return True
    is_short = _SHORT_HASH.fullmatch(fact.text) is not None
    return is_short and any(code.startswith(fact.text) and _HASH.fullmatch(code) for code in codes)


def _letters(code: str) -> str:
    return re.sub(r"[\W_]", "", code).casefold()


def _part_of_today(fact: RelativeDay, data: DataFacts, _counts: AbstractSet[Decimal]) -> bool:
    """Whether a text calls a time of the data one of today, and the data names no day."""
    start, end = HOURS_OF_PARTS.get(fact.name, (0, 0))
    has_time = any(isinstance(known, Time) and start * 60 <= known.minutes < end * 60 for known in data.facts)
    return has_time and not any(isinstance(known, Date | Weekday | RelativeDay) for known in data.facts)


def _recurrence(fact: Frequency, data: DataFacts, _counts: AbstractSet[Decimal]) -> bool:
    """Whether a text says of a weekday of the data that it comes again, and the data does not state how often."""
    weekday = Weekday(int(fact.unit[-1])) if "weekday_" in fact.unit else None
    often = any(isinstance(known, Frequency) for known in data.facts)
    return weekday is not None and not often and is_known(weekday, data, None)


def _days(data: DataFacts) -> list[date]:
    return [date(day.year, day.month, day.day) for day in data.dates if day.year]


def _sums(values: Sequence[Decimal]) -> set[Decimal]:
    """The differences and sums of two values."""
    pairs = list(combinations(values, 2))
    return {abs(one - two) for one, two in pairs} | {one + two for one, two in pairs}


_DERIVATIONS: dict[type, Callable[[Any, DataFacts, AbstractSet[Decimal]], bool]] = {
    Number: _number,
    Amount: _amount,
    Points: _points,
    Percent: _percent,
    Measure: _with_unit,
    Duration: _with_unit,
    Time: _time,
    Date: _day,
    Code: _code,
    RelativeDay: _part_of_today,
    Frequency: _recurrence,
    Weekday: _day,
}
