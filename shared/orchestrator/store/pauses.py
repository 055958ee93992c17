"""Pauses and resumes everything, a lane, an agent, a message type or a person (R13)."""

from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.rules.outcome_brake import OutcomeScope
from orchestrator.rules.pause_words import PauseRow
from orchestrator.store.database import sql


def pause(
    connection: Connection, scope: str, value: str, note: str | None, now: datetime, paused_by: str | None = None
) -> bool:
    """Pause a scope; return whether it was not paused before."""
    parameters = {"scope": scope, "value": value, "paused_by": paused_by, "note": note, "now": now}
    return connection.execute(sql("insert_pause"), parameters).rowcount == 1


def resume(connection: Connection, scope: str, value: str) -> bool:
    """Resume a scope; return whether it was paused. Twilio's ceiling is lifted for the rest of its day."""
    if scope == "spending":
        return connection.execute(sql("lift_ceiling"), {"value": value}).rowcount == 1
    return connection.execute(sql("delete_pause"), {"scope": scope, "value": value}).rowcount == 1


def lift_outcome_pause(connection: Connection, scope: OutcomeScope, value: str, now: datetime) -> bool:
    """End a pause by outcome; return whether there was one. Texts from `now` on count toward the next."""
    parameters = {"scope": scope, "value": value, "now": now}
    return connection.execute(sql("lift_outcome_pause"), parameters).rowcount == 1


def list_pauses(connection: Connection, now: datetime) -> list[PauseRow]:
    """List the pauses in force at a time, oldest first."""
    with connection.cursor(row_factory=class_row(PauseRow)) as cursor:
        return cursor.execute(sql("list_pauses"), {"now": now}).fetchall()


def list_pauses_of_message(connection: Connection, message_id: UUID, now: datetime) -> list[PauseRow]:
    """List the pauses that stop a waiting message now, oldest first."""
    with connection.cursor(row_factory=class_row(PauseRow)) as cursor:
        return cursor.execute(sql("list_pauses_of_message"), {"message_id": message_id, "now": now}).fetchall()
