"""Stores opt-outs and ends them: what STOP and START change (R11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from orchestrator.store.database import columns, sql


@dataclass(frozen=True, slots=True)
class OptOut:
    """A number that opted out, when, and how: `source` is for example `keyword`, `operator` or `recovered`."""

    phone_number: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OptIn:
    """A number that opted in, and when; its hash ends the opt-out that a deleted person left."""

    phone_number: str
    at: datetime
    number_hash: str | None


def write_opt_outs(connection: Connection, opt_outs: Sequence[OptOut], now: datetime) -> None:
    """Opt numbers and their people out, and cancel their waiting messages. Repeating it changes nothing.

    Call it inside `one_round_trip` or a transaction.
    """
    if opt_outs:
        rows = columns(opt_outs, *OptOut.__slots__)
        connection.execute(sql("lock_users_by_number"), rows)
        connection.execute(sql("store_opt_outs"), rows)
        connection.execute(sql("cancel_for_opt_outs"), {**rows, "now": now})


def write_opt_ins(connection: Connection, opt_ins: Sequence[OptIn]) -> None:
    """End the earlier opt-outs of these numbers and of the people who have them now.

    Call it inside `one_round_trip` or a transaction.
    """
    if opt_ins:
        rows = columns(opt_ins, *OptIn.__slots__)
        connection.execute(sql("lock_users_by_number"), rows)
        connection.execute(sql("end_opt_outs"), rows)
