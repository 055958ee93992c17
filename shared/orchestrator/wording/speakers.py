"""Who speaks: a name and a tone for each agent type, kept as data."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DEFAULT = "concierge"


@dataclass(frozen=True, slots=True)
class Speaker:
    """How an agent's texts sound; an empty name is left out."""

    name: str
    tone: str


def speaker_of(agent_id: str) -> Speaker:
    """The speaker of an agent's type: what stands before the first underscore of its id."""
    speakers = _speakers()
    return speakers.get(agent_id.partition("_")[0]) or speakers[DEFAULT]


@cache
def _speakers() -> dict[str, Speaker]:
    content = tomllib.loads((Path(__file__).parent / "speakers.toml").read_text())
    return {kind: Speaker(entry.get("name", ""), entry["tone"]) for kind, entry in content.items()}
