"""A text that offers an opt-out keyword as an answer to something else is found; one that says how to opt out is not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rules.keywords import STOP_WORDS
from orchestrator.rules.stop_answers import offered_stop_word


def cases() -> list[list[str]]:
    lines = (Path(__file__).parents[1] / "cases" / "stop_answers.txt").read_text().splitlines()
    return [line.split(" | ", 1) for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize(("expected", "text"), cases())
def test_a_stop_word_that_is_offered_as_an_answer_is_found(expected: str, text: str) -> None:
    found = offered_stop_word(text.replace("\\n", "\n"))
    assert (found or "fine") == expected


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
def test_every_keyword_of_twilio_is_found_and_may_opt_out(word: str) -> None:
    assert offered_stop_word(f"Reply YES or {word}") == word
    assert offered_stop_word(f"Reply {word} to unsubscribe") is None


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert offered_stop_word(text) in {None, *STOP_WORDS}
