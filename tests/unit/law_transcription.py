"""When marketing texts may reach a person in each place, transcribed by hand from the page of gathered law.

It is written apart from the product's tables and reads none of them, so that the two can be compared. The
page cites statutes for some rows and secondary publications for the rest; each row quotes it. Hours are
the person's local time. Where the page leaves a choice, the stricter reading is taken and said so:

* an end of hours is closed: "08-21" forbids a text at 21:00 exactly (the page does not say);
* a cap holds for all marketing texts of a sender together, although the page says "on one matter".
"""

from datetime import timedelta

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)

Hours = tuple[int, int]
Week = dict[int, Hours | None]  # None: closed all day


def week(hours: Hours, other: Week | None = None) -> Week:
    """The same hours on every day, except for the days of `other`."""
    return dict.fromkeys(range(7), hours) | (other or {})


PLACES: dict[str, Week] = {
    # The page: "federal (47 CFR 64.1200(c)(1)), VA and every state not named"
    "US": week((8, 21)),
    "VA": week((8, 21)),
    # The page: "AL, LA: 08-20 Mon-Sat, none on Sunday" (dropcowboy.com/state-compliance, 1 Nov 2025)
    "AL": week((8, 20), {SUNDAY: None}),
    "LA": week((8, 20), {SUNDAY: None}),
    # The page: "MS: 08-20 Central, none on Sunday" (the same source); all of Mississippi keeps Central time
    "MS": week((8, 20), {SUNDAY: None}),
    # The page: "CT, NV: 09-20" (the same source)
    "CT": week((9, 20)),
    "NV": week((9, 20)),
    # The page: "FL, MD, MA, OK, OR: 08-20" (the same source)
    "FL": week((8, 20)),
    "MD": week((8, 20)),
    "MA": week((8, 20)),
    "OK": week((8, 20)),
    "OR": week((8, 20)),
    # The page: "WA: 08-20 (RCW 19.158.040, primary)"
    "WA": week((8, 20)),
    # The page: "NJ: 08-20 (referrizer.com)"
    "NJ": week((8, 20)),
    # The page: "KY: 10-21" (dropcowboy.com/state-compliance)
    "KY": week((10, 21)),
    # The page: "MI, MN, NM: 09-21" (the same source)
    "MI": week((9, 21)),
    "MN": week((9, 21)),
    "NM": week((9, 21)),
    # The page: "PA: Mon-Fri and Sun 08-21, Sat 08-12 as printed (possibly a typing error there)"
    # (dropcowboy.com/state-compliance); stricter reading: 12 is noon, as printed
    "PA": week((8, 21), {SATURDAY: (8, 12)}),
    # The page: "RI: Mon-Fri 09-18, weekend 10-17 (referrizer.com)"
    "RI": week((9, 18), {SATURDAY: (10, 17), SUNDAY: (10, 17)}),
    # The page: "TX: Mon-Sat 09-21, Sun 12-21 (SB 140; foster.com)"
    "TX": week((9, 21), {SUNDAY: (12, 21)}),
}

# The states that the page does not name, with the District: the federal hours alone (47 CFR 64.1200(c)(1)).
# fmt: off
FEDERAL_ALONE = (
    "AK", "AR", "AZ", "CA", "CO", "DC", "DE", "GA", "HI", "IA", "ID", "IL", "IN", "KS", "ME", "MO", "MT",
    "NC", "ND", "NE", "NH", "NY", "OH", "SC", "SD", "TN", "UT", "VT", "WI", "WV", "WY",
)
# fmt: on
# The page: "CA provinces, US territories: not found: federal hours, strictest of the neighbours where unsure"
PROVINCES = ("AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT")
TERRITORIES = ("AS", "GU", "MP", "PR", "VI")
PLACES |= dict.fromkeys(FEDERAL_ALONE + PROVINCES + TERRITORIES, PLACES["US"])

# "strictest of the neighbours where unsure": the page found nothing for a province, so all are unsure
# and, by the stricter reading, also keep the hours of each state that one drives to from there. States
# that keep the federal hours alone change nothing and are left out, and so is Pennsylvania, which meets
# Ontario only inside Lake Erie. The holidays of a neighbour are not taken over: the row speaks of hours.
# Territories have no neighbours.
NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "BC": ("WA",),
    "MB": ("MN",),
    "ON": ("MI", "MN"),
}

# The page: "AL: none on holidays"; "PA: none on holidays". It says so of no other place.
HOLIDAYS = frozenset({"AL", "PA"})

# The most marketing texts, and the period that they are counted in.
CAPS: dict[str, tuple[int, timedelta]] = {
    # The page: "FL, OK: at most 3 commercial solicitations in 24 hours on one matter"
    "FL": (3, timedelta(hours=24)),
    "OK": (3, timedelta(hours=24)),
    # The page: "OR: 3 in 24 hours without a recent purchase (HB 3865)"; stricter reading: with one, too
    "OR": (3, timedelta(hours=24)),
}

# The page's hours are those of "commercial texts". Others keep the product's own quiet hours, 21:00-08:00.
AWAKE: Hours = (8, 21)
PURPOSES = frozenset({"transactional", "informational", "marketing"})


def may_send(
    place: str,
    purpose: str,
    weekday: int,
    hour: int,
    holiday: bool = False,
    minute: int = 0,
) -> bool:
    """Whether a text of `purpose` may be sent at that local time (weekday 0 is Monday).

    `holiday` says that the day is a legal holiday of the place. A place or purpose that the tables lack is an
    error of the caller, never the default.
    """
    if place not in PLACES or purpose not in PURPOSES:
        raise ValueError(f"not transcribed: {place}, {purpose}")
    if not (0 <= weekday <= 6 and 0 <= hour <= 23 and 0 <= minute <= 59):
        raise ValueError(f"not a time: weekday {weekday}, {hour}:{minute}")
    now = 60 * hour + minute
    if not within(AWAKE, now):
        return False
    if purpose != "marketing":
        return True
    if holiday and place in HOLIDAYS:
        return False
    return all(within(PLACES[one][weekday], now) for one in (place, *NEIGHBOURS.get(place, ())))


def within(hours: Hours | None, now: int) -> bool:
    """Whether `now`, in minutes since midnight, lies in the hours; their end does not."""
    return hours is not None and 60 * hours[0] <= now < 60 * hours[1]
