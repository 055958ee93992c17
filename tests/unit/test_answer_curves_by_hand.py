"""One night of learning, and one person's week, against the formulas written out plainly."""

from math import exp, prod, sqrt

import pytest

from orchestrator.rules.answer_curves import AnswerCurves, StopCounts, fit_curves, learn_hours
from orchestrator.rules.answer_evidence import AnswerEvidence
from orchestrator.rules.answer_prior import LEVELS, PRIOR_CURVES
from orchestrator.rules.answer_week import HOURS
from tests.unit.test_answer_curves import evidence

# Two mornings, an evening on the weekend alone, somebody silent, and one at an hour that no other has.
PEOPLE = [
    evidence({9: 4, 10: 1, 14: 2}, {9: 3}),
    evidence({9: 2, 19: 2}, {9: 1, 19: 1}),
    evidence({24 + 18: 9, **dict.fromkeys(range(8, 22), 3)}, {24 + 18: 8}),
    evidence({11: 6}, {}),
    evidence({20: 3}, {20: 3}),
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
        # 30 texts stand behind the former shape, at the population's rate: 16 answers to 71 texts.
        behind = 30 * 16 / 71
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
    assert (fitted.texts, fitted.people) == (71, 5)
    assert fitted.rates == pytest.approx(week_of(shares, fitted)[0])


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
