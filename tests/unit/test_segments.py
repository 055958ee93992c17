"""Segments as carriers count them, and characters that need fewer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.segments import Encoding, plain_characters, segments_of


@pytest.mark.parametrize(
    ("text", "encoding", "number"),
    [
        ("", "GSM-7", 1), ("a" * 160, "GSM-7", 1), ("a" * 161, "GSM-7", 2), ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3), ("€" * 80, "GSM-7", 1), ("€" * 81, "GSM-7", 2), ("{}[]" * 40, "GSM-7", 3),
        ("ñ" * 160, "GSM-7", 1), ("ç", "UCS-2", 1), ("я" * 70, "UCS-2", 1), ("я" * 71, "UCS-2", 2),
        ("🎉" * 35, "UCS-2", 1), ("🎉" * 36, "UCS-2", 2), ("a" * 133 + "я", "UCS-2", 2), ("a" * 134 + "я", "UCS-2", 3),
        ("it\u2019s", "UCS-2", 1), ("]" * 153, "GSM-7", 3), ("a" * 152 + "]" + "a" * 152, "GSM-7", 3),
        ("🎉" * 66, "UCS-2", 2), ("🎉" * 67, "UCS-2", 3), ("👨\u200d👩\u200d👧" * 9, "UCS-2", 2),
        # A family is not divided: it goes to the next segment whole.
        ("a" * 60 + "👨\u200d👩\u200d👧" + "a" * 59, "UCS-2", 2), ("a" * 60 + "👨\u200d👩\u200d👧" + "a" * 60, "UCS-2", 3),
        # The two letters of a flag stay together, from AA to ZZ, and a third one begins another.
        ("a" * 65 + "🇦🇹" + "a" * 66, "UCS-2", 3), ("a" * 65 + "🇹🇦" + "a" * 66, "UCS-2", 3),
        ("a" * 65 + "🇿🇦" + "a" * 66, "UCS-2", 3), ("a" * 65 + "🇦🇿" + "a" * 66, "UCS-2", 3),
        ("a" * 65 + "🇿🇿" + "a" * 66, "UCS-2", 3), ("a" * 65 + "🇦🇦" + "a" * 66, "UCS-2", 3),
        ("a" * 63 + "🇦🇹🇦" + "a" * 65, "UCS-2", 2),
        # An accent after the end of a line or a paragraph stands alone.
        ("a" * 66 + "\n\u0301" + "a" * 66, "UCS-2", 2), ("a" * 66 + "\u2028\u0301" + "a" * 66, "UCS-2", 2),
        # A colour of skin belongs to an emoji, not to a letter, a currency or a space before it.
        *[("a" * 66 + f"{before}🏻" + "a" * 65, "UCS-2", 3) for before in "✋"],
        *[("a" * 66 + f"{before}🏻" + "a" * 65, "UCS-2", 2) for before in "я€^+\u2003"],
        # The flag of a region is one character up to the tag that ends it.
        ("a" * 60 + "🏴\U000e0067\U000e0062\U000e007f" + "a" * 60, "UCS-2", 3),
        ("a" * 60 + "🏴\U000e0020\U000e0062\U000e007f" + "a" * 59, "UCS-2", 2),
        ("e\u0301" * 67, "UCS-2", 3), ("a" * 66 + "🎉" + "a" * 66, "UCS-2", 3),
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
