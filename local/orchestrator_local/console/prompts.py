"""The requests to Claude about one message, which the stand-in has received."""

from dataclasses import dataclass
from typing import Any

from orchestrator_local.stand_ins.claude import Claude, data_in

_PROMPTS = 3


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to Claude: the system prompt, and the turns as role and content."""

    system: str
    turns: list[tuple[str, str]]


def prompts_about(claude: Claude, data: Any) -> list[Prompt]:
    """The newest requests to Claude that contained a message's data."""
    return [
        Prompt(str(request["system"]), [(turn["role"], str(turn["content"])) for turn in request["messages"]])
        for request in claude.requests
        if data and data in data_in(request)
    ][-_PROMPTS:]
