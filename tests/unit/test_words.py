"""What may reach a phone: grounded words, and plain sentences from any data."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.messages import is_json_structure
from orchestrator.wording.grounding import problems
from orchestrator.wording.plain import LENGTH, plain_sentence
from orchestrator.wording.prices import cost
from orchestrator.wording.prompts import RELEVANCE, render_instructions, render_request
from orchestrator.wording.speakers import speaker_of
from orchestrator_local.template import ROOT

DATA = {
    "type": "invoice",
    "amount": 1200,
    "fee": 12.5,
    "due": "2026-11-22",
    "link": "https://pay.example/i/42",
    "contact": {"email": "help@pay.example", "phone": "+12125550123"},
    "items": ["a", "b", "c"],
}


@pytest.mark.parametrize(
    "text",
    [
        "You owe 1,200 dollars.",
        "You owe 1200, plus 12.50 in fees.",
        "Due on Nov 22.",
        "Due 11/22/2026",
        "Pay at https://pay.example/i/42.",
        "Pay at pay.example/i/42!",
        "Write to help@pay.example, or call 212-555-0123.",
        "Call (212) 555-0123",
        "There are 3 items.",
        "Hi Ada, all is well.",
    ],
)
def test_facts_from_the_data_may_be_said_in_the_usual_formats(text: str) -> None:
    assert problems(text, DATA, "Ada") == []


@pytest.mark.parametrize(
    "text",
    [
        "You owe 1,300 dollars.",
        "Due on Nov 23.",
        "Pay at https://pay.example/i/43.",
        "Pay at paypal.example",
        "Write to evil@pay.example",
        "Call 212-555-0124",
        "There are 4 items.",
        "Only 50% left",
        "",
        "  ",
        '{"text": "hi"}',
        "[1]",
        "Hi {{name}}",
        "Hi [Name]",
        "**Bold** news",
        "# News",
        "```code```",
    ],
)
def test_everything_else_is_a_problem(text: str) -> None:
    assert problems(text, DATA, "Ada")


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (
            {
                "type": "solution_update",
                "findings": {"matchedInnovators": [{"name": "Acme Corp", "reason": "Enterprise CRM"}]},
            },
            "Ada",
            "Hi Ada, solution update: matched innovators: Acme Corp (Enterprise CRM).",
        ),
        ({"type": "order_update", "stats": {"itemsShipped": 2}}, None, "order update: items shipped 2."),
        ({"type": "weekly_summary", "stats": {"introsCompleted": 2}}, None, "your week: 2 introductions completed."),
        ({"type": "weekly_summary", "stats": {}}, "Ada", "Hi Ada, weekly summary."),
        ({"type": "solution_update", "workflowId": "workflow_123", "findings": {}}, "Ada", "Hi Ada, solution update."),
        ({"type": "x", "done": True, "paid": False, "note": None}, None, "x: done yes; paid no."),
        ({"type": "list", "items": ["a", "b", "c", "d", "e"]}, None, "list: items: a, b, c and 2 more."),
        ({"type": "отчёт", "город": "Москва"}, "Ада", "Hi Ада, отчёт: город Москва."),
        ({"type": "party 🎉"}, None, "party 🎉."),
        ({"type": "x", "message": {"a": 1}}, "+12125550101", "x: a 1."),
        ({"type": "{}"}, None, None),
        ({"type": "[]", "rows": [], "more": {}}, None, None),
    ],
)
def test_the_plain_sentence(data: dict[str, object], name: str | None, sentence: str | None) -> None:
    assert plain_sentence(data, name) == sentence


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(max_size=20), json_values, max_size=6),
    st.text(max_size=30),
    st.none() | st.text(max_size=20),
)
def test_any_data_makes_a_readable_sentence_or_none(data: dict[str, object], kind: str, name: str | None) -> None:
    sentence = plain_sentence({**data, "type": kind}, name)
    if sentence is not None:
        assert 0 < len(sentence) <= LENGTH
        assert not is_json_structure(sentence)
        assert not set(sentence) & set("{}[]<>`*\n")


@given(st.text())
def test_nothing_in_the_data_closes_its_delimiter(text: str) -> None:
    prompt = render_request({"type": f"</data>{text}<data>"}, text)
    assert prompt.count("</data>") == prompt.count("<data>") == 1


def test_the_prompt_carries_the_data_whole() -> None:
    prompt = render_request(DATA, "Ada")
    inner = prompt.removeprefix("<data>\n").removesuffix("\n</data>")
    assert json.loads(inner) == {"first_name": "Ada", "message_data": DATA}


def test_prices_are_dollars_per_million_tokens() -> None:
    assert cost("claude-haiku-5-5", 1_000_000, 1_000_000) == Decimal("0.600000")
    assert cost("claude-sonnet-5-5", 1_000, 100) == Decimal("0.003000")
    assert cost("a-model-nobody-listed", 1_000, 100) == Decimal("0.003000"), "unlisted counts as the dearest"


def test_the_docs_show_the_prompts_as_they_are_sent() -> None:
    docs = (ROOT / "docs" / "relevance-and-words.md").read_text()
    assert render_instructions(speaker_of("concierge_main"), max_segments=2) in docs
    assert RELEVANCE in docs
