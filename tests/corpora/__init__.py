"""Texts that were written without the checks that they test, and the reader that turns them into values.

Files whose name or heading says "held out" measure a check; they are not used to build it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

HERE = Path(__file__).parent
PERSON = "Ada"
# Which fact is wrong in a lying rendering.
LIES = """
    address amount attribution cents code contact count currency date direction duration each email free handle id
    invented link method name negation percent period phone place points relative role rounding scale sign swap time
    unit weekday year zone
"""
# The headings of each file of texts.
HEADINGS = {
    "no_text_messages.txt": """
        json placeholder markup markdown entities quotes preamble options note refusal reasoning code empty invisible control
    """,
    "text_messages.txt": "english spanish french portuguese german others held_out",
}
INTENTS = "stop start yes help automatic wrong conversation read plain"
ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(.?))")


class MalformedCorpus(ValueError):
    """A line of a corpus is not of the form that its file describes; the error names the file and the line."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """Data and a text about them; `lie` names the kind of the wrong fact, and is None where the text is faithful.

    `today` is the person's local date and is None where the text does not depend on it; so is `zone`.
    """

    data: Mapping[str, Any]
    text: str
    lie: str | None
    name: str = PERSON
    today: date | None = None
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True)
class CorpusText:
    """A text and the heading that it stands under, or the intent that it should be taken for."""

    text: str
    label: str


def read_renderings(name: str) -> Iterator[Rendering]:
    """Read the renderings of one file, in its order.

    Raises:
        MalformedCorpus: a line is no data, option or text; a lie is of an unknown kind; a text stands before any data.
    """
    block: Rendering | None = None
    for number, line in _lines(name):
        if line and not line.startswith("#"):
            with _named(name, number):
                block = _data(line) if line.startswith("data: ") else _continue(block, line)
            if line.startswith(("+ ", "- ")):
                yield block


def read_texts(name: str) -> Iterator[CorpusText]:
    """Read the texts of one file, each with its heading.

    Raises:
        MalformedCorpus: a heading or an escape is unknown, or a text stands before any heading.
    """
    heading = ""
    for number, line in _lines(name):
        with _named(name, number):
            heading = line[2:].replace(" ", "_") if line.startswith("# ") else heading
            text = CorpusText(_unescape(line), _known(heading, HEADINGS[name])) if line else None
        if text and not line.startswith("# "):
            yield text


def read_inbound(name: str) -> Iterator[CorpusText]:
    """Read inbound texts, each with the intent that it should be taken for.

    Raises:
        MalformedCorpus: an intent or an escape is unknown.
    """
    for number, line in _lines(name):
        if line and not line.startswith("#"):
            text, _, intent = line.rpartition("|")
            with _named(name, number):
                inbound = CorpusText(_unescape(text.strip()), _known(intent.strip(), INTENTS))
            yield inbound


def _lines(name: str) -> Iterator[tuple[int, str]]:
    """The numbered lines after the description, which is the first paragraph."""
    # Only a line feed ends a line: U+2028 and U+0085 are characters of a text.
    lines = (HERE / name).read_text(encoding="utf-8").split("\n")
    start = lines.index("") if "" in lines else len(lines)
    return iter(list(enumerate(lines, 1))[start:])


@contextmanager
def _named(name: str, number: int) -> Iterator[None]:
    """Name the file and the line in an error."""
    try:
        yield
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise MalformedCorpus(f"{name}, line {number}: {error}") from error


def _data(line: str) -> Rendering:
    match json.loads(line.removeprefix("data: ")):
        case {"type": str()} as data:
            return Rendering(data, "", None)
    raise ValueError("data are an object with a `type`")


def _continue(block: Rendering | None, line: str) -> Rendering:
    """The block with one more line: an option, or the text in place of the one before."""
    if block is None:
        raise ValueError("no data stand before this line")
    key, _, value = line.partition(": ")
    match key.split(" "):
        case ["+", *_]:
            return replace(block, text=line.removeprefix("+ "), lie=None)
        case ["-", kind] if value:
            return replace(block, text=value, lie=_known(kind, LIES))
        case ["name"] if value:
            return replace(block, name=value)
        case ["today"]:
            return replace(block, today=date.fromisoformat(value))
        case ["zone"]:
            return replace(block, zone=ZoneInfo(value))
    raise ValueError(f"{line!r} is no data, name, today, zone or text")


def _known(word: str, words: str) -> str:
    if word not in words.split():
        raise ValueError(f"{word!r} is unknown; known are {' '.join(words.split())}")
    return word


def _unescape(text: str) -> str:
    """Replace the escapes that a file describes: a line break, a tab, a character, a backslash, nothing."""

    def character(escape: re.Match[str]) -> str:
        if digits := escape[1] or escape[2]:
            return chr(int(digits, 16))
        found = {"n": "\n", "t": "\t", "\\": "\\", "-": ""}.get(escape[3])
        if found is None:
            raise ValueError(f"the escape {escape[0]!r} is unknown")
        return found

    return ESCAPE.sub(character, text)
