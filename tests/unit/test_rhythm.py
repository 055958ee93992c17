"""The simulation of answer hours: fair to all contestants, the same for the same seed, and won by learned hours."""

import random
from statistics import fmean

import pytest

from bench.rhythm import DAYS, share, simulate
from bench.rhythm_contestants import (
    Contestant,
    EpsilonGreedy,
    LearnedSender,
    OwnHistogram,
    PopulationHour,
    ShrunkThompson,
    TenOClock,
    open_hours,
)
from bench.rhythm_people import CHANGE_DAY, OPEN_HOURS, Scenario, fatigue, simulate_people

PEOPLE = simulate_people(60, seed=7, scenario=Scenario.DAILY)


def learned() -> LearnedSender:
    return LearnedSender([person.id for person in PEOPLE], random.Random(5))


def test_a_population_follows_from_its_seed() -> None:
    again = simulate_people(60, seed=7, scenario=Scenario.DAILY)
    assert [(person.id, person.rates) for person in again] == [(person.id, person.rates) for person in PEOPLE]
    assert PEOPLE[0].rates != simulate_people(60, seed=8, scenario=Scenario.DAILY)[0].rates


def test_people_differ_as_much_as_it_says() -> None:
    people = simulate_people(2_000, seed=1, scenario=Scenario.DAILY)
    peaks = [max(OPEN_HOURS, key=person.rates.__getitem__) for person in people if max(person.rates) > 0.01]
    assert len(set(peaks)) == len(OPEN_HOURS)
    assert 0.10 < fmean(max(person.rates) < 0.001 for person in people) < 0.14
    # Between 24 and 39 % of appointment reminders are answered, by the hour.
    assert 0.2 < fmean(person.rates[hour] for person in people for hour in OPEN_HOURS) < 0.35


@pytest.mark.parametrize("scenario", Scenario)
def test_every_scenario_has_rates_on_every_day(scenario: Scenario) -> None:
    people = simulate_people(40, seed=2, scenario=scenario)
    for day in (0, CHANGE_DAY, DAYS - 1):
        assert all(0 <= rate < 0.8501 for person in people for rate in person.rates_on(day))
    texts = sum(person.gets_text(day) for person in people for day in range(70))
    assert texts == sum(10 * person.a_week for person in people)
    if scenario is Scenario.FLAT:
        assert all(len(set(person.rates)) == 1 for person in people)


def test_many_texts_make_people_answer_less() -> None:
    assert fatigue(0) == 1
    assert fatigue(7) > fatigue(14) > 0.5


@pytest.mark.parametrize(
    "contestant",
    [
        TenOClock(),
        PopulationHour(60, random.Random(1)),
        OwnHistogram(60, random.Random(1)),
        EpsilonGreedy(60, random.Random(1)),
        ShrunkThompson(60, random.Random(1)),
        learned(),
    ],
    ids=lambda contestant: type(contestant).__name__,
)
def test_a_contestant_chooses_open_hours_of_the_day(contestant: Contestant) -> None:
    chosen: list[tuple[int, int]] = []
    choose = contestant.choose
    contestant.choose = lambda person, day: chosen.append((day, choose(person, day))) or chosen[-1][1]  # type: ignore[method-assign,func-returns-value]
    simulate(contestant, PEOPLE, seed=7, days=8)
    assert all(hour in open_hours(day) for day, hour in chosen)
    assert {day for day, _ in chosen} == set(range(8))


def test_learned_hours_win_within_a_month_and_their_figures_follow_from_the_seed() -> None:
    tally = simulate(learned(), PEOPLE, seed=7, days=28)
    others = [
        simulate(make(60, random.Random(5)), PEOPLE, seed=7, days=28)
        for make in (PopulationHour, OwnHistogram, EpsilonGreedy, ShrunkThompson)
    ]
    assert share(tally.all, 0, 28) > max(share(other.all, 0, 28) for other in others)
    assert simulate(learned(), PEOPLE, seed=7, days=7).all == tally.all[:7]


def test_ten_o_clock_gains_nothing_over_itself() -> None:
    assert share(simulate(TenOClock(), PEOPLE, seed=7, days=7).all, 0, 7) == 0
