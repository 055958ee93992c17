"""People: what the rules need to know of a person, and phone numbers in E.164."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones
from phonenumbers.tzdata import TIMEZONE_DATA

from orchestrator.errors import InvalidPerson
from orchestrator.number_plans import NumberPlan, parsed_plan_of, plan_of

# Kinds of numbers that no text reaches (libphonenumber's names).
_WITHOUT_TEXTS = {
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
    phonenumbers.PhoneNumberType.SHARED_COST,
    phonenumbers.PhoneNumberType.VOICEMAIL,
    phonenumbers.PhoneNumberType.PAGER,
    phonenumbers.PhoneNumberType.UAN,
}
# Kinds of numbers that lie nowhere: +1 800 and the like, +1 500 and the like, +1 600.
_WITHOUT_PLACE = {
    *_WITHOUT_TEXTS,
    phonenumbers.PhoneNumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.PERSONAL_NUMBER,
    phonenumbers.PhoneNumberType.VOIP,
}
# Area codes laid over an older one, where the library names one zone of several, or a wrong one. Sources: the public
# utility commissions of the states; the Canadian Numbering Administrator (cnac.ca); lincmad.com/areacode.html.
_OVERLAID = {
    "448": "850", "364": "270", "930": "812", "458": "541", "986": "208", "689": "407",
    "236": "250", "257": "250", "672": "250", "778": "250", "367": "418", "581": "418", "474": "306", "639": "306",
    "879": "709",
}  # fmt: skip
# The first part of the IANA names that are places, as in America/New_York, and the names of one part that are (IANA's
# `zone.tab` and `backward`). All others are offsets, abbreviations or technical names.
# fmt: off
_AREAS = {
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Brazil", "Canada", "Chile",
    "Europe", "Indian", "Mexico", "Pacific", "US",
}
_COUNTRIES = {
    "Cuba", "Egypt", "Eire", "GB", "GB-Eire", "Hongkong", "Iceland", "Iran", "Israel", "Jamaica", "Japan",
    "Kwajalein", "Libya", "NZ", "NZ-CHAT", "Navajo", "PRC", "Poland", "Portugal", "ROC", "ROK", "Singapore",
    "Turkey", "W-SU",
}
# fmt: on
# E.164: + and 7 to 15 digits. North America: neither the area code nor the exchange begins with 0 or 1.
_E164 = re.compile(r"\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{6,14})")


@dataclass(frozen=True, slots=True)
class AnswerHours:
    """What `learn` stored of the hours at which a person answers (R7), as `rules/learned_hours.py` packs it.

    Attributes:
        learned, sure: of the person; None where nothing is learned yet.
        population: of people of whom nothing is known; None before the first fit.
        stops: how often a STOP follows a text of anybody, by hour of the week.
        off: an operator stopped the learning for this person.
    """

    learned: bytes | None = None
    sure: float | None = None
    population: bytes | None = None
    stops: bytes | None = None
    off: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """The state of one person at one time.

    Attributes:
        timezone: IANA name as stored; it may be missing, wrong or no place.
        place: code of the state or province as stored (R15); it may be missing or wrong.
        quiet_hours_start, quiet_hours_end: local time; None means the default.
        quiet_hours_enabled, daily_limit, hourly_limit: from the budget row that holds their limits; None means the
            default.
        sent_by_day: messages sent per local calendar day, for the last days.
        recent_sends: when texts went in the last 60 minutes, oldest first.
        law_sends: when texts went that count toward the caps of the law, in the last week; a text that counts for
            several stands there as often (R15).
        planned_sends: when the messages that the hourly limit holds are due.
        texted_at: when a text last went to them on this number (R15).
        last_inbound_at: when the person last wrote; STOP, HELP and the like do not count (R4).
        texts_while_active: texts that only this inbound message allowed (R4).
        active_texts_this_hour, active_texts_by_day: texts that activity allowed, in 60 minutes and by local day (R4).
        replies_to_text, replies_this_hour, replies_by_day: replies to this text, in 60 minutes and by local day (R12).
        response_pattern: as stored; it may hold any JSON (R7).
        answer_hours: what is learned of the hours at which they answer (R7).
        has_unread_text: the person wrote, and the text is not yet classified: it may be a wish to stop (R11).
        number_is_dead: Twilio reported that no text can reach this number.
        unreachable_until: the phone could not be reached, or its carrier took no text; until when to wait.
        country_paused_until: until when Twilio or the carriers of the number's country refuse our texts.
    """

    user_id: UUID
    phone_number: str
    first_name: str | None = None
    timezone: str | None = None
    place: str | None = None
    quiet_hours_start: time | None = None
    quiet_hours_end: time | None = None
    quiet_hours_enabled: bool | None = None
    daily_limit: int | None = None
    hourly_limit: int | None = None
    sent_by_day: dict[date, int] = field(default_factory=dict)
    recent_sends: tuple[datetime, ...] = ()
    law_sends: tuple[datetime, ...] = ()
    opted_out: bool = False
    planned_sends: tuple[datetime, ...] = ()
    texted_at: datetime | None = None
    last_inbound_at: datetime | None = None
    texts_while_active: int = 0
    active_texts_this_hour: int = 0
    active_texts_by_day: dict[date, int] = field(default_factory=dict)
    replies_to_text: int = 0
    replies_this_hour: int = 0
    replies_by_day: dict[date, int] = field(default_factory=dict)
    response_pattern: object = None
    answer_hours: AnswerHours = AnswerHours()
    has_unread_text: bool = False
    number_is_dead: bool = False
    unreachable_until: datetime | None = None
    country_paused_until: datetime | None = None

    @property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """The zones that may be the person's, as `zones_for` finds them."""
        return zones_for(self.timezone, self.phone_number)


