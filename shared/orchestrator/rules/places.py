"""Where a phone may ring (R15): the places that a person's stored state, their zone and their number name."""

from zoneinfo import ZoneInfo

from orchestrator.people import Person, country_of, find_zone, zones_of_number
from orchestrator.rules.law import Law, Whereabouts


def whereabouts_of(person: Person, law: Law) -> tuple[Whereabouts, ...]:
    """Every place in which a person's phone may ring, each with a clock that may be theirs.

    What is stored names places: the state, or else every state of the zone. Where the number lies in one of them, that
    one counts. Where it does not, both count, each by its own clocks, because a text must be allowed in both. Without
    anything stored the number alone counts.

    Returns:
        Nothing where no place is known, or the stored state does not exist: then no text may go.
    """
    zone = find_zone(person.timezone)
    of_number = places_of_number(person.phone_number, law)
    number_zones = zones_of_number(person.phone_number)
    if person.place is not None and person.place not in law.places:
        return ()
    of_zone = law.by_zone.get(zone.key, ()) if zone else ()
    stored = of_zone if person.place is None else (person.place,)
    agreed = [place for place in of_number if place in stored]
    if agreed:
        return tuple(
            Whereabouts(place, clock) for place in agreed for clock in _clocks(law, place, zone) or number_zones
        )
    # The zone of a person abroad names no place that we know: the places of the number count by both clocks.
    abroad = (zone,) if zone and not stored else ()
    return (
        *(Whereabouts(place, clock) for place in stored for clock in _clocks(law, place, zone) or _zones(law, place)),
        *(Whereabouts(place, clock) for place in of_number for clock in (*number_zones, *abroad)),
    )


def find_place(text: str, law: Law) -> str | None:
    """The code of a place that an operator named by code or name, in any case; None where it does not exist."""
    wanted = text.strip().casefold()
    found = (place.code for place in law.places.values() if wanted in (place.code.casefold(), place.name.casefold()))
    return next(found, None)


def places_of_number(phone_number: str, law: Law) -> tuple[str, ...]:
    """The places of a number's area code, or of its country; none for a number without a place.

    People keep their numbers when they move: the area code says where the number was given (docs/law.md).
    """
    if phone_number.startswith("+1"):
        area_code = phone_number[2:5]
        found = law.by_area_code.get(int(area_code), ()) if area_code.isdecimal() else ()
        if found:
            return found
    country = country_of(phone_number)
    return tuple(place.code for place in law.places.values() if country and place.iso_country == country)


def _clocks(law: Law, place: str, zone: ZoneInfo | None) -> tuple[ZoneInfo, ...]:
    """The stored zone, and beside it those of the place where it is none of them; none where no zone is stored."""
    if zone is None:
        return ()
    return (zone,) if zone.key in law.places[place].zones else (zone, *_zones(law, place))


def _zones(law: Law, place: str) -> tuple[ZoneInfo, ...]:
    zones = (find_zone(name) for name in law.places[place].zones)
    return tuple(dict.fromkeys(zone for zone in zones if zone))
