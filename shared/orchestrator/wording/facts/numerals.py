"""Numbers as people write them: 1,200.50, 1.200,50, 2k, 1.2 million, twenty-one."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from orchestrator.wording.facts.kinds import Code, Fact, Found, Number, Phone
from orchestrator.wording.facts.language import Language, any_of

# Not inside a word or another number. A minus counts where no letter or digit stands before it.
NUMERAL = (
    r"(?<![\w.,])(?:(?<![\d\w)\0])[-+])?"
    r"(?:\d{1,3}(?:(?:,\d{3})+|(?:\.\d{3})+|(?: \d{3})+|(?:'\d{3})+)(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?)"
)
_NUMERAL = re.compile(NUMERAL)
_THOUSAND = 1_000
_SCALES = {"k": 1_000, "m": 1_000_000, "mm": 1_000_000, "mio": 1_000_000, "bn": 1_000_000_000, "b": 1_000_000_000}


def values_of(numeral: str) -> frozenset[Decimal]:
    """Return what a numeral may mean: 1.200 is 1200 or 1.2, as the language has it; 1,200 is 1200 alone."""
    sign = -1 if numeral.startswith("-") else 1
    digits = numeral.lstrip("+-")
    marks = [mark for mark in digits if not mark.isdigit()]
    candidates = set()
    if not marks:
        candidates.add(digits)
    else:
        last = marks[-1]
        whole, _, fraction = digits.rpartition(last)
        is_thousands = last == "," and len(fraction) == 3 and whole.strip("0") != ""
        if last in ".," and marks.count(last) == 1 and not is_thousands:  # the last mark is a decimal point
            candidates.add(re.sub(r"\D", "", whole) + "." + fraction)
        if len(fraction) == 3 and len(set(marks)) == 1:  # the marks divide thousands
            candidates.add(re.sub(r"\D", "", digits))
    return frozenset(sign * Decimal(candidate) for candidate in candidates)


def number_pattern(language: Language) -> str:
    """Return a pattern for a numeral with its scale, or a number in words, as the group `number`."""
    return f"(?P<number>{_quantity(language)})"


def values_in(number: str, language: Language) -> frozenset[Decimal]:
    """Return what a match of `number_pattern` may mean."""
    half = re.search(language.patterns["and_half"], number, re.IGNORECASE)
    if half:
        return frozenset(value + Decimal("0.5") for value in values_in(number[: half.start()], language))
    found = _NUMERAL.match(number)
    if found:
        scale = number[found.end() :].strip().casefold().rstrip(".")
        factor = language.scales.get(scale) or Decimal(_SCALES.get(scale, 1))
        return frozenset(value * factor for value in values_of(found[0]))
    total = part = Decimal(0)
    for word in _words(language).findall(number.casefold()):
        times = language.scales.get(word)
        if times and times >= _THOUSAND:  # it closes a part: twelve thousand five hundred
            total, part = total + max(part, Decimal(1)) * times, Decimal(0)
        elif times:
            part = max(part, Decimal(1)) * times
        else:
            part += language.numbers[word]
    return frozenset({total + part})


def find_numbers(text: str, language: Language) -> Iterator[Found]:
    """Yield the numbers of a text; those up to 31 may be days, those after "at" times of day (see dates, times)."""
    for match in _pattern(language).finditer(text):
        yield Found(match.start(), match.end(), tuple(Number(value) for value in values_in(match[0], language)))


def find_spelled_digits(text: str, language: Language) -> Iterator[Found]:
    """Yield numbers that are spelled out digit by digit: "four one five …"."""
    word = any_of(language.digits)
    for match in re.finditer(rf"(?i:\b{word}(?:[ ,-]+{word}){{3,}}\b)", text):
        digits = "".join(language.digits[found.casefold()] for found in re.findall(rf"(?i:\b{word}\b)", match[0]))
        readings: tuple[Fact, ...] = (Phone(digits), Phone("1" + digits), Code(digits), Number(Decimal(digits)))
        yield Found(match.start(), match.end(), readings)


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    return re.compile(_quantity(language))


@cache
def _words(language: Language) -> re.Pattern[str]:
    return re.compile(rf"\b{any_of([*language.numbers, *language.scales])}\b")


@cache
def _quantity(language: Language) -> str:
    number, scale = any_of(language.numbers), any_of(language.scales)
    factor = rf"(?:\s?(?i:k|mm|mio|bn|m|{scale})\b\.?)"
    half = rf"(?i:(?:{language.patterns['and_half']})\b)?"
    # Two thousand five hundred, one hundred forty, ciento veinte: a scale has a number before or behind it.
    and_ = r"[ -](?:(?:and|et|e|y|und)[ -])?"
    behind = rf"(?:{and_}{number}\b)?"
    first = rf"{number}|(?:(?:one|a|un|une|um|ein)[ -]{scale}|{scale}(?={and_}{number}\b))\b{behind}"
    words = rf"(?:{first})(?:[ -]{scale}\b{behind})*"
    return rf"{NUMERAL}(?:{factor}(?!\s?[²2]))?{half}|(?i:\b{words}\b){half}"
