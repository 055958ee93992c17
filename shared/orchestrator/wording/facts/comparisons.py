"""Words that compare two values of a text: "below your limit of $100", "up from 88%", "rose from 298 to 312"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator.wording.facts.language import Language
from orchestrator.wording.facts.mentions import Mention
from orchestrator.wording.facts.rivals import is_smaller, units_of

_FROM = re.compile(r"\b(?:from|von|de|del|du|da)\s?$", re.IGNORECASE)
_TO = re.compile(r"\s?(?:to|->|\u2192|auf|a|à|para)\s?", re.IGNORECASE)
# Words of keys whose smaller numbers are the better ones.
_RANKS = frozenset({"position", "rank", "ranking", "place", "standing", "puesto", "rang", "posição", "platz"})
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A word that compares two values, its place, and whether it is true of them."""

    start: int
    end: int
    is_true: bool


def find_comparisons(text: str, mentions: Sequence[Mention], spoken: Language) -> Iterator[Comparison]:
    """Yield the comparisons of values that follow each other in a sentence and have one unit.

    What is compared with several values stands before the first: "93 %, up from 88 % and over the 90 %".
    """
    subject = None
    for one, two in pairwise(mention for mention in mentions if mention.readings):
        between = text[one.end : two.start]
        if _SENTENCE_END.search(between):
            subject = None
            continue
        first = subject or one
        subject = None
        for name, is_true in (("lower", _is_less(first, two)), ("higher", _is_less(two, first))):
            found = re.search(rf"(?i:\b(?:{spoken.patterns[name]})\b)(?:\s[^\W\d_]+){{0,3}}\s*$", between)
            if found and _are_comparable(first, two):
                subject = first
                yield Comparison(one.end + found.start(), one.end + found.end(), is_true)
        if _FROM.search(text[: one.start]) and _TO.fullmatch(between) and _are_comparable(one, two):
            before = max((end.end() for end in _SENTENCE_END.finditer(text[: one.start])), default=0)
            for name, is_true in (("falling", _is_less(two, one)), ("rising", _is_less(one, two))):
                for verb in re.finditer(rf"(?i:\b(?:{spoken.patterns[name]})\b)", text[before : one.start]):
                    yield Comparison(before + verb.start(), before + verb.end(), is_true)


def _are_comparable(one: Mention, two: Mention) -> bool:
    if {type(reading) for reading in one.readings}.isdisjoint(type(reading) for reading in two.readings):
        return False  # 22 % more than 15,120
    if not (one.leaf.label | two.leaf.label).isdisjoint(_RANKS):
        return False  # up is fewer
    return not units_of(one.leaf).isdisjoint(units_of(two.leaf)) or (one.leaf.is_number and two.leaf.is_number)


def _is_less(one: Mention, two: Mention) -> bool:
    return is_smaller(one.leaf, two.leaf, one.readings, two.readings)
