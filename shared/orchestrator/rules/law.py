"""The law of the place (R15): when texts of a purpose may go where a phone rings, and how many."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from orchestrator.purpose import Purpose
from orchestrator.rules.holidays import HolidayRule, holidays_in
from orchestrator.rules.local_time import first_instant, next_midnight

# The longest period of a cap: the texts of so many days are counted.
LONGEST_PERIOD = timedelta(days=7)
# Rounds of `next_lawful`; each passes the end of at least one closed time. Rows that disagree longer never agree.
_ROUNDS = 64
# The countries of our places, by the codes under which their rows stand.
COUNTRIES = {"US": "United States", "CANADA": "Canada"}
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row comes from.

    Attributes:
        source: the law, or the page that reports it.
        checked: when the row was last read there.
        primary: whether the source is the law itself.
    """

    source: str
    checked: date
    primary: bool

    @property
    def words(self) -> str:
        """Such as `RCW 19.158.040, checked 2026-11-25`."""
        return f"{self.source}, checked {self.checked:%Y-%m-%d}{'' if self.primary else ', secondary'}"


@dataclass(frozen=True, slots=True)
class OpenHours:
    """The time of day in which texts may go, in minutes from midnight; the end is excluded."""

    opens: int
    closes: int

    def covers(self, wall: time) -> bool:
        """Whether texts may go at the local time `wall`."""
        return self.opens <= 60 * wall.hour + wall.minute < self.closes

    def __str__(self) -> str:
        return f"{self.opens // 60:02}:{self.opens % 60:02}-{self.closes // 60:02}:{self.closes % 60:02}"


