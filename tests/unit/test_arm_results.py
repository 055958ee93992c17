"""The sums over people from which an interval clustered by person is computed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.maintenance.learn import _add_result
from orchestrator.store.answer_hours import AnswerText, AnswerTotals, ArmResult

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)
# Of each text: the person, after how many minutes it was answered, and whether a STOP followed.
TEXTS = [
    ("ada", 30, False),
    ("ada", None, True),
    ("ben", 60, True),
    ("ada", 90, True),
    ("ada", 300, True),
    ("eve", None, False),
]


def texts() -> Iterator[tuple[str, AnswerText]]:
    text = AnswerText(
        UUID(int=0),
        MONDAY,
        "America/New_York",
        "+12125550101",
        "learned",
        "note",
        True,
        None,
        False,
        None,
        AnswerTotals(),
    )
    for person, minutes, stopped in TEXTS:
        answered_at = None if minutes is None else MONDAY + timedelta(minutes=minutes)
        yield person, replace(text, answered_at=answered_at, stopped=stopped)


@pytest.mark.parametrize("period", ["all", "2026-W10"])
def test_the_sums_are_those_of_each_persons_numbers(period: str) -> None:
    results: dict[tuple[str, str], ArmResult] = {}
    totals = {person: AnswerTotals() for person, _, _ in TEXTS}
    for person, text in texts():
        totals[person] = _add_result(results, "learned", text, totals[person])
    # Ada has 4 texts, 3 answers and 3 STOPs, Ben one of each, and Eve a text.
    assert results[period, "learned"] == ArmResult(
        period,
        "learned",
        people=3,
        texts=6,
        answers=4,
        answers_in_1h=2,
        answers_in_4h=3,
        stops=4,
        texts_squared=16 + 1 + 1,
        answers_squared=9 + 1,
        stops_squared=9 + 1,
        texts_answers=4 * 3 + 1,
        texts_stops=4 * 3 + 1,
    )
