"""Plain sentences: words made from any data without Claude."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.unsendable import is_json
from orchestrator.wording.plain import LENGTH, plain_sentence


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
        assert not is_json(sentence)
        assert not set(sentence) & set("{}[]<>`*\n")
