"""The population's answer curves, and what they and a person's own texts say of the person's week (R7).

A person is one of a few curves (when they answer) at one of a few levels (how often). The shares and the shapes of the
curves are learned from everybody, by expectation-maximization; a person's own texts give the posterior over curve and
level (Bayes' rule). A text without an answer is evidence, too.

The levels, and the peaks of the first curves, are a grid, and the shares on it are fitted by maximum likelihood (Kiefer
and Wolfowitz; Koenker and Gu, https://stat.ethz.ch/CRAN/web/packages/REBayes/vignettes/rebayes.pdf). So the first
nights already have something to go on, and the search cannot end far from the best shares. The search itself is that
of Dempster, Laird and Rubin (https://oneapi-src.github.io/oneDAL/daal/algorithms/em/expectation-maximization.html).
That a few kinds of people, learned from all, beat learning for each person alone is the finding on latent bandits
(Hong et al., https://papers.nips.cc/paper/2020/hash/9b7c8d13e4b2f08895fb7bcead930b46-Abstract.html).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import exp, log, log1p, sqrt
from operator import mul
from typing import Any, Self

from orchestrator.rules.answer_evidence import AnswerEvidence
from orchestrator.rules.answer_prior import LEVELS, PRIOR_CURVES
from orchestrator.rules.answer_week import HOURS, WEEKEND_HOURS, WORKING_HOURS, part_of_week
from orchestrator.rules.learned_hours import LearnedHours

# The people on whom the curves are fitted: the caller samples at most so many.
MOST_PEOPLE = 20_000
# Rounds of a night. The search goes on where the night before left it.
_ROUNDS = 5
# What stands against chance, in people for the shares of the curves, in texts for each hour of a curve, and in texts
# for the STOP rate of an hour, which is a rare event.
_SHARE_PEOPLE, _CURVE_TEXTS, _STOP_TEXTS = 24.0, 30.0, 2_000.0
# The STOP rate before there are texts, and how many texts stand behind that.
_USUAL_STOPS, _USUAL_STOPS_TEXTS = 0.001, 1_000.0
# An hour learns from the hours beside it: the standard deviation of this, in hours.
_NEIGHBOURHOOD = 0.8
_LOWEST, _HIGHEST = 1e-4, 0.93
# Before there are curves: any rate that is the same for all hours, in great doubt.
_UNKNOWN_RATE, _UNKNOWN_DOUBT = 0.2, 0.5
# Less of an answer on weekends than this is none: an answer fades to it in 200 days.
_AN_ANSWER = 0.1
# The hours beside the best hour that count as the same, in hours.
_NEAR = 1
# A curve has a peak where its highest hour is so many times its lowest.
_PEAK_RATIO = 1.5


@dataclass(frozen=True, slots=True)
class StopCounts:
    """How many texts of all people left in each hour of the week, and how many of them were answered with STOP."""

    texts: tuple[float, ...] = (0.0,) * HOURS
    stops: tuple[float, ...] = (0.0,) * HOURS


@dataclass(frozen=True, slots=True)
class AnswerCurves:
    """The curves of a population.

    Attributes:
        curves: each with 48 values: the answer rate of an hour, relative to the person's level.
        levels: the answer rates, over a whole day, that people have.
        weights: the share of the people with each curve (first index) and level.
        rates, stops: the answer rate and the STOP rate per hour of the week that a person has of whom nothing is known.
        texts, people: how many stand behind them.
    """

    curves: tuple[tuple[float, ...], ...]
    levels: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    rates: tuple[float, ...]
    stops: tuple[float, ...]
    texts: int
    people: int

    def __hash__(self) -> int:
        return hash(self.rates)

    def to_json(self) -> dict[str, Any]:
        """The curves as plain values that JSON can hold."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            curves=tuple(tuple(curve) for curve in stored["curves"]),
            levels=tuple(stored["levels"]),
            weights=tuple(tuple(row) for row in stored["weights"]),
            rates=tuple(stored["rates"]),
            stops=tuple(stored["stops"]),
            texts=stored["texts"],
            people=stored["people"],
        )


def fit_curves(people: Sequence[AnswerEvidence], before: AnswerCurves | None, stops: StopCounts) -> AnswerCurves | None:
    """Fit the curves of a population: a few rounds of expectation-maximization.

    Args:
        people: at most `MOST_PEOPLE`, sampled evenly; their weights should hold at the same time.
        before: the curves of the night before, from which the search goes on.

    Returns:
        None where there is nothing to learn from: no text, or no answer.
    """
    texts = sum(sum(person.texts) for person in people)
    answers = sum(sum(person.answers) for person in people)
    if not texts or not answers:
        return None
    start = before or _unknown_population()
    likelihoods = [_likelihood(person, start) for person in people]
    weights = _shares(likelihoods, [weight for row in start.weights for weight in row])
    curves = _refit(people, likelihoods, weights, start.levels, answers / texts)
    fitted = replace(
        start,
        curves=curves,
        weights=_rows(weights, len(start.levels)),
        stops=_stop_rates(stops),
        texts=round(texts),
        people=len(people),
    )
    return replace(fitted, rates=_week(weights, fitted)[0])