def zones_for(stored: str | None, phone_number: str) -> tuple[ZoneInfo, ...]:
    """The stored zone, or else every zone in which the number may lie (R3); empty when none is known."""
    zone = find_zone(stored)
    return (zone,) if zone else zones_of_number(phone_number)


@lru_cache(maxsize=1_000)
def find_zone(name: str | None) -> ZoneInfo | None:
    """The zone of a place, by its IANA name; None when the name is missing, no zone has it, or it is no place (R3).

    `EST` has no summer time, `Etc/GMT-5` lies east of Greenwich, and `UTC` is what a program stores by default: none of
    them is where a person lives.
    """
    try:
        return ZoneInfo(name) if name and _is_place(name) else None
    except (KeyError, ValueError, OSError):  # an unknown name; a malformed name; a folder such as "America"
        return None


def _is_place(name: str) -> bool:
    area, _, place = name.partition("/")
    return area in _AREAS if place else name in _COUNTRIES


def parse_zone(text: str) -> str:
    """Check the name of a zone that an operator typed.

    Raises:
        InvalidPerson: no zone of a place has this name.
    """
    if find_zone(text) is None:
        raise InvalidPerson("zone", f"{text!r} is no zone of a place", "Use an IANA name such as America/New_York")
    return text


def zones_of_number(phone_number: str) -> tuple[ZoneInfo, ...]:
    """Every zone in which a number may lie; none for a number without a place, such as a toll-free one.

    For such a number the library lists every zone of the country, of which none need be the person's (R3). Where an
    area code of North America lies in two zones, both count: the library's zone for a number's further digits is a
    guess, such as New York for those of 850 in Florida that it does not know, and numbers move within an area code.
    A code that was laid over an older one lies where the older one does.
    """
    plan = _plan_of(phone_number)
    return _zones_of_plan(plan) if plan else ()


@lru_cache(maxsize=10_000)
def _zones_of_plan(plan: NumberPlan) -> tuple[ZoneInfo, ...]:
    if plan.kind in _WITHOUT_PLACE:
        return ()
    names = frozenset(plan.zones) - {number_zones.UNKNOWN_TIMEZONE}
    if names and plan.country_code == 1:
        older = _OVERLAID.get(plan.area_code)
        names = _zones_of_area_code(older) if older else names | _zones_of_area_code(plan.area_code)
    return tuple(zone for name in sorted(names) if (zone := find_zone(name)))


@lru_cache(maxsize=1_000)
def _zones_of_area_code(area_code: str) -> frozenset[str]:
    known = TIMEZONE_DATA.items()
    return frozenset(zone for digits, zones in known if digits.startswith(f"1{area_code}") for zone in zones)


def is_e164(phone_number: str) -> bool:
    """Whether a text is a phone number in E.164, as `orchestrator.e164` reads it in the database."""
    return _E164.fullmatch(phone_number) is not None


def country_of(phone_number: str) -> str | None:
    """The ISO country code of a number, such as US; None when the number is not valid."""
    plan = _plan_of(phone_number)
    return plan.region if plan else None


def _plan_of(phone_number: str) -> NumberPlan | None:
    return plan_of(phone_number) if is_e164(phone_number) else parsed_plan_of(phone_number)


def parse_number(text: str, allowed_countries: frozenset[str]) -> str:
    """Convert a phone number that an operator typed to E.164.

    Raises:
        InvalidPerson: the text is not a valid number, is one that gets no texts, or lies outside the allowed countries.
    """
    home = "US" if "US" in allowed_countries else min(allowed_countries, default=None)
    try:
        number = phonenumbers.parse(text, home)
    except phonenumbers.NumberParseException:
        raise InvalidPerson("phone_number", "is not a phone number", "Write it as +1 212 555 0123") from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidPerson("phone_number", "is not a valid phone number", "Write it as +1 212 555 0123")
    if any(character.isalpha() for character in text.strip().lower().removeprefix("tel:")):
        raise InvalidPerson("phone_number", "has letters in it", "Write it in digits, as +1 212 555 0123")
    if number.extension or phonenumbers.number_type(number) in _WITHOUT_TEXTS:
        raise InvalidPerson("phone_number", "is a kind of number that gets no texts", "Use the person's mobile number")
    country = phonenumbers.region_code_for_number(number)
    if country not in allowed_countries:
        raise InvalidPerson(
            "phone_number",
            f"lies in {country}, outside the allowed countries ({', '.join(sorted(allowed_countries))})",
            "Use another number, or set ALLOWED_COUNTRIES",
        )
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
