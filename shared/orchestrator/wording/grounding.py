"""Checks that a rendered text says no fact that is not in the data (G7)."""

import re
from collections.abc import Iterator
from typing import Any

from orchestrator.messages import is_json_structure

# Links, bare domains and e-mail addresses.
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE
)
# 1200, 1,200 and 12.50 are one number each.
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_PHONE_LIKE = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_MARKUP = re.compile(r"\*\*|__|```|^#{1,6} |\{\{|\[[A-Za-z_ ]+\]|<[A-Za-z_/ ]+>", re.MULTILINE)


def problems(text: str, data: dict[str, Any], first_name: str | None) -> list[str]:
    """What keeps a text from being sent; empty when nothing does.

    Args:
        text: the rendered words.
        data: the message's structured data.
        first_name: the person's, which may be said too.
    """
    if not text.strip():
        return ["it is empty"]
    if is_json_structure(text):
        return ["it is JSON"]
    found = [f"it has markup: {match[0]!r}" for match in _MARKUP.finditer(text)]
    said = [*_texts(data), first_name or ""]
    return found + [
        f"not in the data: {fact!r}" for fact in (*_foreign_addresses(text, said), *_foreign_numbers(text, data, said))
    ]


def _foreign_addresses(text: str, said: list[str]) -> Iterator[str]:
    haystack = "\n".join(said).casefold()
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;:!?)'\"")
        if address.casefold() not in haystack:
            yield address


def _foreign_numbers(text: str, data: dict[str, Any], said: list[str]) -> Iterator[str]:
    numbers = {_plain(match[0]) for part in said for match in _NUMBER.finditer(part)}
    # A date or a phone number may be said in part: the 22 of 2026-11-22.
    numbers |= {run.lstrip("0") or "0" for part in said for run in re.findall(r"\d+", part)}
    numbers |= {str(count) for count in _list_lengths(data)}
    digits = ["".join(re.findall(r"\d", part)) for part in said]
    phones = [m for m in _PHONE_LIKE.finditer(text) if any(re.sub(r"\D", "", m[0]) in run for run in digits)]
    for match in _NUMBER.finditer(text):
        within_phone = any(phone.start() <= match.start() < phone.end() for phone in phones)
        if not within_phone and _plain(match[0]) not in numbers:
            yield match[0]


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
