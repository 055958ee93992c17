"""The intent of an inbound text (R11): a table of texts, and properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rules.intents import ClassifiedBy, Intent, intent_of
from orchestrator.rules.keywords import STOP_WORDS
from tests.cases import table

CASES = [(text, intent) for text, intent in table("wishes.txt")]


@pytest.mark.parametrize(("text", "intent"), CASES)
def test_intent_of(text: str, intent: str) -> None:
    expected = Intent.UNJUDGED if intent == "ask" else Intent(intent)
    assert intent_of(text)[0] is expected


@given(
    word=st.sampled_from(sorted(STOP_WORDS)),
    before=st.text(" \t\n", max_size=3),
    after=st.text(" \t\n.!", max_size=3),
    case=st.sampled_from([str.upper, str.lower, str.title]),
)
def test_a_stop_word_alone_is_stop_in_any_spelling(word: str, before: str, after: str, case: object) -> None:
    assert intent_of(before + case(word) + after)[0] is Intent.STOP  # type: ignore[operator]  # one of the three above


@given(st.text())
def test_any_text_is_intent_something(text: str) -> None:
    intent, judged_by = intent_of(text)
    assert (intent is Intent.UNJUDGED) == (judged_by is ClassifiedBy.NOBODY)


@pytest.mark.parametrize("kind", ["STOP", "START", "HELP"])
def test_an_opt_out_type_of_twilio_is_the_intent(kind: str) -> None:
    assert intent_of("COMENZAR", kind) == (Intent(kind.lower()), ClassifiedBy.OPT_OUT_TYPE)


def test_an_unknown_opt_out_type_leaves_the_intent_to_the_text() -> None:
    assert intent_of("STOP", "SNOOZE") == (Intent.STOP, ClassifiedBy.KEYWORD)


def test_invisible_characters_hide_nothing() -> None:
    assert intent_of("ST\u200bOP")[0] is Intent.STOP
