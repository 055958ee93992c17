"""The story of one message as a console shows it."""

import json
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from psycopg import Connection

from orchestrator.rules.explanations import explain
from orchestrator.rules.local_time import format_time
from orchestrator.store.message_history import Step, read_message_history


@dataclass(frozen=True, slots=True)
class Story:
    """Everything recorded about a message, with times in the person's zone.

    Attributes:
        row: the message's row; empty when it was rejected.
        data: its data as JSON.
        why: the explanation of its reason.
        steps: what happened to it, in order.
    """

    zone: tzinfo
    row: dict[str, Any]
    data: str
    why: str
    steps: list[Step]

    def local(self, at: datetime) -> str:
        """A time on the person's clock."""
        return format_time(at, self.zone)


def read_story(connection: Connection, message_id: UUID) -> Story | None:
    """Read the story of a message; None when the database does not know it."""
    history = read_message_history(connection, message_id)
    if history is None:
        return None
    row = history.row or {}
    data = row.get("message_data")
    return Story(
        zone=history.zone,
        row=row,
        data=json.dumps(data, indent=2, ensure_ascii=False) if data else "",
        why=explain(row["reason"]) if row.get("reason") else "",
        steps=history.steps,
    )
