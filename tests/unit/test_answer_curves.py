"""What is learned of a population and of a person: against people whose true hours are known (R7)."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rules.answer_curves import (
    AnswerCurves,
    StopCounts,
    fit_curves,
    learn_hours,
    population_hours,
)
from orchestrator.rules.answer_evidence import AnswerEvidence
from orchestrator.rules.answer_week import HOURS

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
OPEN = range(8, 21)


def evidence(texts: dict[int, float], answers: dict[int, float]) -> AnswerEvidence:
    return AnswerEvidence(
        tuple(texts.get(hour, 0.0) for hour in range(HOURS)),
        tuple(answers.get(hour, 0.0) for hour in range(HOURS)),
        NOW,
    )


def person(dice: random.Random, best: int, texts: int = 30) -> AnswerEvidence:
    """A person with texts at any open hour of working days, who answers within an hour of `best`, and else seldom."""
    asked = [dice.choice(OPEN) for _ in range(texts)]
    answered = [hour for hour in asked if dice.random() < (0.6 if abs(hour - best) <= 1 else 0.1)]
    return evidence({h: asked.count(h) for h in asked}, {h: answered.count(h) for h in answered})


def population(count: int = 400, share_of_evenings: float = 0.7) -> list[AnswerEvidence]:
    dice = random.Random(3)
    return [person(dice, 19 if dice.random() < share_of_evenings else 9) for _ in range(count)]


@pytest.fixture(scope="module")
def curves() -> AnswerCurves:
    fitted: AnswerCurves | None = None
    for _ in range(4):  # nights
        fitted = fit_curves(population(), fitted, StopCounts())
    assert fitted is not None
    return fitted


def best_hour(rates: tuple[float, ...]) -> int:
    return max(OPEN, key=rates.__getitem__)


def test_of_a_person_of_whom_nothing_is_known_it_says_what_most_people_do(curves: AnswerCurves) -> None:
    stranger = learn_hours(None, curves)
    assert abs(best_hour(stranger.rates) - 19) <= 1
    assert stranger.rates[9] > stranger.rates[14]
    assert not stranger.known
    assert (stranger.texts, stranger.answers) == (0, 0)
    # The rates of the simulation: 0.6 at the peak for 70 % of the people and 0.1 for the others.
    assert stranger.rates[19] == pytest.approx(0.45, abs=0.06)


def test_few_answers_tell_which_kind_a_person_is_and_how_surely(curves: AnswerCurves) -> None:
    after_two = learn_hours(evidence({9: 2, 19: 2}, {9: 2}), curves)
    after_ten = learn_hours(evidence({9: 8, 19: 4}, {9: 6}), curves)
    assert abs(best_hour(after_two.rates) - 9) <= 1
    assert abs(best_hour(after_ten.rates) - 9) <= 1
    assert 0 < after_two.sure < after_ten.sure <= 1
    assert after_ten.doubts[19] < learn_hours(None, curves).doubts[19]
    assert (after_ten.texts, after_ten.answers, after_ten.known) == (8, 6, True)


def test_texts_without_an_answer_are_evidence(curves: AnswerCurves) -> None:
    silent = learn_hours(evidence({19: 6}, {}), curves)
    assert abs(best_hour(silent.rates) - 9) <= 1
    never = learn_hours(evidence(dict.fromkeys(OPEN, 5.0), {}), curves)
    assert max(never.rates[hour] for hour in OPEN) < 0.1


def test_an_hour_learns_from_those_beside_it(curves: AnswerCurves) -> None:
    learned = learn_hours(evidence({8: 5}, {8: 5}), curves)
    assert learned.rates[9] > 0.4
    assert learned.rates[9] > learned.rates[18]


def test_the_shape_of_a_curve_is_learned_from_everybody() -> None:
    # Everybody answers at breakfast and in the evening: no curve with which learning begins has two peaks.
    dice = random.Random(6)
    people = []
    for _ in range(300):
        asked = [dice.choice(OPEN) for _ in range(30)]
        answered = [hour for hour in asked if dice.random() < (0.6 if hour in {9, 19} else 0.1)]
        people.append(evidence({h: asked.count(h) for h in asked}, {h: answered.count(h) for h in answered}))
    fitted = None
    for _ in range(8):
        fitted = fit_curves(people, fitted, StopCounts())
    of_mornings = learn_hours(evidence({9: 6}, {9: 5}), fitted)
    assert of_mornings.rates[19] > 2 * of_mornings.rates[14]


def test_a_population_without_rhythm_has_no_best_hour() -> None:
    dice = random.Random(4)
    people = []
    for _ in range(400):
        asked = [dice.choice(OPEN) for _ in range(30)]
        answered = [hour for hour in asked if dice.random() < 0.3]
        people.append(evidence({h: asked.count(h) for h in asked}, {h: answered.count(h) for h in answered}))
    fitted = None
    for _ in range(4):
        fitted = fit_curves(people, fitted, StopCounts())
    stranger = learn_hours(None, fitted)
    rates = [stranger.rates[hour] for hour in OPEN]
    assert max(rates) < 1.2 * min(rates)
    assert stranger.sure < 0.3


@pytest.mark.parametrize("people", [[], [evidence({}, {})], [evidence({10: 9}, {})]])
def test_without_a_text_or_an_answer_nothing_is_learned(people: list[AnswerEvidence]) -> None:
    assert fit_curves(people, None, StopCounts()) is None


def test_before_there_are_curves_all_hours_are_alike() -> None:
    for learned in (learn_hours(None, None), learn_hours(evidence({10: 3}, {10: 1}), None), population_hours(None)):
        assert len(set(learned.rates)) == 1
        assert (learned.known, learned.sure, learned.texts, learned.answers, learned.weekends) == (
            False,
            0,
            0,
            0,
            False,
        )


def test_the_hour_of_everybody_is_in_no_doubt(curves: AnswerCurves) -> None:
    everybody = population_hours(curves)
    assert everybody == replace(learn_hours(None, curves), doubts=(0.0,) * HOURS)


def test_stops_are_rare_so_that_one_of_them_moves_an_hour_little() -> None:
    counts = StopCounts(texts=(500.0,) * HOURS, stops=tuple(float(hour == 20) for hour in range(HOURS)))
    fitted = fit_curves(population(50), None, counts)
    assert fitted is not None
    assert fitted.stops[20] < 8 * fitted.stops[10]
    many = StopCounts(
        texts=(100_000.0,) * HOURS, stops=tuple(1_000.0 if hour == 20 else 100.0 for hour in range(HOURS))
    )
    fitted = fit_curves(population(50), None, many)
    assert fitted is not None
    assert fitted.stops[20] == pytest.approx(0.01, rel=0.05)


def test_the_stored_form_is_json_and_holds_everything(curves: AnswerCurves) -> None:
    assert AnswerCurves.from_json(json.loads(json.dumps(curves.to_json()))) == curves


@given(
    st.dictionaries(st.integers(0, HOURS - 1), st.tuples(st.floats(0, 500), st.floats(0, 1)), max_size=12),
)
def test_whatever_a_person_did_the_week_is_one_of_rates(
    curves: AnswerCurves, seen: dict[int, tuple[float, float]]
) -> None:
    texts = {hour: count for hour, (count, _) in seen.items()}
    answers = {hour: count * rate for hour, (count, rate) in seen.items()}
    learned = learn_hours(evidence(texts, answers), curves)
    assert all(0 < rate < 1 for rate in learned.rates)
    assert all(0 <= doubt < 1 for doubt in learned.doubts)
    assert 0 <= learned.sure <= 1 + 1e-9
    again = learned.from_bytes(learned.to_bytes(), bytes(HOURS), learned.sure, learned.texts, learned.answers)
    assert again.rates == pytest.approx(learned.rates, rel=0.05)


@given(st.lists(st.dictionaries(st.integers(0, HOURS - 1), st.floats(0, 1e4), min_size=1, max_size=5), max_size=6))
def test_whatever_a_population_did_its_weights_are_shares(people: list[dict[int, float]]) -> None:
    fitted = fit_curves([evidence(texts, {h: n / 2 for h, n in texts.items()}) for texts in people], None, StopCounts())
    if fitted is not None:
        assert sum(sum(row) for row in fitted.weights) == pytest.approx(1)
        assert all(value > 0 for curve in fitted.curves for value in curve)
