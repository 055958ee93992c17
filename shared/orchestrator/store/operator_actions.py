"""Records what operators do, and lists it. Rows are only inserted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.ids import LAST_ID, uuid7
from orchestrator.store.database import sql


@dataclass(frozen=True, slots=True)
class Action:
    """What an operator does.

    Attributes:
        action: the command, such as `pause` or `user set`.
        target: what it acts on, such as `lane low` or an agent; empty where that is a person alone.
        user_id: the person that it acts on.
        change: what it changes, without numbers and names of people.
        reason: why, in the operator's words.
    """

    action: str
    target: str = ""
    user_id: UUID | None = None
    change: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedAction:
    """An action as it was recorded: when, by whom, and under which role of the database."""

    id: UUID
    at: datetime
    operator: str
    database_role: str
    action: str
    target: str
    user_id: UUID | None
    change: Mapping[str, Any]
    reason: str | None


def record_action(connection: Connection, action: Action, operator: str, now: datetime) -> None:
    """Record an action, in the caller's transaction."""
    parameters = {
        "id": uuid7(now),
        "now": now,
        "operator": operator,
        "action": action.action,
        "target": action.target,
        "user_id": action.user_id,
        "change": json.dumps(dict(action.change), default=str),
        "reason": action.reason,
    }
    connection.execute(sql("insert_operator_action"), parameters)


def list_actions(
    connection: Connection, limit: int, before: UUID = LAST_ID, user_id: UUID | None = None
) -> list[RecordedAction]:
    """List what operators did, newest first: a page that begins below an id."""
    with connection.cursor(row_factory=class_row(RecordedAction)) as cursor:
        parameters = {"before": before, "user_id": user_id, "limit": limit}
        return cursor.execute(sql("list_operator_actions"), parameters).fetchall()