def learn_hours(evidence: AnswerEvidence | None, curves: AnswerCurves | None) -> LearnedHours:
    """What is learned of a person.

    Args:
        evidence: of the person; None where none of their texts counts.
        curves: of the population; None where there are none yet: then all hours are alike.
    """
    if curves is None:
        flat, doubts, stops = (_UNKNOWN_RATE,) * HOURS, (_UNKNOWN_DOUBT,) * HOURS, (_USUAL_STOPS,) * HOURS
        return LearnedHours(flat, doubts, stops, 0.0, 0, 0, known=False, weekends=False)
    posterior = [weight for row in curves.weights for weight in row]
    if evidence:
        joint = [a * b for a, b in zip(_likelihood(evidence, curves), posterior, strict=True)]
        scale = 1 / sum(joint)
        posterior = [scale * value for value in joint]
    rates, doubts = _week(posterior, curves)
    best = max((*WORKING_HOURS, *WEEKEND_HOURS), key=rates.__getitem__)
    part = _PARTS[part_of_week(best)]
    return LearnedHours(
        rates=rates,
        doubts=doubts,
        stops=curves.stops,
        sure=_sureness(posterior, curves, best),
        texts=round(sum(evidence.texts[hour] for hour in part)) if evidence else 0,
        answers=round(sum(evidence.answers[hour] for hour in part)) if evidence else 0,
        known=evidence is not None and any(evidence.texts),
        weekends=evidence is not None and sum(evidence.answers[24:]) > _AN_ANSWER,
    )


def population_hours(curves: AnswerCurves | None) -> LearnedHours:
    """What is learned of everybody: there is no doubt in it, so that the one best hour is chosen."""
    return replace(learn_hours(None, curves), doubts=(0.0,) * HOURS)


def _unknown_population() -> AnswerCurves:
    share = 1 / (len(PRIOR_CURVES) * len(LEVELS))
    weights = ((share,) * len(LEVELS),) * len(PRIOR_CURVES)
    flat = (_UNKNOWN_RATE,) * HOURS
    return AnswerCurves(PRIOR_CURVES, LEVELS, weights, flat, (_USUAL_STOPS,) * HOURS, texts=0, people=0)


@lru_cache(maxsize=8)
def _logarithms(curves: AnswerCurves) -> tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]:
    """Per hour of the week, for each curve and level: the logarithms of the chances of an answer, and of none."""
    hours = []
    for hour in range(HOURS):
        rates = [
            min(max(curve[hour] * level, _LOWEST), _HIGHEST) for curve, level in product(curves.curves, curves.levels)
        ]
        hours.append((tuple(log(rate) for rate in rates), tuple(log1p(-rate) for rate in rates)))
    return tuple(hours)


def _likelihood(evidence: AnswerEvidence, curves: AnswerCurves) -> list[float]:
    """How likely a person's texts were for each curve and level, relative to the likeliest."""
    logarithms = _logarithms(curves)
    sums = [0.0] * (len(curves.curves) * len(curves.levels))
    for hour, (texts, answers) in enumerate(zip(evidence.texts, evidence.answers, strict=True)):
        if texts or answers:
            of_answer, of_none = logarithms[hour]
            silent = max(texts - answers, 0.0)
            sums = [x + silent * b for x, b in zip(sums, of_none, strict=True)]
            if answers:
                sums = [x + answers * a for x, a in zip(sums, of_answer, strict=True)]
    likeliest = max(sums)
    return [exp(x - likeliest) for x in sums]


def _week(posterior: Sequence[float], curves: AnswerCurves) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The expected answer rate per hour of the week, and its standard deviation under the posterior."""
    levels, squares = curves.levels, [level * level for level in curves.levels]
    rates, moments = [0.0] * HOURS, [0.0] * HOURS
    for row, curve in zip(_rows(posterior, len(levels)), curves.curves, strict=True):
        first = sum(share * level for share, level in zip(row, levels, strict=True))
        second = sum(share * square for share, square in zip(row, squares, strict=True))
        rates = [rate + first * value for rate, value in zip(rates, curve, strict=True)]
        moments = [moment + second * value * value for moment, value in zip(moments, curve, strict=True)]
    doubts = tuple(sqrt(max(moment - rate * rate, 0.0)) for rate, moment in zip(rates, moments, strict=True))
    return tuple(min(rate, _HIGHEST) for rate in rates), doubts


def _sureness(posterior: Sequence[float], curves: AnswerCurves, best: int) -> float:
    """How likely the person's curve is highest at the best hour, or beside it; a curve without a peak never is."""
    rows = _rows(posterior, len(curves.levels))
    pairs = zip(rows, _peaks(curves, best in WEEKEND_HOURS), strict=True)
    return sum(sum(row) for row, peak in pairs if peak is not None and abs(peak - best) <= _NEAR)


