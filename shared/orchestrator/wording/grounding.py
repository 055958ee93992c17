"""Checks that a rendered text states no fact that is not in the data, and nothing that is no text message (G7)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

from orchestrator.clean_text import clean_text, shows_nothing
from orchestrator.segments import segments_of
from orchestrator.wording.facts.association import Association
from orchestrator.wording.facts.comparisons import find_comparisons
from orchestrator.wording.facts.data_facts import DataFacts, read_data, texts_in
from orchestrator.wording.facts.derived import is_derived
from orchestrator.wording.facts.doubts import states_more
from orchestrator.wording.facts.kinds import Amount, Fact, Found, Measure, Number, Percent, Points, Time, Zone
from orchestrator.wording.facts.known import is_known
from orchestrator.wording.facts.language import Language, language_of
from orchestrator.wording.facts.normal import normal, split_key
from orchestrator.wording.facts.proper_names import find_foreign_names, has_altered_name
from orchestrator.wording.facts.reading import has_negative_word, read_facts
from orchestrator.wording.facts.zones import ZONES
from orchestrator.wording.not_a_text import reasons_against

_MARKS = frozenset({"score", "rating", "stars", "star", "reviews", "review", "grade", "nps", "note", "bewertung"})
# A ratio, a result or a part in the data: 2:1, 3-1, 120/80; in a text it may be in words.
_PAIR = re.compile(r"(?<![\w.,:/-])(\d{1,3})[:/-](\d{1,3})(?![\w:/-]|[.,]\d)")
_PAIR_IN_TEXT = re.compile(
    r"(?<![\w.,:/-])(\d{1,3})(?:[:/-]|\s(?:to|over|out of|of|a|sobre|de|à|sur|zu|von|über|por|em)\s)(\d{1,3})"
    r"(?![\w:/-]|[.,]\d)",
    re.IGNORECASE,
)
_ARROW = r"\s?(?:->|\u2192|-|/|\bto\b|\ba\b|\bal\b|\bà\b|\bnach\b|\bins?\b|\bpara\b)\s?"
_WAY = re.compile(rf"([^\W\d_]+(?: [^\W\d_]+)?){_ARROW}([^\W\d_]+(?: [^\W\d_]+)?)", re.IGNORECASE)
# What stands between the two ends of a range.
_TO = re.compile(r"\s?(?:-|to|and|a|à|y|e|et|bis|und|até)\s?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextCheck:
    """What the check of a text found.

    Attributes:
        problems: why it must not be sent.
        needs_second_reading: code cannot tell which of several values it means.
    """

    problems: tuple[str, ...]
    needs_second_reading: bool


def check_text(
    text: str,
    data: Mapping[str, Any],
    first_name: str | None,
    max_segments: int = 2,
    now: datetime | None = None,
) -> TextCheck:
    """Check a rendered text against its data.

    Args:
        text: the rendered words.
        data: the message's structured data.
        first_name: the person's first name, as a text may use it.
        max_segments: the most segments that the text may take.
        now: the time on the person's clock, with its zone; without it "tomorrow" is only what the data calls so.
    """
    if clean_text(text) != text or shows_nothing(text):
        return TextCheck(("it has control or invisible characters, or shows nothing",), needs_second_reading=False)
    normal_text = normal(text)
    words = " ".join(texts_in(data)).casefold()
    problems = [*reasons_against(text, words), *_too_long(text, max_segments)]
    is_doubtful = False
    if not any("JSON" in problem for problem in problems):
        spoken = language_of(normal_text, " ".join(normal(value) for value in texts_in(data)))
        facts = read_facts(normal_text, spoken)
        known = read_data(data, spoken, now.tzinfo if now else None)
        known.words.update(normal(first_name or "").casefold().split())
        facts = list(_with_parts(facts, known, normal_text, now.date() if now else None))
        associated = Association(normal_text, facts, data, spoken, normal(first_name or "").casefold(), now)
        foreign = list(_foreign_facts(normal_text, facts, known, data, spoken, now))
        derived = [found for found in foreign if is_derived(found.readings, known, associated.leaves)]
        taken = {place for found in facts for place in range(found.start, found.end)}
        unknown = [normal_text[found.start : found.end] for found in foreign if found not in derived]
        unknown += find_foreign_names(normal_text, spoken, known.words, taken)
        problems += (f"not in the data: {written!r}" for written in unknown)
        problems += _turned_round(normal_text, data)
        problems += _opposite_ways(normal_text, data)
        comparisons = list(find_comparisons(normal_text, associated.mentions, spoken))
        problems += (f"is not so in the data: {normal_text[c.start : c.end]!r}" for c in comparisons if not c.is_true)
        problems += (f"stands where the data has another value: {value!r}" for value in associated.exchanges())
        is_doubtful = not problems and (
            bool(derived)
            or associated.is_doubtful()
            or has_altered_name(normal_text, spoken, known.words)
            or states_more(normal_text, facts, associated, known, spoken, comparisons, dict(_truth_values(data)))
        )
    return TextCheck(tuple(problems), needs_second_reading=is_doubtful)


def _too_long(text: str, max_segments: int) -> Iterator[str]:
    number = segments_of(text).number
    if number > max_segments:
        yield f"it takes {number} segments, and may take {max_segments}"


def _foreign_facts(
    text: str,
    facts: list[Found],
    known: DataFacts,
    data: Mapping[str, Any],
    spoken: Language,
    now: datetime | None,
) -> Iterator[Found]:
    """Yield the facts that the data does not state."""
    today = now.date() if now else None
    clocks = {place: is_shown for one, two in pairwise(facts) for place, is_shown in _clocks(one, two, known, text)}
    for found in facts:
        is_stated = any(is_known(reading, known, today) for reading in found.readings)
        if clocks.get(found.start, is_stated):
            continue
        if not (
            _is_start_of_range(found, facts, known, text)
            or _is_word_of_data(text[found.start : found.end], known, spoken)
            or _is_highest_mark(found, known, text)
            or _is_negated(found, known, text, spoken)
            or _is_rest_of_list(found, data, text, spoken)
        ):
            yield found


def _clocks(one: Found, two: Found, known: DataFacts, text: str) -> Iterator[tuple[int, bool]]:
    """Yield the places of a time and of the zone behind it, and whether an instant of the data has that clock there."""
    zone = next((fact for fact in two.readings if isinstance(fact, Zone)), None)
    if zone is None or not known.instants or text[one.end : two.start].strip():
        return
    offsets = [timezone(timedelta(hours=hours)) for hours in ZONES[zone.name]]
    local = [instant.astimezone(offset) for instant in known.instants for offset in offsets]
    clocks = {Time(instant.hour * 60 + instant.minute) for instant in local}
    is_shown = not clocks.isdisjoint(one.readings)
    yield from ((one.start, is_shown), (two.start, is_shown))


def _turned_round(text: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield ratios and results that the data has the other way round: 1:2 for 2:1, "lost 3-1" for 1-3."""
    known = set(_PAIR.findall(" ".join(normal(value) for value in texts_in(data))))
    for pair in _PAIR_IN_TEXT.finditer(text):
        one, two = pair.groups()
        if one != two and (two, one) in known and (one, two) not in known:
            yield f"the other way round in the data: {pair[0]!r}"


