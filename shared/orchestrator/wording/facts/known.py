"""Whether a fact of a text is a fact of the data, or a faithful rendering of one."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from orchestrator.wording.facts.data_facts import DataFacts
from orchestrator.wording.facts.durations import UNITS, duration_of
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
    Month,
    NamedDay,
    Number,
    Offset,
    Percent,
    RelativeDay,
    Time,
    Weekday,
    Zone,
)
from orchestrator.wording.facts.named_days import is_named_day
from orchestrator.wording.facts.zones import ZONES

_DAY_SECONDS = 86_400
# What a part of a day says beside itself: "tonight" is today.
_IMPLIES = {
    "this_morning": {"today"},
    "this_afternoon": {"today"},
    "this_evening": {"today", "tonight"},
    "tonight": {"today", "this_evening"},
}
# Days as seen from today, each as a test of a date; the parts of a day by their hours as well.
_RELATIVE: dict[str, Callable[[date, date], bool]] = {
    "today": lambda day, today: day == today,
    "this_morning": lambda day, today: day == today,
    "this_afternoon": lambda day, today: day == today,
    "this_evening": lambda day, today: day == today,
    "tonight": lambda day, today: day == today,
    "tomorrow": lambda day, today: day == today + timedelta(1),
    "after_tomorrow": lambda day, today: day == today + timedelta(2),
    "yesterday": lambda day, today: day == today - timedelta(1),
    "last_night": lambda day, today: day == today - timedelta(1),
    "this_week": lambda day, today: _weeks_ahead(day, today) == 0,
    "next_week": lambda day, today: _weeks_ahead(day, today) == 1,
    "last_week": lambda day, today: _weeks_ahead(day, today) == -1,
    "this_weekend": lambda day, today: day.weekday() >= 5 and _weeks_ahead(day, today) == 0,
    "next_weekend": lambda day, today: day.weekday() >= 5 and _weeks_ahead(day, today) == 1,
    "last_weekend": lambda day, today: day.weekday() >= 5 and _weeks_ahead(day, today) == -1,
    "this_month": lambda day, today: _months_ahead(day, today) == 0,
    "next_month": lambda day, today: _months_ahead(day, today) == 1,
    "last_month": lambda day, today: _months_ahead(day, today) == -1,
    "this_year": lambda day, today: day.year == today.year,
    "next_year": lambda day, today: day.year == today.year + 1,
    "last_year": lambda day, today: day.year == today.year - 1,
}
# The hours of the parts of a day.
HOURS_OF_PARTS = {"this_morning": (0, 12), "this_afternoon": (12, 18), "this_evening": (17, 24), "tonight": (17, 24)}


def is_known(fact: Fact, data: DataFacts, today: date | None) -> bool:
    """Return whether the data states a fact, or another form of it.

    Args:
        today: the day on which the person reads the text; None leaves "tomorrow" to data that says so itself.
    """
    if fact in data.facts:
        return True
    renders = _RENDERINGS.get(type(fact))
    return renders is not None and renders(fact, data, today)


def _number_is_known(fact: Number, data: DataFacts, _today: date | None) -> bool:
    is_year = any(day.year == fact.value for day in data.dates)
    is_share = 0 < fact.value < 1 and Percent(fact.value * 100) in data.facts  # a quarter for 25 %
    return fact.value in data.numbers or fact.value in data.lengths or is_year or is_share


def _code_is_known(code: Code, data: DataFacts, _today: date | None) -> bool:
    """Whether the data has a code with spaces between its parts: DL 1402 for DL1402."""
    return any(isinstance(fact, Code) and fact.text.replace(" ", "") == code.text for fact in data.facts)


def _frequency_is_known(fact: Frequency, data: DataFacts, _today: date | None) -> bool:
    """Whether the data has the length of time between, or a weekday with how often it comes."""
    twice = fact.unit.startswith("two_")
    unit = fact.unit.removeprefix("two_")
    if unit.startswith("weekday_"):
        often = Frequency("two_weeks" if twice else "week")
        return Weekday(int(unit[-1])) in data.facts and often in data.facts
    return twice and duration_of(Decimal(2), unit.removesuffix("s")) in data.facts


def _free_is_known(_fact: Free, data: DataFacts, _today: date | None) -> bool:
    return any(isinstance(fact, Amount) and fact.value == 0 for fact in data.facts)


def _link_is_known(link: Link, data: DataFacts, _today: date | None) -> bool:
    """Whether the data has a link; a text may leave out its scheme or write one, and does not change it."""
    links = [fact for fact in data.facts if isinstance(fact, Link)]
    return any(link.address == other.address and "" in (link.scheme, other.scheme) for other in links)


def _percent_is_known(percent: Percent, data: DataFacts, _today: date | None) -> bool:
    """Whether the data has a share as a number between 0 and 1: 65 % for 0.65."""
    share = percent.value / 100
    return 0 < share < 1 and share in data.numbers


def _zone_is_known(zone: Zone, data: DataFacts, _today: date | None) -> bool:
    """Whether an instant of the data, or the person's clock, has the offset of a zone; or the data names such a one."""
    return any(isinstance(fact, Offset) and fact.hours in ZONES[zone.name] for fact in data.facts) or any(
        name.casefold() in data.words and not set(hours).isdisjoint(ZONES[zone.name]) for name, hours in ZONES.items()
    )


