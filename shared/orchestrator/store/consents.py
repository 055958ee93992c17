"""The ledger of consents: adds entries and lists them (R15)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.consents import ConsentEntry
from orchestrator.people import Person
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.opt_outs import OptOut, write_opt_outs


@dataclass(frozen=True, slots=True)
class RecordedConsent:
    """An entry as an operator reads it; `holds` is whether it has an effect now."""

    id: UUID
    user_id: UUID
    external_id: str | None
    phone_number: str
    purpose: str | None
    topic: str | None
    is_given: bool
    at: datetime
    until: datetime | None
    source: str
    wording: str | None
    reference: str | None
    recorded_by: str
    recorded_at: datetime
    holds: bool


@dataclass(frozen=True, slots=True)
class OptedOutPerson:
    """A person whose opt-out is in force, on which number, since when, and by what."""

    user_id: UUID
    external_id: str | None
    phone_number: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """What of a file is recorded already: entries by their id, and the number and time of each opt-out."""

    entries: Mapping[UUID, ConsentEntry]
    opt_outs: frozenset[tuple[str, datetime]]


def write_consents(
    connection: Connection, entries: Sequence[ConsentEntry], opt_outs: Sequence[OptOut], now: datetime
) -> None:
    """Add entries, and opt out those who revoked everything; one round trip, all of it or nothing.

    A revocation takes the lock of its person, as STOP does: it comes wholly before a reservation or wholly after it.
    """
    revoked = [entry for entry in entries if not entry.is_given]
    with one_round_trip(connection):
        if revoked:
            connection.execute(sql("lock_users"), {"user_ids": [entry.user_id for entry in revoked]})
        if entries:
            connection.execute(sql("insert_consents"), {**columns(entries, *ConsentEntry.__slots__), "now": now})
        write_opt_outs(connection, opt_outs, now)


def find_consenting_people(connection: Connection, references: Sequence[str]) -> dict[str, Person]:
    """Find people by our ids or the caller's own, with the numbers that they have; one round trip.

    A reference that names no person is missing from the result.
    """
    found = connection.execute(sql("find_people"), {"references": list(references), "now": None})
    return {reference: Person(user_id=user_id, phone_number=number) for reference, user_id, number, *_ in found}


def list_consents(connection: Connection, user_id: UUID | None, now: datetime) -> list[RecordedConsent]:
    """List the entries of one person, or of all, oldest first; one round trip."""
    with connection.cursor(row_factory=class_row(RecordedConsent)) as cursor:
        return cursor.execute(sql("list_consents"), {"user_id": user_id, "now": now}).fetchall()


def list_people_opted_out(connection: Connection) -> list[OptedOutPerson]:
    """List the people whose opt-out is in force, oldest first; one round trip."""
    with connection.cursor(row_factory=class_row(OptedOutPerson)) as cursor:
        return cursor.execute(sql("list_people_opted_out")).fetchall()


def find_recorded_entries(connection: Connection, entries: Sequence[ConsentEntry | OptOut]) -> Recorded:
    """Read what of these is recorded already, opt-outs that have ended included; one round trip."""
    ids = [entry.id for entry in entries if isinstance(entry, ConsentEntry)]
    opt_outs = [entry for entry in entries if isinstance(entry, OptOut)]
    with connection.cursor(row_factory=class_row(ConsentEntry)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("find_consents"), {"ids": ids})
            known = connection.execute(sql("find_opt_outs"), columns(opt_outs, "phone_number", "at"))
        return Recorded({entry.id: entry for entry in cursor}, frozenset(known))