def _opposite_ways(text: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what goes one way in the data and back in the text: "English to German" for German to English."""
    for value in texts_in(data):
        way = _WAY.fullmatch(normal(value).strip())
        if way and (back := re.search(rf"(?i:\b{re.escape(way[2])}{_ARROW}{re.escape(way[1])}\b)", normal(text))):
            yield f"the other way round in the data: {back[0]!r}"


def _with_parts(facts: list[Found], known: DataFacts, text: str, today: date | None) -> Iterator[Found]:
    """Yield facts; a date in numbers that the data lacks is two numbers where the data has both: "4/10 sessions"."""
    for found in facts:
        part = re.fullmatch(r"(\d+)/(\d+)", text[found.start : found.end])
        numbers = [Number(Decimal(number)) for number in part.groups()] if part else []
        is_date = any(is_known(reading, known, today) for reading in found.readings)
        if part and not is_date and all(number.value in known.bare for number in numbers):
            yield Found(found.start, found.start + part.end(1), (numbers[0],))
            yield Found(found.start + part.start(2), found.end, (numbers[1],))
        else:
            yield found


def _is_start_of_range(found: Found, facts: list[Found], known: DataFacts, text: str) -> bool:
    """Whether a number shares the unit of the next one, and is known with it: "85 to 95 thousand dollars"."""
    following = next((other for other in facts if other.start >= found.end), None)
    if following is None or not _TO.fullmatch(text[found.end : following.start]):
        return False
    return any(
        is_known(replace(unit, value=number.value * factor), known, None)
        for number in found.readings
        if isinstance(number, Number)
        for unit in following.readings
        if isinstance(unit, Amount | Percent | Measure)
        for factor in (1, 1_000, 1_000_000)
        if factor == 1 or unit.value % factor == 0
    )


def _is_highest_mark(found: Found, known: DataFacts, text: str) -> bool:
    """Whether a number is the end of the scale of a mark: "4.8 out of 5"."""
    marks = {Number(Decimal(5)), Number(Decimal(10)), Number(Decimal(100))}
    is_scale = re.search(r"(?:\bout of|/)\s?$", text[: found.start]) is not None
    return is_scale and bool(marks & set(found.readings)) and not _MARKS.isdisjoint(known.words)


def _is_word_of_data(written: str, known: DataFacts, spoken: Language) -> bool:
    """Whether a number in words stands in the data as a word: doubles_after_days, half_board."""
    word = written.casefold()
    return (
        word.isalpha()
        and len(word) > 3
        and any(other.startswith(word) and other not in spoken.numbers for other in known.words)
    )


def _is_negated(found: Found, known: DataFacts, text: str, spoken: Language) -> bool:
    """Whether the data has the number with a minus, and the sentence a word for it."""
    negated: list[Fact] = [
        replace(reading, value=-reading.value)
        for reading in found.readings
        if isinstance(reading, Number | Amount | Percent | Points)
    ]
    return any(is_known(reading, known, None) for reading in negated) and has_negative_word(text, found.start, spoken)


def _is_rest_of_list(found: Found, data: Mapping[str, Any], text: str, spoken: Language) -> bool:
    """Whether a number is what remains of a list of which the text names some: "Acme, Borealis and 2 more"."""
    if not re.match(rf"(?i:\s(?:{spoken.patterns['more']})\b)", text[found.end :]):
        return False
    folded = text.casefold()
    for entries in _lists(data):
        named = sum(any(normal(name).casefold() in folded for name in texts_in(entry)) for entry in entries)
        if Number(Decimal(len(entries) - named)) in found.readings:
            return True
    return False


def _truth_values(value: Any) -> Iterator[tuple[str, bool]]:
    """Yield the keys of truth values, as words, each with its value."""
    match value:
        case Mapping():
            for key, inner in value.items():
                if isinstance(inner, bool):
                    yield split_key(key).casefold(), inner
                yield from _truth_values(inner)
        case list():
            for inner in value:
                yield from _truth_values(inner)


def _lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in inner:
        yield from _lists(part)
