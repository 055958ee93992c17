"""What a text may state beyond its facts, for a second reading: a denial, a direction, another word for a value.

Code cannot prove these wrong: "approved" may be another word for "accepted", and "rooftop" for "patio".
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache

from orchestrator.wording.facts.association import Association
from orchestrator.wording.facts.comparisons import Comparison
from orchestrator.wording.facts.data_facts import DataFacts
from orchestrator.wording.facts.kinds import Amount, DayOfMonth, Fact, Found, Free, Frequency, Number
from orchestrator.wording.facts.language import Language, any_of, codes, language
from orchestrator.wording.facts.leaves import Leaf, same_word
from orchestrator.wording.facts.proper_names import ALL_NOUNS
from orchestrator.wording.facts.rivals import is_house

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
# Values of more words than this are put in other words.
_LONGEST_VALUE = 4
# Keys whose values no text states: they are about the text itself.
_SILENT = frozenset(
    {"id", "ids", "uuid", "language", "locale", "lang", "zone", "timezone", "channel", "source", "version"}
)
# Words in small letters that any value may have and any text may leave out.
_SMALL = frozenset({"the", "a", "an", "of", "and", "in", "on", "at", "for", "to", "is", "by", "with"})
_OWE = frozenset({"owe", "owes", "owed", "debes", "debe", "devez", "doit", "deve", "schuldest"})
_DUE = frozenset({"due", "invoice", "bill", "payment", "rent", "fee", "rechnung", "factura", "facture", "fatura"})
# The beginnings of words, in keys and in texts, that say on which side of a time something lies.
_SIDES = (
    ("late", "delay", "overdue", "behind", "past", "verspät", "verspaet", "überfällig", "retras", "retard", "atras",
     "tard", "vencid"),
    ("early", "earli", "ahead", "before", "früh", "frueh", "vorher", "tempran", "antes", "avance", "adelant", "cedo",
     "adiant", "tôt", "avant"),
    ("ago", "since", "vor", "seit", "hace", "desde", "depuis", "há"),
)  # fmt: skip
# Words of data that has a price for one of several.
_RATES = frozenset(
    {
        "per", "each", "unit", "por", "cada", "par", "pro", "je", "apiece", "unitario", "unitaria", "unitaire",
        "unitário", "rate", "every", "stück", "stueck",
    }
)  # fmt: skip
_EXCLUSIONS = frozenset(
    {"excluded", "excludes", "exclusions", "excluding", "not", "without", "except", "exceptions", "excluye", "exclu",
     "exclui", "excluido", "excluidos", "ausgeschlossen", "ohne"}
)  # fmt: skip
_SENTENCE = re.compile(r"[^.!?\n]+")
# Words of a sentence that may have no word of the data.
_LONGEST_COURTESY = 2
_ORDINAL = re.compile(r"\b\d{1,3}(?:st|nd|rd|th)\b")
_ACTORS = re.compile(r"\b(?:you|we|i|they|he|she)\s+(?:have\s+|has\s+|had\s+)?(\w+)", re.IGNORECASE)


def states_more(
    text: str,
    facts: Sequence[Found],
    values: Association,
    known: DataFacts,
    spoken: Language,
    comparisons: Sequence[Comparison],
    flags: Mapping[str, bool],
) -> bool:
    """Return whether a text may state something that code cannot compare with its data.

    Args:
        comparisons: what the text compares rightly.
        flags: the keys of truth values, as words, with their values.
    """
    leaves, stated = values.leaves, {mention.leaf for mention in values.mentions}
    words = {word.casefold() for word in _WORD.findall(text)}
    claims = _without([*facts, *comparisons], text)
    is_denied = any(_found(name, claims, spoken) for name in ("denials", "none"))
    return (
        _has_claim(claims, known, spoken)
        or any(_is_left_out(leaf, words, text, spoken) for leaf in leaves if leaf not in stated)
        or (_has_exclusion(stated) and not is_denied)
        or _has_doubtful_flag(words, flags, is_denied=is_denied)
        or _hides_a_zero(words, facts, leaves)
        or _leaves_out_a_side(words, leaves)
        or any(_is_borrowed(found, text, known, leaves) for found in facts)
        or _names_an_actor(text, leaves)
        or _adds_a_rate(text, facts, known, leaves, spoken)
        or _gives_a_reason(text, known, spoken)
        or any(_is_unsupported(sentence, known, spoken) for sentence in _SENTENCE.findall(claims))
        or (_has_price(known) and any(isinstance(fact, Free) for found in facts for fact in found.readings))
    )


def _without(found: Sequence[Found | Comparison], text: str) -> str:
    """The text without its facts and true comparisons: "the day after tomorrow" claims nothing else."""
    for part in found:
        text = text[: part.start] + "\0" * (part.end - part.start) + text[part.end :]
    return text


def _has_claim(text: str, known: DataFacts, spoken: Language) -> bool:
    """Whether a word that denies, decides or gives a direction is in the text, and nothing like it in the data."""
    has_minus = any(getattr(fact, "value", 0) < 0 for fact in known.facts)
    denied = {
        name: any(_found(name, " ".join(known.words), language(code)) for code in codes())
        for name in ("denials", "none")
    }
    has_none = any(denied.values()) or 0 in known.numbers or Free() in known.facts
    # What is due is owed.
    negative = [word for word in _found("negative", text, spoken) if word not in _OWE or known.words.isdisjoint(_DUE)]
    return bool(
        _unlike(_found("claims", text, spoken), known)
        or (not any(denied.values()) and _unlike(_found("denials", text, spoken), known))
        or (not has_none and _unlike(_found("none", text, spoken), known))
        or (not has_minus and _unlike(negative, known))
    )


def _found(name: str, text: str, spoken: Language) -> list[str]:
    return [match[0].casefold() for match in _pattern(name, spoken).finditer(text)]


def _unlike(words: Sequence[str], known: DataFacts) -> list[str]:
    """The words that are no form of a word of the data."""
    sides = [side for side in _SIDES if any(word.startswith(side) for word in known.words)]
    return [
        word
        for word in words
        if not any(same_word(part, other) for part in word.split() for other in known.words)
        and not any(word.startswith(side) for side in sides)
    ]


@cache
def _pattern(name: str, spoken: Language) -> re.Pattern[str]:
    words = spoken.patterns[name]
    return re.compile(rf"(?i:\b(?:{any_of(words.split()) if name == 'negative' else words})\b)")


def _is_left_out(leaf: Leaf, words: set[str], text: str, spoken: Language) -> bool:
    """Whether a value of few words is not in the text, so that other words may stand for it.

    Another company would have a capital, and be found as a name; in German every noun has one.
    """
    parts = [part for part in _WORD.findall(leaf.value) if part not in _SMALL]
    is_name = is_house(leaf) and spoken.code not in ALL_NOUNS and words.isdisjoint(parts)
    if not leaf.words or leaf.label & _SILENT or is_name:
        return False
    # "Coach Anouk" for Coach Bea.
    if leaf.is_name and leaf.value not in text.casefold() and not words.isdisjoint(parts):
        return True
    return 0 < len(parts) <= _LONGEST_VALUE and not all(
        part in words or ("-" not in part and any(same_word(part, word) for word in words)) for part in parts
    )


def _has_doubtful_flag(words: set[str], flags: Mapping[str, bool], *, is_denied: bool) -> bool:
    """Whether a text has the words of the key of a truth value; one that is set is clear in a text without a denial."""
    is_negative = is_denied or any(word.startswith(("un", "in", "non")) for word in words)
    return any(_names(words, flag) for flag, is_set in flags.items() if is_negative or not is_set)


def _has_exclusion(stated: AbstractSet[Leaf]) -> bool:
    """Whether a text states what the data has as left out, such as {"excluded": ["cancellation"]}."""
    return any(not leaf.label.isdisjoint(_EXCLUSIONS) for leaf in stated)


def _names(words: set[str], key_words: str) -> bool:
    """Whether a text has the words of a key."""
    return any(same_word(part, word) for part in key_words.split() if len(part) > 1 for word in words)


def _hides_a_zero(words: set[str], facts: Sequence[Found], leaves: Sequence[Leaf]) -> bool:
    """Whether a text speaks of something of which the data has none, without the number."""
    zeros = [leaf for leaf in leaves if any(isinstance(fact, Number) and fact.value == 0 for fact in leaf.facts.facts)]
    states_zero = any(_is_zero(fact) for found in facts for fact in found.readings)
    return not states_zero and any(_names(words, " ".join(leaf.label)) for leaf in zeros)


def _leaves_out_a_side(words: set[str], leaves: Sequence[Leaf]) -> bool:
    """Whether a text has no word for the side on which a number lies: "in 12 days" where the data has days_overdue."""
    labels = [leaf.label for leaf in leaves if leaf.is_number]
    return any(
        any(word.startswith(side) for label in labels for word in label)
        and not any(word.startswith(side) for word in words)
        for side in _SIDES
    )


def _is_borrowed(found: Found, text: str, known: DataFacts, leaves: Sequence[Leaf]) -> bool:
    """Whether a bare number is that of an amount or unit alone, or counts one entry of a list: "two photos"."""
    written = text[found.start : found.end].casefold()
    ordinals = {ordinal for leaf in leaves for ordinal in _ORDINAL.findall(leaf.value)}
    if ordinals and _ORDINAL.fullmatch(written) and written not in ordinals:  # 12th Street for 5th Street
        return not any(isinstance(fact, DayOfMonth) and fact in known.facts for fact in found.readings)
    values = {fact.value for fact in found.readings if isinstance(fact, Number)}
    if not values or not known.facts.isdisjoint(found.readings):
        return False
    if values & known.numbers:
        return True
    following = _WORD.search(text, found.end)
    counted = following[0].casefold() if following else ""
    entries = [leaf for leaf in leaves if leaf.place]
    named = [leaf for leaf in entries if any(same_word(counted, part) for part in leaf.value.split())]
    return bool(values & known.lengths) and 0 < len(named) < len(entries)


def _is_zero(fact: Fact) -> bool:
    return isinstance(fact, Free) or getattr(fact, "value", None) == 0


def _names_an_actor(text: str, leaves: Sequence[Leaf]) -> bool:
    """Whether a text says that the person did what the data says of another one: "you declined"."""
    values = {part for leaf in leaves if leaf.words and not leaf.is_name for part in leaf.value.split()}
    return any(same_word(match[1].casefold(), value) for match in _ACTORS.finditer(text) for value in values)


def _has_price(known: DataFacts) -> bool:
    return any(isinstance(fact, Amount) and fact.value > 0 for fact in known.facts)


def _adds_a_rate(text: str, facts: Sequence[Found], known: DataFacts, leaves: Sequence[Leaf], spoken: Language) -> bool:
    """Whether an amount is one for each or in total, and the data does not state that: "$5.50 per egg"."""
    rates = [leaf.facts.words for leaf in leaves if not leaf.facts.words.isdisjoint(_RATES)]
    for found in facts:
        rate = _rate(spoken).match(text, found.end)
        if rate is None or not any(isinstance(fact, Amount) for fact in found.readings):
            continue
        noun = (rate["noun"] or "").casefold()
        if noun in spoken.units or noun in spoken.common:  # how often is a fact of its own
            continue
        if not rates or (noun and not any(same_word(noun, word) for words in rates for word in words)):
            return True
    is_part = bool(rates) or any(isinstance(fact, Frequency) for fact in known.facts)
    return is_part and bool(_unlike(_found("total", text, spoken), known))


@cache
def _rate(spoken: Language) -> re.Pattern[str]:
    each, per = spoken.patterns["each"], spoken.patterns["per"]
    return re.compile(rf"(?i:\s?(?:(?:{each})\b(?!\s\w)|(?:{per})\s?(?P<noun>(?<=[\s/])[^\W\d_]+)))")


def _gives_a_reason(text: str, known: DataFacts, spoken: Language) -> bool:
    """Whether a text gives a reason that has no word of the data."""
    reasons = re.finditer(rf"(?i:\b(?:{spoken.patterns['because']})\b)(?P<reason>[^.!?;,\n]*)", text)
    return any(
        not any(same_word(word.casefold(), other) for word in _WORD.findall(reason["reason"]) for other in known.words)
        for reason in reasons
    )


def _is_unsupported(sentence: str, known: DataFacts, spoken: Language) -> bool:
    """Whether a sentence has neither a fact nor a word of the data: "Please bring their vaccine records"."""
    words = [word.casefold() for word in _WORD.findall(sentence)]
    ordinary = spoken.common | frozenset(spoken.patterns["courtesy"].split())
    content = [word for word in words if len(word) > 3 and word not in ordinary]
    is_about_data = "\0" in sentence or any(same_word(word, other) for word in content for other in known.words)
    return not is_about_data and len(content) > _LONGEST_COURTESY
