"""Statements of STOP and START (R11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from orchestrator.store.database import columns, sql


@dataclass(frozen=True, slots=True)
class OptOut:
    """A number that said STOP; `source` says how."""

    phone_number: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OptIn:
    """A number that said START; its hash ends what was kept of a forgotten person."""

    phone_number: str
    at: datetime
    number_hash: str | None


def write_opt_outs(connection: Connection, opt_outs: Sequence[OptOut], now: datetime) -> None:
    """Opt numbers and their people out, and end everything that waits for them. Repeating it changes nothing.

    Call it inside `one_round_trip` or a transaction.
    """
    if opt_outs:
        said = columns(opt_outs, *OptOut.__slots__)
        connection.execute(sql("lock_users_by_number"), said)
        connection.execute(sql("store_opt_outs"), said)
        connection.execute(sql("cancel_for_opt_outs"), {**said, "now": now})


def write_opt_ins(connection: Connection, opt_ins: Sequence[OptIn]) -> None:
    """Undo what these numbers, and the people who have them, said before. Call it as `write_opt_outs`."""
    if opt_ins:
        said = columns(opt_ins, *OptIn.__slots__)
        connection.execute(sql("lock_users_by_number"), said)
        connection.execute(sql("end_opt_outs"), said)
