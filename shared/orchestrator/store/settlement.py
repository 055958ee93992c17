"""Statements that settle what became of attempts, whoever tells it: an answer, a status callback, Twilio's list."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.database import columns, one_round_trip, sql

# The roles that the `messages` table knows; other agents speak through the first.
ROLES = ("concierge", "bouncer", "innovator")


# How long a phone that could not be reached is left alone at first; and everybody, once carriers refuse our account.
UNREACHABLE_FOR = timedelta(hours=1)
REFUSED_FOR = timedelta(minutes=15)


class Evidence(StrEnum):
    """What told the outcome of an attempt (G2)."""

    ANSWER = "answer"  # Twilio's answer to the call
    STATUS_CALLBACK = "status_callback"
    MESSAGE_LIST = "message_list"
    RECOVERY = "recovery"  # Twilio's list, after a restore
    NO_CALL = "no_call"  # the worker itself knows that it made none


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an attempt, and of its message; `tries` None leaves the message's own."""

    attempt_id: UUID
    outcome: str
    evidence: Evidence | None
    sid: str | None
    error_code: int | None
    error: str | None
    status: Status
    reason: Reason | None
    until: datetime | None
    tries: int | None
    opts_out: bool


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """A text whose outcome nobody knows."""

    attempt_id: UUID
    phone_number: str
    words: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What Twilio says of a text after it took it: sent, delivered, undelivered, failed or read.

    Attributes:
        opts_out, is_dead, is_unreachable, is_configuration: what follows from the error code.
    """

    attempt_id: UUID
    status: str
    error_code: int | None
    opts_out: bool
    is_dead: bool
    is_unreachable: bool
    is_configuration: bool


def was_sent(attempt_id: UUID, sid: str, evidence: Evidence) -> Settlement:
    """The settlement of an attempt that is known to have been sent."""
    return Settlement(attempt_id, "accepted", evidence, sid, None, None, Status.SENT, None, None, None, opts_out=False)


def settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> None:
    """Write what became of attempts. What is settled stays as it is, so that repeating it changes nothing.

    Call it inside `one_round_trip`.
    """
    parameters = {**columns(settlements, *Settlement.__slots__), "now": now, "roles": list(ROLES)}
    connection.execute(sql("lock_users_of_attempts"), parameters)
    connection.execute(sql("settle"), parameters)


def settle_by_evidence(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> None:
    """Write what evidence told; one round trip."""
    with one_round_trip(connection):
        settle(connection, settlements, now)


def settle_and_move(connection: Connection, told: Sequence[StatusReport], sids: Sequence[str], now: datetime) -> None:
    """Write what status callbacks tell; one round trip.

    Any callback for a text proves that Twilio took it, also when our own transaction has not committed yet.

    Args:
        sids: Twilio's id for each of `told`.
    """
    proofs = {
        status.attempt_id: was_sent(status.attempt_id, sid, Evidence.STATUS_CALLBACK)
        for status, sid in zip(told, sids, strict=True)
    }
    with one_round_trip(connection):
        settle(connection, list(proofs.values()), now)
        parameters = {
            **columns(told, *StatusReport.__slots__),
            "now": now,
            "unreachable_for": UNREACHABLE_FOR,
            "refused_until": now + REFUSED_FOR,
        }
        connection.execute(sql("move_statuses"), parameters)


def read_open_attempts(
    connection: Connection, started_before: datetime, now: datetime, limit: int
) -> list[OpenAttempt]:
    """The texts whose outcome is open, oldest first."""
    with connection.cursor(row_factory=class_row(OpenAttempt)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_open_attempts"), {"started_before": started_before, "now": now, "limit": limit})
        return cursor.fetchall()


def known_sids(connection: Connection, sids: Collection[str]) -> set[str]:
    """Which of Twilio's ids belong to texts whose outcome is known."""
    return {sid for (sid,) in connection.execute(sql("known_sids"), {"sids": list(sids)})}
