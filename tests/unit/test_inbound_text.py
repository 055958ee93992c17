"""The words of an inbound text: what the person wrote, without quotations, signatures and decoration."""

import pytest

from orchestrator.rules.inbound_text import words_of


@pytest.mark.parametrize(
    ("body", "words", "quotations"),
    [
        ('say "STOP"', "say stop", ("stop",)),
        ('say "STOP now"', "say stop now", ("stop now",)),
        ('say "STOP texting me"', "say", ("stop texting me",)),
        ('say "" now', "say now", ("",)),
        ('"STOP" or "do not call me"', "stop or", ("stop", "do not call me")),
        ("“Please stop texting me.”", "please stop texting me", ("please stop texting me",)),
    ],
)
def test_up_to_two_words_in_quotation_marks_are_the_persons_own(
    body: str, words: str, quotations: tuple[str, ...]
) -> None:
    found = words_of(body)
    assert (found.line, found.quotations) == (words, quotations)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("s t o p", ("stop",)),
        ("a b c", ("abc",)),
        ("o k", ("o", "k")),
        ("s t op", ("s", "t", "op")),
        ("k", ("k",)),
        ("", ()),
    ],
)
def test_three_single_letters_or_more_are_one_word(body: str, words: tuple[str, ...]) -> None:
    assert words_of(body).words == words


@pytest.mark.parametrize(
    ("body", "words", "signature"),
    [
        ("Thanks\n--\nAda Byron", "thanks", "ada byron"),
        ("Thanks\n- -", "thanks", ""),
        ("Thanks\nSent from my phone", "thanks", "sent from my phone"),
        ("Thanks\nSent from my phone\nSTOP", "thanks stop", "sent from my phone"),
        ("> Reply STOP\nno", "no", ""),
    ],
)
def test_a_signature_is_not_among_the_words(body: str, words: str, signature: str) -> None:
    found = words_of(body)
    assert (found.line, found.signature) == (words, signature)


@pytest.mark.parametrize(
    ("body", "symbols", "is_question", "is_latin"),
    [
        ("ok 👍🎉", ("👍", "🎉"), False, True),
        ("what?", (), True, True),
        ("¿que", (), True, True),
        ("стоп", (), False, False),
        ("ok стоп", (), False, False),
        ("12 + 3", (), False, True),
    ],
)
def test_what_else_is_known_of_a_text(body: str, symbols: tuple[str, ...], is_question: bool, is_latin: bool) -> None:
    found = words_of(body)
    assert (found.symbols, found.is_question, found.is_latin) == (symbols, is_question, is_latin)


@pytest.mark.parametrize(
    ("body", "is_tapback"),
    [
        ("Liked “See you at 8”", True),
        ("  Liked “See you at 8” ", True),
        ("👍 to “See you at 8”", True),
        ("Loved an image", True),
        ("I liked “Dune”", False),
        ("Liked “Dune” a lot", False),
    ],
)
def test_a_reaction_of_a_phone_is_told_from_a_text(body: str, is_tapback: bool) -> None:
    assert words_of(body).is_tapback is is_tapback
