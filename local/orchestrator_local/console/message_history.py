"""The history of one message as the page shows it, with the requests to Claude about it."""

import json
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from psycopg import Connection

from orchestrator.rules.explanations import explain
from orchestrator.store.message_history import Step, read_message_history
from orchestrator_local.stand_ins.claude import Claude, data_in

_PROMPTS = 3


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to Claude: the system prompt, and the turns as role and content."""

    system: str
    turns: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HistoryView:
    """The history of a message, with times in the person's zone.

    Attributes:
        row: the message's row; empty when it was rejected.
        data: its data as JSON.
        why: the explanation of its reason.
        steps: what happened to it, in order.
        prompts: the newest requests to Claude that contained its data.
    """

    zone: tzinfo
    row: dict[str, Any]
    data: str
    why: str
    steps: list[Step]
    prompts: list[Prompt]

    def local(self, at: datetime) -> str:
        """A time on the person's clock."""
        return f"{at.astimezone(self.zone):%a %d %b %H:%M:%S}"


def read_history_view(connection: Connection, claude: Claude, message_id: UUID) -> HistoryView | None:
    """Read the history of a message; None when the database does not know it."""
    history = read_message_history(connection, message_id)
    if history is None:
        return None
    row = history.row or {}
    data = row.get("message_data")
    return HistoryView(
        zone=history.zone,
        row=row,
        data=json.dumps(data, indent=2, ensure_ascii=False) if data else "",
        why=explain(row["reason"]) if row.get("reason") else "",
        steps=history.steps,
        prompts=_prompts(claude, data),
    )


def _prompts(claude: Claude, data: Any) -> list[Prompt]:
    return [
        Prompt(str(request["system"]), [(turn["role"], str(turn["content"])) for turn in request["messages"]])
        for request in claude.requests
        if data and data in data_in(request)
    ][-_PROMPTS:]
