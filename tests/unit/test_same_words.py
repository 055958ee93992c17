"""Which texts are the same (R14): a table of neighbours, and what holds of every text."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.messages import Lane
from orchestrator.purpose import Purpose
from orchestrator.rules.same_words import compared_since, digest_data, digest_words, fold_words
from orchestrator.rules.state import MessageState

ADA, BEN = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
MESSAGE = MessageState(
    lane=Lane.HIGH, can_delay=True, due=NOW, not_before=None, expires_at=NOW + timedelta(days=1), accepted_at=NOW
)
SAME = [
    ("Hello Ada", "hello ada"),
    ("Hello Ada", "HELLO ADA"),
    ("Hello Ada", "  Hello Ada  "),
    ("Hello Ada", "Hello  Ada"),
    ("Hello Ada", "Hello\nAda"),
    ("Hello Ada", "Hello\r\n\r\nAda\n"),
    ("Hello Ada", "Hello\tAda"),
    ("Hello Ada", "Hello\u00a0Ada"),  # a no-break space
    ("Hello Ada", "Hello\u3000Ada"),  # an ideographic space
    ("Hello Ada", "\uff28\uff45\uff4c\uff4c\uff4f Ada"),  # fullwidth letters
    ("Café at 8", "Cafe\u0301 at 8"),  # an accent of its own
    ("Ångström", "\u212bngström"),  # the sign of the unit
    ("Straße", "STRASSE"),
    ("See you…", "See you..."),
    ("first office", "\ufb01rst o\ufb03ce"),  # ligatures
    ("x2", "x²"),
    ("½ price", "1\u20442 price"),  # NFKC writes one half as 1, fraction slash, 2
    ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ("I ❤ it", "I ❤\ufe0f it"),  # drawn as an emoji
    ("Room 5", "Room ⑤"),
    ("family", "fam\u200dily"),  # a joiner that shows nothing
]
OTHERS = [
    ("Hello Ada", "Hello Ada!"),
    ("Hello Ada", "Hello, Ada"),
    ("Hello Ada", "Hello Ada."),
    ("Hello Ada", "HelloAda"),
    ("Hello Ada", "Hello Eda"),
    ("Hello Ada", "Ada Hello"),
    ("At 8:00", "At 9:00"),
    ("At 8:00", "At 8.00"),
    ("$10 off", "€10 off"),
    ("10 %", "1.0 %"),
    ("resume", "résumé"),
    ("Your code is 1234", "Your code is 1235"),
    ("You won", "You won 🎉"),
    ("You won 🎉", "You won 🎊"),
    ("I'm in", "I am in"),
    ("He said 'no'", 'He said "no"'),
    ("It is on", "It is not on"),
    ("Ada", "\u0410da"),  # a Cyrillic letter
    ("one-off", "one off"),
    ("https://x.com/a", "https://x.com/b"),
    ("", "Hello"),
]


@pytest.mark.parametrize(("text", "other"), SAME)
def test_a_spelling_of_the_same_words(text: str, other: str) -> None:
    assert digest_words(ADA, text) == digest_words(ADA, other)


@pytest.mark.parametrize(("text", "other"), OTHERS)
def test_other_words(text: str, other: str) -> None:
    assert digest_words(ADA, text) != digest_words(ADA, other)


@given(st.text())
def test_what_is_folded_stays_folded(text: str) -> None:
    assert fold_words(fold_words(text)) == fold_words(text)


@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.sampled_from([" ", "\n", "\u00a0 "]))
def test_no_form_and_no_white_space_around_a_text_makes_other_words(
    text: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"], space: str
) -> None:
    assert fold_words(space + unicodedata.normalize(form, text) + space) == fold_words(text)
    assert fold_words(text.casefold()) == fold_words(text)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.booleans())))
def test_the_order_of_keys_makes_no_other_data(data: dict[str, object]) -> None:
    assert digest_data(ADA, data) == digest_data(ADA, dict(reversed(data.items())))


def test_other_data_has_another_digest() -> None:
    data: dict[str, Any] = {"type": "summary", "stats": {"intros": 2}}
    others = [{**data, "stats": {"intros": 3}}, {**data, "type": "Summary"}, {**data, "new": None}, {"type": "summary"}]
    assert digest_data(ADA, data) not in [digest_data(ADA, other) for other in others]


def test_digests_of_two_people_are_not_compared() -> None:
    assert digest_words(ADA, "Hello") != digest_words(BEN, "Hello")
    assert digest_data(ADA, {"type": "a"}) != digest_data(BEN, {"type": "a"})


def test_digests_stay_what_they_were() -> None:
    """Texts that went before a deployment are compared with those after it."""
    assert digest_words(ADA, "Hello Ada") == "06ac47bbe623700f6d656350b6ec1870"
    assert digest_data(ADA, {"type": "a", "n": 1}) == "f1dde51758c3fb8fa6cdca0d1f53005b"


@pytest.mark.parametrize(
    ("message", "reply_to", "since"),
    [
        (MESSAGE, None, NOW - timedelta(hours=20)),
        (replace(MESSAGE, purpose=Purpose.MARKETING), None, NOW - timedelta(hours=20)),
        (replace(MESSAGE, purpose=Purpose.TRANSACTIONAL), None, NOW - timedelta(seconds=60)),
        (replace(MESSAGE, in_sequence=True, parts=2), None, NOW - timedelta(hours=20)),
        (replace(MESSAGE, in_sequence=True, continues=True), None, None),
        (replace(MESSAGE, allow_repeat=True), None, None),
        (replace(MESSAGE, is_reply=True), NOW - timedelta(minutes=1), None),
        # Its conversation is no longer live: it is an ordinary message (R12).
        (replace(MESSAGE, is_reply=True), None, NOW - timedelta(hours=20)),
    ],
)
def test_since_when_the_same_words_must_not_have_gone(
    message: MessageState, reply_to: datetime | None, since: datetime | None
) -> None:
    assert compared_since(message, reply_to, NOW) == since
