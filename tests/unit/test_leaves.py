"""The values of a message's data, and which words are forms of one."""

from typing import Any

import pytest

from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.leaves import Leaf, leaves_of, same_word


def leaves(data: dict[str, Any]) -> list[Leaf]:
    return leaves_of(data, language("en"), None)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("approver", "approved", True),
        ("reply", "replies", True),
        ("open", "opened", True),
        ("billed", "biller", True),  # of six letters, the first five are alike
        ("was", "wa", False),  # too short to have a plural
        ("cars", "car", True),
        ("car", "card", False),
        ("planned", "planted", False),
        ("story", "storm", False),
        ("order", "number", False),
    ],
)
def test_forms_of_one_word(one: str, other: str, same: bool) -> None:
    assert same_word(one, other) is same
    assert same_word(other, one) is same


@pytest.mark.parametrize(
    ("value", "words", "is_number", "is_name"),
    [
        ("Ada Byron", True, False, True),
        ("Blue Door Coffee House", True, False, True),
        ("Blue Door Coffee House Company", True, False, False),
        ("ready for pickup", True, False, False),
        (12, False, True, False),
        ("-3.5", False, True, False),
        ("tomorrow", False, False, False),
        ("12 apples", False, False, False),
        ("2026-05-07", False, False, False),
    ],
)
def test_what_kind_of_value_it_is(value: object, words: bool, is_number: bool, is_name: bool) -> None:
    (leaf,) = leaves({"type": "reminder", "guest": value})
    assert (leaf.words, leaf.is_number, leaf.is_name) == (words, is_number, is_name)


def test_a_value_of_forty_letters_is_a_name_and_a_longer_one_a_sentence() -> None:
    assert [leaf.value for leaf in leaves({"a": "x" * 40, "b": "y" * 41})] == ["x" * 40]


def test_values_of_one_object_or_entry_belong_together_and_empty_ones_are_left_out() -> None:
    found = leaves(
        {
            "type": "trip",
            "isPaid": True,
            "note": None,
            "words": " ",
            "firstName": "Ada",
            "hotel": {"roomType": "suite", "city": "Rome"},
            "guests": [{"name": "Bo"}, {"name": "Cy"}],
        }
    )
    assert [(sorted(leaf.label), leaf.value, leaf.group, leaf.place) for leaf in found] == [
        (["first", "name"], "ada", "/", ""),
        (["room", "type"], "suite", "//hotel", ""),
        (["city"], "rome", "//hotel", ""),
        (["name"], "bo", "//guests", "//guests/0"),
        (["name"], "cy", "//guests", "//guests/1"),
    ]


def test_a_name_is_put_by_its_first_word_where_no_other_value_has_that() -> None:
    ada, other_ada, bo, lone, status = leaves(
        {"a": "Ada Byron", "b": "Ada Lovelace", "c": "Bo Diddley", "d": "Cy", "e": "almost ready"}
    )
    everyone = [ada, other_ada, bo, lone, status]
    assert ada.spellings(everyone) == ["ada byron"]
    assert bo.spellings(everyone) == ["bo diddley", "bo"]
    assert lone.spellings(everyone) == ["cy"]
    assert status.spellings(everyone) == ["almost ready"]
    (initial,) = leaves({"a": "A Byron"})
    assert initial.spellings([initial]) == ["a byron"]
