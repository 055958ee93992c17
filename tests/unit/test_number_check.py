"""Numbers change hands (R15): which answer of Twilio still counts, and what follows from it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from orchestrator.rules.decision_values import End, Hold
from orchestrator.rules.number_check import (
    NumberAnswer,
    NumberCheck,
    day_of_consent,
    decide_by_answer,
    describe_check,
    standing_answer,
)
from orchestrator.rules.reasons import Reason, Status

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
CONSENT = date(2026, 1, 10)
SAME, OTHER, NO_DATA = NumberAnswer.SAME_OWNER, NumberAnswer.OTHER_OWNER, NumberAnswer.NO_DATA


@pytest.mark.parametrize(
    ("situation", "answer", "verified_on", "days_ago", "counts"),
    [
        ("asked yesterday", SAME, CONSENT, 1, True),
        ("asked almost a month ago", SAME, CONSENT, 29.9, True),
        ("asked a month ago", SAME, CONSENT, 30, False),
        ("asked before that", SAME, CONSENT, 31, False),
        ("the same owner holds for a newer consent, too", SAME, date(2025, 1, 1), 1, True),
        ("another owner, for this consent", OTHER, CONSENT, 1, True),
        ("another owner, of a number that was verified since", OTHER, date(2026, 1, 11), 1, True),
        ("another owner, who agreed since", OTHER, date(2026, 1, 9), 1, False),
        ("no data, for this consent", NO_DATA, CONSENT, 1, True),
        ("no data, and a newer consent", NO_DATA, date(2019, 1, 1), 1, False),
    ],
)
def test_which_answer_still_counts(
    situation: str, answer: NumberAnswer, verified_on: date, days_ago: float, counts: bool
) -> None:
    last = NumberCheck(answer, verified_on, NOW - timedelta(days=days_ago))
    assert standing_answer(last, CONSENT, NOW) == (answer if counts else None), situation


def test_a_number_that_was_never_asked_about_has_no_answer() -> None:
    assert standing_answer(None, CONSENT, NOW) is None


def test_only_the_same_owner_lets_a_message_go() -> None:
    assert decide_by_answer(SAME, CONSENT, NOW) is None
    assert decide_by_answer(OTHER, CONSENT, NOW) == End(Status.CANCELLED, Reason.OPTED_OUT)
    assert decide_by_answer(NO_DATA, CONSENT, NOW) == Hold(
        NOW + timedelta(days=1),
        Reason.NUMBER_UNCHECKED,
        "Twilio has no data of the number since 2026-01-10; record a newer consent",
    )


def test_the_day_of_a_consent_is_never_too_late_in_the_united_states() -> None:
    assert day_of_consent(datetime(2026, 3, 3, 9, 59, tzinfo=UTC)) == date(2026, 3, 2)
    assert day_of_consent(datetime(2026, 3, 3, 10, 0, tzinfo=UTC)) == date(2026, 3, 3)


def test_an_answer_in_words() -> None:
    assert {describe_check(NumberCheck(answer, CONSENT, NOW)) for answer in NumberAnswer} == {
        "the number has had the same owner since 2026-01-10 (R15)",
        "the number has another owner since 2026-01-10 (R15)",
        "Twilio has no data of the number since 2026-01-10 (R15)",
    }
