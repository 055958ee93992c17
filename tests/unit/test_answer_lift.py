"""The worth of learned hours is stated with its uncertainty, which is that of people (R7)."""

import math
import random
from collections import Counter
from uuid import UUID

import pytest

from orchestrator.rules.answer_lift import compare, sums_of
from orchestrator.rules.holdouts import Holdout, holdout_of


def people(dice: random.Random, count: int, rate: float, texts: int = 20) -> list[tuple[int, int, int]]:
    """People with rates around `rate`, whose texts are alike: a person answers nearly all or nearly none."""
    rows = []
    for _ in range(count):
        own = dice.betavariate(2 * rate, 2 * (1 - rate))
        rows.append((texts, sum(dice.random() < own for _ in range(texts)), int(dice.random() < 0.02)))
    return rows


def test_the_rates_and_their_difference() -> None:
    lift = compare(sums_of([(10, 4, 0), (10, 2, 1)]), sums_of([(5, 1, 0), (5, 0, 0)]))
    assert (lift.rate, lift.holdout_rate, lift.difference) == pytest.approx((0.3, 0.1, 0.2))
    assert lift.high - lift.difference == pytest.approx(lift.difference - lift.low)
    stops = compare(sums_of([(10, 4, 0), (10, 2, 1)]), sums_of([(5, 1, 0), (5, 0, 0)]), "stops")
    assert (stops.rate, stops.holdout_rate) == pytest.approx((0.05, 0.0))


def test_the_interval_holds_the_truth_in_nineteen_of_twenty_cases() -> None:
    dice = random.Random(7)
    holds = 0
    for _ in range(600):
        lift = compare(sums_of(people(dice, 150, 0.3)), sums_of(people(dice, 80, 0.3)))
        holds += lift.low <= 0 <= lift.high
    assert 0.92 <= holds / 600 <= 0.98


def test_many_texts_of_few_people_are_no_proof() -> None:
    few = compare(sums_of([(1_000, 900, 0), (1_000, 0, 0)]), sums_of([(1_000, 100, 0), (1_000, 0, 0)]))
    assert not few.is_proved
    assert few.difference == pytest.approx(0.4)


def test_a_difference_as_large_as_the_smallest_visible_one_is_proved_in_four_of_five_cases() -> None:
    dice = random.Random(8)
    proved = 0
    detectable = compare(sums_of(people(dice, 150, 0.3)), sums_of(people(dice, 80, 0.3))).detectable
    for _ in range(400):
        proved += compare(sums_of(people(dice, 150, 0.3 + detectable)), sums_of(people(dice, 80, 0.3))).is_proved
    assert 0.7 <= proved / 400 <= 0.9


@pytest.mark.parametrize("rows", [[], [(0, 0, 0)], [(5, 2, 0)]])
def test_nobody_or_one_person_proves_nothing(rows: list[tuple[int, int, int]]) -> None:
    lift = compare(sums_of([(10, 4, 0), (10, 2, 1)]), sums_of(rows))
    assert math.isinf(lift.high)
    assert not lift.is_proved


def test_a_holdout_without_a_stop_does_not_prove_that_others_say_it_more_often() -> None:
    learned = [(90, 30, int(number % 25 == 0)) for number in range(500)]
    lift = compare(sums_of(learned), sums_of([(90, 30, 0)] * 30), "stops")
    assert lift.difference > 0
    assert not lift.is_proved
    assert compare(sums_of(learned), sums_of([(90, 30, 0)] * 3_000), "stops").is_proved
    assert compare(sums_of([(90, 30, 0)] * 30), sums_of([(90, 30, 0)] * 30), "stops").detectable > 0


def test_each_holdout_has_one_person_in_twenty_for_good() -> None:
    dice = random.Random(9)
    ids = [UUID(int=dice.getrandbits(128)) for _ in range(20_000)]
    arms = Counter(holdout_of(person) for person in ids)
    assert all(850 < arms[arm] < 1_150 for arm in (Holdout.DEFAULT, Holdout.POPULATION))
    assert (holdout_of(UUID(int=8)), holdout_of(UUID(int=46))) == (Holdout.DEFAULT, Holdout.POPULATION)
