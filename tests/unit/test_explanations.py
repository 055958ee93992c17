"""The words for each reason."""

import pytest

from orchestrator.rules.explanations import EXPLANATIONS, explain
from orchestrator.rules.reasons import Reason


def test_every_reason_has_words_and_a_rule() -> None:
    assert EXPLANATIONS.keys() == set(Reason)


@pytest.mark.parametrize(
    ("reason", "words"), [("quiet_hours", "the person's quiet hours (R3)"), ("of_another_sender", "of_another_sender")]
)
def test_explain(reason: str, words: str) -> None:
    assert explain(reason) == words
