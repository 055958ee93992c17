"""Generated renderings of data: faithful ones, and ones in which exactly one fact is wrong.

It shares no code with the check that it tests. Values are rendered as people write them in five languages; a lie changes
the value, its unit or its currency, as a careless model does, or adds a fact that no data hold.
"""

import random
import re
from collections.abc import Iterator

from tests.corpora import Rendering
from tests.corpora.facts import FACTS, Fact
from tests.corpora.words import GREETINGS, INVENTED, LABELS, LANGUAGES, SMALL


def renderings(seed: int, count: int, *, lying: bool) -> Iterator[Rendering]:
    """Generate renderings.

    Args:
        seed: the same seed gives the same renderings.
        count: how many.
        lying: each text has exactly one wrong fact; otherwise none.
    """
    source = random.Random(seed)
    for _ in range(count):
        language = source.choice(LANGUAGES)
        facts = _facts(source, language)
        wrong: str | None = None
        clauses = [f"{LABELS[fact.kind][language]} {source.choice(fact.truths)}" for fact in facts]
        if lying and source.random() < 0.1:
            clauses.append(source.choice(_invented(language, facts)))
            wrong = "invented"
        elif lying:
            place = source.randrange(len(facts))
            wrong = facts[place].kind
            clauses[place] = f"{LABELS[wrong][language]} {source.choice(facts[place].lies)}"
        data = {"type": "update", **{fact.kind: fact.value for fact in facts}}
        # A link ends where a space does; a comma or a full stop after it is part of the sentence.
        yield Rendering(data, f"{GREETINGS[language]}, {', '.join(clauses)}.", wrong)


def _facts(source: random.Random, language: str) -> list[Fact]:
    """One to three facts of different kinds; no lie of one is a value of another.

    "4 seats" about data with 3 seats and 4 days is a value of another field. Such exchanges are in the written corpus.
    """
    while True:
        kinds = source.sample(sorted(FACTS), source.randint(1, 3))
        facts = [FACTS[kind](source, language) for kind in kinds]
        values = [set().union(*(_numbers(truth, language) for truth in fact.truths)) for fact in facts]
        held = [
            _drop_lies(fact, set().union(*values[:place], *values[place + 1 :]), language)
            for place, fact in enumerate(facts)
        ]
        if all(fact.lies for fact in held):
            return held


def _drop_lies(fact: Fact, numbers: set[str], language: str) -> Fact:
    """The fact without its lies that hold one of these numbers."""
    lies = [lie for lie in fact.lies if not _numbers(lie, language) & numbers]
    return Fact(fact.kind, fact.value, fact.truths, lies)


def _numbers(text: str, language: str) -> set[str]:
    """The groups of digits and the small numbers of a text."""
    words = {str(SMALL[language].index(word) + 3) for word in text.split() if word in SMALL[language]}
    return words | {str(int(digits)) for digits in re.findall(r"\d+", text) if int(digits)}


def _invented(language: str, facts: list[Fact]) -> list[str]:
    """The clauses that hold no number of the data: a number that stands there is not invented."""
    held = set().union(*(_numbers(truth, language) for fact in facts for truth in fact.truths))
    return [clause for clause in INVENTED[language] if not _numbers(clause, language) & held]
