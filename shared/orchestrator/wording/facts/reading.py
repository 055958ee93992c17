"""Reads all facts of a text, each kind by its own module; what one kind has taken, the next does not see."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from orchestrator.wording.facts.addresses import find_addresses
from orchestrator.wording.facts.amounts import find_amounts, find_shares
from orchestrator.wording.facts.claims import find_free
from orchestrator.wording.facts.codes import find_codes, find_versions
from orchestrator.wording.facts.dates import find_dates
from orchestrator.wording.facts.days import find_days, find_recurrences
from orchestrator.wording.facts.durations import find_durations, find_hours_and_minutes
from orchestrator.wording.facts.kinds import Code, DayOfMonth, Fact, Found, Number, Time
from orchestrator.wording.facts.language import Language, any_of, words_pattern
from orchestrator.wording.facts.measures import find_measures
from orchestrator.wording.facts.named_days import find_named_days
from orchestrator.wording.facts.numerals import find_numbers, find_spelled_digits
from orchestrator.wording.facts.phones import find_phones
from orchestrator.wording.facts.times import NOON, find_times, hour_of_day
from orchestrator.wording.facts.zones import find_zones

# What stands for characters that belong to a fact already: no pattern matches it.
TAKEN = "\0"
# Digits that state nothing.
_IDIOMS = re.compile(r"\b24/7\b|\b24x7\b|\b1[- ]on[- ]1\b|\b1:1\b|\bCOVID-19\b", re.IGNORECASE)
_OF_MONTH = re.compile(r"(?i:\b(?:the|el|le|am|den|dem|día|dia|vom|zum|bis)\s)$")
_NOT_OF_MONTH = re.compile(r"\s*(?:%|[A-Za-z])")
# The end of a fact that is the end of its sentence. That of "9 a.m.", "Wed." or "Aug." may belong to the fact.
_FULL_STOP = re.compile(
    r"(?:\d ?[AP]M|January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\."
)
_NEXT_SENTENCE = re.compile(r"\s+[A-Z]|\s*$")


def read_facts(text: str, language: Language, *, exact: bool = False) -> list[Found]:
    """Return the facts of a normal text, in the order in which they stand.

    Args:
        exact: read as data means it: 3:30 is the early morning alone, and "evil dot com" no link.
    """
    return list(_read(text, language, exact))


# The values of one message are read for all its data together and one by one, and again for a second text.
@lru_cache(maxsize=1_000)
def _read(text: str, language: Language, exact: bool) -> tuple[Found, ...]:
    steps: tuple[Callable[[str], Iterator[Found]], ...] = (
        lambda rest: find_addresses(rest, also_disguised=not exact),
        lambda rest: find_named_days(rest, language),
        lambda rest: find_dates(rest, language),
        find_versions,
        find_hours_and_minutes,
        lambda rest: find_times(rest, language, exact=exact),
        find_zones,
        lambda rest: find_amounts(rest, language),
        lambda rest: find_shares(rest, language),
        lambda rest: find_measures(rest, language),
        lambda rest: find_recurrences(rest, language, exact=exact),
        lambda rest: find_durations(rest, language),
        lambda rest: find_spelled_digits(rest, language),
        find_phones,
        find_codes,
        lambda rest: find_days(rest, language),
        lambda rest: find_numbers(_without_answers(rest, language), language),
    )
    rest = _IDIOMS.sub(lambda idiom: TAKEN * len(idiom[0]), text)
    facts: list[Found] = []
    for step in steps:
        for found in step(rest):
            if TAKEN in rest[found.start : found.end]:
                continue
            facts.append(_with_places(found, text, language))
            rest = rest[: found.start] + TAKEN * (found.end - found.start) + rest[found.end :]
    found_all = [_without_full_stop(found, text) for found in (*facts, *find_free(text, language))]
    return tuple(sorted(found_all, key=lambda found: found.start))


def _without_full_stop(found: Found, text: str) -> Found:
    """Leave the full stop of a sentence out of its last fact, as in "Pickup at 8 AM. Start: ..."."""
    ends = _FULL_STOP.search(text[found.start : found.end])
    if ends and found.start + ends.end() == found.end and _NEXT_SENTENCE.match(text, found.end):
        return replace(found, end=found.end - 1)
    return found


def _with_places(found: Found, text: str, language: Language) -> Found:
    """Add what a whole number may mean where it stands: "at 3" is a time, "the 22" a day."""
    first = found.readings[0]
    if isinstance(first, Number) and re.fullmatch(r"0\d{2,}", text[found.start : found.end]):
        return replace(found, readings=(Code(text[found.start : found.end]),))
    clock = re.fullmatch(r"([01]?\d|2[0-3])\.([0-5]\d)", text[found.start : found.end])
    if clock and re.search(rf"(?i:(?:^|[\s(]){words_pattern(language, 'at')}\s?)$", text[: found.start]):
        at = int(clock[1]) * 60 + int(clock[2])  # at 18.30
        return replace(found, readings=(*found.readings, Time(at), *((Time(at + NOON),) if at < NOON else ())))
    if not isinstance(first, Number) or first.value != first.value.to_integral_value() or len(found.readings) > 1:
        return found
    number, before = int(first.value), text[: found.start]
    more: list[Fact] = []
    if 0 <= number <= 24 and re.search(rf"(?i:(?:^|[\s(]){words_pattern(language, 'at')}\s?)$", before):
        more += hour_of_day(number, text[found.end :], language)
    if 1 <= number <= 31 and _OF_MONTH.search(before) and not _NOT_OF_MONTH.match(text[found.end :]):
        more.append(DayOfMonth(number))
    return replace(found, readings=(*found.readings, *more))


def _without_answers(text: str, language: Language) -> str:
    """Hide the digits that a person is to reply with: "Reply 1 or 2"."""
    answer = rf"(?i:\b(?:{language.patterns['answer']})\b)"
    digit = (
        r"(?<=[\s\"'(])[0-9](?=[\"')]?\s*(?:$|[.,;:!?=)]"
        r"|(?i:or|for|to|if|and|o|y|ou|et|oder|para|pour|für|wenn|se|si)\b))"
    )
    for match in re.finditer(rf"{answer}[^.!?\0]*", text):
        start, end = match.span()
        text = text[:start] + re.sub(digit, TAKEN, text[start:end]) + text[end:]
    return text


def numbers_in(found: Found, text: str, language: Language) -> set[Decimal]:
    """Return the bare numbers of a fact with a unit."""
    part = text[found.start : found.end]
    return {
        reading.value
        for number in find_numbers(re.sub(r"[$€£¥%]", " ", part), language)
        for reading in number.readings
        if isinstance(reading, Number)
    }


def has_negative_word(text: str, place: int, language: Language) -> bool:
    """Return whether the sentence around a place has a word that gives a number a minus."""
    sentences = re.finditer(r"(?:[^.!?\n]|[.!?](?!\s|$))+", text)
    sentence = next((found[0] for found in sentences if found.start() <= place < found.end()), text)
    return re.search(rf"(?i:\b{any_of(language.patterns['negative'].split())}\b)", sentence) is not None
