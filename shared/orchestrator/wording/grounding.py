"""Checks that a rendered text says no fact that is not in the data, and nothing that is no text message (G7)."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from orchestrator.segments import segments_of
from orchestrator.unsendable import is_json
from orchestrator.wording.dates import days_in, foreign_days

# Links, bare domains and e-mail addresses.
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?:[/?]\S*)?",
    re.IGNORECASE,
)
# 1200, 1,200 and 12.50 are one number each.
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_PHONE_LIKE = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_MARKUP = re.compile(
    r"\*\*|__|```|`[^`]+`|(?:^|\s)#{1,6} |^\s*[-*] |\{\{|\}\}|\[[^\]\n]{1,40}\]|<[^>\n]{1,40}>|\]\(|%[sd]\b|\$\{",
    re.MULTILINE,
)
# Wide, Arabic and Greek ones were made plain, or ask as well.
QUESTION_MARKS = ("?", "\uff1f", "\u061f", "\u037e")
# What says in which money an amount is: the sign, and the words for it.
_CURRENCIES = {
    "$": ("$", "usd", "cad", "dollar"),
    "€": ("€", "eur"),
    "£": ("£", "gbp", "pound"),
    "¥": ("¥", "jpy", "cny", "yen", "yuan"),
    "%": ("%", "percent", "pct"),
}


def problems(text: str, data: dict[str, Any], first_name: str | None, max_segments: int = 2) -> list[str]:
    """What keeps a text from being sent; empty when nothing does.

    Args:
        text: the rendered words.
        data: the message's structured data.
        first_name: the person's first name, as a text may use it.
        max_segments: as many segments at the most.
    """
    if not text.strip():
        return ["it is empty"]
    if is_json(text):
        return ["it is JSON"]
    # Digits and letters of other widths and scripts say the same facts.
    text = _normal(text)
    data_texts = [_normal(part) for part in (*_texts(data), first_name or "")]
    return [
        *(f"it has markup: {match[0]!r}" for match in _MARKUP.finditer(text)),
        *_style_problems(text, max_segments),
        *(
            f"not in the data: {fact!r}"
            for fact in (
                *_foreign_addresses(text, data_texts),
                *_foreign_numbers(text, data, data_texts),
                *_foreign_currencies(text, data_texts),
                *foreign_days(text, data_texts),
            )
        ),
    ]


def _style_problems(text: str, max_segments: int) -> Iterator[str]:
    number = segments_of(text).number
    if number > max_segments:
        yield f"it takes {number} segments, and may take {max_segments}"
    if sum(text.count(mark) for mark in QUESTION_MARKS) > 1:
        yield "it asks more than one question"


def _foreign_addresses(text: str, data_texts: list[str]) -> Iterator[str]:
    known = {_address(match[0]) for part in data_texts for match in _ADDRESS.finditer(part)}
    # A text may name a link without its beginning: pay.example/i/42.
    known |= {re.sub(r"^(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?", "", address) for address in known}
    for match in _ADDRESS.finditer(text):
        address = _address(match[0])
        if address not in known and re.sub(r"^(?:https?://)?(?:www\.)?", "", address) not in known:
            yield match[0]


def _address(found: str) -> str:
    return found.rstrip(".,;:!?)'\"").casefold()


def _foreign_numbers(text: str, data: dict[str, Any], data_texts: list[str]) -> Iterator[str]:
    numbers = {_plain(match[0]) for part in data_texts for match in _NUMBER.finditer(part)}
    # A text may name a part of a date, a time or a phone number: the 22 of 2026-11-22, the 3 of 15:00.
    numbers |= {run.lstrip("0") or "0" for part in data_texts for run in re.findall(r"\d+", part)}
    numbers |= {
        str(int(hour) % 12 or 12) for part in data_texts for hour in re.findall(r"\b([01]\d|2[0-3]):[0-5]\d", part)
    }
    numbers |= {str(count) for count in _list_lengths(data)}
    numbers |= {str(day.day) for day in days_in(data_texts)}
    digits = ["".join(re.findall(r"\d", part)) for part in data_texts]
    phones = [m for m in _PHONE_LIKE.finditer(text) if any(re.sub(r"\D", "", m[0]) in run for run in digits)]
    for match in _NUMBER.finditer(text):
        within_phone = any(phone.start() <= match.start() < phone.end() for phone in phones)
        if not within_phone and _plain(match[0]) not in numbers:
            yield match[0]


def _foreign_currencies(text: str, data_texts: list[str]) -> Iterator[str]:
    haystack = "\n".join(data_texts).casefold()
    for sign, words in _CURRENCIES.items():
        if sign in text and not any(word in haystack for word in words):
            yield sign


def _normal(text: str) -> str:
    return "".join(
        str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in unicodedata.normalize("NFKC", text)
    )


def _plain(number: str) -> str:
    """1,200 as 1200, 12.50 as 12.5, 007 as 7."""
    whole, _, fraction = number.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def _texts(value: Any) -> Iterator[str]:
    """Every text and number in the data, keys included."""
    match value:
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case str():
            yield value
        case bool() | None:
            pass
        case int() | float():
            yield f"{value:f}" if isinstance(value, float) else str(value)


def _list_lengths(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        yield len(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        yield from _list_lengths(part)