@lru_cache(maxsize=16)
def _peaks(curves: AnswerCurves, weekend: bool) -> tuple[int | None, ...]:
    """The highest hour of each curve on one kind of day; None where the curve has no peak."""
    hours = WEEKEND_HOURS if weekend else WORKING_HOURS
    peaks = [max(hours, key=curve.__getitem__) for curve in curves.curves]
    lowest = [min(curve[hour] for hour in hours) for curve in curves.curves]
    trios = zip(curves.curves, peaks, lowest, strict=True)
    return tuple(peak if curve[peak] > _PEAK_RATIO * low else None for curve, peak, low in trios)


def _shares(likelihoods: Sequence[Sequence[float]], weights: list[float]) -> list[float]:
    """The share of the people with each curve and level: rounds of expectation and maximization from `weights` on."""
    columns = list(zip(*likelihoods, strict=True))
    even = _SHARE_PEOPLE / len(weights)
    for _ in range(_ROUNDS):
        scales = [1 / sum(map(mul, likelihood, weights)) for likelihood in likelihoods]
        totals = [weight * sum(map(mul, column, scales)) for weight, column in zip(weights, columns, strict=True)]
        weights = [(total + even) / (len(likelihoods) + _SHARE_PEOPLE) for total in totals]
    return weights


def _refit(
    people: Sequence[AnswerEvidence],
    likelihoods: Sequence[Sequence[float]],
    weights: Sequence[float],
    levels: Sequence[float],
    rate: float,
) -> tuple[tuple[float, ...], ...]:
    """The shapes of the curves: answers of the people of a curve over those that their levels made expected."""
    count = len(levels)
    curves = range(len(weights) // count)
    answers, expected = [[0.0] * len(curves) for _ in range(HOURS)], [[0.0] * len(curves) for _ in range(HOURS)]
    for person, likelihood in zip(people, likelihoods, strict=True):
        joint = [a * b for a, b in zip(likelihood, weights, strict=True)]
        scale = 1 / sum(joint)
        rows = [joint[count * curve : count * curve + count] for curve in curves]
        shares = [scale * sum(row) for row in rows]
        means = [scale * sum(share * level for share, level in zip(row, levels, strict=True)) for row in rows]
        for hour, texts in enumerate(person.texts):
            if texts:
                expected[hour] = [x + texts * mean for x, mean in zip(expected[hour], means, strict=True)]
                if answered := person.answers[hour]:
                    answers[hour] = [x + answered * share for x, share in zip(answers[hour], shares, strict=True)]
    against = _CURVE_TEXTS * rate
    fitted = []
    for curve, prior in zip(curves, PRIOR_CURVES, strict=True):
        counted = _smooth([answers[hour][curve] for hour in range(HOURS)])
        due = _smooth([expected[hour][curve] for hour in range(HOURS)])
        fitted.append(tuple((c + against * p) / (d + against) for c, d, p in zip(counted, due, prior, strict=True)))
    return tuple(fitted)


def _smooth(values: Sequence[float]) -> list[float]:
    """Each hour with those beside it on the same kind of day, which count less the farther they are."""
    return [
        sum(_KERNEL[abs(other - hour % 24)] * values[hour - hour % 24 + other] for other in range(24))
        for hour in range(HOURS)
    ]


def _stop_rates(counts: StopCounts) -> tuple[float, ...]:
    all_texts = sum(counts.texts) + _USUAL_STOPS_TEXTS
    usual = (sum(counts.stops) + _USUAL_STOPS * _USUAL_STOPS_TEXTS) / all_texts
    pairs = zip(counts.texts, counts.stops, strict=True)
    return tuple((stops + _STOP_TEXTS * usual) / (texts + _STOP_TEXTS) for texts, stops in pairs)


def _rows(values: Sequence[float], length: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(values[start : start + length]) for start in range(0, len(values), length))


_PARTS = {
    part: tuple(hour for hour in range(HOURS) if part_of_week(hour) == part) for part in map(part_of_week, range(HOURS))
}
_KERNEL = tuple(exp(-0.5 * (distance / _NEIGHBOURHOOD) ** 2) for distance in range(24))
