"""Who gets the texts: what the rules need to know of a person, and numbers as the world writes them."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones

from orchestrator.errors import InvalidPerson

# As the numbering plan has them: an area code and an exchange, neither of which begins with 0 or 1.
_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")


@dataclass(frozen=True, slots=True)
class Person:
    """One person's state at one time, as the rules see it.

    Attributes:
        timezone: IANA name as stored; it may be missing or wrong.
        quiet_hours_start, quiet_hours_end: local; None means the default.
        quiet_hours_enabled, daily_limit, hourly_limit: of the newest budget row; None means the default.
        sent_by_day: messages sent per local calendar day, of the last days.
        recent_sends: times of the sends of the last 60 minutes, oldest first.
        planned_sends: when messages that the hourly limit holds are due.
        last_inbound_at: their newest message to us; STOP, HELP and the like do not count.
        texts_while_active: texts that went on the strength of that message (R4).
        response_pattern: as stored; it may hold anything (R7).
        has_unjudged_text: they wrote, and whether they wish to stop is not judged yet (R11).
        number_is_dead: a text showed that none will ever reach this number (30005, 30006).
        unreachable_until: the phone could not be reached lately (30003); until when to wait.
    """

    user_id: UUID
    phone_number: str
    first_name: str | None = None
    timezone: str | None = None
    quiet_hours_start: time | None = None
    quiet_hours_end: time | None = None
    quiet_hours_enabled: bool | None = None
    daily_limit: int | None = None
    hourly_limit: int | None = None
    sent_by_day: dict[date, int] = field(default_factory=dict)
    recent_sends: tuple[datetime, ...] = ()
    opted_out: bool = False
    planned_sends: tuple[datetime, ...] = ()
    last_inbound_at: datetime | None = None
    texts_while_active: int = 0
    response_pattern: object = None
    has_unjudged_text: bool = False
    number_is_dead: bool = False
    unreachable_until: datetime | None = None

    @property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """The zone they live in; else every zone their number may lie in (R3); empty when nothing is known."""
        zone = zone_named(self.timezone)
        return (zone,) if zone else zones_of_number(self.phone_number)


@lru_cache(maxsize=1_000)
def zone_named(name: str | None) -> ZoneInfo | None:
    """The zone of an IANA name; None when it is missing or there is none of that name."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # not found; not a key; a folder such as "America"
        return None


def parse_zone(text: str) -> str:
    """A zone as a person types it.

    Raises:
        InvalidPerson: there is no zone of that name.
    """
    if zone_named(text) is None:
        raise InvalidPerson("zone", f"{text!r} is no zone", "Use an IANA name such as America/New_York")
    return text


@lru_cache(maxsize=10_000)
def zones_of_number(phone_number: str) -> tuple[ZoneInfo, ...]:
    """Every zone a number may lie in, by its prefix."""
    try:
        names = number_zones.time_zones_for_number(phonenumbers.parse(phone_number))
    except phonenumbers.NumberParseException:
        return ()
    zones = (zone_named(name) for name in sorted(names) if name != number_zones.UNKNOWN_TIMEZONE)
    return tuple(zone for zone in zones if zone)


@lru_cache(maxsize=10_000)
def country_of(phone_number: str) -> str | None:
    """The ISO country of a number, such as US; None when it is not a valid number."""
    try:
        return phonenumbers.region_code_for_number(_read(phone_number))
    except phonenumbers.NumberParseException:
        return None


def _read(phone_number: str) -> phonenumbers.PhoneNumber:
    """A stored number, in E.164. Of North America's nothing is left to find out, which would take most of the time."""
    if _NORTH_AMERICAN.fullmatch(phone_number):
        return phonenumbers.PhoneNumber(country_code=1, national_number=int(phone_number[2:]))
    return phonenumbers.parse(phone_number)


def parse_number(text: str, allowed_countries: frozenset[str]) -> str:
    """A phone number as a person types it, in E.164.

    Raises:
        InvalidPerson: it is not a number, or lies outside the allowed countries.
    """
    home = "US" if "US" in allowed_countries else min(allowed_countries, default=None)
    try:
        number = phonenumbers.parse(text, home)
    except phonenumbers.NumberParseException:
        raise InvalidPerson("phone_number", "is not a phone number", "Write it as +1 212 555 0123") from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidPerson("phone_number", "is not a valid phone number", "Write it as +1 212 555 0123")
    country = phonenumbers.region_code_for_number(number)
    if country not in allowed_countries:
        raise InvalidPerson(
            "phone_number",
            f"lies in {country}, outside the allowed countries ({', '.join(sorted(allowed_countries))})",
            "Use another number, or set ALLOWED_COUNTRIES",
        )
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
