"""Segments: how many parts carriers bill for a text, and characters that need fewer of them."""

from dataclasses import dataclass
from enum import StrEnum

# The GSM 7-bit alphabet (3GPP TS 23.038): a basic character takes one place, an extended one takes two.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM = _BASIC | _EXTENDED

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
    """Count a text's segments: 160 GSM or 70 UCS-2 places in one; 153 or 67 in each of several."""
    characters = set(text)
    if characters <= _GSM:
        places = len(text) + sum(text.count(character) for character in characters & _EXTENDED)
        return Segments(Encoding.GSM_7, _count(places, 160, 153))
    return Segments(Encoding.UCS_2, _count(len(text.encode("utf-16-le")) // 2, 70, 67))


def plain_characters(text: str) -> str:
    """Replace the quotes, dashes and spaces that would force UCS-2 for the whole text."""
    return text.translate(_PLAIN)


def _count(places: int, in_one: int, in_several: int) -> int:
    return 1 if places <= in_one else -(-places // in_several)
