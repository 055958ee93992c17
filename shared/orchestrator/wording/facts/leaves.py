"""The values of a message's data one by one, each with its label and with the facts that it states alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from typing import Any

from orchestrator.wording.facts.data_facts import DataFacts, plain_text, read_data
from orchestrator.wording.facts.language import Language
from orchestrator.wording.facts.normal import normal, split_key
from orchestrator.wording.facts.number_meaning import units_in

# Values longer than this are sentences.
_LONGEST_NAME = 40


@dataclass(frozen=True, eq=False, slots=True)  # compared as an object
class Leaf:
    """A value of the data with its label.

    Attributes:
        label: the words of its key, in small letters.
        value: as the data has it, in its normal form and in small letters.
        facts: what it states alone.
        words: whether it is one to a few words, and no number, date or link.
        is_number: whether it is a number and nothing else.
        is_name: whether all its words have capitals.
        group: the object that holds it.
        place: its entry of a list; the values of one entry belong together.
    """

    label: frozenset[str]
    value: str
    facts: DataFacts
    words: bool
    is_number: bool
    is_name: bool
    group: str
    place: str

    def spellings(self, others: Sequence["Leaf"]) -> list[str]:
        """Return how a text may put a name: in full, or by its first word where no other value has that."""
        first = self.value.split()[0]
        is_short = self.is_name and len(first) > 1 and not any(
            other is not self and first in other.value.split() for other in others
        )  # fmt: skip
        return [self.value, first] if is_short and first != self.value else [self.value]


def leaves_of(data: Mapping[str, Any], spoken: Language, zone: tzinfo | None) -> list[Leaf]:
    """Return the values of a message's data without its type."""
    content = {key: value for key, value in data.items() if key != "type"}
    return list(_leaves(content, "", {}, "", "", spoken, zone))


def same_word(word: str, other: str) -> bool:
    """Return whether two words are forms of one: approver and approved, reply and replies, open and opened."""
    one, two = sorted((_singular(word), _singular(other)), key=len)
    return one == two or (len(one) >= 4 and two.startswith(one)) or (len(one) >= 6 and one[:5] == two[:5])


@cache
def _singular(word: str) -> str:
    if len(word) < 4:
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


def _leaves(
    value: Any, key: str, units: Mapping[str, Any], group: str, place: str, spoken: Language, zone: tzinfo | None
) -> Iterator[Leaf]:
    match value:
        case bool() | None:
            return
        case Mapping():
            units = {**units, **units_in(value)}
            for name, inner in value.items():
                if name not in units:
                    yield from _leaves(inner, name, units, f"{group}/{key}", place, spoken, zone)
        case list():
            for number, inner in enumerate(value):
                yield from _leaves(inner, key, units, group, f"{group}/{key}/{number}", spoken, zone)
        case _:
            text = normal(plain_text(str(value))).strip()
            if text and len(text) <= _LONGEST_NAME:
                label = frozenset(word.casefold() for word in split_key(key).split())
                facts = read_data({key: value, **units}, spoken, zone)
                words = not facts.facts and re.search(r"\d", text) is None
                is_number = re.fullmatch(r"-?[\d.,]+", text) is not None
                yield Leaf(label, text.casefold(), facts, words, is_number, words and _is_name(text), group, place)


def _is_name(text: str) -> bool:
    words = text.split()
    return len(words) <= 4 and all(word[0].isupper() for word in words)
