"""The hour of a message: never quiet, never early, never late, and as likely as the choice says (R7)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.rules.answer_curves import learn_hours
from orchestrator.rules.answer_week import END_HOUR, FIRST_HOUR, HOURS, hour_of_week
from orchestrator.rules.hour_choice import EXPLORATION, Choice, Costs, Kind, choose_time, draw_of
from orchestrator.rules.learned_hours import LearnedHours
from orchestrator.rules.quiet_hours import QuietHours, next_open

NEW_YORK = ZoneInfo("America/New_York")
NIGHT = QuietHours(time(21), time(8))
FREE = Costs(stop=0.0, waiting=0.0)
STRANGER = learn_hours(None, None)
TUESDAY = datetime(2026, 3, 3, 8, tzinfo=NEW_YORK)
SATURDAY = datetime(2026, 3, 7, 8, tzinfo=NEW_YORK)


def person_with(best: dict[int, float], *, weekends: bool = False, doubt: float = 0.01) -> LearnedHours:
    """A person who answers with these rates in some hours of the week, and seldom in the others."""
    rates = tuple(best.get(hour, 0.05) for hour in range(HOURS))
    return replace(STRANGER, rates=rates, doubts=(doubt,) * HOURS, known=True, weekends=weekends)


def choose(
    learned: LearnedHours, earliest: datetime = TUESDAY, hours: float = 24, draw: float = 0.5, costs: Costs = FREE
) -> Choice:
    return choose_time(
        earliest, earliest + timedelta(hours=hours), (NEW_YORK,), NIGHT, learned, costs, draw, spread=0.5
    )


shares = st.floats(0, 1, exclude_max=True)
rates = st.tuples(*[st.floats(0, 1)] * HOURS)
people = st.builds(
    LearnedHours,
    rates=rates,
    doubts=rates,
    stops=st.tuples(*[st.floats(0, 0.1)] * HOURS),
    sure=shares,
    texts=st.integers(0, 100),
    answers=st.integers(0, 100),
    known=st.booleans(),
    weekends=st.booleans(),
)
# Moments on and around the days on which clocks change, and any others.
changes = st.sampled_from([datetime(2026, 3, 8), datetime(2026, 11, 1), datetime(2026, 4, 5), datetime(2026, 10, 4)])  # noqa: DTZ001
near_changes = st.builds(lambda day, minutes: day + timedelta(minutes=minutes), changes, st.integers(-3000, 3000))
moments = (st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)) | near_changes).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001
zone_lists = st.lists(
    st.sampled_from(["America/New_York", "America/St_Johns", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia"]),
    max_size=3,
    unique=True,
).map(lambda names: tuple(map(ZoneInfo, names)))
windows = st.none() | st.builds(QuietHours, st.times(), st.times()) | st.just(NIGHT)


@given(moments, st.integers(0, 12_000), zone_lists, windows, people, shares, shares, st.floats(0, 100))
def test_it_is_never_early_never_quiet_and_never_past_the_expiry(
    earliest: datetime,
    minutes: int,
    zones: tuple[ZoneInfo, ...],
    quiet: QuietHours | None,
    learned: LearnedHours,
    draw: float,
    spread: float,
    stop_cost: float,
) -> None:
    expires_at = earliest + timedelta(minutes=minutes)
    chosen = choose_time(
        earliest, expires_at, zones, quiet, learned, Costs(stop=stop_cost, waiting=0.0005), draw, spread
    )
    assert chosen.at >= earliest
    assert 0 < chosen.probability <= 1
    if chosen.hour is None:
        assert chosen.kind is Kind.DEFAULT
        return
    wall = chosen.at.astimezone(zones[0])
    assert chosen.hour == hour_of_week(wall)
    assert FIRST_HOUR <= wall.hour < END_HOUR
    assert chosen.at < expires_at
    assert chosen.at < earliest + timedelta(days=9)
    assert quiet is None or next_open(chosen.at, zones, quiet) == chosen.at


@settings(max_examples=30, deadline=None)
@given(people, st.integers(0, 7 * 24), st.integers(1, 60))
def test_the_probability_is_how_often_the_hour_is_chosen(learned: LearnedHours, start: int, hours: int) -> None:
    draws = 1_000
    earliest = TUESDAY + timedelta(hours=start)
    chosen = [choose(learned, earliest, hours, (number + 0.5) / draws, Costs(30.0, 0.0005)) for number in range(draws)]
    probabilities = {choice.at: choice.probability for choice in chosen}
    for at, times in Counter(choice.at for choice in chosen).items():
        # Two ranges of draws lead to an hour, and each loses or gains at most one draw at either end.
        assert times / draws == pytest.approx(probabilities[at], abs=4 / draws)
    assert sum(probabilities.values()) <= 1 + 1e-9


def test_the_hours_that_are_explored_are_chosen_alike_and_their_share_is_one_in_twenty() -> None:
    draws = [(number + 0.5) / 13_000 for number in range(13_000)]
    explored = [choice for draw in draws if (choice := choose(person_with({18: 0.5}), draw=draw)).kind is Kind.EXPLORED]
    assert len(explored) == 13_000 * EXPLORATION
    counts = Counter(choice.hour for choice in explored)
    assert set(counts) == set(range(8, 21))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_best_hour_is_chosen_with_the_probability_that_is_stated() -> None:
    chosen = choose(person_with({18: 0.5}))
    assert (chosen.kind, chosen.hour) == (Kind.LEARNED, 18)
    assert chosen.at == TUESDAY.replace(hour=18, minute=15)
    assert chosen.probability == pytest.approx(0.95 + 0.05 / 13)


def test_before_anything_is_learned_all_open_hours_are_chosen_alike() -> None:
    chosen = [choose(STRANGER, draw=(number + 0.5) / 1_300) for number in range(1_300)]
    assert all(choice.probability == pytest.approx(1 / 13) for choice in chosen)
    assert all(abs(times - 100) <= 2 for times in Counter(choice.hour for choice in chosen).values())


def test_a_stop_costs_thirty_answers() -> None:
    stops = tuple(0.01 if hour == 18 else 0.001 for hour in range(HOURS))
    learned = replace(person_with({18: 0.50, 12: 0.30}), stops=stops)
    assert choose(learned).hour == 18
    assert choose(learned, costs=Costs(stop=30.0, waiting=0.0)).hour == 12


def test_waiting_costs_so_that_a_day_is_not_waited_for_a_trifle() -> None:
    learned = person_with({9: 0.500, 18: 0.495})
    at_noon = TUESDAY.replace(hour=12)
    assert choose(learned, at_noon, 48).at == datetime(2026, 3, 4, 9, 15, tzinfo=NEW_YORK)
    assert choose(learned, at_noon, 48, costs=Costs(stop=0.0, waiting=0.002)).at == TUESDAY.replace(hour=18, minute=15)


def test_weekends_are_left_out_until_the_person_has_answered_on_one() -> None:
    rates = {24 + 11: 0.6, 10: 0.3}
    monday = datetime(2026, 3, 9, 10, 15, tzinfo=NEW_YORK)
    assert choose(person_with(rates), SATURDAY, 7 * 24).at == monday
    assert choose(person_with(rates, weekends=True), SATURDAY, 7 * 24).at == SATURDAY.replace(hour=11, minute=15)
    # It expires before Monday: then the best hour of the weekend.
    assert choose(person_with(rates), SATURDAY, 24).at == SATURDAY.replace(hour=11, minute=15)


def test_within_the_best_hour_a_message_goes_at_once() -> None:
    half_past = TUESDAY.replace(hour=18, minute=40)
    assert choose(person_with({18: 0.5}), half_past).at == half_past


def test_where_no_hour_is_open_before_the_expiry_it_is_the_usual_hour() -> None:
    late = TUESDAY.replace(hour=22)
    chosen = choose(STRANGER, late, hours=5)
    assert (chosen.at, chosen.kind, chosen.probability, chosen.hour) == (late, Kind.DEFAULT, 1.0, None)


def test_a_day_that_the_clocks_skip_has_no_hours() -> None:
    # Samoa went from the 29th to the 31st of December 2011.
    apia = ZoneInfo("Pacific/Apia")
    evening = datetime(2011, 12, 29, 21, tzinfo=apia)
    learned = person_with({18: 0.5, 24 + 18: 0.5}, weekends=True)
    chosen = choose_time(evening, evening + timedelta(days=2), (apia,), NIGHT, learned, FREE, draw=0.5, spread=0.0)
    assert chosen.at == datetime(2011, 12, 31, 18, tzinfo=apia)
    assert chosen.hour == 24 + 18


def test_a_message_keeps_its_draw_and_messages_spread_evenly() -> None:
    ids = [UUID(int=(0x7 << 76) + number) for number in range(2_000)]
    assert draw_of(ids[5]) == draw_of(UUID(str(ids[5])))
    # The first twelve digits of `sha256sum` of the id.
    assert draw_of(UUID(int=1)) == 0x7C3CCD10BB7E / 16**12
    tenths = Counter(int(10 * draw_of(message_id)) for message_id in ids)
    assert set(tenths) == set(range(10))
    assert all(150 < times < 250 for times in tenths.values())


def test_the_hours_after_one_that_the_clocks_skip_are_open() -> None:
    """In Sudan noon was skipped on the Saturday of 15 January 2000; the other clocks skip the night."""
    khartoum = ZoneInfo("Africa/Khartoum")
    morning = datetime(2000, 1, 15, 9, tzinfo=khartoum)
    evening = person_with({24 + 20: 1.0}, weekends=True)
    chosen = choose_time(morning, morning + timedelta(hours=12), (khartoum,), NIGHT, evening, FREE, 0.5, spread=0.5)
    assert chosen.at.astimezone(khartoum).hour == 20
