"""One night of learning, and one person's week, against the formulas written out plainly."""

from math import exp, prod, sqrt

import pytest

from orchestrator.rules.answer_curves import AnswerCurves, StopCounts, fit_curves, learn_hours
from orchestrator.rules.answer_evidence import AnswerEvidence
from orchestrator.rules.answer_prior import LEVELS, PRIOR_CURVES
from orchestrator.rules.answer_week import HOURS
from tests.unit.test_answer_curves import evidence

# Two mornings, an evening on the weekend alone, somebody silent, one at an hour that no other has, and late hours.
PEOPLE = [
    evidence({9: 4, 10: 1, 14: 2}, {9: 3}),
    evidence({9: 2, 19: 2}, {9: 1, 19: 1}),
    evidence({24 + 18: 9, **dict.fromkeys(range(8, 22), 3)}, {24 + 18: 8}),
    evidence({11: 6}, {}),
    evidence({20: 3}, {20: 3}),
    evidence({0: 1, 23: 2, 47: 2}, {23: 1, 47: 1}),
]
KINDS = [(curve, level) for curve in range(len(PRIOR_CURVES)) for level in range(len(LEVELS))]


def chance(person: AnswerEvidence, curve: tuple[float, ...], level: float) -> float:
    """How likely what a person did is for a kind: each text was answered or not, each by itself."""
    rates = [min(max(value * level, 0.0001), 0.93) for value in curve]
    return float(
        prod(
            rate**answers * (1 - rate) ** (texts - answers)
            for rate, texts, answers in zip(rates, person.texts, person.answers, strict=True)
        )
    )


def posteriors(
    shares: dict[tuple[int, int], float], curves: tuple[tuple[float, ...], ...]
) -> list[dict[tuple[int, int], float]]:
    """Bayes' rule, for each person."""
    found = []
    for person in PEOPLE:
        joint = {kind: share * chance(person, curves[kind[0]], LEVELS[kind[1]]) for kind, share in shares.items()}
        found.append({kind: value / sum(joint.values()) for kind, value in joint.items()})
    return found


