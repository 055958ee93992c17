"""The kinds of facts that texts and data state, each as a plain value that can be compared."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Number:
    """A number without a unit."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money.

    Attributes:
        value: with its sign.
        currencies: ISO codes that the sign or name may mean: `$` means many, `USD` one.
    """

    value: Decimal
    currencies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Percent:
    """A share: 15 means 15 %."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Points:
    """Percentage points, or points of any other count."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with a physical unit, such as kWh."""

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, in the base unit of its kind: seconds, months, or business days."""

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often: once each day, week, month …"""

    unit: str


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the calendar; the year only where it is stated."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """A month without a day; the year only where it is stated."""

    month: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """A day without its month: the 22nd."""

    day: int


@dataclass(frozen=True, slots=True)
class Weekday:
    """0 for Monday to 6 for Sunday."""

    number: int


@dataclass(frozen=True, slots=True)
class NamedDay:
    """A day by its name in languages.toml, such as Christmas Eve."""

    name: str


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A day as seen from today, by its name in languages.toml."""

    name: str


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day in minutes since midnight."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone by its short name, such as EST."""

    name: str


@dataclass(frozen=True, slots=True)
class Offset:
    """The offset from UTC of an instant of the data, in hours."""

    hours: Decimal


@dataclass(frozen=True, slots=True)
class Link:
    """A web address, its host in small letters, without http, https and www.

    Attributes:
        scheme: `http` or `https` where it is stated, and else empty.
    """

    address: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address in small letters."""

    address: str


@dataclass(frozen=True, slots=True)
class Handle:
    """A name behind `@`, `#` or `$`, in small letters."""

    name: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number: the digits of E.164, or as many as are stated."""

    digits: str


@dataclass(frozen=True, slots=True)
class Code:
    """Letters and digits that mean something only as they stand: an order number, a seat, a coupon."""

    text: str


@dataclass(frozen=True, slots=True)
class Free:
    """That something costs nothing."""


@dataclass(frozen=True, slots=True)
class Name:
    """A proper name, as one word in small letters."""

    word: str


Fact = (
    Number
    | Amount
    | Percent
    | Points
    | Measure
    | Duration
    | Frequency
    | Date
    | Month
    | DayOfMonth
    | Weekday
    | NamedDay
    | RelativeDay
    | Time
    | Zone
    | Offset
    | Link
    | Email
    | Handle
    | Phone
    | Code
    | Free
    | Name
)


@dataclass(frozen=True, slots=True)
class Found:
    """A fact where it stands in a text.

    Attributes:
        start, end: its place.
        readings: what the words may mean; several where they are ambiguous, such as 3:30.
    """

    start: int
    end: int
    readings: tuple[Fact, ...]
