"""How carriers cut a text into segments, which is what is billed, and words that need fewer of them."""

from dataclasses import dataclass
from enum import StrEnum

# GSM 03.38: the basic alphabet, and what costs two places of it.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM = _BASIC | _EXTENDED

# What word processors and models write, and what a phone needs one segment less for.
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
    """How a text travels."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs.

    Attributes:
        number: segments billed.
    """

    encoding: Encoding
    number: int


def segments_of(text: str) -> Segments:
    """Count a text's segments: 160 places of GSM-7, or 70 of UCS-2; 153 and 67 each where there are several."""
    characters = set(text)
    if characters <= _GSM:
        places = len(text) + sum(text.count(character) for character in characters & _EXTENDED)
        return Segments(Encoding.GSM_7, _parts(places, 160, 153))
    return Segments(Encoding.UCS_2, _parts(len(text.encode("utf-16-le")) // 2, 70, 67))


def plain_characters(text: str) -> str:
    """The same words without the quotes, dashes and spaces that would make every character cost two."""
    return text.translate(_PLAIN)


def _parts(places: int, alone: int, among_several: int) -> int:
    return 1 if places <= alone else -(-places // among_several)
