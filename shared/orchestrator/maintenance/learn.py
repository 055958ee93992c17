"""Nightly learning (R7): reads what came of texts whose hour was chosen, and learns when their people answer."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.clock import Clock
from orchestrator.ids import first_id_at
from orchestrator.people import zones_for
from orchestrator.rules.answer_counts import AnswerCounts
from orchestrator.rules.answer_curves import AnswerCurves, fit_curves, learn_hours
from orchestrator.rules.answer_evidence import AnswerOutcome, fade_evidence, with_outcomes
from orchestrator.rules.answer_hours import ARMS
from orchestrator.rules.answer_week import hour_of_week
from orchestrator.settings import LearnSettings
from orchestrator.store import answer_hours as store
from orchestrator.store.answer_hours import ANSWERS_WITHIN, AnswerText, AnswerTotals, ArmResult, PersonEvidence

# Attempts of one round trip, and people whose hours are learned in one: memory and locks stay small.
TEXTS_OF_A_BATCH = 2_000
PEOPLE_OF_A_BATCH = 1_000
# The first night begins so long ago.
FIRST_NIGHT = timedelta(days=60)
# An answer may lie in a queue, and be classified late: texts are read so long after their time for answers is over.
SETTLES_IN = timedelta(hours=1)
# The curves are fitted once a night, however many runs it takes.
FITTED_EVERY = timedelta(hours=12)
# A step starts only while this much of the invocation is left.
SPARE_SECONDS = 15.0
FIT_SECONDS = 120.0
# Reading leaves as much to the fit and to people's hours, so that a night with too many texts learns of what it read.
READING_LEAVES_SECONDS = 240.0
_FIRST_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What one run did.

    Attributes:
        texts, answers, stops: by arm; those whose hour nothing learned chose count under their kind.
        answer_rates: answers of 100 texts, by arm.
        people: people whose hours were computed.
        fitted: whether the curves of everybody were fitted.
        left: whether something is left for the next run.
    """

    texts: Counter[str] = field(default_factory=Counter, metadata=publish_as(metrics.CHOSEN_HOURS))
    answers: Counter[str] = field(default_factory=Counter)
    answer_rates: dict[str, float] = field(default_factory=dict, metadata=publish_as(metrics.ANSWER_RATE))
    stops: Counter[str] = field(default_factory=Counter, metadata=publish_as(metrics.CHOSEN_HOURS_STOPPED))
    people: int = field(default=0, metadata=publish_as(metrics.LEARNED_PEOPLE))
    fitted: bool = False
    left: bool = field(default=False, metadata=publish_as(metrics.LEARNING_LEFT))


@dataclass(frozen=True, slots=True)
class LearnedBatch:
    """What a batch of texts adds: those that count, the evidence of their people, and the results of the arms."""

    texts: Sequence[AnswerText]
    people: Sequence[PersonEvidence]
    results: Sequence[ArmResult]


def learn(
    connection: Connection, settings: LearnSettings, clock: Clock, seconds_left: Callable[[], float]
) -> LearnReport:
    """Learn from the texts whose time for answers is over, in batches; each is written whole or not at all.

    People of whom nothing is new are not touched. A run that is cut short, or meets another one, leaves the rest to
    the next.

    Raises:
        psycopg.Error: earlier batches are written; the next run continues.
    """
    if settings.learn == "off":
        return LearnReport()
    now = clock()
    report = LearnReport()
    progress = store.read_progress(connection)
    counts = AnswerCounts.from_json(progress.counts)
    read_all = _read_texts(connection, progress.up_to, counts, report, now, seconds_left)
    report = replace(report, answer_rates={arm: 100 * report.answers[arm] / n for arm, n in report.texts.items()})
    curves, fitted = progress.curves, False
    if progress.fitted_at is None or now - progress.fitted_at >= FITTED_EVERY:
        if seconds_left() < FIT_SECONDS:
            return replace(report, left=True)
        curves, fitted = _fit(connection, curves, counts, now), True
    people, learned_all = _learn_people(connection, curves, now, seconds_left) if curves else (0, True)
    return replace(report, people=people, fitted=fitted, left=not (read_all and learned_all))


def _read_texts(
    connection: Connection,
    up_to: UUID | None,
    counts: AnswerCounts,
    report: LearnReport,
    now: datetime,
    seconds_left: Callable[[], float],
) -> bool:
    """Add what came of new texts to their people; returns whether all of them were read."""
    after = up_to or first_id_at(now - FIRST_NIGHT)
    before = first_id_at(now - ANSWERS_WITHIN - SETTLES_IN)
    while seconds_left() > READING_LEAVES_SECONDS:
        last_id, texts = store.read_answer_texts(connection, after, before, TEXTS_OF_A_BATCH)
        if last_id is None:
            return True
        batch = learn_from(texts, counts, now)
        if not store.write_answer_evidence(
            connection, after, last_id, counts.to_json(), batch.people, batch.results, now
        ):
            return False  # another run reads them
        _count(report, batch.texts)
        after = last_id
    return False


