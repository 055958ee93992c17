"""The languages that facts are read in: their words, and which one a text is written in."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

DEFAULT = "en"


@dataclass(frozen=True, eq=False, slots=True)  # compared and cached as an object
class Language:
    """One language; languages.toml describes the words.

    Attributes:
        numbers: number words with their values, those of two words included.
        digits: the words from zero to nine, for numbers that are spelled out.
        scales: dozen, hundred, thousand, million with their values.
        days, units, frequencies, named_days: words by what they mean.
        months, weekdays: names and abbreviations with their numbers.
        patterns: the entries of languages.toml that are regular expressions, or lists of words as one.
    """

    code: str
    common: frozenset[str]
    numbers: Mapping[str, Decimal]
    digits: Mapping[str, str]
    scales: Mapping[str, Decimal]
    days: Mapping[str, str]
    units: Mapping[str, str]
    frequencies: Mapping[str, str]
    named_days: Mapping[str, str]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    patterns: Mapping[str, str]


def language_of(text: str, also: str = "") -> Language:
    """Return the language that has the most of a text's short words, numbers, units, weekdays and months.

    Args:
        also: the texts of its data, which decide where the text does not.
    """
    scores = {code: (_score(text, language(code)), _score(also, language(code)), code == DEFAULT) for code in codes()}
    return language(max(scores, key=lambda code: scores[code]))


def _score(text: str, spoken: Language) -> int:
    folded = text.casefold()
    words = set(re.findall(r"(?<![\w-])[^\W\d_]+(?![\w-])", folded))
    names = (spoken.months, spoken.weekdays, spoken.units, spoken.numbers)
    named = sum(any(len(word) > 3 and word in known for word in words) for known in names)
    return len(words & spoken.common) + named + any(letter in folded for letter in spoken.patterns["letters"])


@cache
def codes() -> tuple[str, ...]:
    """Return the codes of the languages that are known."""
    return tuple(_content())


@cache
def language(code: str) -> Language:
    """Return one language by its code."""
    from babel import Locale

    entry, locale = _content()[code], Locale(code)
    numbers = _numbers(entry)
    return Language(
        code=code,
        common=frozenset(entry["common"].casefold().split()),
        numbers=numbers,
        digits=_digits(entry["digits"].split()),
        scales={
            word.casefold(): Decimal(value)
            for name, value in (("dozen", 12), ("hundred", 100), ("thousand", 1_000), ("million", 1_000_000))
            for word in entry[name].split()
        },
        days={word.casefold(): name for word, name in entry["days"].items()},
        units=_by_word(entry["units"]),
        frequencies=_by_word(entry["frequencies"]),
        named_days=_by_word(entry["named_days"]),
        months=_names(locale.months, first=1),
        weekdays=_names(locale.days, first=0),
        patterns={name: value for name, value in entry.items() if isinstance(value, str)},
    )


def any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of these words, longest first; `~` stands for a space."""
    ordered = sorted((word.replace("~", " ") for word in words), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word) for word in ordered) + ")"


def words_pattern(language: Language, name: str) -> str:
    """Return a pattern for an entry of languages.toml that is a list of words."""
    return any_of(language.patterns[name].split())


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "languages.toml").read_text())


def _numbers(entry: Mapping[str, Any]) -> dict[str, Decimal]:
    small = {word: Decimal(value) for value, word in enumerate(entry["numbers"].split(), start=2)}
    tens = {word: Decimal(value) for value, word in zip(range(20, 100, 10), entry["tens"].split(), strict=True)}
    units = {"one": Decimal(1), **small} if "one" in entry["digits"].split() else small
    joined = {
        form: ten_value + unit_value
        for ten, ten_value in tens.items()
        for unit, unit_value in units.items()
        if unit_value < (20 if ten in ("soixante", "quatre-vingts") else 10)
        for form in _joined(entry["joint"], ten, unit)
    }
    other = {word: Decimal(value) for word, value in entry["other_numbers"].items()}
    return {word.casefold(): value for word, value in (joined | small | tens | other).items()}


def _joined(joint: str, ten: str, unit: str) -> Iterable[str]:
    """Return the spellings of a number of two words: a joint may allow a hyphen or a space."""
    ten = "quatre-vingt" if ten == "quatre-vingts" else ten
    plain = joint.replace("(?:-| et )?[- ]?", "-")
    for between in ("-", " ") if "[- ]" in plain else ("",):
        yield plain.replace("[- ]", between).format(t=ten, u=unit)


def _digits(words: list[str]) -> dict[str, str]:
    """`oh` is said for zero in English, so that there may be eleven words."""
    values = ["0", *"0123456789"] if len(words) == 11 else list("0123456789")
    return dict(zip((word.casefold() for word in words), values, strict=True))


def _by_word(entry: Mapping[str, str]) -> dict[str, str]:
    return {word.replace("~", " ").casefold(): name for name, words in entry.items() for word in words.split()}


def _names(names: Mapping[str, Any], first: int) -> dict[str, int]:
    """Return the wide and abbreviated names of months or weekdays with their numbers."""
    return {
        name.rstrip(".").casefold(): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in names[context][width].items()
        if number >= first
    }
