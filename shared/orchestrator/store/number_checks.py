"""Reads what Twilio answered about numbers, and stores new answers (R15)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from psycopg import Connection

from orchestrator.rules.number_check import CLAIM_LASTS, NumberAnswer, NumberCheck
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.opt_outs import OptOut, write_opt_outs


@dataclass(frozen=True, slots=True)
class ConsentedNumber:
    """When the newest consent to marketing on a number was given, and Twilio's last answer about the number."""

    consent_at: datetime
    last: NumberCheck | None


@dataclass(frozen=True, slots=True)
class NumberClaim:
    """A number about which Twilio is to be asked, its person, and the day since which."""

    id: UUID
    user_id: UUID
    phone_number: str
    verified_on: date


@dataclass(frozen=True, slots=True)
class NumberCheckRow:
    """Twilio's answer about a claimed number."""

    id: UUID
    phone_number: str
    answer: NumberAnswer


def read_number_checks(
    connection: Connection, phone_numbers: Sequence[str], now: datetime
) -> Mapping[str, ConsentedNumber]:
    """Read numbers by their E.164 form; one that has no consent to marketing is missing. One round trip."""
    with one_round_trip(connection):
        rows = connection.execute(sql("read_number_checks"), {"phone_numbers": list(phone_numbers), "now": now})
    return {
        number: ConsentedNumber(consent_at, answer and NumberCheck(NumberAnswer(answer), verified_on, asked_at))
        for number, consent_at, answer, verified_on, asked_at in rows
    }


def claim_number_checks(connection: Connection, claims: Sequence[NumberClaim], now: datetime) -> set[UUID]:
    """Claim numbers for a question; one round trip.

    Returns:
        The claims that hold. A missing one is another worker's, who asks now or has just asked.
    """
    parameters = {**columns(claims, *NumberClaim.__slots__), "claim_lasts": CLAIM_LASTS, "now": now}
    with one_round_trip(connection):
        rows = connection.execute(sql("claim_number_checks"), parameters)
    return {claim_id for (claim_id,) in rows}


def write_number_checks(
    connection: Connection, rows: Sequence[NumberCheckRow], price_usd: Decimal, now: datetime
) -> None:
    """Store answers with their price, and opt out the numbers that have another owner, in one committed round trip.

    The opt-out takes the locks of the numbers' people, as STOP does, and ends their consents and what waits for them.
    """
    opt_outs = [OptOut(row.phone_number, "reassigned", now) for row in rows if row.answer is NumberAnswer.OTHER_OWNER]
    parameters = {**columns(rows, "id", "answer"), "price_usd": price_usd, "now": now}
    with one_round_trip(connection):
        connection.execute(sql("store_number_checks"), parameters)
        write_opt_outs(connection, opt_outs, now)
