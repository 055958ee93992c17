"""Places and ends legal holds: nothing deletes the records of a person who is under one (R15)."""

from datetime import datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.errors import LegalHold
from orchestrator.store.database import sql


def place_legal_hold(connection: Connection, user_id: UUID, note: str, now: datetime) -> None:
    """Place a legal hold on a person, or replace its note; a deletion that is under way comes before it."""
    with connection.transaction():
        connection.execute(sql("lock_users"), {"user_ids": [user_id]})
        connection.execute(sql("place_legal_hold"), {"user_id": user_id, "note": note, "now": now})


def end_legal_hold(connection: Connection, user_id: UUID) -> bool:
    """End the legal hold on a person; returns whether there was one."""
    return connection.execute("DELETE FROM orchestrator.legal_holds WHERE user_id = %s", (user_id,)).rowcount > 0


def require_no_legal_hold(connection: Connection, user_id: UUID) -> None:
    """Check that a person may be deleted.

    Raises:
        LegalHold: they are under a legal hold.
    """
    row = connection.execute(
        "SELECT note, held_at FROM orchestrator.legal_holds WHERE user_id = %s", (user_id,)
    ).fetchone()
    if row is not None:
        raise LegalHold(user_id, *row)