def smoothed(values: list[float]) -> list[float]:
    """Each hour with those of the same kind of day, under a bell of 0.8 hours that is 1 at the hour itself."""
    bell = [exp(-0.5 * (distance / 0.8) ** 2) for distance in range(24)]
    return [
        sum(bell[abs(hour - other)] * values[other] for other in range(HOURS) if other // 24 == hour // 24)
        for hour in range(HOURS)
    ]


def test_a_night_is_five_rounds_of_shares_and_one_of_shapes() -> None:
    counts = StopCounts(tuple(100.0 + hour for hour in range(HOURS)), tuple(float(hour == 20) for hour in range(HOURS)))
    fitted = fit_curves(PEOPLE, None, counts)
    assert fitted is not None

    shares = dict.fromkeys(KINDS, 1 / len(KINDS))
    for _ in range(5):
        found = posteriors(shares, PRIOR_CURVES)
        # 24 people stand behind even shares.
        shares = {kind: (sum(one[kind] for one in found) + 24 / len(KINDS)) / (len(PEOPLE) + 24) for kind in KINDS}
    assert [weight for row in fitted.weights for weight in row] == pytest.approx([shares[kind] for kind in KINDS])

    found = posteriors(shares, PRIOR_CURVES)
    for curve, prior in enumerate(PRIOR_CURVES):
        answers, expected = [0.0] * HOURS, [0.0] * HOURS
        for person, posterior in zip(PEOPLE, found, strict=True):
            for hour in range(HOURS):
                answers[hour] += person.answers[hour] * sum(posterior[curve, n] for n in range(len(LEVELS)))
                expected[hour] += person.texts[hour] * sum(posterior[curve, n] * x for n, x in enumerate(LEVELS))
        # 30 texts stand behind the former shape, at the population's rate: 18 answers to 76 texts.
        behind = 30 * 18 / 76
        shape = [
            (a + behind * p) / (e + behind)
            for a, e, p in zip(smoothed(answers), smoothed(expected), prior, strict=True)
        ]
        assert fitted.curves[curve] == pytest.approx(shape)

    # One STOP of the whole week, beside one of a thousand texts; 2,000 texts stand behind it in each hour.
    usual = (1 + 1) / (sum(counts.texts) + 1_000)
    assert fitted.stops == pytest.approx(
        [(stops + 2_000 * usual) / (texts + 2_000) for texts, stops in zip(counts.texts, counts.stops, strict=True)]
    )
    assert (fitted.texts, fitted.people) == (76, 6)
    assert fitted.rates == pytest.approx(week_of(shares, fitted)[0])


def test_without_counts_of_stops_one_text_in_a_thousand_is_answered_with_it() -> None:
    fitted = fit_curves(PEOPLE, None, StopCounts())
    assert fitted is not None
    assert fitted.stops == pytest.approx((0.001,) * HOURS)


def week_of(posterior: dict[tuple[int, int], float], curves: AnswerCurves) -> tuple[list[float], list[float]]:
    """The mean and the standard deviation of each hour's rate over the kinds."""
    rates, doubts = [], []
    for hour in range(HOURS):
        of_kinds = {kind: curves.curves[kind[0]][hour] * LEVELS[kind[1]] for kind in KINDS}
        mean = sum(posterior[kind] * rate for kind, rate in of_kinds.items())
        square = sum(posterior[kind] * rate**2 for kind, rate in of_kinds.items())
        rates.append(min(mean, 0.93))
        doubts.append(sqrt(max(square - mean**2, 0)))
    return rates, doubts


def test_a_person_is_the_posterior_over_the_kinds() -> None:
    curves = fit_curves(PEOPLE, None, StopCounts())
    assert curves is not None
    shares = dict(zip(KINDS, (weight for row in curves.weights for weight in row), strict=True))
    of_weekends = set()
    for person, posterior in zip(PEOPLE, posteriors(shares, curves.curves), strict=True):
        learned = learn_hours(person, curves)
        rates, doubts = week_of(posterior, curves)
        assert learned.rates == pytest.approx(rates)
        assert learned.doubts == pytest.approx(doubts, abs=1e-6)
        best = max((*range(7, 23), *range(31, 47)), key=lambda hour: rates[hour])
        of_weekends.add(best >= 24)
        of_its_day = range(24 * (best // 24) + 7, 24 * (best // 24) + 23)
        sure = 0.0
        for curve, shape in enumerate(curves.curves):
            highest = max(of_its_day, key=lambda hour: shape[hour])
            # A curve has a peak that is more than half as high again as its lowest hour.
            if shape[highest] > 1.5 * min(shape[hour] for hour in of_its_day) and abs(highest - best) <= 1:
                sure += sum(posterior[curve, level] for level in range(len(LEVELS)))
        assert learned.sure == pytest.approx(sure)
        assert learned.weekends == (sum(person.answers[24:]) > 0.1)
    assert of_weekends == {False, True}


def curves_with(*shapes: dict[int, float], shares: tuple[float, ...], level: float = 0.2) -> AnswerCurves:
    """Curves that are 1 but at a few hours, for people of one level."""
    flat = (level,) * HOURS
    return AnswerCurves(
        curves=tuple(tuple(shape.get(hour, 1.0) for hour in range(HOURS)) for shape in shapes),
        levels=(level,),
        weights=tuple((share,) for share in shares),
        rates=flat,
        stops=flat,
        texts=0,
        people=0,
    )


@pytest.mark.parametrize(
    ("shape", "chance_of_it"), [(0.0, 0.0001), (0.01, 0.001), (5.0, 0.5), (9.3, 0.93), (20.0, 0.93)]
)
def test_no_chance_of_an_answer_counts_as_impossible_or_as_certain(shape: float, chance_of_it: float) -> None:
    """A text that was answered, or was not, tells a curve with this value from one of which half are answered.

    The third text is of a type that is seldom answered: it weighs half a text, its answer a whole one.
    """
    curves = curves_with({10: shape}, {10: 5.0}, shares=(0.5, 0.5), level=0.1)
    for texts, answers, likelihood in ((1, 1, chance_of_it), (1, 0, 1 - chance_of_it), (0.5, 1, chance_of_it)):
        learned = learn_hours(evidence({10: texts}, {10: answers}), curves)
        expected = 0.1 * (likelihood * shape + 0.5 * 5.0) / (likelihood + 0.5)
        assert learned.rates[10] == pytest.approx(min(expected, 0.93))


def test_a_thousand_texts_are_no_more_than_can_be_counted() -> None:
    """The chance of a thousand texts is less than the smallest number that is not zero."""
    curves = curves_with({10: 5.0}, {10: 2.5}, shares=(0.5, 0.5), level=0.1)
    assert learn_hours(evidence({10: 1_000}, {10: 500}), curves).rates[10] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("answers", "weekends"),
    [({24: 0.11}, True), ({24: 0.1}, False), ({47: 0.06, 30: 0.06}, True), ({23: 1.0}, False), ({}, False)],
)
def test_a_person_has_answered_on_a_weekend_until_that_has_faded(answers: dict[int, float], weekends: bool) -> None:
    learned = learn_hours(evidence(dict.fromkeys(range(HOURS), 1.0), answers), curves_with({18: 2.0}, shares=(1.0,)))
    assert learned.weekends is weekends


@pytest.mark.parametrize(
    ("best", "texts", "answers", "counted"),
    [
        (18, {16: 7, 17: 1, 22: 2, 23: 4, 24: 7, 41: 7}, {17: 1, 23: 2, 16: 3}, (7, 3)),
        (9, {0: 1, 11: 2, 12: 7, 23: 7, 24: 7}, {11: 1, 12: 2}, (3, 1)),
        (38, {36: 1, 40: 2, 41: 7, 14: 7}, {36: 1, 41: 2, 14: 2}, (3, 1)),
        (18, {18: 2.4}, {18: 0.6}, (2, 1)),
        (18, {18: 0.4}, {}, (0, 0)),
        (18, {}, {}, (0, 0)),
    ],
    ids=["weekday evenings", "weekday mornings", "weekend afternoons", "faded", "nearly gone", "nothing"],
)
def test_texts_are_counted_in_the_part_of_the_week_of_the_best_hour(
    best: int, texts: dict[int, float], answers: dict[int, float], counted: tuple[int, int]
) -> None:
    learned = learn_hours(evidence(texts, answers), curves_with({best: 5.0}, shares=(1.0,)))
    assert (learned.texts, learned.answers) == counted
    assert learned.known is bool(texts)


@pytest.mark.parametrize(("other", "sure"), [(16, 0.6), (17, 1.0), (19, 1.0), (20, 0.6)])
def test_a_curve_that_is_highest_an_hour_beside_the_best_hour_counts_for_it(other: int, sure: float) -> None:
    curves = curves_with({18: 3.0}, {other: 3.0}, shares=(0.6, 0.4))
    assert learn_hours(None, curves).sure == pytest.approx(sure)


def test_before_there_are_curves_one_in_five_answers_and_one_in_a_thousand_says_stop() -> None:
    learned = learn_hours(None, None)
    assert learned.rates == (0.2,) * HOURS
    assert learned.doubts == (0.5,) * HOURS
    assert learned.stops == (0.001,) * HOURS


@pytest.mark.parametrize(("height", "sure"), [(1.6, 1.0), (1.5, 0.0), (1.0, 0.0)])
def test_an_hour_is_best_for_sure_where_it_is_more_than_half_as_high_again(height: float, sure: float) -> None:
    shape = tuple(height if hour == 18 else 1.0 for hour in range(HOURS))
    flat = (0.2,) * HOURS
    assert learn_hours(None, AnswerCurves((shape,), (0.2,), ((1.0,),), flat, flat, texts=0, people=0)).sure == sure


def test_learning_begins_with_eleven_peaks_and_a_flat_curve_for_people_of_all_levels() -> None:
    """From 8:00 to 20:30 in equal steps: 1.6 hours wide on working days, 2.7 on weekends; 1 on average from 8 to 20."""
    *peaks, flat = PRIOR_CURVES
    assert flat == (1,) * HOURS
    for place, curve in enumerate(peaks):
        for day, width, height in ((curve[:24], 1.6, 7.5), (curve[24:], 2.7, 6.0)):
            # A text leaves a quarter of an hour after the full one, on average.
            bell = [1 + height * exp(-(((hour + 0.25 - (8 + 1.25 * place)) / width) ** 2) / 2) for hour in range(24)]
            assert day == pytest.approx([13 * value / sum(bell[8:21]) for value in bell])
    assert len(peaks) == 11
    assert list(LEVELS) == sorted(LEVELS)
    assert 0 < LEVELS[0] < 0.01 < LEVELS[-1] == 0.5
