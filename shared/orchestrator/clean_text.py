"""Cleans every text that comes from outside, once, where it enters: queue bodies, Twilio's requests, Claude's answers.

What is removed shows nothing on a phone and does harm elsewhere: Postgres stores no NUL, a terminal obeys escape
sequences, and characters that turn the direction of writing make a link look like another one.
"""

import re
import unicodedata
from typing import Any

# A terminal's escape sequences (ECMA-48): ESC [ parameters final, or ESC ] text terminator. Only what is surely one: of
# any other, the control character alone is removed, because "ESC STOP" and "ESC ] STOP" ask for something.
_ESCAPES = re.compile("(?:\x1b\\[|\x9b)(?=[0-?m]|[A-Za-z]\\b)[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Flags of regions are a black flag and invisible tag letters; elsewhere tag letters are hidden text.
_REGION_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
_REMOVED = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters
    "\u00ad\u180e\u200b\u2060-\u2064\ufeff"  # of no width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction of writing
    "\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff"  # annotations and noncharacters
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use
    "\ud800-\udfff"  # halves of surrogate pairs
    "\U000e0000-\U000e0fff"  # tags and supplementary variation selectors
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 15))
    + "]"
)
# Letters and symbols by category that are drawn as nothing.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")


def clean_text(text: str) -> str:
    """Return a text without control, direction, private-use and invisible characters; line ends become `\\n`.

    What joins letters and emoji (zero-width joiners, variation selectors) stays.

    Example:
        >>> clean_text("Good\\x00 news\\u2028\\x1b[31mtoday\\x07")
        'Good news\\ntoday'
    """
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", _ESCAPES.sub("", text)).replace("\t", " ")
    flags = _REGION_FLAG.findall(text)
    if not flags:
        return _REMOVED.sub("", text)
    between = [_REMOVED.sub("", part) for part in _REGION_FLAG.split(text)]
    return "".join(part + flag for part, flag in zip(between, [*flags, ""], strict=True))


def visible_text(text: str) -> str:
    """Return a cleaned text; the empty text where it shows nothing."""
    cleaned = clean_text(text)
    return "" if shows_nothing(cleaned) else cleaned


def clean_json(value: Any) -> Any:
    """Return a JSON value with every text in it cleaned, keys included."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): clean_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean_json(inner) for inner in value]
    return value


def shows_nothing(text: str) -> bool:
    """Return whether a text has no character that is drawn on a screen."""
    first = text[:1]
    if first.isascii() and first.isalnum():
        return False
    return all(character in _BLANK or unicodedata.category(character)[0] in "CZM" for character in text)
