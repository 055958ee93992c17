"""Which of several values a text means: a number or name that stands beside the label of another one was exchanged.

Code sees three things. Two values that each stand nearer to the label of the other ("yes", "no", "from", "to") were
exchanged; so were the ends of a range that stand in the wrong order, and the details of list entries that follow the
names of other entries. Where values of one kind stand in a text without their labels, code cannot tell them apart, and
the model reads the text once more.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from orchestrator.wording.facts.kinds import (
    Date,
    Found,
    RelativeDay,
    Time,
)
from orchestrator.wording.facts.language import Language
from orchestrator.wording.facts.leaves import Leaf, leaves_of, same_word
from orchestrator.wording.facts.mentions import Mention, find_mentions
from orchestrator.wording.facts.rivals import (
    DAYS,
    QUANTITIES,
    are_ends,
    have_parts,
    is_smaller,
    may_stand_for,
    was_before,
)

# Words between a label and its value.
_NEAR = 3
_TOKEN = re.compile(r"\w+(?:[.,:'-]\w+)*|[,;.:!?()]")
# A colon stands between a label and its value.
_STOPS = frozenset(",;.!?()")
_BETWEEN = re.compile(r"\s?(?:-|->|\u2192|to|and|until|till|bis|und|auf|a|à|et|y|e|até|para)\s?", re.IGNORECASE)
_OF = re.compile(r"\s?(?:/|(?:out )?of|von|de|sur|em)\s?(?:a |our |your |the )?", re.IGNORECASE)
_FROM = re.compile(r"\b(?:from|von|de|del|du|da)\s?$", re.IGNORECASE)
_TO = re.compile(r"\s?(?:to|auf|zu|bis|a|al|à|au|para)\s?(?:the\s)?", re.IGNORECASE)
# What stands before the value that was before: "9:05 instead of 6:40"; the second ones before others, too.
_FORMERLY = re.compile(
    r"\b(?:instead of|rather than|(?:up|down) from|en vez de|en lugar de|au lieu de|(?:an)?statt|em vez de)\s$",
    re.IGNORECASE,
)
_PERHAPS_FORMERLY = re.compile(
    r"\b(?:was|were|from|than|against|vs\.?|versus|compared (?:to|with)|previously|before|formerly|originally|not"
    r"|frente a|contre|contra|antes|avant|vorher|zuvor|gegenüber)\s(?:the |your |its )?$",
    re.IGNORECASE,
)
_PREPOSITIONS = frozenset({"from", "to", "until", "de", "a", "à", "von", "nach", "bis", "desde", "hasta", "para", "in"})
# Where something goes, and what stands before a place from which it comes.
_AIMS = frozenset({"to", "destination", "destino", "nach", "ziel"})
_BACK = re.compile(r"\b(?:from|desde|depuis)\s(?:the |your |el |la |le |l')?$", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:t[\d:.]+.*)?|\d\d:\d\d(?::\d\d)?")
# What stands before a name of which something is.
_LABEL_OF = re.compile(r"(\w+)\s(?:of|de|du|des|del|von|do|da)\s(?:the |la |el )?$", re.IGNORECASE)


class Association:
    """The values of the data that a text states, each with its place in the text.

    Args:
        text: in its normal form.
        facts: those of the text.
        spoken: the language of the text.
        name: the person's first name in small letters; in a greeting it states nothing.
        now: the time on the person's clock.
    """

    def __init__(
        self,
        text: str,
        facts: Sequence[Found],
        data: Mapping[str, object],
        spoken: Language,
        name: str,
        now: datetime | None,
    ) -> None:
        self._text = text
        self._spoken = spoken
        self._today = now.date() if now else None
        self._tokens = [(match.start(), match.end(), match[0].casefold()) for match in _TOKEN.finditer(text)]
        self._stated_places = {place for found in facts for place in range(found.start, found.end)}
        self.leaves = leaves_of(data, spoken, now.tzinfo if now else None)
        self.mentions = find_mentions(text, facts, self.leaves, name, self._today)

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
        for mention in self.mentions:
            if _FORMERLY.search(self._text[: mention.start]) and any(
                was_before(rival, mention.leaf) and not was_before(mention.leaf, rival)
                for rival in self._rivals(mention)
            ):
                yield self._written(mention)
            if _BACK.search(self._text[: mention.start]) and not mention.leaf.label.isdisjoint(_AIMS):
                yield self._written(mention)
        yield from self._crossed()
        yield from self._days_of_other_instants()

    def is_doubtful(self) -> bool:
        """Return whether the text states values that code cannot tell apart from others of their kind."""
        # A value that stands beside its label, or in its place of a range, is mistaken for no other one.
        clear = self._in_order()
        clear |= {
            mention.leaf for mention in self.mentions if self._rivals(mention) and self._stands_at_its_label(mention)
        }
        stated = {mention.leaf for mention in self.mentions}
        if self._is_mixed() or any(self._is_of_its_label(mention) for mention in self.mentions):
            return True
        return any(
            mention.leaf not in clear
            and (mention.readings or rival in stated)
            and (rival not in clear or self._pull(mention, self._own_label(rival, mention.leaf), rival) <= _NEAR)
            for mention in self.mentions
            for rival in self._rivals(mention)
        )

    def _stands_at_its_label(self, mention: Mention) -> bool:
        before = self._text[: mention.start]
        is_former = _FORMERLY.search(before) or _PERHAPS_FORMERLY.search(before)
        return all(
            (is_former and was_before(mention.leaf, rival)) or self._is_nearer(mention, rival)
            for rival in self._rivals(mention)
        )

    def _is_of_its_label(self, mention: Mention) -> bool:
        """Whether a text gives a name what the name stands for: "the guest of Dr. Quist" is not Dr. Quist."""
        label = None if mention.readings else _LABEL_OF.search(self._text[: mention.start])
        return label is not None and any(same_word(label[1].casefold(), part) for part in mention.leaf.label)

    def _is_nearer(self, mention: Mention, rival: Leaf) -> bool:
        own = self._pull(mention, self._own_label(mention.leaf, rival), rival)
        return own <= _NEAR and self._pull(mention, self._own_label(rival, mention.leaf), rival) >= own

    def _pull(self, mention: Mention, label: frozenset[str], rival: Leaf) -> int:
        """The words from a value to a label; one that stands nearer to a rival is the rival's."""
        steps, place = self._nearest(mention, label)
        for other in self.mentions:
            if other.leaf is rival and place is not None:
                other_steps, other_place = self._nearest(other, label)
                if other_place == place and other_steps < steps:
                    return _NEAR + 1
        return steps

    def _own_label(self, leaf: Leaf, other: Leaf) -> frozenset[str]:
        """The words of a label that are no forms of a word of another one; "down" and "fell" are those of a minus."""
        is_negative = any(isinstance(fact, QUANTITIES) and fact.value < 0 for fact in leaf.facts.facts)
        more = self._spoken.patterns["negative"].split() if is_negative else []
        return frozenset(word for word in (*leaf.label, *more) if not any(same_word(word, own) for own in other.label))

    def _rivals(self, mention: Mention) -> list[Leaf]:
        """The other values of the data that may be mistaken for one: of the same kind, with another part to play."""
        leaf = mention.leaf
        return [
            other
            for other in self.leaves
            if other is not leaf
            and other.value != leaf.value
            and other.label != leaf.label
            and (may_stand_for(mention.readings, leaf, other) if mention.readings else have_parts(leaf, other))
        ]

    def _distance(self, mention: Mention, label: frozenset[str]) -> int:
        """The words from a value to the nearest word of a label in its part of a sentence; many for none."""
        return self._nearest(mention, label)[0]

    def _nearest(self, mention: Mention, label: frozenset[str]) -> tuple[int, int | None]:
        """The words from a value to the nearest word of a label, and the place of that word."""
        before = [number for number, token in enumerate(self._tokens) if token[1] <= mention.start][::-1]
        after = [number for number, token in enumerate(self._tokens) if token[0] >= mention.end]
        # "from" and "to" are labels of what stands directly behind them.
        last = self._tokens[before[0]] if before else (0, 0, "")
        if last[2] in label & _PREPOSITIONS:
            return 1, last[0]
        label -= _PREPOSITIONS
        return min(self._steps(before, label), self._steps(after, label), key=lambda found: found[0])

    def _steps(self, numbers: Sequence[int], label: frozenset[str]) -> tuple[int, int | None]:
        steps = 0
        for number in numbers:
            start, _, word = self._tokens[number]
            if any(same_word(word, part) for part in label):
                return steps + 1, start
            # Other facts are passed over, with the comma between two of them: "Bib pickup: March 6, 10 AM".
            is_passed = start in self._stated_places or (word == "," and self._is_between_facts(number))
            if steps >= _NEAR or (word in _STOPS and not is_passed):
                break
            steps += not is_passed and word not in _STOPS
        return _NEAR + 1, None

    def _is_between_facts(self, number: int) -> bool:
        return all(start in self._stated_places for start, _, _ in self._tokens[max(number - 1, 0) : number + 2 : 2])

    def _in_order(self) -> set[Leaf]:
        """The values of a range that stand in its order."""
        found: set[Leaf] = set()
        for one, two in pairwise(self.mentions):
            places = set(range(one.end, two.start)) - self._stated_places
            between = "".join(self._text[place] for place in sorted(places)).strip(" (),")
            is_range = are_ends(one.leaf, two.leaf) or _is_earlier(one.leaf, two.leaf)
            if (is_range and (_BETWEEN.fullmatch(between) or one.end == two.start)) or (
                _OF.fullmatch(between) and self._is_part_of(one, two)
            ):
                found |= {one.leaf, two.leaf}
        return found

    def _is_part_of(self, one: Mention, two: Mention) -> bool:
        """Whether two values are the only ones of their kind, and the first is the smaller one: "4 of 5 steps"."""
        others = {*self._rivals(one), *self._rivals(two)} - {one.leaf, two.leaf}
        return not others and is_smaller(one.leaf, two.leaf, one.readings, two.readings)

    def _reversed_ranges(self) -> Iterator[str]:
        """Yield the ends of ranges that stand the wrong way round: "from 19 to 17" where 17 is the old one."""
        runs = self._runs(lambda mention: mention.leaf)
        for one, two in pairwise(runs):
            leads = _FROM.search(self._text[: one[0].start]) and _TO.fullmatch(self._text[one[-1].end : two[0].start])
            if leads and are_ends(two[0].leaf, one[0].leaf):
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
        return is_near and any(isinstance(fact, (*DAYS, RelativeDay)) for fact in day.readings)

    def _is_mixed(self) -> bool:
        """Whether the values of one entry, or the day and time of one instant, stand apart from each other."""
        parts = [
            mention for mention in self.mentions if mention.leaf.place or (mention.readings and self._rivals(mention))
        ]
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


def _is_earlier(one: Leaf, two: Leaf) -> bool:
    """Whether two days or times of one form follow each other, so that they can be a range in no other order."""
    is_form = _ISO.fullmatch(one.value) and _ISO.fullmatch(two.value) and len(one.value) == len(two.value)
    return bool(is_form) and one.value < two.value


def _place_of(mention: Mention) -> str:
    return mention.leaf.place or f"{mention.leaf.group}/{sorted(mention.leaf.label)}"
