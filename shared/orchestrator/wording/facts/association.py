"""Which of several values a text means: a number or name that stands beside the label of another one was exchanged.

Code sees two things. A value that stands nearer to the label of another one ("yes", "no", "from", "to") was exchanged,
and so were the details of list entries that follow the names of other entries. Where values of one kind stand in a text
without their labels, code cannot tell them apart, and the model reads the text once more.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from orchestrator.wording.facts.amounts import currencies_of
from orchestrator.wording.facts.data_facts import plain_text
from orchestrator.wording.facts.durations import UNITS
from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.measures import unit_of
from orchestrator.wording.facts.normal import normal, split_key

# Words between a label and its value.
_NEAR = 3
_TOKEN = re.compile(r"\w+(?:[.,:'-]\w+)*|[,;.:!?]")
_STOPS = frozenset(",;.:!?")
# Labels that give a value no part to play.
_EMPTY_LABELS = frozenset({"name", "title", "value", "text", "type", "label", "item", "data", "detail", "info"})
# Pairs of labels whose values stand in their order: "between 8 and 12".
_RANGES = (("from", "to"), ("start", "end"), ("starts", "ends"), ("min", "max"), ("opens", "closes"), ("old", "new"))
# Values longer than this are sentences.
_LONGEST_NAME = 40
_NUMBER, _NAME, _WORDS = "number", "name", "words"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of the data with its label.

    Attributes:
        label: the stems of the words of its key.
        tokens: its words, as they may stand in a text.
        kind: values of different kinds cannot be mistaken for each other.
        group: the object that holds it.
        place: its entry of a list; the values of one entry belong together.
    """

    label: frozenset[str]
    tokens: tuple[str, ...]
    kind: str
    group: str
    place: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A value of the data where a text states it, in tokens."""

    leaf: Leaf
    start: int
    end: int


def find_exchanges(text: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values of a text that stand beside the label of another value."""
    tokens, mentions = _mentions(text, _leaves_of(data))
    for mention in mentions:
        own = _distance(tokens, mention, mention.leaf.label)
        if any(_distance(tokens, mention, rival.label) < own for rival in _rivals(mention.leaf, mentions)):
            yield " ".join(mention.leaf.tokens)
    yield from _crossed(mentions)


def is_doubtful(text: str, data: Mapping[str, Any]) -> bool:
    """Return whether a text states values that code cannot tell apart from others of their kind."""
    leaves = _leaves_of(data)
    tokens, mentions = _mentions(text, leaves)
    in_order = _in_order(mentions)
    for mention in mentions:
        leaf = mention.leaf
        has_rival = any(_may_be_mistaken(leaf, other) for other in leaves)
        if has_rival and leaf not in in_order and _distance(tokens, mention, leaf.label) > _NEAR:
            return True
    places = [mention.leaf.place for mention in mentions if mention.leaf.place]
    # The values of each entry stand together, or code cannot tell whose they are.
    return sum(one != two for one, two in pairwise(places)) > max(len(set(places)) - 1, 0) and any(
        one.leaf.place == two.leaf.place and one.leaf.label != two.leaf.label for one in mentions for two in mentions
    )


def _mentions(text: str, leaves: Sequence[Leaf]) -> tuple[list[str], list[Mention]]:
    tokens = [token.casefold() for token in _TOKEN.findall(text)]
    found: list[Mention] = []
    taken: set[int] = set()
    for leaf in sorted(leaves, key=lambda leaf: -len(leaf.tokens)):
        size = len(leaf.tokens)
        for start in range(len(tokens) - size + 1):
            if tuple(tokens[start : start + size]) == leaf.tokens and not taken & set(range(start, start + size)):
                found.append(Mention(leaf, start, start + size))
                taken |= set(range(start, start + size))
    found.sort(key=lambda mention: mention.start)
    # A value that stands under several labels shows nothing.
    labels: defaultdict[tuple[str, ...], set[tuple[frozenset[str], str]]] = defaultdict(set)
    for leaf in leaves:
        labels[leaf.tokens].add((leaf.label, leaf.place))
    return tokens, [mention for mention in found if len(labels[mention.leaf.tokens]) == 1]


