"""Pauses and resumes everything, a lane, an agent or a person (R13)."""

from collections.abc import Sequence
from datetime import datetime

from psycopg import Connection

from orchestrator.store.database import sql


def pause(connection: Connection, scope: str, value: str, note: str | None, now: datetime) -> bool:
    """Pause a scope; return whether it was not paused before."""
    cursor = connection.execute(sql("insert_pause"), {"scope": scope, "value": value, "note": note, "now": now})
    return cursor.rowcount == 1


def resume(connection: Connection, scope: str, value: str) -> bool:
    """Resume a scope; return whether it was paused. Twilio's ceiling is lifted for the rest of its day."""
    if scope == "spending":
        return connection.execute(sql("lift_ceiling"), {"value": value}).rowcount == 1
    return connection.execute(sql("delete_pause"), {"scope": scope, "value": value}).rowcount == 1


def list_pauses(connection: Connection) -> Sequence[tuple[str, str, str | None, datetime, datetime | None]]:
    """List the pauses, oldest first: scope, value, note, its start, and its end where it ends by itself."""
    return connection.execute(sql("list_pauses")).fetchall()
