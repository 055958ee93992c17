"""The story of one message, with what Claude was asked about it."""

import json
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from psycopg import Connection

from orchestrator.rules.explanations import explain
from orchestrator.store.message_history import Step, read_message_history
from orchestrator_local.stand_ins.claude import Claude, data_in


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question to Claude."""

    system: str
    turns: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """A message from publication to its end, times in its person's zone."""

    message_id: UUID
    zone: tzinfo
    row: dict[str, Any]
    data: str
    why: str
    steps: list[Step]
    prompts: list[Prompt]

    def local(self, at: datetime) -> str:
        """A time as the person's clock shows it."""
        return f"{at.astimezone(self.zone):%a %d %b %H:%M:%S}"


def tell(connection: Connection, claude: Claude, message_id: UUID) -> Told | None:
    """Everything known of a message; None when nothing is."""
    story = read_message_history(connection, message_id)
    if story is None:
        return None
    row = story.row or {}
    data = row.get("message_data")
    return Told(
        message_id=message_id,
        zone=story.zone,
        row=row,
        data=json.dumps(data, indent=2, ensure_ascii=False) if data else "",
        why=explain(row["reason"]) if row.get("reason") else "",
        steps=story.steps,
        prompts=_prompts(claude, data),
    )


def _prompts(claude: Claude, data: Any) -> list[Prompt]:
    """What the stand-in was asked with this very data in it."""
    return [
        Prompt(str(request["system"]), [(turn["role"], str(turn["content"])) for turn in request["messages"]])
        for request in claude.requests
        if data and data in data_in(request)
    ][-3:]
