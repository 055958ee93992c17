"""Statements that settle attempts by evidence: Twilio's answer, a status callback, Twilio's message list."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.leases import SENDING_LEASE
from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.database import columns, one_round_trip, sql

# The roles that the `messages` table admits; an agent with another name speaks through the first.
ROLES = ("concierge", "bouncer", "innovator")
# How long no text goes to a phone after Twilio could not reach it for the first time.
UNREACHABLE_FOR = timedelta(hours=1)
# How long no text goes to a number after one was blocked on its way; after the second in a row none goes (30004).
BLOCKED_FOR = timedelta(days=1)


# So many calls that Twilio does not answer, of one wave or of the waves of the last minutes, are an outage (G2).
OUTAGE_AFTER = 3
LATELY = timedelta(minutes=2)
# During an outage one text goes after ten seconds; after each probe that fails, the next one waits three times as long.
FIRST_PROBE_AFTER = timedelta(seconds=10)
LONGEST_PROBE_WAIT = timedelta(minutes=15)


class Evidence(StrEnum):
    """What settled an attempt (G2)."""

    ANSWER = "answer"  # Twilio's answer to the call
    STATUS_CALLBACK = "status_callback"
    MESSAGE_LIST = "message_list"
    RECOVERY = "recovery"  # Twilio's message list, after a restore
    NO_CALL = "no_call"  # the worker knows that it made no call


class Pause(StrEnum):
    """Which texts a fault of Twilio or of a carrier stops, as a scope of `orchestrator.pauses`."""

    PROVIDER = "provider"  # all
    COUNTRY = "country"  # those to the recipient's country
    BUSY = "busy"  # those of the message's lane


@dataclass(frozen=True, slots=True)
class Settlement:
    """The result of an attempt, and the next state of its message.

    Attributes:
        evidence: None while the outcome is unknown.
        sid: Twilio's id of the text; accepted only.
        error: one line, without number or words.
        until: when a message that waits is due again.
        tries: the message's used tries; None leaves them as they are.
        opts_out: the refusal means that the person opted out at Twilio.
        pause: which other texts wait until then, because they would meet the same fault.
        country: the recipient's, for a pause of a country.
    """

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
    pause: Pause | None = None
    country: str | None = None

    @classmethod
    def of_sent_text(cls, attempt_id: UUID, sid: str, evidence: Evidence) -> Self:
        """The settlement of an attempt whose text was certainly sent."""
        return cls(attempt_id, "accepted", evidence, sid, None, None, Status.SENT, None, None, None, opts_out=False)


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """A text that may have been sent."""

    attempt_id: UUID
    phone_number: str
    words: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A status that Twilio reported for a text after it took it: sent, delivered, undelivered, failed or read.

    Attributes:
        error: the error code in words.
        opts_out, is_dead, is_unreachable, is_blocked: what follows from the error code.
        holds_number_until: until when no text goes to the number; None where none is held for a time of its own.
        again_at: when a text that was certainly not sent may be sent again; None for any other.
        pause, pause_until, country: which other texts wait, and until when.
    """

    attempt_id: UUID
    sid: str
    status: str
    error_code: int | None
    error: str | None
    opts_out: bool
    is_dead: bool
    is_unreachable: bool
    is_blocked: bool
    holds_number_until: datetime | None
    again_at: datetime | None
    pause: Pause | None
    pause_until: datetime | None
    country: str | None


def settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> None:
    """Write settlements. A settled attempt stays as it is, so that a repetition changes nothing.

    Call it inside `one_round_trip`.
    """
    parameters = {
        **columns(settlements, *Settlement.__slots__),
        "now": now,
        "roles": list(ROLES),
        "outage_after": OUTAGE_AFTER,
        "lately_leased_until": now + SENDING_LEASE - LATELY,
        "first_probe_after": FIRST_PROBE_AFTER,
        "longest_probe_wait": LONGEST_PROBE_WAIT,
    }
    connection.execute(sql("lock_users_of_attempts"), parameters)
    connection.execute(sql("settle"), parameters)


def settle_by_evidence(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> None:
    """Write settlements that later evidence brought; one round trip."""
    with one_round_trip(connection):
        settle(connection, settlements, now)


def write_status_reports(connection: Connection, reports: Sequence[StatusReport], now: datetime) -> None:
    """Write what status callbacks reported; one round trip.

    Any callback for a text proves that Twilio took it. The callback may come before the deliver function has settled
    the attempt, so it settles the attempt too.
    """
    proofs = {
        report.attempt_id: Settlement.of_sent_text(report.attempt_id, report.sid, Evidence.STATUS_CALLBACK)
        for report in reports
    }
    with one_round_trip(connection):
        settle(connection, list(proofs.values()), now)
        parameters = {
            **columns(reports, *StatusReport.__slots__),
            "now": now,
            "unreachable_for": UNREACHABLE_FOR,
            "blocked_for": BLOCKED_FOR,
        }
        connection.execute(sql("apply_status_reports"), parameters)


def read_open_attempts(
    connection: Connection, started_before: datetime, now: datetime, limit: int
) -> list[OpenAttempt]:
    """Read the texts whose outcome is open, oldest first; one round trip."""
    with connection.cursor(row_factory=class_row(OpenAttempt)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_open_attempts"), {"started_before": started_before, "now": now, "limit": limit})
        return cursor.fetchall()


def find_settled_sids(connection: Connection, sids: Collection[str]) -> set[str]:
    """Find which of Twilio's ids belong to settled attempts; one round trip."""
    return {sid for (sid,) in connection.execute(sql("find_settled_sids"), {"sids": list(sids)})}
