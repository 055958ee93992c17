"""Counts the segments that carriers bill for a text, and replaces characters that would make it cost more of them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

# The GSM 7-bit alphabet (3GPP TS 23.038): a basic character takes one place, an extended one takes two.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM = _BASIC | _EXTENDED
# Places in one segment: alone, and beside the header that joins several.
_GSM_PLACES = (160, 153)
_UCS_2_PLACES = (70, 67)

# Typographic characters, which force UCS-2 for the whole text, and their GSM equivalents.
_PLAIN = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u00b4": "'", "\u0060": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2015": "-", "\u2212": "-",
        "\u2026": "...", "\u2022": "-", "\u00b7": "-",
        "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2007": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ",
        "\u200b": "", "\u200c": "", "\u2060": "", "\ufeff": "", "\u00ad": "", "\t": " ",
    }
)  # fmt: skip
_LINK = re.compile(
    "((?:[a-z][a-z0-9+.-]*://|www\\.)[^\\s\u2018\u2019\u201c\u201d\u00ab\u00bb\u2026<>]+)", re.IGNORECASE
)
_JOINER = "\u200d"
_AFTER_JOINER = frozenset("♀♂⚕⚖✈❤🌈🌾🍳🎓🎤🎨🏫🏭💋💻💼🔧🔬🗨🚀🚒👦👧👨👩")


class Encoding(StrEnum):
    """The alphabet in which carriers transmit a text."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """The size of a text; `number` segments are billed."""

    encoding: Encoding
    number: int


def segments_of(text: str) -> Segments:
    """Count a text's segments: 160 places of GSM-7 or 70 of UCS-2; 153 or 67 each where there are several.

    What takes several places is never divided between two segments: a GSM character of two places, a surrogate pair, a
    letter with its marks, an emoji of several parts. This agrees with Twilio's own count (the npm package
    sms-segments-calculator).
    """
    characters = set(text)
    if characters <= _GSM:
        if len(text) + sum(map(text.count, characters & _EXTENDED)) <= _GSM_PLACES[0]:
            return Segments(Encoding.GSM_7, 1)
        sizes: Iterable[int] = (2 if character in _EXTENDED else 1 for character in text)
        return Segments(Encoding.GSM_7, _segments(sizes, *_GSM_PLACES))
    return Segments(Encoding.UCS_2, _segments(map(_utf_16_units, _graphemes(text)), *_UCS_2_PLACES))


def plain_characters(text: str) -> str:
    """Replace the quotes, dashes and spaces that would force UCS-2 for the whole text; links stay as they are."""
    parts = _LINK.split(text)
    return "".join(part if place % 2 else part.translate(_PLAIN) for place, part in enumerate(parts))


def _segments(sizes: Iterable[int], alone: int, among_several: int) -> int:
    sizes = list(sizes)
    if sum(sizes) <= alone:
        return 1
    number, used = 1, 0
    for size in sizes:
        if used + size > among_several:
            number, used = number + 1, 0
        used += size
    return number


def _utf_16_units(grapheme: str) -> int:
    return sum(2 if character > "\uffff" else 1 for character in grapheme)


def _graphemes(text: str) -> Iterator[str]:
    """Yield what a reader sees as one character, as grapheme-splitter 1.0 divides a text (Unicode 10)."""
    grapheme = ""
    for character in text:
        if grapheme and _continues(grapheme, character):
            grapheme += character
            continue
        if grapheme:
            yield grapheme
        grapheme = character
    if grapheme:
        yield grapheme


def _continues(grapheme: str, character: str) -> bool:
    """Return whether a character belongs to the grapheme before it."""
    last = grapheme[-1]
    if unicodedata.category(last) == "Cc" or last in "\u2028\u2029":
        return False
    if last == _JOINER and character in _AFTER_JOINER:
        return True
    if "🇦" <= character <= "🇿":  # two letters make a flag
        return "🇦" <= last <= "🇿" and len(grapheme) % 2 == 1
    if "🏻" <= character <= "🏿":  # a colour of skin
        return unicodedata.category(grapheme[0]) == "So"
    extends = unicodedata.category(character) in ("Mn", "Me", "Mc") or character in "\u200c\u200d\u0e33\uff9e\uff9f"
    return extends or "\U000e0020" <= character <= "\U000e007f"
