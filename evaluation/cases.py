"""Reads the labelled cases: relevance.txt, stop_requests.txt and renderings.txt."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LABELS = ("go", "stale", "reformulate")


@dataclass(frozen=True, slots=True)
class RelevanceCase:
    """A waiting message, what its person wrote since, oldest first, and the right label, one of `LABELS`."""

    label: str
    message: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopRequestCase:
    """What a person wrote, oldest first, and whether they ask for no more texts."""

    texts: tuple[str, ...]
    wants_no_more_texts: bool


@dataclass(frozen=True, slots=True)
class RenderingCase:
    """Findings, and the parts that a text made from them must contain."""

    agent_id: str
    first_name: str | None
    data: dict[str, Any]
    must_contain: tuple[str, ...]


def relevance_cases() -> list[RelevanceCase]:
    """The cases of relevance.txt.

    Raises:
        ValueError: a line is malformed or its label is unknown; the error names the line.
    """
    return [
        RelevanceCase(label, message, tuple(texts.split(" / ")))
        for label, message, texts in _lines("relevance.txt", fields=3, labels=LABELS)
    ]


def stop_request_cases() -> list[StopRequestCase]:
    """The cases of stop_requests.txt.

    Raises:
        ValueError: as `relevance_cases`.
    """
    return [
        StopRequestCase(tuple(text.strip() for text in texts.split("//")), label == "stop")
        for label, texts in _lines("stop_requests.txt", fields=2, labels=("stop", "go"))
    ]


def rendering_cases() -> list[RenderingCase]:
    """The cases of renderings.txt.

    Raises:
        ValueError: a line is malformed; the error names it, or what is wrong with its JSON.
    """
    return [
        RenderingCase(
            agent_id=agent_id,
            first_name=None if name == "-" else name,
            data=json.loads(data),
            must_contain=tuple(part for part in parts.split(";") if part),
        )
        for agent_id, name, data, parts in _lines("renderings.txt", fields=4)
    ]


def _lines(file: str, fields: int, labels: Collection[str] = ()) -> Iterator[list[str]]:
    """The fields of each line; with `labels`, the first field must be one of these."""
    for number, line in enumerate((HERE / file).read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != fields:
            raise ValueError(f"{file}, line {number}: {len(parts)} fields instead of {fields}")
        if labels and parts[0] not in labels:
            raise ValueError(f"{file}, line {number}: unknown label {parts[0]!r}")
        yield parts
