"""Plain sentences: words made from any data without Claude."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

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
        ({"type": "weekly_summary", "stats": {}}, "Ada", None),
        ({"type": "solution_update", "workflowId": "workflow_123", "findings": {}}, "Ada", None),
        ({"type": "t"}, None, None),
        ({"type": "x", "note": None, "more": "", "deep": {"deeper": [None, {}]}}, "Ada", None),
        ({"type": "x", "done": True, "paid": False, "note": None}, None, "x: done yes; paid no."),
        ({"type": "list", "items": ["a", "b", "c", "d", "e"]}, None, "list: items: a, b, c and 2 more."),
        ({"type": "отчёт", "город": "Москва"}, "Ада", "Hi Ада, отчёт: город Москва."),
        ({"type": "party 🎉"}, None, None),
        ({"type": "party 🎉", "at": "8"}, None, "party 🎉: at 8."),
        ({"type": "x", "message": {"a": 1}}, "+12125550101", "x: a 1."),
        ({"type": "{}"}, None, None),
        ({"type": "{}", "a": 1}, "null", "a 1."),
        ({"type": "[]", "rows": [], "more": {}}, None, None),
    ],
)
def test_the_plain_sentence(data: dict[str, object], name: str | None, sentence: str | None) -> None:
    assert plain_sentence(data, name) == sentence


@pytest.mark.parametrize("value", [None, "null", "N/A", " ", "7b0b1c1e-2c44-4c50-9f0e-0a5a6f0c9a10", [None, {}]])
def test_nothing_is_said_of_nothing(value: object) -> None:
    assert plain_sentence({"type": "note", "value": value}, "Ada") is None


NOW = datetime(2026, 11, 3, 10, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("https://pay.example/invoice_42?utm_source=sms#pay", "https://pay.example/invoice_42?utm_source=sms#pay"),
        ("john_doe@mail.example", "john_doe@mail.example."),
        ("@acme_help", "@acme_help."),
        ("report_v2.pdf", "report_v2.pdf."),
        ("wf_99", "wf_99."),
        ("#1042", "#1042."),
        (0.30000000000000004, "0.3."),
        (1200, "1,200."),
        (-1200.5, "-1,200.5."),
        (123456789012345678901234567890, "123456789012345678901234567890."),
        ("2026-11-22T15:30:00Z", "Nov 22, 10:30 AM."),
        ("2026-11-22T15:30:00-05:00", "Nov 22, 3:30 PM."),
        ("2026-11-22", "Nov 22."),
        ("2027-11-22", "Nov 22, 2027."),
        ("2026-02-30", "2026-02-30."),
        ("Tom &amp; Jerry&#39;s <b>Sale</b>", "Tom & Jerry's Sale."),
        ("<p>The <b>door</b> code changed</p>", "The door code changed."),
        ("**bold** `code` {x} [y]", "bold code x y."),
        ("5 < 6", "5 < 6."),
        (-0.0, "0."),
    ],
)
def test_values_stay_whole_and_are_written_as_people_write_them(value: object, words: str) -> None:
    assert plain_sentence({"type": "x", "value": value}, None, now=NOW) == f"x: value {words}"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"amount": 1200, "currency": "USD"}, "x: amount $1,200."),
        ({"amount": 49.5, "currency": "EUR"}, "x: amount €49.50."),
        ({"number": 1042, "year": 2026}, "x: number 1042; year 2026."),
        ({"kWh": 21200}, "x: kWh 21,200."),
        ({"status": "in_progress"}, "x: status in progress."),
        ({"nota": "la cita es el jueves", "hora": "2026-11-22T15:30:00Z", "ok": True},
         "Hola Ada, x: nota la cita es el jueves; hora 22 nov, 10:30; ok sí."),
        ({"text_b": "Bitte zahlen Sie für uns", "betrag": 1200.5},
         "Hallo Ada, x: text b Bitte zahlen Sie für uns; betrag 1.200,5."),
    ],
)  # fmt: skip
def test_the_plain_sentence_speaks_the_language_of_its_data(data: dict[str, object], sentence: str) -> None:
    name = "Ada" if "Ada" in sentence else None
    assert plain_sentence({"type": "x", **data}, name, now=NOW) == sentence


@pytest.mark.parametrize(
    ("length", "segments", "fits"),
    # "x: a " and the full stop are six characters; a segment has 160, two of them more than the 300 that a text may have.
    [(294, 2, True), (295, 2, False), (295, 3, False), (154, 1, True), (155, 1, False)],
)
def test_a_sentence_is_as_long_as_two_segments(length: int, segments: int, fits: bool) -> None:
    sentence = plain_sentence({"type": "x", "a": "y" * length}, None, segments)
    assert sentence == (f"x: a {'y' * length}." if fits else None)


def test_a_fact_that_does_not_fit_is_left_out_whole() -> None:
    assert plain_sentence({"type": "x", "a": "b", "c": "y" * 290, "d": "e"}, None) == "x: a b; d e."
    assert plain_sentence({"type": "x", "c": "y" * 155, "d": "e"}, None, 1) == "x: d e."


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"items": ["a"]}, "x: items: a."),
        ({"items": ["a", "b"]}, "x: items: a and b."),
        ({"items": ["a", "b", "c"]}, "x: items: a, b and c."),
        ({"items": ["a", "b", "c", "d"]}, "x: items: a, b, c and 1 more."),
        ({"items": ["a", None, "", "d"]}, "x: items: a and d."),
        ({"items": [["a", "b"], {"c": 5, "d": 6}]}, "x: items: a, b and c 5, d 6."),
        ({"hotel": {"name": "Acme", "status": "open"}}, "x: hotel: Acme (open)."),
        ({"hotel": {"title": "Acme", "stars": 5}}, "x: hotel: Acme."),
        ({"hotel": {"name": ["Acme"], "stars": 5}}, "x: name: Acme; stars 5."),
        ({"userId": "a", "api_key": "b", "identity": "c"}, "x: identity c."),
        ({"amount": 1200, "currency": "kr"}, "x: amount 1,200."),
        ({"amount": 1200, "currency": "GBP", "items": 1200}, "x: amount £1,200; items 1,200."),
        ({"a": 10**15 - 1}, "x: a 999,999,999,999,999."),
        ({"a": 10**15}, "x: a 1000000000000000."),
        ({"a": -(10**15)}, "x: a -1000000000000000."),
        ({"a": 0.12345678904}, "x: a 0.123456789."),
        ({"a": 1.5, "number": 1500.5}, "x: a 1.5; number 1500.5."),
        ({"type": "x", "a": "2027-11-22"}, "x: a Nov 22."),
        ({"type": "x", "a": "2027-11-22T15:30:00-05:00"}, "x: a Nov 22, 3:30 PM."),
        ({"a": "2026-11-22 15:30"}, "x: a Nov 22, 3:30 PM."),
        ({"state": "almostReady", "other": "almostReady"}, "x: state almost ready; other almostReady."),
    ],
)
def test_lists_objects_and_numbers_in_a_sentence(data: dict[str, object], sentence: str) -> None:
    assert plain_sentence({"type": "x", **data}, None) == sentence


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
        assert not set(sentence) & set("{}[]`\n")
        assert not re.search(r"</?[A-Za-z]", sentence), "no tag; 5 < 6 stays"