def learn_from(texts: Sequence[AnswerText], counts: AnswerCounts, now: datetime) -> LearnedBatch:
    """Compute what a batch of texts adds; `counts` grows.

    A text that expects no answer counts only where texts of its type are answered at all.
    """
    hours = [_hour_of(text) for text in texts]
    for text, hour in zip(texts, hours, strict=True):
        if hour is not None:
            counts.add(text.type, hour, answered=text.answered_at is not None, stopped=text.stopped)
    exposures = {kind: counts.exposure_of(kind) for kind in {text.type for text in texts}}
    counted: list[AnswerText] = []
    people: dict[UUID, PersonEvidence] = {}
    results: dict[tuple[str, str], ArmResult] = {}
    for text, hour in zip(texts, hours, strict=True):
        if hour is None or not (text.asks or counts.is_answered(text.type)):
            continue
        counted.append(text)
        known = people.get(text.user_id)
        outcome = AnswerOutcome(hour, exposures[text.type], text.answered_at is not None, text.stopped, text.sent_at)
        evidence = with_outcomes(known.evidence if known else text.evidence, [outcome], now)
        totals = known.totals if known else text.totals
        arm = ARMS.get(text.kind)
        if arm:
            totals = _add_result(results, arm, text, totals)
        people[text.user_id] = PersonEvidence(text.user_id, evidence, totals)
    return LearnedBatch(counted, list(people.values()), list(results.values()))


def _hour_of(text: AnswerText) -> int | None:
    """The hour of the person's week in which a text left; None where their zone is not known."""
    zone = next(iter(zones_for(text.zone, text.phone_number)), None)
    return hour_of_week(text.sent_at.astimezone(zone)) if zone else None


def _add_result(
    results: dict[tuple[str, str], ArmResult], arm: str, text: AnswerText, totals: AnswerTotals
) -> AnswerTotals:
    """Count a text in its arm, over all weeks and in its week; returns the person's numbers with it."""
    week = store.week_of(text.sent_at)
    of_week = totals.week == week
    before_all = totals.all_texts, totals.all_answers, totals.all_stops
    before_week = (totals.week_texts, totals.week_answers, totals.week_stops) if of_week else (0, 0, 0)
    added = 1, int(text.answered_at is not None), int(text.stopped)
    for period, before in (("all", before_all), (week, before_week)):
        result = results.get((period, arm), ArmResult(period, arm))
        results[period, arm] = _with_text(result, before, added, text)
    return AnswerTotals(*_sum(before_all, added), week, *_sum(before_week, added))


def _sum(before: tuple[int, int, int], added: tuple[int, int, int]) -> tuple[int, int, int]:
    return before[0] + added[0], before[1] + added[1], before[2] + added[2]


def _with_text(
    result: ArmResult, before: tuple[int, int, int], added: tuple[int, int, int], text: AnswerText
) -> ArmResult:
    """Add one text of a person whose numbers were `before`, so that sums of squares over people stay right."""
    texts, answers, stops = before
    more_texts, more_answers, more_stops = _sum(before, added)
    waited = text.answered_at - text.sent_at if text.answered_at else None
    return replace(
        result,
        people=result.people + (texts == 0),
        texts=result.texts + added[0],
        answers=result.answers + added[1],
        answers_in_1h=result.answers_in_1h + (waited is not None and waited <= timedelta(hours=1)),
        answers_in_4h=result.answers_in_4h + (waited is not None and waited <= timedelta(hours=4)),
        stops=result.stops + added[2],
        texts_squared=result.texts_squared + more_texts**2 - texts**2,
        answers_squared=result.answers_squared + more_answers**2 - answers**2,
        stops_squared=result.stops_squared + more_stops**2 - stops**2,
        texts_answers=result.texts_answers + more_texts * more_answers - texts * answers,
        texts_stops=result.texts_stops + more_texts * more_stops - texts * stops,
    )


def _count(report: LearnReport, texts: Sequence[AnswerText]) -> None:
    for text in texts:
        arm = ARMS.get(text.kind, text.kind)
        report.texts[arm] += 1
        report.answers[arm] += text.answered_at is not None
        report.stops[arm] += text.stopped


def _fit(
    connection: Connection, before: AnswerCurves | None, counts: AnswerCounts, now: datetime
) -> AnswerCurves | None:
    """Fit the curves of everybody on a sample of people, and store them; None where there is too little to learn."""
    sample = [fade_evidence(evidence, now) for evidence in store.sample_evidence(connection, seed=now.toordinal())]
    curves = fit_curves(sample, before, counts.stop_counts())
    if curves is None:
        return before
    store.store_answer_curves(connection, curves, learn_hours(None, curves), now)
    return curves


def _learn_people(
    connection: Connection, curves: AnswerCurves, now: datetime, seconds_left: Callable[[], float]
) -> tuple[int, bool]:
    """Learn the hours of people of whom something is new; returns how many, and whether it was all of them."""
    learned, after = 0, _FIRST_ID
    while seconds_left() > SPARE_SECONDS:
        people = store.list_people_to_learn(connection, after, PEOPLE_OF_A_BATCH)
        if not people:
            return learned, True
        hours = [(user_id, evidence, learn_hours(evidence, curves)) for user_id, evidence in people]
        store.write_learned_hours(connection, hours, now)
        learned, after = learned + len(people), people[-1][0]
    return learned, False
