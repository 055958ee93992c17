"""The words for each reason."""

from datetime import UTC, datetime

import pytest

from orchestrator.rules.explanations import EXPLANATIONS, describe_opt_out, explain
from orchestrator.rules.reasons import Reason


def test_every_reason_has_words_and_a_rule() -> None:
    assert EXPLANATIONS.keys() == set(Reason)


@pytest.mark.parametrize(
    ("reason", "words"), [("quiet_hours", "the person's quiet hours (R3)"), ("of_another_sender", "of_another_sender")]
)
def test_explain(reason: str, words: str) -> None:
    assert explain(reason) == words


def test_a_reason_names_what_it_rests_on() -> None:
    assert explain("law_hours", "Florida: none") == "the law of the person's place (R15): Florida: none"
    assert explain("of_another_sender", "a note") == "of_another_sender"


@pytest.mark.parametrize(
    ("source", "note", "recorded_at", "words"),
    [
        ("keyword", None, None, "a single word such as STOP (R11)"),
        ("operator", "by phone", None, "recorded by an operator: by phone (R11)"),
        (
            "operator",
            None,
            datetime(2026, 3, 3, 15, tzinfo=UTC),
            "recorded by an operator, recorded 2026-03-03 15:00:00 UTC (R11)",
        ),
        (
            "pigeon",
            "a letter",
            datetime(2026, 3, 3, 15, tzinfo=UTC),
            "pigeon, recorded 2026-03-03 15:00:00 UTC: a letter (R11)",
        ),
    ],
)
def test_how_a_person_opted_out(source: str, note: str | None, recorded_at: datetime | None, words: str) -> None:
    assert describe_opt_out(source, note, recorded_at) == words
