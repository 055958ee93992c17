"""Reads what proves why a person got each text, and what became of each STOP (R15)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow, dict_row

from orchestrator.rules.number_check import ASKED_EVERY
from orchestrator.store.database import one_round_trip, sql


def read_evidence(
    connection: Connection, user_id: UUID, since: datetime, until: datetime
) -> tuple[list[DictRow], list[DictRow]]:
    """Return the texts to a person, and their STOPs, from `since` and before `until`; one round trip."""
    parameters: dict[str, Any] = {"user_id": user_id, "since": since, "until": until, "asked_every": ASKED_EVERY}
    with one_round_trip(connection):
        texts = connection.cursor(row_factory=dict_row).execute(sql("read_evidence_texts"), parameters)
        stops = connection.cursor(row_factory=dict_row).execute(sql("read_evidence_stops"), parameters)
    return texts.fetchall(), stops.fetchall()
