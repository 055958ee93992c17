"""Which of several values a text means: a number or name that stands beside the label of another one was exchanged.

Code sees three things. Two values that each stand nearer to the label of the other ("yes", "no", "from", "to") were
exchanged; so were the ends of a range that stand in the wrong order, and the details of list entries that follow the
names of other entries. Where values of one kind stand in a text without their labels, code cannot tell them apart, and
the model reads the text once more.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from orchestrator.wording.facts.kinds import (
    Amount,
    Date,
    DayOfMonth,
    Duration,
    Fact,
    Found,
    Measure,
    Month,
    Number,
    Percent,
    RelativeDay,
    Time,
    Weekday,
)
from orchestrator.wording.facts.known import is_known
from orchestrator.wording.facts.language import Language
from orchestrator.wording.facts.leaves import Leaf, leaves_of, same_word

# Words between a label and its value.
_NEAR = 3
_TOKEN = re.compile(r"\w+(?:[.,:'-]\w+)*|[,;.:!?]")
# A colon stands between a label and its value.
_STOPS = frozenset(",;.!?")
# Labels that give a value no part to play.
_EMPTY_LABELS = frozenset({"name", "title", "value", "text", "type", "label", "item", "data", "detail", "info"})
# Labels of what cannot be mistaken for a person or a company.
_THINGS = frozenset(
    {
        "city", "place", "location", "address", "room", "plan", "role", "title", "kind", "category", "status",
        "subject", "topic", "clinic", "county", "country", "item", "product", "drug", "service", "event",
        "shift", "course", "class", "month", "day", "show", "task", "position", "job", "department",
        "language", "color", "colour", "reason", "answer", "restaurant", "venue", "street", "state", "region",
        "stelle", "ort", "lugar", "lieu", "ciudad", "ville", "stadt",
    }
)  # fmt: skip
# Pairs of labels whose values stand in their order: "between 8 and 12", "from 17 to 19".
_RANGES = (
    ("from", "to"), ("start", "end"), ("starts", "ends"), ("min", "max"), ("opens", "closes"), ("old", "new"),
    ("from", "until"), ("before", "after"), ("previous", "current"), ("previous", "new"), ("was", "now"),
)  # fmt: skip
# Labels of what was before.
_FORMER = frozenset(
    {
        "last", "previous", "prior", "former", "old", "earlier", "yesterday", "original", "prev", "anterior", "pasado",
        "vorher", "alt", "letzter", "dernier", "ancien", "passado",
    }
)  # fmt: skip
_BETWEEN = re.compile(r"\s?(?:-|->|to|and|until|till|bis|und|auf|a|à|et|y|e|até|para)\s?", re.IGNORECASE)
_OF = re.compile(r"\s?(?:/|(?:out )?of|von|de|sur|em)\s?(?:a |our |your |the )?", re.IGNORECASE)
_FROM = re.compile(r"\b(?:from|von|de|del|du|da)\s?$", re.IGNORECASE)
_TO = re.compile(r"\s?(?:to|auf|zu|bis|a|al|à|au|para)\s?(?:the\s)?", re.IGNORECASE)
_QUANTITIES = (Number, Amount, Percent, Measure, Duration)
_DAYS = (Date, Month, DayOfMonth, Weekday)


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


class Association:
    """The values of the data that a text states, each with its place in the text.

    Args:
        text: in its normal form.
        facts: those of the text.
        spoken: the language of the text.
        now: the time on the person's clock.
    """

    def __init__(
        self, text: str, facts: Sequence[Found], data: Mapping[str, object], spoken: Language, now: datetime | None
    ) -> None:
        self._text = text
        self._today = now.date() if now else None
        self._tokens = [(match.start(), match.end(), match[0].casefold()) for match in _TOKEN.finditer(text)]
        self.leaves = leaves_of(data, spoken, now.tzinfo if now else None)
        self.mentions = sorted([*self._named(), *self._stated(facts)], key=lambda mention: mention.start)

    def exchanges(self) -> Iterator[str]:
        """Yield the values that stand where another value belongs."""
        beside = {
            (mention.start, rival)
            for mention in self.mentions
            for rival in self._rivals(mention)
            if self._distance(mention, rival.label - mention.leaf.label)
            < self._distance(mention, mention.leaf.label - rival.label)
        }
        for mention in self.mentions:
            for other in self.mentions:
                if (mention.start, other.leaf) in beside and (other.start, mention.leaf) in beside:
                    yield self._written(mention)
        yield from self._reversed_ranges()
        for one, two in pairwise(self.mentions):
            is_pair = one.leaf is not two.leaf and _OF.fullmatch(self._text[one.end : two.start])
            if is_pair and self._is_part_of(two, one):
                yield self._written(one)
        yield from self._crossed()
        yield from self._days_of_other_instants()

    def is_doubtful(self) -> bool:
        """Return whether the text states values that code cannot tell apart from others of their kind."""
        # A value that stands beside its label, or in its place of a range, is mistaken for no other one.
        clear = self._in_order()
        clear |= {mention.leaf for mention in self.mentions if self._stands_at_its_label(mention)}
        stated = {mention.leaf for mention in self.mentions}
        return self._is_mixed() or any(
            mention.leaf not in clear
            and (mention.readings or rival in stated)
            and (rival not in clear or self._distance(mention, rival.label - mention.leaf.label) <= _NEAR)
            for mention in self.mentions
            for rival in self._rivals(mention)
        )

    def _stands_at_its_label(self, mention: Mention) -> bool:
        for rival in self._rivals(mention):
            own = self._distance(mention, mention.leaf.label - rival.label)
            if own > _NEAR or self._distance(mention, rival.label - mention.leaf.label) < own:
                return False
        return True

    def _stated(self, facts: Sequence[Found]) -> Iterator[Mention]:
        for found in facts:
            holders = [
                leaf for leaf in self.leaves if any(is_known(fact, leaf.facts, self._today) for fact in found.readings)
            ]
            # A value that stands under several labels shows nothing.
            if len(holders) == 1 and not self._is_label(found, holders[0]):
                meant = tuple(fact for fact in found.readings if is_known(fact, holders[0].facts, self._today))
                yield Mention(holders[0], found.start, found.end, meant)

    def _is_label(self, found: Found, leaf: Leaf) -> bool:
        """Whether a fact is a word of the label: "today" for today_minutes."""
        return self._text[found.start : found.end].casefold() in leaf.label

    def _named(self) -> Iterator[Mention]:
        folded = self._text.casefold()
        taken: set[int] = set()
        words = [leaf for leaf in self.leaves if leaf.words]
        for leaf in sorted(words, key=lambda leaf: -len(leaf.value)):
            if sum(other.value == leaf.value for other in words) > 1:
                continue
            for written in leaf.spellings(words):
                for match in re.finditer(rf"(?<!\w){re.escape(written)}(?!\w)", folded):
                    if not taken & set(range(*match.span())):
                        taken |= set(range(*match.span()))
                        yield Mention(leaf, match.start(), match.end())

    def _rivals(self, mention: Mention) -> list[Leaf]:
        """The other values of the data that may be mistaken for one: of the same kind, with another part to play."""
        leaf = mention.leaf
        return [
            other
            for other in self.leaves
            if other is not leaf
            and other.value != leaf.value
            and other.label != leaf.label
            and (_may_stand_for(mention.readings, leaf, other) if mention.readings else _have_parts(leaf, other))
        ]

    def _distance(self, mention: Mention, label: frozenset[str]) -> int:
        """The words from a value to the nearest word of a label in its part of a sentence; many for none."""
        before = [word for _, end, word in self._tokens if end <= mention.start][::-1]
        after = [word for start, _, word in self._tokens if start >= mention.end]
        return min(_steps(before, label), _steps(after, label))

    def _in_order(self) -> set[Leaf]:
        """The values of a range that stand in its order."""
        found: set[Leaf] = set()
        for one, two in pairwise(self.mentions):
            between = self._text[one.end : two.start]
            is_range = _are_ends(one.leaf, two.leaf) and _BETWEEN.fullmatch(between)
            if is_range or (_OF.fullmatch(between) and self._is_part_of(one, two)):
                found |= {one.leaf, two.leaf}
        return found

    def _is_part_of(self, one: Mention, two: Mention) -> bool:
        """Whether two values are the only ones of their kind, and the first is the smaller one: "4 of 5 steps"."""
        others = {*self._rivals(one), *self._rivals(two)} - {one.leaf, two.leaf}
        return not others and _is_smaller(one, two)

    def _reversed_ranges(self) -> Iterator[str]:
        """Yield the ends of ranges that stand the wrong way round: "from 19 to 17" where 17 is the old one."""
        runs = self._runs(lambda mention: mention.leaf)
        for one, two in pairwise(runs):
            leads = _FROM.search(self._text[: one[0].start]) and _TO.fullmatch(self._text[one[-1].end : two[0].start])
            if leads and _are_ends(two[0].leaf, one[0].leaf):
                yield self._written(one[0])

    def _crossed(self) -> Iterator[str]:
        """Yield names of list entries that are directly followed by details of other entries."""
        pairs = [
            (one, two)
            for one, two in pairwise(self.mentions)
            if one.leaf.place and two.leaf.place and not one.readings and one.leaf.label != two.leaf.label
            and len(self._text[one.end : two.start].split()) <= _NEAR
        ]  # fmt: skip
        crossed = [(one, two) for one, two in pairs if one.leaf.place != two.leaf.place]
        if len(crossed) > 1 and len(crossed) > len(pairs) / 2:
            yield from (self._written(one) for one, _ in crossed)

    def _days_of_other_instants(self) -> Iterator[str]:
        """Yield times that stand beside the day of another instant: "tomorrow at 10:30" for one of today."""
        for place, mention in enumerate(self.mentions):
            has_day = any(isinstance(fact, Date) for fact in mention.leaf.facts.facts)
            if not has_day or not any(isinstance(fact, Time) for fact in mention.readings):
                continue
            around = [*self.mentions[max(place - 1, 0) : place], *self.mentions[place + 1 : place + 2]]
            days = [other for other in around if self._is_day_beside(other, mention)]
            if days and not any(other.leaf is mention.leaf for other in days):
                yield self._written(mention)

    def _is_day_beside(self, day: Mention, mention: Mention) -> bool:
        one, two = sorted((day, mention), key=lambda either: either.start)
        between = self._text[one.end : two.start]
        is_near = len(between.split()) <= 2 and not re.search(r"[.;!?]", between) and not _BETWEEN.fullmatch(between)
        return is_near and any(isinstance(fact, (*_DAYS, RelativeDay)) for fact in day.readings)

    def _is_mixed(self) -> bool:
        """Whether the values of one entry, or the day and time of one instant, stand apart from each other."""
        parts = [mention for mention in self.mentions if mention.leaf.place or mention.readings]
        places = [len(run) for run in self._runs(_place_of, parts)]
        distinct = {_place_of(mention) for mention in parts}
        several = any(
            _place_of(one) == _place_of(two) and (one.leaf is not two.leaf or one.readings != two.readings)
            for one, two in pairwise(sorted(parts, key=lambda mention: str(_place_of(mention))))
        )
        return several and len(places) > len(distinct)

    def _runs(self, key: Callable[[Mention], object], mentions: Sequence[Mention] | None = None) -> list[list[Mention]]:
        """Mentions that follow each other and share a key."""
        runs: list[list[Mention]] = []
        for mention in self.mentions if mentions is None else mentions:
            if runs and key(runs[-1][-1]) == key(mention):
                runs[-1].append(mention)
            else:
                runs.append([mention])
        return runs

    def _written(self, mention: Mention) -> str:
        return self._text[mention.start : mention.end]


def _is_smaller(one: Mention, two: Mention) -> bool:
    """Whether a quantity is smaller than another one of its kind; "1450 of 2000 mL" states the unit once."""
    if one.leaf.is_number and two.leaf.is_number:
        return max(one.leaf.facts.bare) < max(two.leaf.facts.bare)
    sizes = [
        max((fact.value for fact in mention.readings if isinstance(fact, _QUANTITIES)), default=None)
        for mention in (one, two)
    ]
    return sizes[0] is not None and sizes[1] is not None and sizes[0] < sizes[1]


def _place_of(mention: Mention) -> str:
    return mention.leaf.place or f"{mention.leaf.group}/{sorted(mention.leaf.label)}"


def _may_stand_for(readings: Sequence[Fact], leaf: Leaf, other: Leaf) -> bool:
    """Whether a value of the data is of the kind that a text states of another one."""
    stated = other.facts.facts
    is_part = not (leaf.is_number and other.is_number)  # the number of an address, or of a name
    # A text may leave out the unit that both have: "130 minutes, against an average of 95".
    has_own_unit = bool(_units_of(other)) and _units_of(other).isdisjoint(_units_of(leaf))
    for reading in readings:
        if isinstance(reading, _DAYS):
            if any(isinstance(fact, _DAYS) for fact in stated):
                return True
        elif any(
            type(fact) is type(reading) and getattr(fact, "unit", None) == getattr(reading, "unit", None)
            for fact in stated
        ) and not (isinstance(reading, Number) and (has_own_unit or is_part)):
            return True
    return False


def _units_of(leaf: Leaf) -> set[tuple[type, object]]:
    """The kinds of the quantities that a value may be, each with its unit."""
    kinds = (Duration, Percent, Measure, Amount)
    return {(type(fact), getattr(fact, "unit", None)) for fact in leaf.facts.facts if isinstance(fact, kinds)}


def _have_parts(leaf: Leaf, other: Leaf) -> bool:
    """Whether two names have each a part to play, such as buyer and seller; so do oat milk and soy milk."""
    is_pair = (leaf.is_name and other.is_name) or bool(set(leaf.value.split()) & set(other.value.split()))
    is_other_thing = (leaf.label | other.label) & _THINGS and not leaf.label & other.label
    return other.words and is_pair and not is_other_thing and not (leaf.label | other.label) & _EMPTY_LABELS


def _are_ends(first: Leaf, second: Leaf) -> bool:
    """Whether two values stand in this order: "from 390 to 312", where 390 is last_month_kwh and 312 is kwh."""
    is_former = bool(first.label & _FORMER) and second.label.isdisjoint(_FORMER)
    share_unit = not _units_of(first).isdisjoint(_units_of(second))
    return (is_former and share_unit) or any(one in first.label and two in second.label for one, two in _RANGES)


def _steps(words: Sequence[str], label: frozenset[str]) -> int:
    for step, word in enumerate(words[:_NEAR], 1):
        if word in _STOPS:
            break
        if any(same_word(word, part) for part in label):
            return step
    return _NEAR + 1
