"""What is no text message, whatever it says."""

from pathlib import Path

import pytest

from orchestrator.wording.not_a_text import reasons_against


def read_texts() -> list[tuple[bool, str]]:
    lines = (Path(__file__).parents[1] / "cases" / "texts.txt").read_text().splitlines()
    cases = [[part.strip() for part in line.split("|", 1)] for line in lines if line.strip() and line[0] != "#"]
    assert {verdict for verdict, _ in cases} == {"good", "bad"}
    return [(verdict == "good", text.replace("\\n", "\n")) for verdict, text in cases]


@pytest.mark.parametrize(("is_good", "text"), read_texts())
def test_what_is_no_text_message_has_a_reason(is_good: bool, text: str) -> None:
    assert (list(reasons_against(text, "")) == []) == is_good


def test_words_of_the_data_may_stand_in_the_text() -> None:
    assert list(reasons_against("The json export is ready.", "json export")) == []
    assert list(reasons_against("The json export is ready.", "export"))
    assert list(reasons_against("**bold**", "**bold**")), "markup stays markup"
