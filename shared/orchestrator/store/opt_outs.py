"""Stores opt-outs and ends them: what STOP and START change (R11)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.leases import SENDING_LEASE
from orchestrator.rules.inbound_marker import FRESH_FOR, READ_AFTER_GAP
from orchestrator.store.database import columns, one_round_trip, sql


@dataclass(frozen=True, slots=True)
class OptOut:
    """A number that opted out.

    Attributes:
        source: how, for example `keyword`, `operator` or `recovered`.
        confirm_until: until when our confirmation may go; None where none is due, as where Twilio confirms.
        note, recorded_at: what an operator wrote about a revocation that was no text, and when.
    """

    phone_number: str
    source: str
    at: datetime
    confirm_until: datetime | None = None
    note: str | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordedOptOut:
    """An opt-out in force, as an operator reads it: how and when the person opted out, and what was noted of it."""

    source: str
    opted_out_at: datetime
    note: str | None
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class OptIn:
    """A number that opted in, and when; its hash ends the opt-out that a deleted person left."""

    phone_number: str
    at: datetime
    number_hash: str | None


@dataclass(frozen=True, slots=True)
class DueConfirmation:
    """An opt-out whose confirmation is due, and the person who gets it."""

    opt_out_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class ReadConfirmation:
    """Where a confirmation goes, and until when."""

    phone_number: str
    confirm_until: datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A confirmation that is about to be sent: the ids of its message and its attempt, and its words."""

    opt_out_id: UUID
    message_id: UUID
    attempt_id: UUID
    new_conversation_id: UUID
    words: str
    fingerprint: str
    segments: int
    encoding: str
    price_usd: Decimal


def list_opt_outs(connection: Connection, user_id: UUID) -> list[RecordedOptOut]:
    """List the opt-outs in force for a person and their number, oldest first; one round trip."""
    with connection.cursor(row_factory=class_row(RecordedOptOut)) as cursor:
        return cursor.execute(sql("list_opt_outs"), {"user_id": user_id}).fetchall()


def list_due_confirmations(connection: Connection, opt_outs: Sequence[OptOut], now: datetime) -> list[DueConfirmation]:
    """List the confirmations that are due for the numbers of these opt-outs; one round trip."""
    with one_round_trip(connection):
        rows = connection.execute(sql("list_due_confirmations"), {**columns(opt_outs, "phone_number"), "now": now})
    return [DueConfirmation(opt_out_id, user_id) for opt_out_id, user_id in rows]


def read_due_confirmation(connection: Connection, opt_out_id: UUID, now: datetime) -> ReadConfirmation | None:
    """Read where the confirmation of an opt-out goes; None where it is no longer due."""
    with connection.cursor(row_factory=class_row(ReadConfirmation)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_due_confirmation"), {"opt_out_id": opt_out_id, "now": now})
        return cursor.fetchone()


def claim_confirmation(
    connection: Connection, confirmation: Confirmation, urgent_ceiling_usd: float, now: datetime
) -> bool:
    """Claim a confirmation and write its attempt; one committed round trip, before the one call to Twilio (G1).

    Args:
        urgent_ceiling_usd: what Twilio may cost on a UTC day, for all lanes.
    """
    parameters = {
        **asdict(confirmation),
        "urgent_ceiling_usd": urgent_ceiling_usd,
        "now": now,
        "lease_until": now + SENDING_LEASE,
        "fresh_for": FRESH_FOR,
        "read_after_gap": READ_AFTER_GAP,
    }
    with one_round_trip(connection):
        claimed = connection.execute(sql("claim_confirmation"), parameters)
    return claimed.fetchone() is not None


def write_opt_outs(connection: Connection, opt_outs: Sequence[OptOut], now: datetime) -> None:
    """Opt numbers and their people out, and cancel their waiting messages. Repeating it changes nothing.

    Call it inside `one_round_trip` or a transaction.
    """
    if opt_outs:
        rows = columns(opt_outs, *OptOut.__slots__)
        connection.execute(sql("lock_users_by_number"), rows)
        connection.execute(sql("store_opt_outs"), {**rows, "now": now})
        connection.execute(sql("cancel_for_opt_outs"), {**rows, "now": now})


def write_opt_ins(connection: Connection, opt_ins: Sequence[OptIn]) -> None:
    """End the earlier opt-outs of these numbers and of the people who have them now.

    Call it inside `one_round_trip` or a transaction.
    """
    if opt_ins:
        rows = columns(opt_ins, *OptIn.__slots__)
        connection.execute(sql("lock_users_by_number"), rows)
        connection.execute(sql("end_opt_outs"), rows)
