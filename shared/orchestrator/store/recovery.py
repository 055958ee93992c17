"""Statements of a recovery: reads what waits and which texts are known, and writes back the texts that Twilio lists."""

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
    """A message that has not ended, or ended with an unknown outcome.

    Attributes:
        words: None while they are not written yet.
        due: when it was due at the time of the backup.
        attempt_id: its attempt with an open outcome, if any.
    """

    message_id: UUID
    phone_number: str
    words: str | None
    accepted_at: datetime
    due: datetime
    attempt_id: UUID | None


@dataclass(frozen=True, slots=True)
class RestoredText:
    """A text that Twilio sent and this database does not hold; `message_id` is None when its message is unknown."""

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
class LastIntent:
    """The last STOP or START of a number, and when it came."""

    phone_number: str
    is_stop: bool
    at: datetime


def find_known_sids(connection: Connection, sids: Collection[str]) -> set[str]:
    """Return which of Twilio's ids this database holds."""
    return {sid for (sid,) in connection.execute(sql("find_known_sids"), {"sids": list(sids)})}


def find_people_by_number(connection: Connection, numbers: Collection[str]) -> Mapping[str, Person]:
    """Return the people who have these numbers; a number without a person is missing."""
    rows = connection.execute(sql("find_people_by_number"), {"numbers": list(numbers)})
    return {number: Person(user_id=user_id, phone_number=number, timezone=zone) for number, user_id, zone in rows}


def read_unsent_messages(connection: Connection, numbers: Collection[str]) -> list[UnsentMessage]:
    """Return the messages to these numbers that have not ended, or ended with an unknown outcome."""
    rows = connection.execute(sql("read_unsent_messages"), {"numbers": list(numbers)})
    return [
        UnsentMessage(message_id, number, verbatim_text(data) if words is None else words, accepted_at, due, attempt_id)
        for message_id, number, words, data, accepted_at, due, attempt_id in rows
    ]


def write_recovery(
    connection: Connection,
    texts: Sequence[RestoredText],
    proofs: Sequence[Settlement],
    doubtful: Sequence[UUID],
    intents: Sequence[LastIntent],
    now: datetime,
) -> None:
    """Write back what Twilio lists, in one transaction: all of it, or nothing.

    Args:
        texts: texts that this database does not hold.
        proofs: settlements of attempts that Twilio's list proves as sent.
        doubtful: messages that may have been sent and cannot be proved.
        intents: the last STOP or START of each number.
    """
    proofs = [*proofs, *(Settlement.of_sent_text(text.attempt_id, text.sid, Evidence.RECOVERY) for text in texts)]
    with connection.transaction():
        connection.execute(sql("lock_users"), {"user_ids": [text.user_id for text in texts]})
        connection.execute(sql("restore_texts"), {**columns(texts, *RestoredText.__slots__), "now": now})
        settle(connection, proofs, now)
        connection.execute(sql("store_recovered_texts"), columns(texts, *RestoredText.__slots__))
        connection.execute(sql("mark_unknown_outcomes"), {"message_ids": list(doubtful), "now": now})
        write_opt_outs(connection, [OptOut(i.phone_number, "recovered", i.at) for i in intents if i.is_stop], now)
        write_opt_ins(connection, [OptIn(i.phone_number, i.at, number_hash=None) for i in intents if not i.is_stop])
