"""The stop button (R13)."""

from collections.abc import Sequence
from datetime import datetime

from psycopg import Connection

from orchestrator.store.database import sql


def pause(connection: Connection, scope: str, value: str, note: str | None, now: datetime) -> bool:
    """Pause a scope; returns whether it ran until now."""
    cursor = connection.execute(sql("insert_pause"), {"scope": scope, "value": value, "note": note, "now": now})
    return cursor.rowcount == 1


def resume(connection: Connection, scope: str, value: str) -> bool:
    """Resume a scope; returns whether it was paused."""
    return connection.execute(sql("delete_pause"), {"scope": scope, "value": value}).rowcount == 1


def pauses(connection: Connection) -> Sequence[tuple[str, str, str | None, datetime, datetime | None]]:
    """What is paused: scope, value, note, since when, and when it ends by itself."""
    return connection.execute(sql("list_pauses")).fetchall()