@dataclass(frozen=True, slots=True)
class HoursRow:
    """When texts of some purposes may go in one place.

    Attributes:
        place: the code of a place, or of a country whose places all keep the row.
        days: the hours from Monday to Sunday; None on a day without texts.
        on_holidays: the hours on holidays; None without texts.
        keeps_holidays: whether the row names its holidays; if not, the hours of the weekday hold on them.
        zone: the clock that counts, where it is not the person's.
    """

    place: str
    purposes: frozenset[str]
    days: tuple[OpenHours | None, ...]
    on_holidays: OpenHours | None
    keeps_holidays: bool
    zone: ZoneInfo | None
    origin: Origin

    def hours_on(self, weekday: int, *, holiday: bool) -> OpenHours | None:
        """The hours of a day, 0 being Monday; None where no text may go."""
        return self.on_holidays if holiday and self.keeps_holidays else self.days[weekday]

    @property
    def walls(self) -> frozenset[time]:
        """The times of day at which it can change whether texts may go."""
        hours = [found for found in (*self.days, self.on_holidays) if found]
        minutes = {minute % 1440 for each in hours for minute in (each.opens, each.closes)}
        return frozenset(time(minute // 60, minute % 60) for minute in minutes)


@dataclass(frozen=True, slots=True)
class CapRow:
    """The most texts of some purposes to one person in one place, within a rolling period."""

    place: str
    purposes: frozenset[str]
    texts: int
    period: timedelta
    origin: Origin


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """The holidays of one place, or of a country in all its places."""

    place: str
    days: tuple[HolidayRule, ...]
    observed: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class Place:
    """A state, a territory or a province, or another country that an owner added.

    Attributes:
        country: the code under which the rows of its country stand; its own code for a country.
        iso_country: the country of its numbers; None where `area_codes` find it.
        area_codes: of North America.
        zones: the IANA zones that are used in a part of it.
    """

    code: str
    name: str
    country: str
    iso_country: str | None
    area_codes: frozenset[int]
    zones: tuple[str, ...]


@dataclass(frozen=True)
class Law:
    """All places, and what holds in them."""

    places: Mapping[str, Place]
    hours: Sequence[HoursRow]
    caps: Sequence[CapRow]
    holidays: Sequence[HolidayRow]

    @cached_property
    def purposes(self) -> frozenset[str]:
        """The purposes that any row binds."""
        return frozenset().union(*(row.purposes for row in self.hours), *(row.purposes for row in self.caps))

    @cached_property
    def by_area_code(self) -> Mapping[int, tuple[str, ...]]:
        """The places that each area code names."""
        return _inverted((place.code, place.area_codes) for place in self.places.values())

    @cached_property
    def by_zone(self) -> Mapping[str, tuple[str, ...]]:
        """The places that may lie in each zone."""
        return _inverted((place.code, place.zones) for place in self.places.values())

    def hours_of(self, place: str, purpose: str) -> tuple[HoursRow, ...]:
        """The hours that texts of a purpose keep in a place: its own rows, and those of its country."""
        return tuple(row for row in self.hours if row.place in self._codes(place) and purpose in row.purposes)

    def caps_of(self, place: str, purpose: str) -> tuple[CapRow, ...]:
        """The caps that texts of a purpose keep in a place."""
        return tuple(row for row in self.caps if row.place in self._codes(place) and purpose in row.purposes)

    def holidays_of(self, place: str) -> tuple[HolidayRow, ...]:
        """The holidays of a place, and those of its country."""
        return tuple(row for row in self.holidays if row.place in self._codes(place))

    def is_holiday(self, place: str, day: date) -> bool:
        """Whether a day is a holiday in a place."""
        return any(day in holidays_in(day.year, row.days, observed=row.observed) for row in self.holidays_of(place))

    def name_of(self, code: str) -> str:
        """The name of a place or of a country."""
        return self.places[code].name if code in self.places else COUNTRIES[code]

    def _codes(self, place: str) -> tuple[str, str]:
        return place, self.places[place].country


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A place in which a phone may ring, and a clock that may be its person's."""

    place: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class LawClock:
    """A row, the place whose holidays count for it, and the zone whose clock it reads."""

    law: Law
    row: HoursRow
    place: str
    zone: ZoneInfo

    def is_open(self, instant: datetime) -> bool:
        """Whether the row lets a text go."""
        return self._is_open_at(instant.astimezone(self.zone))

    def opens_after(self, instant: datetime) -> datetime:
        """When the row next lets texts go; the next midnight where it is closed for days."""
        return first_instant(instant, self.zone, self.row.walls, self._is_open_at) or next_midnight(instant, self.zone)

    def closes_after(self, instant: datetime) -> datetime | None:
        """When the row next forbids texts; None when it does not within the next days."""
        return first_instant(instant, self.zone, self.row.walls, lambda wall: not self._is_open_at(wall))

    def words_at(self, instant: datetime) -> str:
        """The row on that day, in words for an operator."""
        return describe_hours(self.row, self.law, self.place, instant.astimezone(self.zone).date())

    def _is_open_at(self, wall: datetime) -> bool:
        return is_open(self.law, self.row, self.place, wall)


@dataclass(frozen=True, slots=True)
class LawfulTimes:
    """What the law asks of texts of one purpose to one person.

    Attributes:
        clocks: the rows of hours; all must allow a text.
        caps: the rows that cap them.
        is_unknown: the place, or what holds there, is not known: no text may go.
    """

    law: Law
    clocks: tuple[LawClock, ...] = ()
    caps: tuple[CapRow, ...] = ()
    is_unknown: bool = False

    @property
    def most_texts(self) -> int | None:
        """The most texts within `period`, the strictest of the caps; None without a cap."""
        return min((row.texts for row in self.caps), default=None)

    @property
    def period(self) -> timedelta:
        """The longest period of the caps; a day without a cap."""
        return max((row.period for row in self.caps), default=timedelta(days=1))

    def next_lawful(self, now: datetime) -> datetime | None:
        """The first instant from `now` on at which every row allows a text.

        Returns:
            `now` itself when it is allowed; None when the rows do not agree within weeks.
        """
        instant = now
        for _ in range(_ROUNDS):
            closed = [clock for clock in self.clocks if not clock.is_open(instant)]
            if not closed:
                return instant
            instant = max(clock.opens_after(instant) for clock in closed)
        return None

    def lawful_until(self, now: datetime) -> datetime | None:
        """When the first row next forbids texts; None when none does within the next days."""
        ends = [clock.closes_after(now) for clock in self.clocks]
        return min((end for end in ends if end), default=None)

    def rows_against(self, now: datetime) -> str:
        """The rows that forbid a text now, in words for an operator."""
        return "; ".join(dict.fromkeys(clock.words_at(now) for clock in self.clocks if not clock.is_open(now)))

    def rows_at(self, now: datetime) -> str:
        """All rows that bind a text now, in words for an operator."""
        caps = (describe_cap(row, self.law) for row in self.caps)
        return "; ".join(dict.fromkeys([*(clock.words_at(now) for clock in self.clocks), *caps]))


def is_open(law: Law, row: HoursRow, place: str, wall: datetime) -> bool:
    """Whether a row lets texts go in a place at a local time."""
    hours = row.hours_on(wall.weekday(), holiday=row.keeps_holidays and law.is_holiday(place, wall.date()))
    return hours is not None and hours.covers(wall.time())


def lawful_times(law: Law, purpose: str, whereabouts: Sequence[Whereabouts]) -> LawfulTimes | None:
    """What the law asks of texts of a purpose to a person.

    Args:
        whereabouts: every place in which the phone may ring; empty where none is known.

    Returns:
        None where no row of the law binds the purpose. A place of which no row names the hours is as good as unknown
        where other places name them: what is not known is never allowed.
    """
    if purpose not in law.purposes:
        return None
    of_places = [(found, law.hours_of(found.place, purpose)) for found in whereabouts]
    if not of_places or (purpose == Purpose.MARKETING and not all(rows for _, rows in of_places)):
        return LawfulTimes(law, is_unknown=True)
    caps = tuple(dict.fromkeys(row for found in whereabouts for row in law.caps_of(found.place, purpose)))
    clocks = {
        (row, found.place, zone.key): LawClock(law, row, found.place, zone)
        for found, rows in of_places
        for row in rows
        for zone in (row.zone or found.zone,)
    }
    return LawfulTimes(law, tuple(clocks.values()), caps)


def describe_hours(row: HoursRow, law: Law, place: str, day: date) -> str:
    """A row on a day, such as `Florida: marketing texts 08:00-20:00 (…)`."""
    holiday = row.keeps_holidays and law.is_holiday(place, day)
    hours = row.hours_on(day.weekday(), holiday=holiday)
    when = str(hours) if hours else "none on holidays" if holiday else f"none on {day:%A}s"
    clock = f" {row.zone.key}" if row.zone else ""
    return f"{law.name_of(row.place)}: {_texts_of(row.purposes)} {when}{clock} ({row.origin.words})"


def describe_cap(row: CapRow, law: Law) -> str:
    """A cap, such as `Florida: at most 3 marketing texts in 24 hours (…)`."""
    hours = f"{row.period / timedelta(hours=1):g} hours"
    return f"{law.name_of(row.place)}: at most {row.texts} {_texts_of(row.purposes)} in {hours} ({row.origin.words})"


def _texts_of(purposes: frozenset[str]) -> str:
    return f"{' and '.join(sorted(purposes))} texts"


def _inverted(found: Iterable[tuple[str, Iterable[_Key]]]) -> Mapping[_Key, tuple[str, ...]]:
    by_key: dict[_Key, tuple[str, ...]] = {}
    for code, keys in found:
        for key in keys:
            by_key[key] = (*by_key.get(key, ()), code)
    return by_key
