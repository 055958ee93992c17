"""Phone numbers, their countries and zones, and the zones of a person."""

from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from orchestrator.errors import InvalidPerson
from orchestrator.people import Person, country_of, find_zone, parse_number, parse_zone, zones_of_number

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+12125550101", "US"),
        ("+14165550101", "CA"),
        ("+442079460123", "GB"),
        ("+18005550100", "US"),
        ("+1212555", None),
        ("hello", None),
        ("", None),
    ],
)
def test_country_of(number: str, country: str | None) -> None:
    assert country_of(number) == country


@pytest.mark.parametrize(
    ("typed", "number"),
    [("+1 212 555 0101", "+12125550101"), ("(212) 555-0101", "+12125550101"), ("+1-416-555-0101", "+14165550101")],
)
def test_a_typed_number_is_converted_to_e164(typed: str, number: str) -> None:
    assert parse_number(typed, frozenset({"US", "CA"})) == number


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("hello", "is not a phone number"),
        ("+1 212", "is not a valid phone number"),
        ("", "is not a phone number"),
        ("555 0101", "is not a valid phone number"),
        ("1-800-FLOWERS", "has letters in it"),
        ("+1 212 555 0101 #5", "is a kind of number that gets no texts"),  # an extension
        ("+1 900 555 0100", "is a kind of number that gets no texts"),  # premium rate
        ("+44 20 7946 0123", "lies in GB, outside the allowed countries (CA, US)"),
    ],
)
def test_a_wrong_number_is_named_with_its_problem(typed: str, problem: str) -> None:
    with pytest.raises(InvalidPerson) as caught:
        parse_number(typed, frozenset({"US", "CA"}))
    assert caught.value.field == "phone_number"
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "allowed", "number"),
    [
        ("212 555 0101", {"US", "GB"}, "+12125550101"),
        ("020 7946 0123", {"GB"}, "+442079460123"),
        ("020 7946 0123", {"GB", "IE"}, "+442079460123"),
        ("416 555 0101", {"CA"}, "+14165550101"),
        ("tel:+12125550101", {"US"}, "+12125550101"),
        ("TEL:+12125550101", {"US"}, "+12125550101"),
        ("+1 800 555 0100", {"US"}, "+18005550100"),
    ],
)
def test_a_number_without_a_country_lies_in_the_united_states_or_the_first_allowed_country(
    typed: str, allowed: set[str], number: str
) -> None:
    assert parse_number(typed, frozenset(allowed)) == number


@pytest.mark.parametrize("name", ["Nowhere/Land", "America", "../etc/passwd", "", None])
def test_a_name_that_is_no_zone(name: str | None) -> None:
    assert find_zone(name) is None
    with pytest.raises(InvalidPerson):
        parse_zone(name or "")


def test_a_zone_is_found_by_its_name() -> None:
    assert find_zone("America/New_York") == NEW_YORK
    assert parse_zone("America/New_York") == "America/New_York"


@pytest.mark.parametrize(
    ("timezone", "number", "zones"),
    [
        ("America/Los_Angeles", "+12125550101", (ZoneInfo("America/Los_Angeles"),)),
        (None, "+12125550101", (NEW_YORK,)),
        ("Nowhere/Land", "+12125550101", (NEW_YORK,)),
        (None, "+1212", ()),
    ],
)
def test_the_zones_of_a_person(timezone: str | None, number: str, zones: tuple[ZoneInfo, ...]) -> None:
    assert Person(user_id=uuid4(), phone_number=number, timezone=timezone).zones == zones


@pytest.mark.parametrize("number", ["+18005550100", "+18885550100", "+15005550100", "+15335550100", "+16005550100"])
def test_a_number_without_a_place_lies_in_no_zone(number: str) -> None:
    assert zones_of_number(number) == ()
    with_zone = Person(user_id=uuid4(), phone_number=number, timezone="America/New_York")
    assert with_zone.zones == (NEW_YORK,)


def test_a_number_of_a_prefix_that_several_places_share_lies_in_all_of_their_zones() -> None:
    assert len(zones_of_number("+18765550100")) > 3


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+18505550100", {"America/New_York", "America/Chicago"}),  # Florida; the library guesses New York alone
        ("+18504320100", {"America/New_York", "America/Chicago"}),
        ("+12195550100", {"America/New_York", "America/Chicago"}),  # Indiana; New York alone
        ("+14235550100", {"America/New_York", "America/Chicago"}),  # Tennessee; Chicago alone
        ("+13055550100", {"America/New_York"}),
        # Codes that were laid over an older one; the library knows one zone of them, or a wrong one.
        ("+14485550100", {"America/New_York", "America/Chicago"}),
        ("+13645550100", {"America/New_York", "America/Chicago"}),
        ("+19305550100", {"America/New_York", "America/Chicago"}),
        ("+14585550100", {"America/Los_Angeles", "America/Denver"}),
        ("+17785550100", {"America/Vancouver", "America/Edmonton"}),
        ("+13675550100", {"America/Toronto", "America/Halifax"}),
        ("+16895550100", {"America/New_York"}),
        ("+14745550100", {"America/Regina"}),
        ("+18795550100", {"America/St_Johns", "America/Halifax"}),
    ],
)
def test_a_number_lies_in_all_zones_of_its_area_code(number: str, zones: set[str]) -> None:
    assert {zone.key for zone in zones_of_number(number)} == zones


NO_PLACES = ["EST", "MST", "HST", "EST5EDT", "PST8PDT", "CET", "UTC", "UCT", "GMT", "GMT+0", "Zulu", "Universal"]
NO_PLACES += [
    "Etc/GMT-5",
    "Etc/GMT+5",
    "Etc/UTC",
    "Factory",
    "localtime",
    "posix/America/New_York",
    "right/Europe/Paris",
]


@pytest.mark.parametrize("name", NO_PLACES)
def test_a_zone_that_is_no_place_counts_as_none(name: str) -> None:
    assert find_zone(name) is None
    assert Person(user_id=uuid4(), phone_number="+12125550101", timezone=name).zones == (NEW_YORK,)
    with pytest.raises(InvalidPerson, match="is no zone of a place"):
        parse_zone(name)


@pytest.mark.parametrize(
    "name", ["America/Argentina/Buenos_Aires", "US/Eastern", "Canada/Newfoundland", "Pacific/Guam", "Japan", "Cuba"]
)
def test_every_name_of_a_place_is_a_zone(name: str) -> None:
    assert find_zone(name) == ZoneInfo(name)
