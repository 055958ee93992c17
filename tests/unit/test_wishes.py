"""What an inbound text is taken for (R11): a table that anybody can read, and properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rules.intents import ClassifiedBy, Intent, intent_of
from orchestrator.rules.keywords import STOP_WORDS
from tests.cases import table

CASES = [(text, taken_for) for text, taken_for in table("wishes.txt")]


@pytest.mark.parametrize(("text", "taken_for"), CASES)
def test_what_a_text_is_taken_for(text: str, taken_for: str) -> None:
    expected = Intent.UNJUDGED if taken_for == "ask" else Intent(taken_for)
    assert intent_of(text)[0] is expected


@given(
    word=st.sampled_from(sorted(STOP_WORDS)),
    before=st.text(" \t\n", max_size=3),
    after=st.text(" \t\n.!", max_size=3),
    case=st.sampled_from([str.upper, str.lower, str.title]),
)
def test_a_stop_word_alone_is_stop_however_it_is_typed(word: str, before: str, after: str, case: object) -> None:
    assert intent_of(before + case(word) + after)[0] is Intent.STOP  # type: ignore[operator]  # one of the three above


@given(st.text())
def test_any_text_is_taken_for_something(text: str) -> None:
    wish, judged_by = intent_of(text)
    assert (wish is Intent.UNJUDGED) == (judged_by is ClassifiedBy.NOBODY)


@pytest.mark.parametrize("kind", ["STOP", "START", "HELP"])
def test_what_twilio_took_for_a_keyword_is_one(kind: str) -> None:
    assert intent_of("COMENZAR", kind) == (Intent(kind.lower()), ClassifiedBy.OPT_OUT_TYPE)


def test_an_opt_out_type_that_does_not_exist_yet_leaves_it_to_the_text() -> None:
    assert intent_of("STOP", "SNOOZE") == (Intent.STOP, ClassifiedBy.KEYWORD)


def test_invisible_characters_hide_nothing() -> None:
    assert intent_of("ST\u200bOP")[0] is Intent.STOP
