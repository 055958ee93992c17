"""Statements of the delivery: state read, verdicts and words written, slots reserved, outcomes settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow, dict_row

from orchestrator.ids import spread_of
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.activity import TEXTS_PER_INBOUND
from orchestrator.rules.decision import MessageState
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.relevance import Relevance
from orchestrator.store.calls import LoggedCall, log_calls
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.settlement import Settlement, settle


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message in delivery: what it says, what the rules need to know of it, and whom it is for.

    Attributes:
        spent_today: US dollars that Claude has cost on this UTC day.
    """

    message_id: UUID
    agent_id: str
    data: dict[str, Any]
    words: str | None
    words_source: str | None
    tries: int
    waiting: MessageState
    person: Person
    paused: bool
    spent_today: Decimal


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A hold or an end to be written; `until` is when a held message is due again."""

    message_id: UUID
    status: Status
    reason: Reason
    until: datetime | None
    superseded_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class StoredWords:
    """The words of a message, where they came from, and what they cost to send."""

    message_id: UUID
    text: str
    source: str
    segments: int
    encoding: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may go, with everything that the reservation compares."""

    attempt_id: UUID
    message_id: UUID
    user_id: UUID
    new_conversation_id: UUID
    phone_number: str
    fingerprint: str
    local_date: date
    open_until: datetime
    day_cap: int | None
    hour_cap: int | None
    takes_slot: bool
    active_since: datetime | None
    daily_limit: int
    hourly_limit: int
    quiet_hours_enabled: bool
    number_hash: str | None
    segments: int
    price_usd: Decimal


def read_state(connection: Connection, message_ids: Sequence[UUID], now: datetime) -> list[Delivery]:
    """Read the messages that are approved, with their people; one round trip.

    Returns:
        One delivery each; a message missing from it is in other hands, or has ended.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        with one_round_trip(connection):
            cursor.execute(
                sql("read_state"),
                {"message_ids": list(message_ids), "now": now, "not_conversation": NOT_CONVERSATION},
            )
        return [_delivery(row) for row in cursor]


def write_and_reserve(
    connection: Connection,
    rulings: Sequence[DecisionRow],
    words: Sequence[StoredWords],
    candidates: Sequence[Candidate],
    calls: Sequence[LoggedCall],
    reused: Sequence[UUID],
    now: datetime,
    lease_until: datetime,
    ceiling_usd: float,
) -> set[UUID]:
    """Write holds, ends and words, and reserve what may go: one committed round trip (G1).

    Args:
        reused: messages whose relevance was remembered.
        ceiling_usd: what Twilio may cost on a UTC day; the wave that reaches it is the last of the ordinary lanes.

    Returns:
        The attempts that may be made, now and once.
    """
    with one_round_trip(connection):
        connection.execute(sql("lock_users"), {"user_ids": [candidate.user_id for candidate in candidates]})
        touched = [*(ruling.message_id for ruling in rulings), *(candidate.message_id for candidate in candidates)]
        connection.execute(sql("lock_messages"), {"message_ids": touched})
        if rulings:
            connection.execute(sql("store_decisions"), {**columns(rulings, *DecisionRow.__slots__), "now": now})
        if words:
            connection.execute(sql("store_words"), columns(words, *StoredWords.__slots__))
        log_calls(connection, calls, now)
        if reused:
            connection.execute(sql("count_reuse"), {"message_ids": list(reused)})
        reserved = connection.execute(
            sql("reserve"),
            {
                **columns(candidates, *Candidate.__slots__),
                "now": now,
                "lease_until": lease_until,
                "texts_per_inbound": TEXTS_PER_INBOUND,
                "ceiling_usd": ceiling_usd,
            },
        )
    return {attempt_id for (attempt_id,) in reserved}


def settle_wave(
    connection: Connection,
    settlements: Sequence[Settlement],
    parts: Sequence[UUID],
    answered: Sequence[UUID],
    now: datetime,
    lease_until: datetime,
) -> list[UUID]:
    """Write what became of a wave; one round trip. Repeating it changes nothing.

    Args:
        parts: the messages of the wave that are parts of a sequence.
        answered: the people whom the wave brought a reply.

    Returns:
        The parts, and the replies, that come next, taken up under a lease (R8, R12).
    """
    following = replies = None
    with one_round_trip(connection):
        settle(connection, settlements, now)
        if parts:
            following = connection.execute(
                sql("approve_next_parts"), {"message_ids": list(parts), "lease_until": lease_until}
            )
        if answered:
            replies = connection.execute(
                sql("approve_replies"), {"user_ids": list(answered), "now": now, "lease_until": lease_until}
            )
    return [message_id for taken_up in (following, replies) if taken_up is not None for (message_id,) in taken_up]


def _delivery(row: DictRow) -> Delivery:
    person = Person(
        user_id=row["user_id"],
        phone_number=row["phone_number"],
        first_name=row["first_name"],
        timezone=row["timezone"],
        quiet_hours_start=row["quiet_hours_start"],
        quiet_hours_end=row["quiet_hours_end"],
        quiet_hours_enabled=row["quiet_hours_enabled"],
        daily_limit=row["daily_limit"],
        hourly_limit=row["hourly_limit"],
        sent_by_day={date.fromisoformat(day): sent for day, sent in row["sent_by_day"].items()},
        recent_sends=tuple(row["recent_sends"]),
        planned_sends=tuple(row["planned_sends"]),
        texts_while_active=row["texts_while_active"],
        response_pattern=row["response_pattern"],
        opted_out=row["opted_out"],
        last_inbound_at=row["last_inbound_at"],
        has_unjudged_text=row["has_unjudged_text"],
        number_is_dead=row["number_is_dead"],
        unreachable_until=row["unreachable_until"],
    )
    waiting = MessageState(
        lane=Lane(row["priority"]),
        can_delay=row["can_delay"],
        due=row["due"],
        not_before=row["not_before"],
        expires_at=row["expires_at"],
        accepted_at=row["accepted_at"],
        best_at=row["best_at"],
        spread=spread_of(row["message_id"]),
        superseded_by=row["superseded_by"],
        higher_is_due=row["higher_is_due"],
        is_reply=row["is_reply"],
        in_sequence=row["sequence_id"] is not None,
        continues=row["continues"],
        broken=row["broken"],
        requires_fresh_context=row["requires_fresh_context"],
        withdrawn=row["withdrawn"],
        relevance=Relevance(row["relevance"]),
        judged_at=row["judged_at"],
    )
    return Delivery(
        message_id=row["message_id"],
        agent_id=row["agent_id"],
        data=row["message_data"],
        words=row["final_message"],
        words_source=row["words_source"],
        tries=row["tries"],
        waiting=waiting,
        person=person,
        paused=row["paused"],
        spent_today=row["spent_today"],
    )
