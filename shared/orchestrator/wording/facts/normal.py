"""Brings a text into the form in which facts are read: one spelling for digits, quotes, dashes and full stops."""

import re
import unicodedata

from orchestrator.segments import plain_characters

# Full stops of other scripts; between letters each of them may be meant as the dot of a web address.
_STOPS = re.compile("(?<=\\w)[\u3002\uff0e\uff61\u2024\ufe52](?=\\w)")
# 18x12x6: sizes, one number a side.
_SIZE = re.compile(r"(?<![\w/.-])\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)+(?![\w/.-]\w)")
# 1½ and 1 1/2.
_MIXED = re.compile(r"(?<![\w/.,])(\d{1,3})[ -]?(?:([½¼¾⅛⅜⅝⅞])|(?<=[ -])([1-7])/([248]))(?![\w/])")

_MINUS = re.compile(r"(?i:\b(?:minus|negative|moins|menos)\s)(?=[$\u20ac\u00a3]?\d+(?:[.,]\d+)?(?!\w))")
# What stands for hidden digits: ...4417, ****4417, xx4417.
_MASK = re.compile(r"(?<![\w.*•#])(?:\.{2,}|[*•#]{2,}|[xX]{2,})[ -]?(?=\d)")


def normal(text: str) -> str:
    """Return a text with letters and digits of other widths and scripts in their plain form."""
    text = _MINUS.sub("-", text)
    text = _MASK.sub(" ", _MIXED.sub(_decimal, text))
    text = unicodedata.normalize("NFKC", _STOPS.sub(".", plain_characters(text)))
    if not text.isascii():
        text = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
    return _SIZE.sub(lambda size: size[0].replace("x", " x "), text.replace("\u2044", "/"))


def _decimal(mixed: re.Match[str]) -> str:
    fraction = unicodedata.numeric(mixed[2]) if mixed[2] else int(mixed[3]) / int(mixed[4])
    return f"{int(mixed[1]) + fraction:g}" if fraction < 1 else mixed[0]


def split_key(key: str) -> str:
    """Return a key as words: matchedInnovators and solution_update as people write them."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", key)
