"""The values of a message's data where a text states them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from orchestrator.wording.facts.kinds import Fact, Found
from orchestrator.wording.facts.known import is_known
from orchestrator.wording.facts.leaves import Leaf, same_word
from orchestrator.wording.facts.rivals import QUANTITIES, are_ends

# Another word of a name behind its first one.
_GOES_ON = re.compile(r"[ -](?:& )?[A-Z][^\W\d_]+")
_GREETING = re.compile(r"\W*(?:\w+\s){0,2}")


@dataclass(frozen=True, slots=True)
class Mention:
    """A value of the data where a text states it.

    Attributes:
        readings: what the text states there; empty for a name.
    """

    leaf: Leaf
    start: int
    end: int
    readings: tuple[Fact, ...] = ()


def find_mentions(
    text: str, facts: Sequence[Found], leaves: Sequence[Leaf], name: str, today: date | None
) -> list[Mention]:
    """Return the values that a text states, in their order.

    Args:
        facts: those of the text.
        name: the person's first name in small letters; in a greeting it states nothing.
        today: the person's local date.
    """
    found = [*_names(text, leaves, name), *_numbers(text.casefold(), facts, leaves, today)]
    return sorted(found, key=lambda mention: mention.start)


def _numbers(folded: str, facts: Sequence[Found], leaves: Sequence[Leaf], today: date | None) -> Iterator[Mention]:
    for found in facts:
        holders = [leaf for leaf in leaves if _stated(found, leaf, today)]
        # A value that stands under several labels shows nothing.
        if len(holders) == 1 and not _is_label(folded[found.start : found.end], holders[0]):
            yield Mention(holders[0], found.start, found.end, _stated(found, holders[0], today))


def _stated(found: Found, leaf: Leaf, today: date | None) -> tuple[Fact, ...]:
    """What of a fact of the text a value states; a minus may be in words."""
    stated = tuple(fact for fact in found.readings if is_known(fact, leaf.facts, today))
    negated = [replace(fact, value=-fact.value) for fact in found.readings if isinstance(fact, QUANTITIES)]
    return stated or tuple(fact for fact in negated if is_known(fact, leaf.facts, today))


def _is_label(written: str, leaf: Leaf) -> bool:
    """Whether a fact is of words of the label: "today" for today_minutes."""
    return all(any(same_word(word, part) for part in leaf.label) for word in re.findall(r"\w+", written))


def _names(text: str, leaves: Sequence[Leaf], name: str) -> Iterator[Mention]:
    folded = text.casefold()
    taken: set[int] = set()
    words = [leaf for leaf in leaves if leaf.words]
    for leaf in sorted(words, key=lambda leaf: -len(leaf.value)):
        if sum(other.value == leaf.value for other in words) > 1:
            continue
        is_end = any(are_ends(leaf, other) or are_ends(other, leaf) for other in words)
        for written in leaf.spellings(words):
            for match in re.finditer(rf"(?<!\w){re.escape(written)}(?!\w)", folded):
                is_other = written != leaf.value and _GOES_ON.match(text, match.end())  # Cedar Street for Cedar Lane
                if is_other or taken & set(range(*match.span())):
                    continue
                taken |= set(range(*match.span()))
                if is_end or written != name or not _is_greeting(folded, match):
                    yield Mention(leaf, match.start(), match.end())


def _is_greeting(folded: str, name: re.Match[str]) -> bool:
    is_followed = re.match(r"\s*[,!:.]", folded[name.end() :]) is not None
    return is_followed and _GREETING.fullmatch(folded[: name.start()]) is not None
