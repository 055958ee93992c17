"""What a batch of texts adds to what is learned: which count, for whom, and the sums of each arm, worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from orchestrator.maintenance.learn import learn_from
from orchestrator.rules.answer_counts import AnswerCounts
from orchestrator.rules.answer_hours import BestTimeKind
from orchestrator.store.answer_hours import AnswerText, AnswerTotals, ArmResult

TUESDAY = datetime(2026, 3, 3, 15, tzinfo=UTC)  # of week 10
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ADA, BEN, CLEO, DANA, EVE = (UUID(int=number) for number in range(1, 6))


def text(user_id: UUID, kind: str, sent_at: datetime, answered_after: timedelta | None = None) -> AnswerText:
    return AnswerText(
        user_id=user_id, sent_at=sent_at, zone="America/New_York", phone_number="+12125550101", kind=kind, type="note",
        asks=True, answered_at=None if answered_after is None else sent_at + answered_after, stopped=False,
        evidence=None, totals=AnswerTotals(),
    )  # fmt: skip


def test_a_batch_adds_each_text_that_counts_to_its_person_and_its_arm() -> None:
    before = AnswerTotals(3, 1, 0, "2026-W10", 2, 1, 0)
    nowhere = replace(text(BEN, BestTimeKind.LEARNED, TUESDAY, HOUR), zone=None, phone_number="+18005550101")
    after_one_hour = replace(text(ADA, BestTimeKind.LEARNED, TUESDAY, HOUR), totals=before)
    after_four = replace(text(ADA, BestTimeKind.EXPLORED, TUESDAY + HOUR, 4 * HOUR), totals=before, stopped=True)
    next_week = text(CLEO, BestTimeKind.POPULATION, TUESDAY + timedelta(days=6), 4 * HOUR + SECOND)
    outside = text(DANA, BestTimeKind.DEFAULT, TUESDAY)
    no_question = replace(text(EVE, BestTimeKind.LEARNED, TUESDAY), type="news", asks=False)

    batch = learn_from(
        [nowhere, after_one_hour, no_question, after_four, next_week, outside], AnswerCounts(), TUESDAY + 48 * HOUR
    )

    assert batch.texts == [after_one_hour, after_four, next_week, outside]
    assert {person.user_id: person.totals for person in batch.people} == {
        ADA: AnswerTotals(5, 3, 1, "2026-W10", 4, 3, 1),
        CLEO: AnswerTotals(1, 1, 0, "2026-W11", 1, 1, 0),
        DANA: AnswerTotals(),
    }
    assert {(result.period, result.arm): result for result in batch.results} == {
        ("all", "learned"): ArmResult(
            "all", "learned", people=1, texts=3, answers=3, answers_in_1h=1, answers_in_4h=2, stops=1,
            texts_squared=25 - 9 + 1, answers_squared=9 - 1 + 1, stops_squared=1, texts_answers=15 - 3 + 1, texts_stops=5,
        ),
        ("2026-W10", "learned"): ArmResult(
            "2026-W10", "learned", people=0, texts=2, answers=2, answers_in_1h=1, answers_in_4h=2, stops=1,
            texts_squared=16 - 4, answers_squared=9 - 1, stops_squared=1, texts_answers=12 - 2, texts_stops=4,
        ),
        ("2026-W11", "learned"): ArmResult(
            "2026-W11", "learned", people=1, texts=1, answers=1, texts_squared=1, answers_squared=1, texts_answers=1,
        ),
    }  # fmt: skip


def test_in_a_new_week_a_person_begins_from_nothing_and_in_their_arm_is_counted_once() -> None:
    before = AnswerTotals(3, 1, 1, "2026-W09", 2, 1, 1)
    holdout = replace(text(ADA, BestTimeKind.DEFAULT_HOLDOUT, TUESDAY), totals=before)
    batch = learn_from([holdout], AnswerCounts(), TUESDAY + 48 * HOUR)
    assert [person.totals for person in batch.people] == [AnswerTotals(4, 1, 1, "2026-W10", 1, 0, 0)]
    assert [(found.period, found.arm, found.people, found.texts_squared) for found in batch.results] == [
        ("all", "default_holdout", 0, 16 - 9),
        ("2026-W10", "default_holdout", 1, 1),
    ]
