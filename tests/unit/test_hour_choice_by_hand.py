"""The hours to choose from, and how likely each is, worked out by hand (R7)."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.hour_choice import Choice, Costs, Kind, choose_time
from orchestrator.rules.learned_hours import LearnedHours
from orchestrator.rules.quiet_hours import QuietHours
from tests.unit.test_hour_choice import FREE, NEW_YORK, NIGHT, STRANGER, TUESDAY, person_with

WEEK = datetime(2026, 3, 9, tzinfo=NEW_YORK)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def at(day: str, clock: str) -> datetime:
    """A local time in the week of Monday 9 March 2026."""
    return datetime.combine(WEEK + timedelta(days=DAYS.index(day)), time.fromisoformat(clock), NEW_YORK)


def open_hours(
    earliest: datetime,
    expires_at: datetime,
    *,
    weekends: bool = False,
    quiet: QuietHours | None = NIGHT,
    zones: tuple[ZoneInfo, ...] = (NEW_YORK,),
) -> str:
    """The hours to choose from, of which each goes at a quarter past: all of them are on trial."""
    learned = person_with({}, weekends=weekends)
    found: dict[str, list[int]] = {}
    for number in range(200):
        chosen = choose_time(
            earliest, expires_at, zones, quiet, learned, FREE, number / 200, spread=0.5, exploration=1.0
        )
        if chosen.kind is Kind.EXPLORED:
            wall = chosen.at.astimezone(zones[0])
            hours = found.setdefault(f"{wall:%a}", [])
            hours += [wall.hour] if wall.hour not in hours else []
    ranges = {}
    for day, hours in found.items():
        starts = [hour for hour in hours if hour - 1 not in hours]
        ends = [hour for hour in hours if hour + 1 not in hours]
        ranges[day] = " and ".join(f"{start}-{end}" for start, end in zip(starts, ends, strict=True))
    return ", ".join(f"{day} {words}" for day, words in ranges.items())


@pytest.mark.parametrize(
    ("earliest", "hours", "weekends", "expected"),
    [
        ("Tue 08:00", 168, False, "Tue 8-20"),
        ("Tue 08:16", 168, False, "Tue 8-20"),
        ("Tue 09:00", 168, False, "Tue 9-20, Wed 8-20"),
        ("Tue 20:59", 168, False, "Tue 20-20, Wed 8-20"),
        ("Tue 12:30", 168, True, "Tue 12-20, Wed 8-20, Sat 8-20"),
        ("Fri 09:00", 168, False, "Fri 9-20, Mon 8-20"),
        ("Sat 10:00", 168, False, "Mon 8-20"),
        ("Sun 09:00", 168, False, "Mon 8-20"),
        ("Sat 10:00", 168, True, "Sat 10-20, Sun 8-20, Mon 8-20"),
        ("Sun 21:30", 168, True, "Mon 8-20, Sat 8-20"),
        ("Sat 10:00", 26, False, "Sat 10-20, Sun 8-11"),
        ("Tue 12:00", 30.33, False, "Tue 12-20, Wed 8-17"),
        ("Tue 12:00", 20.41, False, "Tue 12-20, Wed 8-8"),
        ("Tue 12:00", 20.33, False, "Tue 12-20"),
    ],
    ids=[
        "a whole day stands for all later ones", "within the first hour", "at its end", "in the last hour",
        "a working day and a day of the weekend", "over the weekend", "from Saturday", "from Sunday",
        "from Saturday, weekends too", "Saturday comes six days after Sunday", "a weekend, where there is nothing else",
        "two days in part", "an hour of the second day", "it expires before that",
    ],
)  # fmt: skip
def test_the_hours_to_choose_from(earliest: str, hours: float, weekends: bool, expected: str) -> None:
    begins = at(*earliest.split())
    assert open_hours(begins, begins + timedelta(hours=hours), weekends=weekends) == expected


@pytest.mark.parametrize(("expiry", "last"), [("18:20", 17), ("18:21", 18)])
def test_a_text_leaves_more_than_five_minutes_before_it_expires(expiry: str, last: int) -> None:
    assert open_hours(at("Tue", "08:00"), at("Tue", expiry)) == f"Tue 8-{last}"


@pytest.mark.parametrize(
    ("quiet", "expected"),
    [
        (None, "Tue 7-22"),
        (QuietHours(time(8), time(8)), "Tue 7-22"),
        (QuietHours(time(21), time(8, 30)), "Tue 8-20"),
        (QuietHours(time(20, 16), time(8)), "Tue 8-20"),
        (QuietHours(time(20, 15), time(8)), "Tue 8-19"),
        (QuietHours(time(12), time(13)), "Tue 7-11 and 13-22"),
        (QuietHours(time(23), time(22)), "Tue 22-22"),
        (QuietHours(time(6), time(23)), ""),
    ],
    ids=["off", "empty", "until half past", "just after its minute", "at its minute", "noon", "all but one", "all"],
)
def test_the_hours_that_are_open_around_quiet_hours(quiet: QuietHours | None, expected: str) -> None:
    assert open_hours(at("Tue", "06:00"), at("Wed", "06:00"), quiet=quiet) == expected


@pytest.mark.parametrize(
    ("other", "quiet", "expected"),
    [
        ("America/Los_Angeles", NIGHT, "Tue 11-20"),
        ("America/Los_Angeles", None, "Tue 7-22"),
        ("Pacific/Kiritimati", None, "Tue 7-22"),
        ("Asia/Tokyo", QuietHours(time(17), time(8)), ""),
    ],
    ids=["where both are open", "neither has quiet hours", "where it is another day", "never both at once"],
)
def test_an_hour_is_open_in_all_zones(other: str, quiet: QuietHours | None, expected: str) -> None:
    zones = (NEW_YORK, ZoneInfo(other))
    assert open_hours(at("Tue", "06:00"), at("Wed", "06:00"), quiet=quiet, zones=zones) == expected


def between_five_and_seven(learned: LearnedHours, costs: Costs = FREE, draw: float = 0.1, **more: float) -> Choice:
    """A choice between the hours of 17:00 and 18:00 alone, each at its beginning."""
    earliest = TUESDAY.replace(hour=17)
    return choose_time(earliest, TUESDAY.replace(hour=19), (NEW_YORK,), None, learned, costs, draw, spread=0.0, **more)


def week_of(two: tuple[float, float]) -> tuple[float, ...]:
    return tuple({17: two[0], 18: two[1]}.get(hour, 0.9) for hour in range(HOURS))


@pytest.mark.parametrize(
    ("rates", "doubts", "stops", "costs", "probability"),
    [
        ((0.50, 0.49), (0.5, 0.5), (0, 0), FREE, 0.71949),  # 0.01 less is 1 to exp(-0.01 / 0.010001)
        ((0.30, 0.30), (0.5, 0.4), (0, 0), FREE, 0.94227),  # 0.3 of the doubt: 1 to exp(-0.03 / 0.009001)
        ((0.30, 0.299999), (0, 0), (0, 0), FREE, 0.71951),  # 1 to exp(-1)
        ((0.40, 0.40), (0.5, 0.5), (0.001, 0.0015), Costs(30.0, 0.0), 0.80167),  # 1 to exp(-0.015 / 0.010001)
        ((0.40, 0.40), (0.5, 0.5), (0, 0), Costs(0.0, 0.02), 0.86174),  # an hour later: 1 to exp(-0.02 / 0.010001)
    ],
    ids=["rates", "doubts", "no doubt", "STOPs", "waiting"],
)
def test_how_likely_the_better_of_two_hours_is(
    rates: tuple[float, float],
    doubts: tuple[float, float],
    stops: tuple[float, float],
    costs: Costs,
    probability: float,
) -> None:
    learned = replace(STRANGER, rates=week_of(rates), doubts=week_of(doubts), stops=week_of(stops), known=True)
    best, other = between_five_and_seven(learned, costs), between_five_and_seven(learned, costs, draw=0.999)
    assert (best.hour, other.hour) == (17, 18)
    assert (best.probability, 1 - other.probability) == pytest.approx((probability, probability), abs=1e-5)


@pytest.mark.parametrize(
    ("draw", "exploration", "kind", "hour"),
    [
        (0.0, 0.05, Kind.EXPLORED, 17),
        (0.049, 0.05, Kind.EXPLORED, 18),
        (0.05, 0.05, Kind.POPULATION, 17),
        (0.0, 0.0, Kind.POPULATION, 17),
        (0.499, 0.0, Kind.POPULATION, 17),
        (0.5, 0.0, Kind.POPULATION, 18),
        (1.0, 0.0, Kind.POPULATION, 18),
    ],
)
def test_which_draw_leads_to_which_of_two_like_hours(draw: float, exploration: float, kind: Kind, hour: int) -> None:
    chosen = between_five_and_seven(STRANGER, draw=draw, exploration=exploration)
    assert (chosen.kind, chosen.hour) == (kind, hour)


def test_a_week_and_a_day_are_searched() -> None:
    """In Sudan noon was skipped on the Saturday of 15 January 2000: the next noon of a weekend is that of the Sunday."""
    khartoum = ZoneInfo("Africa/Khartoum")
    sunday = datetime(2000, 1, 9, 14, tzinfo=khartoum)
    noon = person_with({24 + 12: 1.0}, weekends=True)
    all_but_noon = QuietHours(time(13), time(12))
    chosen = choose_time(sunday, sunday + timedelta(days=10), (khartoum,), all_but_noon, noon, FREE, 0.5, spread=0.0)
    assert chosen.at == datetime(2000, 1, 16, 12, tzinfo=khartoum)