def _may_be_mistaken(leaf: Leaf, other: Leaf) -> bool:
    """Whether a value may stand for another one: two numbers, or two names with a part to play."""
    if leaf.kind == _WORDS or leaf.kind != other.kind or leaf.tokens == other.tokens or leaf.label & other.label:
        return False
    return leaf.kind != _NAME or not (leaf.label | other.label) & _EMPTY_LABELS


def _rivals(leaf: Leaf, mentions: Sequence[Mention]) -> list[Leaf]:
    """The other values of one object that a text states and that may be mistaken for one."""
    same_group = [mention.leaf for mention in mentions if mention.leaf.group == leaf.group]
    return [other for other in same_group if _may_be_mistaken(leaf, other)]


def _in_order(mentions: Sequence[Mention]) -> set[Leaf]:
    """The values of a range that stand in its order."""
    found: set[Leaf] = set()
    for one, two in pairwise(mentions):
        if any(first in one.leaf.label and second in two.leaf.label for first, second in _RANGES):
            found |= {one.leaf, two.leaf}
    return found


def _crossed(mentions: Sequence[Mention]) -> Iterator[str]:
    """Yield names of list entries that are directly followed by details of other entries."""
    pairs = [
        (one, two)
        for one, two in pairwise(mentions)
        if one.leaf.place and two.leaf.place and one.leaf.label != two.leaf.label and two.start - one.end <= _NEAR
    ]
    crossed = [(one, two) for one, two in pairs if one.leaf.place != two.leaf.place]
    if len(crossed) > 1 and len(crossed) > len(pairs) / 2:
        yield from (" ".join(one.leaf.tokens) for one, _ in crossed)


def _distance(tokens: Sequence[str], mention: Mention, label: frozenset[str]) -> int:
    """The words from a value to the nearest word of a label in its part of the sentence; many where there is none."""
    for step in range(1, _NEAR + 1):
        before, after = tokens[max(0, mention.start - step) : mention.start], tokens[mention.end : mention.end + step]
        for part, end in ((before, 0), (after, -1)):
            if len(part) == step and _stem(part[end]) in label and not _STOPS & set(part):
                return step
    return _NEAR + 1


def _leaves_of(data: Mapping[str, Any]) -> list[Leaf]:
    return list(_leaves({key: value for key, value in data.items() if key != "type"}, "", "", ""))


def _leaves(value: Any, key: str, group: str, place: str) -> Iterator[Leaf]:
    match value:
        case bool() | None:
            return
        case Mapping():
            for name, inner in value.items():
                yield from _leaves(inner, name, f"{group}/{key}", place)
        case list():
            for number, inner in enumerate(value):
                entry = f"{group}/{key}/{number}"
                yield from _leaves(inner, key, entry, entry if isinstance(inner, Mapping) else place)
        case _:
            text = normal(plain_text(str(value)))
            tokens = tuple(token.casefold() for token in _TOKEN.findall(text) if token not in _STOPS)
            if tokens and len(text) <= _LONGEST_NAME:
                label = frozenset(_stem(word.casefold()) for word in split_key(key).split())
                yield Leaf(label, tokens, _kind(text, key), group, place)


def _kind(text: str, key: str) -> str:
    words = text.split()
    if re.fullmatch(r"[-+]?[\d.,]+", text):
        units = (language("en").units.get(word.casefold()) or unit_of(word) for word in split_key(key).split())
        return next((f"{_NUMBER} of {unit}" for unit in units if unit and unit in UNITS), _NUMBER)
    is_name = len(words) <= 4 and all(word[0].isupper() for word in words) and not any(map(currencies_of, words))
    return _NAME if is_name and not text.isupper() else _WORDS


def _stem(word: str) -> str:
    """The beginning that a word shares with its other forms: approver, approved."""
    return word[:5] if len(word) > 5 else word.removesuffix("s")
