"""What counts of a person's texts, and how it fades (R7)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rules.answer_evidence import (
    HALF_LIFE,
    AnswerEvidence,
    AnswerOutcome,
    fade_evidence,
    pack_evidence,
    unpack_evidence,
    with_outcomes,
)
from orchestrator.rules.answer_week import HOURS, hour_of_week, part_of_week

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
outcomes = st.lists(
    st.builds(
        AnswerOutcome,
        hour=st.integers(0, HOURS - 1),
        exposure=st.floats(0.2, 5),
        answered=st.booleans(),
        stopped=st.booleans(),
        sent_at=st.datetimes(NOW.replace(tzinfo=None) - timedelta(days=200), NOW.replace(tzinfo=None)).map(
            lambda moment: moment.replace(tzinfo=UTC)
        ),
    ),
    max_size=20,
)


def outcome(hour: int, *, answered: bool, sent_at: datetime = NOW, exposure: float = 1.0) -> AnswerOutcome:
    return AnswerOutcome(hour, exposure, answered, stopped=False, sent_at=sent_at)


def test_texts_and_answers_are_counted_per_hour() -> None:
    seen = [outcome(10, answered=True), outcome(10, answered=False), outcome(30, answered=False, exposure=0.5)]
    evidence = with_outcomes(None, seen, NOW)
    assert pack_evidence(evidence) == ([10, 30], [2.0, 0.5], [1.0, 0.0])


def test_a_text_counts_half_after_sixty_days() -> None:
    sent_at = NOW - timedelta(days=60)
    evidence = with_outcomes(None, [outcome(10, answered=True, sent_at=sent_at, exposure=0.8)], NOW)
    assert (evidence.texts[10], evidence.answers[10]) == pytest.approx((0.4, 0.5))
    faded = fade_evidence(evidence, NOW + timedelta(days=120))
    assert (faded.texts[10], faded.answers[10]) == pytest.approx((0.1, 0.125))


@given(outcomes, outcomes, st.integers(0, 100))
def test_learning_in_two_nights_is_learning_in_one(
    first: list[AnswerOutcome], second: list[AnswerOutcome], days: int
) -> None:
    later = NOW + timedelta(days=days)
    in_two = with_outcomes(with_outcomes(None, first, NOW), second, later)
    in_one = with_outcomes(None, [*first, *second], later)
    assert in_two.texts == pytest.approx(in_one.texts)
    assert in_two.answers == pytest.approx(in_one.answers)


def test_hours_that_are_not_stored_have_no_text_and_no_answer() -> None:
    evidence = unpack_evidence([3, 40], [2.0, 0.5], [1.0, 0.0], as_of=NOW)
    assert evidence.texts == tuple({3: 2.0, 40: 0.5}.get(hour, 0.0) for hour in range(48))
    assert evidence.answers == tuple({3: 1.0}.get(hour, 0.0) for hour in range(48))


@given(outcomes)
def test_the_stored_form_holds_everything(seen: list[AnswerOutcome]) -> None:
    evidence = with_outcomes(None, seen, NOW)
    assert unpack_evidence(*pack_evidence(evidence), as_of=NOW) == evidence
    assert len(pack_evidence(evidence)[0]) <= len(seen)


def test_a_clock_that_runs_back_adds_no_weight() -> None:
    evidence = AnswerEvidence((1.0,) * HOURS, (0.5,) * HOURS, NOW)
    assert fade_evidence(evidence, NOW - HALF_LIFE).texts == evidence.texts


@pytest.mark.parametrize(
    ("local", "hour", "part"),
    [
        (datetime(2026, 3, 6, 23, 59), 23, "weekday evenings"),  # noqa: DTZ001
        (datetime(2026, 3, 7, 0, 0), 24, "weekend mornings"),  # noqa: DTZ001
        (datetime(2026, 3, 8, 16, 59), 40, "weekend afternoons"),  # noqa: DTZ001
        (datetime(2026, 3, 8, 17, 0), 41, "weekend evenings"),  # noqa: DTZ001
        (datetime(2026, 3, 8, 23, 59), 47, "weekend evenings"),  # noqa: DTZ001
        (datetime(2026, 3, 9, 0, 0), 0, "weekday mornings"),  # noqa: DTZ001
        (datetime(2026, 3, 9, 11, 59), 11, "weekday mornings"),  # noqa: DTZ001
        (datetime(2026, 3, 9, 12, 0), 12, "weekday afternoons"),  # noqa: DTZ001
        (datetime(2026, 3, 9, 16, 59), 16, "weekday afternoons"),  # noqa: DTZ001
        (datetime(2026, 3, 9, 17, 0), 17, "weekday evenings"),  # noqa: DTZ001
    ],
)
def test_a_local_time_lies_in_an_hour_and_a_part_of_the_week(local: datetime, hour: int, part: str) -> None:
    assert hour_of_week(local) == hour
    assert part_of_week(hour) == part
