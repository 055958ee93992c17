"""Reads the labelled set."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LABELS = ("go", "stale", "reformulate")


@dataclass(frozen=True, slots=True)
class Situation:
    """A waiting message, what its person wrote since, and what should happen."""

    label: str
    message: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rendering:
    """Findings, and what a text made of them must say."""

    agent_id: str
    first_name: str | None
    data: dict[str, Any]
    must_say: tuple[str, ...]


def situations() -> list[Situation]:
    """The relevance situations."""
    return [
        Situation(label, message, tuple(said.split(" / ")))
        for label, message, said in _lines("relevance.txt", fields=3)
    ]


def renderings() -> list[Rendering]:
    """The renderings."""
    return [
        Rendering(
            agent_id=agent_id,
            first_name=None if name == "-" else name,
            data=json.loads(data),
            must_say=tuple(part for part in must.split(";") if part),
        )
        for agent_id, name, data, must in _lines("renderings.txt", fields=4)
    ]


def _lines(file: str, fields: int) -> Iterator[list[str]]:
    for line in (HERE / file).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            parts = [part.strip() for part in line.split("|")]
            assert len(parts) == fields, f"{file}: {line}"
            yield parts


@dataclass(frozen=True, slots=True)
class Plea:
    """What a person wrote, and whether they wish to get no more texts."""

    said: tuple[str, ...]
    wants_no_more: bool


def pleas() -> list[Plea]:
    """The labelled words."""
    return [
        Plea(tuple(part.strip() for part in said.split("//")), label == "stop")
        for label, said in _lines("wishes.txt", fields=2)
    ]
