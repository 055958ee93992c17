"""Proper names that a text states and its data does not, and names that are another form of one."""

import pytest

from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.proper_names import find_foreign_names, has_altered_name


@pytest.mark.parametrize(
    ("text", "words", "foreign"),
    [
        ("It comes with Maria.", "", ["Maria"]),
        ("It comes with Maria.", "maria", []),
        ("It comes with maria.", "", []),
        ("IT COMES WITH MARIA", "", []),
        # The first word of a sentence, of a quotation or of a list is no name; the full stop of a title ends no sentence.
        ("Maria comes.", "", []),
        ("Fine. Maria comes", "", []),
        ("Fine! Maria comes", "", []),
        ("Fine: Maria comes", "", []),
        ('Fine "Maria comes"', "", []),
        ("Fine - Maria comes", "", []),
        ("Fine, Maria comes", "", ["Maria"]),
        ("You see Dr. Smith", "", ["Smith"]),
        ("You see the Dr. Smith", "smith", []),
        # Words of the data in another form, or as a part of a longer one.
        ("At the Marias", "maria", []),
        ("At the Maria's", "maria", []),
        ("At the Silvas' place", "silva", []),
        ("At the Silvas", "silo", ["Silvas"]),
        ("At O'Neil's", "neil", []),
        ("At the Anne-Marie", "anne", []),
        ("At the Xy", "x", ["Xy"]),
        ("With the Designers", "design", []),
        ("With the Design", "designers", []),
        ("With the Desire", "desert", ["Desire"]),
        ("With the Acme", "acm", ["Acme"]),
        ("With the Acmex", "acme", []),
        ("With the Acm", "acmes", ["Acm"]),
        ("On Elm Street", "elm st", []),
        ("On Elm Street", "elm ave", ["Street"]),
        ("On Elm Street", "street ave", ["Elm"]),
    ],
)
def test_foreign_names(text: str, words: str, foreign: list[str]) -> None:
    assert list(find_foreign_names(text, language("en"), set(words.split()), set())) == foreign


def test_what_belongs_to_another_fact_is_no_name() -> None:
    text = "It is in Roma"
    assert list(find_foreign_names(text, language("en"), set(), {text.index("Roma")})) == []
    assert list(find_foreign_names(text, language("en"), set(), {0})) == ["Roma"]


def test_a_capital_shows_nothing_in_german() -> None:
    assert list(find_foreign_names("Wir sehen Maria", language("de"), set(), set())) == []
    assert not has_altered_name("Wir sehen Grandpa", language("de"), {"grandma"})


@pytest.mark.parametrize(
    ("text", "words", "is_altered"),
    [
        ("See Grandpa", "grandma", True),
        ("See grandpa", "grandma", False),
        ("SEE GRANDPA", "grandma", False),
        ("See Grandma", "grandma", False),
        ("See Grandma's", "grandma", False),
        ("See Grandmas", "grandma", False),
        ("See Grandpa", "grandma grandpa", False),
        ("See Gran", "grandma", False),
        ("See Grandpa", "gran", False),
        ("See Grandpa", "gra grandma", False),  # it begins with a word of the data
        ("See Grandpa", "gr grandma", True),
        ("See Grandpa", "grace", False),  # three letters alone are alike
        ("See Grandpa", "grab", False),
        ("See Bob", "bobby", False),
        ("See Bobb", "bobby", False),
        ("See Mari", "mary", False),
        ("See Marie", "maria", True),
        ("See Marie-Anne", "maria anne", False),
        ("See Marie-Anne", "maria ann", True),
        ("Hello, See Marie", "mari", False),
    ],
)
def test_altered_names(text: str, words: str, is_altered: bool) -> None:
    assert has_altered_name(text, language("en"), set(words.split())) is is_altered
