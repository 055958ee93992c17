"""Statements of inbound texts: store them, write what they were taken for, claim what comes forward (R4, R11, R12)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from orchestrator.leases import URGENT_LEASE
from orchestrator.messages import Lane
from orchestrator.rules.activity import ACTIVE_FOR, TEXTS_PER_HOUR, TEXTS_PER_INBOUND
from orchestrator.rules.intents import ClassifiedBy, Intent
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.reasons import Status
from orchestrator.store.calls import LoggedCall, log_calls
from orchestrator.store.claims import ClaimedMessage, claims_of
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.opt_outs import OptIn, OptOut, write_opt_ins, write_opt_outs
from orchestrator.store.relevance import RelevanceRow, write_verdicts


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """An inbound text, to be stored.

    Attributes:
        sid: Twilio's id of the text.
        body: the text as written.
        content: what its `messages` row holds: the body, or the kinds of media where there is none.
        media: a JSON array of objects with `url` and `content_type`.
        kind, judged_by: what a rule took it for, and which rule.
        new_conversation_id: used where the person has no open conversation on this number.
    """

    inbound_id: UUID
    sid: str
    phone_number: str
    body: str
    content: str
    media: str
    kind: Intent
    judged_by: ClassifiedBy
    received_at: datetime
    new_conversation_id: UUID


@dataclass(frozen=True, slots=True)
class StoredText:
    """An inbound text as it is stored.

    Attributes:
        user_id: None where the number belongs to no person.
        kind: what it is taken for; None where the number belongs to no person.
        is_new: False for a text that came before.
    """

    inbound_id: UUID
    user_id: UUID | None
    phone_number: str
    kind: str | None
    received_at: datetime
    is_new: bool | None


@dataclass(frozen=True, slots=True)
class ClassifiedText:
    """A stored text that a reader has classified since."""

    inbound_id: UUID
    user_id: UUID
    phone_number: str
    kind: Intent
    judged_by: ClassifiedBy
    received_at: datetime


def store_inbound_texts(
    connection: Connection,
    texts: Sequence[ReceivedText],
    opt_outs: Sequence[OptOut],
    opt_ins: Sequence[OptIn],
    now: datetime,
) -> list[StoredText]:
    """Store inbound texts, with the STOP and START among them; one round trip. A repeated text changes nothing."""
    rows = columns(texts, *ReceivedText.__slots__)
    with connection.cursor(row_factory=class_row(StoredText)) as cursor:
        with one_round_trip(connection):
            connection.execute(sql("lock_users_by_number"), rows)
            # Before the texts: `store_inbound_texts` takes YES for START only where it ended an opt-out.
            write_opt_outs(connection, opt_outs, now)
            write_opt_ins(connection, opt_ins)
            cursor.execute(sql("store_inbound_texts"), {**rows, "now": now})
        return cursor.fetchall()


def pull_forward(
    connection: Connection,
    user_ids: Sequence[UUID],
    classified: Sequence[ClassifiedText],
    verdicts: Sequence[RelevanceRow],
    calls: Sequence[LoggedCall],
    reformulated_within: timedelta,
    now: datetime,
) -> list[ClaimedMessage]:
    """Write what texts were taken for, and claim what comes forward for their people (R4); one round trip.

    A text that was taken for a wish to stop opts its person out (R11). Nothing comes forward for a person who has an
    unread text.

    Args:
        user_ids: the people who wrote.
        classified: texts that Claude has read.
        verdicts: what Claude found of the relevance of messages in the same call (R10).

    Returns:
        The messages to be handed over now.
    """
    opt_outs = [OptOut(text.phone_number, "free_words", text.received_at) for text in classified if _is_stop(text)]
    parameters = {
        "user_ids": list(user_ids),
        "now": now,
        "lease_until": now + URGENT_LEASE,
        "active_after": now - ACTIVE_FOR,
        "not_conversation": NOT_CONVERSATION,
        "texts_per_inbound": TEXTS_PER_INBOUND,
        "texts_per_hour": TEXTS_PER_HOUR,
        "lanes": [*Lane],
    }
    with one_round_trip(connection):
        connection.execute(sql("lock_users"), parameters)
        connection.execute(sql("store_classifications"), columns(classified, "inbound_id", "kind", "judged_by"))
        write_opt_outs(connection, opt_outs, now)
        write_verdicts(connection, verdicts, reformulated_within, now)
        log_calls(connection, calls, now)
        released = connection.execute(sql("release_after_classification"), parameters)
        pulled = connection.execute(sql("pull_forward"), parameters)
        replies = connection.execute(sql("approve_replies"), parameters)
    return [*_approved(released), *_approved(pulled), *claims_of(replies)]


def read_unknown_senders(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Read the newest texts of numbers that belong to no person.

    Returns:
        Rows with `sid`, `phone_number`, `body`, `media` and `received_at`.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("read_unknown_senders"), {"limit": limit}).fetchall()


def _is_stop(text: ClassifiedText) -> bool:
    return text.kind is Intent.STOP


def _approved(rows: Iterable[tuple[UUID, UUID, str]]) -> list[ClaimedMessage]:
    """The messages that are handed over now; a reply stays queued and follows in the order of replies."""
    return [ClaimedMessage(message_id, user_id) for message_id, user_id, status in rows if status == Status.APPROVED]
