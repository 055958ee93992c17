"""The corpora are large enough, hold no text twice, and a line of another form is an error."""

from collections import Counter
from pathlib import Path

import pytest

from tests import corpora
from tests.corpora import MalformedCorpus, read_inbound, read_renderings, read_texts
from tests.corpora.facts import FACTS
from tests.corpora.renderings import renderings


@pytest.mark.parametrize(
    ("name", "least"), [("renderings.txt", 330), ("renderings_second.txt", 140), ("renderings_third.txt", 250)]
)
def test_written_renderings_are_many_faithful_and_many_lying(name: str, least: int) -> None:
    found = list(read_renderings(name))
    assert sum(rendering.lie is None for rendering in found) >= least
    assert sum(rendering.lie is not None for rendering in found) >= least
    assert max(Counter((str(rendering.data), rendering.text) for rendering in found).values()) == 1


def test_good_and_bad_texts_are_many_and_none_is_both() -> None:
    good, bad = list(read_texts("text_messages.txt")), list(read_texts("no_text_messages.txt"))
    assert len(bad) >= 160
    assert len(good) >= 520
    assert Counter(text.label for text in good)["held_out"] == 80
    assert max(Counter(text.text for text in [*good, *bad]).values()) == 1


def test_inbound_texts_that_are_held_out_are_not_in_the_table_of_intents() -> None:
    held_out = list(read_inbound("inbound_held_out.txt"))
    assert len(held_out) >= 200
    assert not {text.text for text in held_out} & {text.text for text in read_inbound("../cases/intents.txt")}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("renderings.txt", "+ Hi Ada!"),
        ("renderings.txt", 'data: {"type": "a"'),
        ("renderings.txt", "data: []"),
        ("renderings.txt", 'data: {"amount": 1}'),
        ("renderings.txt", 'data: {"type": "a"}\n- whim: Hi Ada!'),
        ("renderings.txt", 'data: {"type": "a"}\n- Hi Ada!'),
        ("renderings.txt", 'data: {"type": "a"}\ntoday: soon'),
        ("renderings.txt", 'data: {"type": "a"}\nzone: America/Nowhere'),
        ("renderings.txt", 'data: {"type": "a"}\nHi Ada!'),
        ("text_messages.txt", "Hi Ada!"),
        ("text_messages.txt", "# klingon\nHi Ada!"),
        ("no_text_messages.txt", "# json\n\\q"),
        ("no_text_messages.txt", "# json\n\\u12"),
        ("inbound_held_out.txt", "STOP"),
        ("inbound_held_out.txt", "STOP | perhaps"),
    ],
)
def test_a_line_of_another_form_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, lines: str
) -> None:
    monkeypatch.setattr(corpora, "HERE", tmp_path)
    (tmp_path / name).write_text(f"# A description\n\n{lines}\n")
    read = {"renderings.txt": read_renderings, "inbound_held_out.txt": read_inbound}.get(name, read_texts)
    with pytest.raises(MalformedCorpus, match=rf"{name}, line \d"):
        list(read(name))


def test_escapes_stand_for_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "HERE", tmp_path)
    (tmp_path / "no_text_messages.txt").write_text("# A description\n\n# control\na\\nb\\t\\u0000\\\\n\n\\-# c\n\\-\n")
    assert [text.text for text in read_texts("no_text_messages.txt")] == ["a\nb\t\x00\\n", "# c", ""]


@pytest.mark.parametrize("lying", [False, True])
def test_generated_renderings_are_the_same_for_one_seed(lying: bool) -> None:
    assert list(renderings(7, 50, lying=lying)) == list(renderings(7, 50, lying=lying))
    assert list(renderings(7, 50, lying=lying)) != list(renderings(8, 50, lying=lying))


def test_generated_lies_are_of_every_kind() -> None:
    assert {rendering.lie for rendering in renderings(1, 2_000, lying=True)} == {*FACTS, "invented"}
    assert {rendering.lie for rendering in renderings(1, 200, lying=False)} == {None}


def test_no_generated_lie_is_a_faithful_text_about_the_same_data() -> None:
    faithful = {(str(rendering.data), rendering.text) for rendering in renderings(1, 20_000, lying=False)}
    assert not faithful & {(str(rendering.data), rendering.text) for rendering in renderings(2, 20_000, lying=True)}
