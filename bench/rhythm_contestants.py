"""Senders that choose the hour of each text: the learned hours of the product, and what others do."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from bench.rhythm_people import OPEN_HOURS
from orchestrator.learn_settings import LearningSettings
from orchestrator.rules.answer_curves import AnswerCurves, StopCounts, fit_curves, learn_hours, population_hours
from orchestrator.rules.answer_evidence import AnswerEvidence, AnswerOutcome, fade_evidence, with_outcomes
from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.holdouts import Holdout, holdout_of
from orchestrator.rules.hour_choice import EXPLORATION, Costs, choose_time, draw_of
from orchestrator.rules.learned_hours import LearnedHours
from orchestrator.rules.quiet_hours import QuietHours

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 3, 2, tzinfo=ZONE)  # a Monday
NIGHT = QuietHours(time(21), time(8))
TEN = 10
_EXPLORATION = 0.1
# What a contestant without a model takes for granted: the answer rate before the first text, as so many texts.
_USUAL_RATE, _USUAL_TEXTS = 0.25, 1.0
_SHRINKAGE = 4.0
# On how many people the curves are fitted.
SAMPLE = 3_000
_LEARNING = LearningSettings()
COSTS = Costs(_LEARNING.learn_stop_cost, _LEARNING.learn_waiting_cost)


def is_weekend_day(day: int) -> bool:
    """Whether a day of the simulation, which begins on a Monday, is one of a weekend."""
    return day % 7 >= 5


def open_hours(day: int) -> range:
    """The hours of the week that are open on a day."""
    start = 24 * is_weekend_day(day)
    return range(start + OPEN_HOURS.start, start + OPEN_HOURS.stop)


@dataclass(frozen=True, slots=True)
class SentText:
    """A text that left, and what became of it within a day."""

    person: int
    day: int
    hour: int
    answered: bool
    stopped: bool


class Contestant(Protocol):
    """A sender. It learns at night what became of the texts of the day."""

    def choose(self, person: int, day: int, /) -> int:
        """The hour of the week for a person's text."""

    def record(self, text: SentText, /) -> None:
        """Learn what became of a text."""

    def end_day(self, day: int, /) -> None:
        """Learn over night."""


class TenOClock:
    """Always 10:00."""

    def choose(self, _person: int, day: int, /) -> int:
        return TEN + 24 * is_weekend_day(day)

    def record(self, text: SentText, /) -> None:
        pass

    def end_day(self, day: int, /) -> None:
        pass


class _Counting:
    """Counts texts and answers per person and hour of the week, and per hour over all people."""

    def __init__(self, people: int, dice: random.Random) -> None:
        self.dice = dice
        self.texts = [[0] * HOURS for _ in range(people)]
        self.answers = [[0] * HOURS for _ in range(people)]
        self.all_texts, self.all_answers = [0] * HOURS, [0] * HOURS

    def record(self, text: SentText, /) -> None:
        self.texts[text.person][text.hour] += 1
        self.answers[text.person][text.hour] += text.answered
        self.all_texts[text.hour] += 1
        self.all_answers[text.hour] += text.answered

    def end_day(self, day: int, /) -> None:
        pass

    def best(self, hours: Sequence[int], scores: Sequence[float]) -> int:
        """The hour of the highest score; of equal ones, any."""
        highest = max(scores)
        return self.dice.choice([hour for hour, score in zip(hours, scores, strict=True) if score == highest])


def _with_beside(values: Sequence[int], hour: int, hours: range) -> float:
    """The value of an hour, and half of those of the hours beside it."""
    return values[hour] + 0.5 * sum(values[beside] for beside in (hour - 1, hour + 1) if beside in hours)


class PopulationHour(_Counting):
    """The hour at which all people answer most often, with 10 % exploration."""

    def choose(self, _person: int, day: int, /) -> int:
        hours = open_hours(day)
        if self.dice.random() < _EXPLORATION:
            return self.dice.choice(hours)
        pairs = [(self.all_answers[hour], self.all_texts[hour]) for hour in hours]
        return self.best(hours, [(answers + 5 * _USUAL_RATE) / (texts + 5) for answers, texts in pairs])


