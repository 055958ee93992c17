"""The worth of learned hours is stated with its uncertainty, which is that of people (R7)."""

import math
import random
from collections import Counter
from typing import Literal
from uuid import UUID

import pytest

from orchestrator.rules.answer_lift import Lift, compare, sums_of
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


ALL_OR_NOTHING = [(4, 4), (4, 0)]
ONE_OF_THREE = [(4, 4), (4, 0), (4, 0)]
TWO_IN_TEN, ONE_IN_TEN = [(10, 2), (10, 2)], [(10, 1), (10, 1)]


@pytest.mark.parametrize("what", ["answers", "stops"])
@pytest.mark.parametrize(
    ("learned", "holdout", "difference", "error"),
    [
        # The squared distances from 4 times the rate are 8 and 32/3: variances of 8 * 2 / 8**2, 32/3 * 3/2 / 12**2.
        (ALL_OR_NOTHING, ONE_OF_THREE, 1 / 2 - 1 / 3, math.sqrt(1 / 4 + 1 / 9)),
        (ONE_OF_THREE, ALL_OR_NOTHING, 1 / 3 - 1 / 2, math.sqrt(1 / 4 + 1 / 9)),
        # 200 and 100 events, where 3/8 of the texts are 225 and 75.
        ([(600, 200), (200, 100)], [(600, 200), (200, 100)], 0.0, math.sqrt(2 * 2 * 25**2 * 2 / 800**2)),
        # People who are all alike have no variance among them: that of twenty texts at 6.5 in 41 stands in.
        (TWO_IN_TEN, ONE_IN_TEN, 0.1, math.sqrt(2 * 6.5 / 41 * 34.5 / 41 / 20)),
    ],
    ids=["few and far apart", "the other way round", "of different numbers of texts", "alike"],
)
def test_the_interval_is_that_of_a_ratio_of_sums_over_people(
    what: Literal["answers", "stops"],
    learned: list[tuple[int, int]],
    holdout: list[tuple[int, int]],
    difference: float,
    error: float,
) -> None:
    arm, other = (
        sums_of((texts, events, 0) if what == "answers" else (texts, 0, events) for texts, events in people)
        for people in (learned, holdout)
    )
    lift = compare(arm, other, what)
    assert lift.difference == pytest.approx(difference)
    assert lift.high - lift.difference == pytest.approx(1.959964 * error)
    assert lift.difference - lift.low == pytest.approx(1.959964 * error)
    assert lift.detectable == pytest.approx(2.801585 * error)


@pytest.mark.parametrize(
    ("low", "high", "is_proved"),
    [(0.01, 0.2, True), (0.0, 0.2, False), (-0.1, 0.1, False), (-0.2, 0.0, False), (-0.2, -0.01, True)],
)
def test_a_difference_is_proved_where_the_whole_interval_lies_on_one_side_of_zero(
    low: float, high: float, is_proved: bool
) -> None:
    assert Lift(0.3, 0.2, 0.1, low, high, 0.1).is_proved is is_proved


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


@pytest.mark.parametrize(
    ("rows", "rate"),
    [([], 0.0), ([(0, 0, 0)], 0.0), ([(5, 2, 0)], 0.4), ([(0, 0, 0)] * 3, 0.0)],
    ids=["nobody", "one person without a text", "one person", "people without a text"],
)
def test_nobody_or_one_person_proves_nothing(rows: list[tuple[int, int, int]], rate: float) -> None:
    lift = compare(sums_of([(10, 4, 0), (10, 2, 1)]), sums_of(rows))
    assert lift.holdout_rate == rate
    assert (lift.low, lift.high) == (-math.inf, math.inf)
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


@pytest.mark.parametrize(
    ("number", "holdout"),
    [
        (61, Holdout.DEFAULT),  # 0
        (9, Holdout.DEFAULT),  # 4
        (46, Holdout.POPULATION),  # 5
        (153, Holdout.POPULATION),  # 9
        (3, Holdout.NONE),  # 10
        (65, Holdout.NONE),  # 99
    ],
)
def test_the_last_and_the_first_place_of_each_holdout(number: int, holdout: Holdout) -> None:
    """The place is what the first sixteen digits of `sha256sum` of the id leave modulo 100."""
    assert holdout_of(UUID(int=number)) is holdout
