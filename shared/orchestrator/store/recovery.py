"""Statements of a recovery: what waits and what is known; what Twilio remembered, written back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.messages import verbatim_text
from orchestrator.people import Person
from orchestrator.store.database import columns, sql
from orchestrator.store.opt_outs import OptIn, OptOut, write_opt_ins, write_opt_outs
from orchestrator.store.settlement import Evidence, Settlement, settle


@dataclass(frozen=True, slots=True)
class UnsentMessage:
    """A message that has not ended, or ended without anybody knowing how.

    Attributes:
        words: None while they are still to be found.
        attempt_id: its attempt whose outcome is open.
    """

    message_id: UUID
    phone_number: str
    words: str | None
    accepted_at: datetime
    attempt_id: UUID | None


@dataclass(frozen=True, slots=True)
class RestoredText:
    """A text that Twilio sent and that this database does not remember; `message_id` where its message is known."""

    attempt_id: UUID
    message_id: UUID | None
    user_id: UUID
    phone_number: str
    new_conversation_id: UUID
    sid: str
    body: str
    local_date: date
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class LastWord:
    """A number's last STOP or START."""

    phone_number: str
    stopped: bool
    at: datetime


def remembered_sids(connection: Connection, sids: Collection[str]) -> set[str]:
    """Which of Twilio's ids this database remembers."""
    return {sid for (sid,) in connection.execute(sql("find_known_sids"), {"sids": list(sids)})}


def people_of(connection: Connection, numbers: Collection[str]) -> Mapping[str, Person]:
    """The people behind numbers; a number that is nobody's is missing."""
    rows = connection.execute(sql("find_people_by_number"), {"numbers": list(numbers)})
    return {number: Person(user_id=user_id, phone_number=number, timezone=zone) for number, user_id, zone in rows}


def read_unsent_messages(connection: Connection, numbers: Collection[str]) -> list[UnsentMessage]:
    """What waits for these numbers."""
    rows = connection.execute(sql("read_unsent_messages"), {"numbers": list(numbers)})
    return [
        UnsentMessage(message_id, number, words if words is not None else verbatim_text(data), accepted_at, attempt_id)
        for message_id, number, words, data, accepted_at, attempt_id in rows
    ]


def write(
    connection: Connection,
    forgotten: Sequence[RestoredText],
    proofs: Sequence[Settlement],
    doubtful: Sequence[UUID],
    words: Sequence[LastWord],
    now: datetime,
) -> None:
    """Write back what Twilio remembered, in one transaction: all of it, or nothing."""
    proofs = [*proofs, *(Settlement.of_sent_text(text.attempt_id, text.sid, Evidence.RECOVERY) for text in forgotten)]
    with connection.transaction():
        connection.execute(sql("lock_users"), {"user_ids": [text.user_id for text in forgotten]})
        connection.execute(sql("restore_texts"), {**columns(forgotten, *RestoredText.__slots__), "now": now})
        settle(connection, proofs, now)
        connection.execute(sql("store_recovered_texts"), columns(forgotten, *RestoredText.__slots__))
        connection.execute(sql("mark_unknown_outcomes"), {"message_ids": list(doubtful), "now": now})
        write_opt_outs(connection, [OptOut(w.phone_number, "recovered", w.at) for w in words if w.stopped], now)
        write_opt_ins(connection, [OptIn(w.phone_number, w.at, number_hash=None) for w in words if not w.stopped])
