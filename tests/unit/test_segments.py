"""Segments as the carriers count them, and words that need fewer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.segments import Encoding, plain_characters, segments_of
from orchestrator.wording.dates import days_in, foreign_days


@pytest.mark.parametrize(
    ("text", "encoding", "number"),
    [
        ("", "GSM-7", 1), ("a" * 160, "GSM-7", 1), ("a" * 161, "GSM-7", 2), ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3), ("€" * 80, "GSM-7", 1), ("€" * 81, "GSM-7", 2), ("{}[]" * 40, "GSM-7", 3),
        ("ñ" * 160, "GSM-7", 1), ("ç", "UCS-2", 1), ("я" * 70, "UCS-2", 1), ("я" * 71, "UCS-2", 2),
        ("🎉" * 35, "UCS-2", 1), ("🎉" * 36, "UCS-2", 2), ("a" * 133 + "я", "UCS-2", 2), ("a" * 134 + "я", "UCS-2", 3),
        ("it\u2019s", "UCS-2", 1),
    ],
)  # fmt: skip
def test_segments(text: str, encoding: str, number: int) -> None:
    found = segments_of(text)
    assert (found.encoding, found.number) == (encoding, number)


def test_quotes_and_dashes_made_plain_save_segments() -> None:
    text = "It\u2019s here \u2013 \u201cfinally\u201d\u2026\u00a0see\u200b you" + "!" * 100
    assert segments_of(text).number == 2
    assert plain_characters(text) == 'It\'s here - "finally"... see you' + "!" * 100
    assert segments_of(plain_characters(text)) == segments_of("a" * 100)


@given(st.text(max_size=400))
def test_making_plain_never_costs_more_than_dots_do(text: str) -> None:
    plain = plain_characters(text)
    assert plain_characters(plain) == plain
    if segments_of(text).encoding is Encoding.GSM_7:
        assert segments_of(plain).encoding is Encoding.GSM_7


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("Nov 22", "2026-11-22"), ("22 November", "2026-11-22"), ("November 22nd", "11/22/2026"), ("22nd of Nov", "22/11/2026"),
        ("11/22", "2026-11-22T10:00:00Z"), ("Sunday", "2026-11-22"), ("tomorrow", "due tomorrow"), ("Friday", "every Friday"),
        ("may I help", ""), ("2026-11-22", "Nov 22"), ("on 24/7", "call us 24/7"),
    ],
)  # fmt: skip
def test_days_of_the_data_may_be_said_in_the_usual_formats(text: str, data: str) -> None:
    assert list(foreign_days(text, [data])) == []


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("Nov 23", "2026-11-22"), ("Dec 22", "2026-11-22"), ("Monday", "2026-11-22"), ("tomorrow", "2026-11-22"),
        ("2025-11-22", "2026-11-22"), ("11/23", "Nov 22"), ("tonight", "in the evening"),
    ],
)  # fmt: skip
def test_other_days_may_not(text: str, data: str) -> None:
    assert list(foreign_days(text, [data]))


def test_a_day_that_is_none_is_no_day() -> None:
    assert days_in(["2026-02-30", "13/13", "Feb 31"]) == set()