def _date_is_known(fact: Date, data: DataFacts, today: date | None) -> bool:
    return any(
        (fact.month, fact.day) == (day.month, day.day) and fact.year in (None, day.year)
        for day in (*data.dates, *_resolved(data, today))
    )


def _month_is_known(fact: Month, data: DataFacts, _today: date | None) -> bool:
    stated = [(day.month, day.year) for day in data.facts if isinstance(day, Date | Month)]
    return any(fact.month == month and fact.year in (None, year) for month, year in stated)


def _day_of_month_is_known(fact: DayOfMonth, data: DataFacts, today: date | None) -> bool:
    return any(day.day == fact.day for day in (*data.dates, *_resolved(data, today)))


def _weekday_is_known(fact: Weekday, data: DataFacts, today: date | None) -> bool:
    return any(day.weekday() == fact.number for day in _calendar_days(data, today))


def _amount_is_known(amount: Amount, data: DataFacts, _today: date | None) -> bool:
    same = [fact for fact in data.facts if isinstance(fact, Amount) and fact.value == amount.value]
    for other in same:
        if other.currencies & amount.currencies:
            # "CAD" is more than "$" states; "USD" is what it means to most.
            return len(amount.currencies) > 1 or amount.currencies == {"USD"}
    # A number that has a currency has no other one of the data.
    return not same and amount.value in data.money and bool(amount.currencies & data.currencies)


def _duration_is_known(duration: Duration, data: DataFacts, today: date | None) -> bool:
    """Whether a number of days or months lies between today and a day of the data, or between two times."""
    if any(duration == duration_of(Decimal(2), unit) for unit in UNITS if Frequency(f"two_{unit}s") in data.facts):
        return True
    if today is None or duration.unit not in ("second", "month"):
        return False
    if duration.unit == "month":
        days = (day for day in _calendar_days(data, today) if day.day == today.day)
        return any(abs(_months_ahead(day, today)) == duration.value for day in days)
    return any(abs((day - today).days) * _DAY_SECONDS == duration.value for day in _calendar_days(data, today))


def _named_day_is_known(fact: NamedDay, data: DataFacts, today: date | None) -> bool:
    return any(is_named_day(fact.name, day) for day in _calendar_days(data, today))


def _relative_day_is_known(fact: RelativeDay, data: DataFacts, today: date | None) -> bool:
    name = fact.name
    stated = {fact.name for fact in data.facts if isinstance(fact, RelativeDay)}
    if any(name in _IMPLIES.get(other, ()) for other in stated):
        return True
    is_day = name in HOURS_OF_PARTS and "today" in stated
    if today is not None:
        days = [*_calendar_days(data, today), *(_months(data, today) if name.endswith("_month") else ())]
        is_day = is_day or any(_RELATIVE[name](day, today) for day in days)
    if not is_day or name not in HOURS_OF_PARTS:
        return is_day
    start, end = HOURS_OF_PARTS[name]
    return any(isinstance(fact, Time) and start * 60 <= fact.minutes < end * 60 for fact in data.facts)


def _resolved(data: DataFacts, today: date | None) -> list[Date]:
    """The days that the data names as seen from today."""
    ahead = {"today": 0, "tonight": 0, "tomorrow": 1, "after_tomorrow": 2, "yesterday": -1}
    names = [fact.name for fact in data.facts if isinstance(fact, RelativeDay) and fact.name in ahead]
    days = [today + timedelta(ahead[name]) for name in names] if today else []
    return [Date(day.month, day.day, day.year) for day in days]


def _calendar_days(data: DataFacts, today: date | None) -> list[date]:
    """The days of the data whose year is stated, or is this one."""
    found = []
    for day in (*data.dates, *_resolved(data, today)):
        year = day.year or (today.year if today else None)
        try:
            found += [date(year, day.month, day.day)] if year else []
        except ValueError:  # the 29th of February of another year
            continue
    return found


def _months(data: DataFacts, today: date) -> list[date]:
    """The first days of the months that the data names; without a year it is the one that is nearest to today."""
    found = []
    for month in (fact for fact in data.facts if isinstance(fact, Month)):
        years = (month.year,) if month.year else (today.year - 1, today.year, today.year + 1)
        found.append(min((date(year, month.month, 1) for year in years), key=lambda day: abs(day - today)))
    return found


def _weeks_ahead(day: date, today: date) -> int:
    monday = timedelta(days=today.weekday())
    return (day - (today - monday)).days // 7


def _months_ahead(day: date, today: date) -> int:
    return (day.year - today.year) * 12 + day.month - today.month


_RENDERINGS: dict[type, Callable[[Any, DataFacts, date | None], bool]] = {
    Number: _number_is_known,
    Code: _code_is_known,
    Free: _free_is_known,
    Frequency: _frequency_is_known,
    Link: _link_is_known,
    Percent: _percent_is_known,
    Zone: _zone_is_known,
    Amount: _amount_is_known,
    Duration: _duration_is_known,
    Date: _date_is_known,
    Month: _month_is_known,
    DayOfMonth: _day_of_month_is_known,
    Weekday: _weekday_is_known,
    NamedDay: _named_day_is_known,
    RelativeDay: _relative_day_is_known,
}