class OwnHistogram(_Counting):
    """The hour with the person's highest answer rate, smoothed over the hours beside it, with 10 % exploration."""

    def choose(self, person: int, day: int, /) -> int:
        hours = open_hours(day)
        if self.dice.random() < _EXPLORATION:
            return self.dice.choice(hours)
        texts, answers = self.texts[person], self.answers[person]
        counts = [(_with_beside(answers, hour, hours), _with_beside(texts, hour, hours)) for hour in hours]
        return self.best(hours, [(a + _USUAL_TEXTS * _USUAL_RATE) / (n + _USUAL_TEXTS) for a, n in counts])


class EpsilonGreedy(_Counting):
    """The hour with the person's highest answer rate, with 10 % exploration."""

    def choose(self, person: int, day: int, /) -> int:
        hours = open_hours(day)
        if self.dice.random() < _EXPLORATION:
            return self.dice.choice(hours)
        texts, answers = self.texts[person], self.answers[person]
        return self.best(hours, [(answers[h] + _USUAL_TEXTS * _USUAL_RATE) / (texts[h] + _USUAL_TEXTS) for h in hours])


class ShrunkThompson(_Counting):
    """Thompson sampling: each hour's rate is drawn from its Beta posterior, whose prior is the population's rate."""

    def choose(self, person: int, day: int, /) -> int:
        hours = open_hours(day)
        texts, answers = self.texts[person], self.answers[person]
        draws = []
        for hour in hours:
            usual = (self.all_answers[hour] + 5 * _USUAL_RATE) / (self.all_texts[hour] + 5)
            alpha = _SHRINKAGE * usual + answers[hour]
            draws.append(self.dice.betavariate(alpha, _SHRINKAGE * (1 - usual) + texts[hour] - answers[hour]))
        return self.best(hours, draws)


class LearnedSender:
    """The product: the real rules, and each night the functions of `learn` over those with something new."""

    def __init__(self, ids: Sequence[UUID], dice: random.Random) -> None:
        self.dice = dice
        self.holdouts = [holdout_of(person) for person in ids]
        self.evidence: list[AnswerEvidence | None] = [None] * len(ids)
        self.curves: AnswerCurves | None = None
        self.stranger = learn_hours(None, None)
        self.population = population_hours(None)
        self.learned: list[LearnedHours | None] = [None] * len(ids)
        self.news: dict[int, list[AnswerOutcome]] = {}
        self.stop_texts, self.stops = [0.0] * HOURS, [0.0] * HOURS

    def choose(self, person: int, day: int, /) -> int:
        holdout = self.holdouts[person]
        if holdout is Holdout.DEFAULT or (holdout is Holdout.POPULATION and self.curves is None):
            return TEN + 24 * is_weekend_day(day)
        is_held = holdout is Holdout.POPULATION
        learned = self.population if is_held else self.learned[person] or self.stranger
        # Published before the day begins; expires at its end.
        earliest = START + timedelta(days=day, hours=8)
        choice = choose_time(
            earliest,
            earliest + timedelta(hours=13),
            (ZONE,),
            NIGHT,
            learned,
            COSTS,
            draw_of(UUID(int=self.dice.getrandbits(128))),
            spread=self.dice.random(),
            exploration=0.0 if is_held else EXPLORATION,
        )
        assert choice.hour is not None
        return choice.hour

    def record(self, text: SentText, /) -> None:
        sent_at = (START + timedelta(days=text.day, hours=text.hour % 24)).astimezone(UTC)
        outcome = AnswerOutcome(text.hour, 1.0, text.answered, text.stopped, sent_at)
        self.news.setdefault(text.person, []).append(outcome)
        self.stop_texts[text.hour] += 1
        self.stops[text.hour] += text.stopped

    def end_day(self, day: int, /) -> None:
        now = (START + timedelta(days=day + 1, hours=3)).astimezone(UTC)
        for person, outcomes in self.news.items():
            self.evidence[person] = with_outcomes(self.evidence[person], outcomes, now)
        with_news, self.news = list(self.news), {}
        known = [fade_evidence(evidence, now) for evidence in self.evidence if evidence]
        sample = self.dice.sample(known, min(SAMPLE, len(known)))
        stops = StopCounts(tuple(self.stop_texts), tuple(self.stops))
        self.curves = fit_curves(sample, self.curves, stops) or self.curves
        self.stranger, self.population = learn_hours(None, self.curves), population_hours(self.curves)
        for person in with_news:
            if self.holdouts[person] is Holdout.NONE:
                self.learned[person] = learn_hours(self.evidence[person], self.curves)
