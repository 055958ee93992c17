"""Statements of what people write: texts taken in, judged, and what comes forward (R4, R11, R12)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from orchestrator.leases import URGENT_LEASE
from orchestrator.messages import Lane
from orchestrator.rules.activity import ACTIVE_FOR, TEXTS_PER_INBOUND
from orchestrator.rules.intents import ClassifiedBy, Intent
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.reasons import Status
from orchestrator.store.calls import LoggedCall, log_calls
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.opt_outs import OptIn, OptOut, write_opt_ins, write_opt_outs
from orchestrator.store.relevance import RelevanceRow, write_remembered


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """An inbound text, a row to be; `media` is a JSON array of `url` and `content_type`."""

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
    """A text that was taken in; `user_id` is None where the number is nobody's."""

    inbound_id: UUID
    user_id: UUID | None
    phone_number: str
    kind: str | None
    received_at: datetime
    is_new: bool | None


@dataclass(frozen=True, slots=True)
class ClassifiedText:
    """What a text was taken for, once somebody has read it."""

    inbound_id: UUID
    user_id: UUID
    phone_number: str
    kind: Intent
    judged_by: ClassifiedBy
    received_at: datetime


def take_in(
    connection: Connection,
    texts: Sequence[ReceivedText],
    opt_outs: Sequence[OptOut],
    opt_ins: Sequence[OptIn],
    now: datetime,
) -> list[StoredText]:
    """Write inbound texts, and the STOP and START among them; one round trip. A repeated text changes nothing."""
    rows = columns(texts, *ReceivedText.__slots__)
    with connection.cursor(row_factory=class_row(StoredText)) as cursor:
        with one_round_trip(connection):
            connection.execute(sql("lock_owners"), rows)
            # Before the texts themselves, which tell a later START from an earlier one.
            write_opt_outs(connection, opt_outs, now)
            write_opt_ins(connection, opt_ins)
            cursor.execute(sql("store_texts"), {**rows, "now": now})
        return cursor.fetchall()


def come_forward(
    connection: Connection,
    user_ids: Sequence[UUID],
    readings: Sequence[ClassifiedText],
    verdicts: Sequence[RelevanceRow],
    calls: Sequence[LoggedCall],
    reformulated_within: timedelta,
    now: datetime,
) -> list[UUID]:
    """Write what texts were taken for, and let what waits for their people come forward (R4); one round trip.

    A text that was taken for a wish to stop is one (R11). While a text of a person is unjudged, nothing moves for them.

    Args:
        user_ids: the people who wrote.
        readings: texts that somebody has read now.
        verdicts: what was said of messages in the same breath (R10).

    Returns:
        The messages to be handed over now, taken up under a lease.
    """
    wishes = [OptOut(r.phone_number, "free_words", r.received_at) for r in readings if r.kind is Intent.STOP]
    parameters = {
        "user_ids": list(user_ids),
        "now": now,
        "lease_until": now + URGENT_LEASE,
        "active_after": now - ACTIVE_FOR,
        "not_conversation": NOT_CONVERSATION,
        "texts_per_inbound": TEXTS_PER_INBOUND,
        "lanes": [*Lane],
    }
    with one_round_trip(connection):
        connection.execute(sql("lock_users"), parameters)
        connection.execute(sql("store_classifications"), columns(readings, "inbound_id", "kind", "judged_by"))
        write_opt_outs(connection, wishes, now)
        write_remembered(connection, verdicts, reformulated_within, now)
        log_calls(connection, calls, now)
        released = connection.execute(sql("release_judged"), parameters)
        pulled = connection.execute(sql("pull_forward"), parameters)
        replies = connection.execute(sql("approve_replies"), parameters)
    return [*_approved(released), *_approved(pulled), *(message_id for (message_id,) in replies)]


def read_unknown_senders(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest texts of nobody: `sid`, `phone_number`, `body`, `media` and `received_at`."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("read_unknown_senders"), {"limit": limit}).fetchall()


def _approved(rows: Iterable[tuple[UUID, str]]) -> list[UUID]:
    return [message_id for message_id, status in rows if status == Status.APPROVED]
