"""What a rendered text may say: facts of the data, in the usual formats (G7)."""

import pytest

from orchestrator.wording.grounding import problems

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
