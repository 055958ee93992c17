"""Statements of the deliver function: read the state of a wave, reserve it, settle it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow, dict_row

from orchestrator.agents import AgentHour
from orchestrator.ids import spread_of
from orchestrator.leases import PART_LEASE, SENDING_LEASE
from orchestrator.messages import Lane
from orchestrator.people import Person, country_of
from orchestrator.purpose import Purpose
from orchestrator.rules.inbound_marker import FRESH_FOR, READ_AFTER_GAP
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.law import LONGEST_PERIOD
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.state import Delivery, MessageState
from orchestrator.settings import ActivitySettings
from orchestrator.store.calls import LoggedCall, log_calls
from orchestrator.store.claims import ClaimedMessage, claims_of
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.settlement import Settlement, settle


@dataclass(frozen=True, slots=True)
class WaveState:
    """What a wave starts from.

    Attributes:
        deliveries: the messages that are approved. A message missing from them is with another worker, or has ended.
        claude_usd_today: US dollars that Claude has cost on this UTC day.
    """

    deliveries: list[Delivery]
    claude_usd_today: Decimal


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A hold or an end, to be written.

    Attributes:
        until: when a held message is due again; None for an end.
        superseded_by: the message that takes its place.
        note: what the reason rests on, in words, such as the row of the law.
    """

    message_id: UUID
    status: Status
    reason: Reason
    until: datetime | None
    superseded_by: UUID | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class StoredWords:
    """The words of a message, to be stored.

    Attributes:
        source: verbatim, claude, plain, row or adopted.
        words_on: the person's local date.
        segments, encoding: what carriers bill.
    """

    message_id: UUID
    text: str
    source: str
    words_on: date
    segments: int
    encoding: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may go, with everything that the reserving statement compares.

    Attributes:
        new_conversation_id: used where the person has no open conversation on this number.
        fingerprint: a digest of sender, number and words.
        local_date: the budget day whose slot it takes.
        open_until: the text may not leave after this.
        day_cap, hour_cap: how many texts there may be, this one included; None where a limit does not apply.
        active_since: the inbound message that lets it through (R4).
        reply_to: when the person wrote what it answers; None for a text that is no reply (R12).
        law_texts, law_cap, law_hours: what it counts for toward the caps of the law, and the most texts in so many
            hours; None without a cap (R15).
        needs_consent: whether it goes only to people who agreed to its purpose.
        law_note: the rows of the law that bind it, in words; None where none does.
        daily_limit, hourly_limit, quiet_hours_enabled: what a new budget row of the person inherits.
        agent_group, agent_cap, agent_texts: the agents whose hourly limit it counts against, that limit, and what it
            counts for; None where they have no limit (R13).
        number_hash: the keyed hash by which the opt-out of a deleted person is found; None without a key.
    """

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
    active_texts: int
    reply_to: datetime | None
    law_texts: int
    law_cap: int | None
    law_hours: int
    law_note: str | None
    needs_consent: bool
    daily_limit: int
    hourly_limit: int
    quiet_hours_enabled: bool
    number_hash: str | None
    segments: int
    price_usd: Decimal
    agent_group: str | None
    agent_cap: int | None
    agent_texts: int


@dataclass(frozen=True, slots=True)
class WavePlan:
    """What a wave writes before its calls to Twilio.

    Attributes:
        decisions: holds and ends.
        words: texts that were written for this wave.
        claude_calls: the calls to Claude that the words took.
        reused: messages whose relevance was known before. candidates: messages that may go, in their order.
        agent_groups: groups of agents close to their limit, whose waves come one after the other (R13).
    """

    decisions: Sequence[DecisionRow]
    words: Sequence[StoredWords]
    claude_calls: Sequence[LoggedCall]
    reused: Sequence[UUID]
    candidates: Sequence[Candidate]
    agent_groups: Sequence[str] = ()


def read_state(
    connection: Connection,
    message_ids: Sequence[UUID],
    agent_start_limit: int,
    now: datetime,
    names_sender: bool = False,
) -> WaveState:
    """Read the messages that are approved, each with its person, and what Claude has cost today; one round trip.

    When a person got the last text is read only where texts name their sender (R15).
    """
    parameters = {
        "message_ids": list(message_ids),
        "agent_start_limit": agent_start_limit,
        "now": now,
        "not_conversation": NOT_CONVERSATION,
        "fresh_for": FRESH_FOR,
        "read_after_gap": READ_AFTER_GAP,
        "law_period": LONGEST_PERIOD,
        "names_sender": names_sender,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("read_state"), parameters)
        rows = cursor.fetchall()
    # The day's cost stands in each row, because a statement of its own would be one more for every wave.
    claude_usd_today = rows[0]["claude_usd_today"] if rows else Decimal(0)
    return WaveState([delivery_of(row) for row in rows], claude_usd_today)


def reserve_wave(
    connection: Connection,
    plan: WavePlan,
    ceilings: ActivitySettings,
    ceiling_usd: float,
    urgent_ceiling_usd: float,
    now: datetime,
) -> set[UUID]:
    """Write holds, ends and words, and reserve what may go: one committed round trip (G1).

    Args:
        ceilings: of the texts that activity lets through (R4).
        ceiling_usd: what Twilio may cost on a UTC day; the wave that reaches it is the last one of the ordinary lanes.
        urgent_ceiling_usd: the same for all lanes; no operator lifts it.

    Returns:
        The attempts that may be made, now and once. A candidate that is missing was stopped between decision and
        reservation.
    """
    decided = [row.message_id for row in plan.decisions]
    reservation = {
        **columns(plan.candidates, *Candidate.__slots__),
        "now": now,
        "lease_until": now + SENDING_LEASE,
        "texts_per_inbound": ceilings.active_texts_per_inbound,
        "texts_per_hour": ceilings.active_texts_per_hour,
        "texts_per_day": ceilings.active_texts_per_day,
        "replies_per_inbound": ceilings.replies_per_inbound,
        "replies_per_hour": ceilings.replies_per_hour,
        "replies_per_day": ceilings.replies_per_day,
        "ceiling_usd": ceiling_usd,
        "urgent_ceiling_usd": urgent_ceiling_usd,
        "fresh_for": FRESH_FOR,
        "read_after_gap": READ_AFTER_GAP,
    }
    with one_round_trip(connection):
        connection.execute(sql("lock_users"), {"user_ids": [candidate.user_id for candidate in plan.candidates]})
        connection.execute(
            sql("lock_messages"),
            {"message_ids": [*decided, *(candidate.message_id for candidate in plan.candidates)]},
        )
        if plan.decisions:
            connection.execute(sql("store_decisions"), {**columns(plan.decisions, *DecisionRow.__slots__), "now": now})
        if plan.words:
            connection.execute(sql("store_words"), columns(plan.words, *StoredWords.__slots__))
        log_calls(connection, plan.claude_calls, now)
        if plan.reused:
            connection.execute(sql("count_reused_verdicts"), {"message_ids": list(plan.reused)})
        if plan.agent_groups:
            connection.execute(sql("lock_agent_groups"), {"agent_groups": list(plan.agent_groups)})
        reserved = connection.execute(sql("reserve"), reservation)
    return {attempt_id for (attempt_id,) in reserved}


def settle_wave(
    connection: Connection,
    settlements: Sequence[Settlement],
    parts: Sequence[UUID],
    answered: Sequence[UUID],
    now: datetime,
) -> list[ClaimedMessage]:
    """Write the settlements of a wave, and claim what follows it; one round trip. A repetition changes nothing.

    Args:
        parts: the messages of the wave that are parts of a sequence.
        answered: the persons to whom the wave sent a reply.

    Returns:
        The parts and the replies that come next (R8, R12).
    """
    lease_until = now + PART_LEASE
    next_parts = next_replies = None
    with one_round_trip(connection):
        settle(connection, settlements, now)
        if parts:
            next_parts = connection.execute(
                sql("approve_next_parts"), {"message_ids": list(parts), "lease_until": lease_until}
            )
        if answered:
            next_replies = connection.execute(
                sql("approve_replies"), {"user_ids": list(answered), "now": now, "lease_until": lease_until}
            )
    return [*claims_of(next_parts or ()), *claims_of(next_replies or ())]


def delivery_of(row: DictRow) -> Delivery:
    """Make a delivery of a row with the columns of read_state.sql."""
    return Delivery(
        message_id=row["message_id"],
        agent_id=row["agent_id"],
        data=row["message_data"],
        words=row["final_message"],
        words_source=row["words_source"],
        words_on=row["words_on"],
        tries=row["tries"],
        state=_message_state(row),
        person=_person(row),
        paused=row["paused"],
    )


def _message_state(row: DictRow) -> MessageState:
    return MessageState(
        lane=Lane(row["priority"]),
        can_delay=row["can_delay"],
        due=row["due"],
        not_before=row["not_before"],
        expires_at=row["expires_at"],
        accepted_at=row["accepted_at"],
        best_at=row["best_at"],
        spread=spread_of(row["message_id"]),
        requires_fresh_context=row["requires_fresh_context"],
        withdrawn=row["withdrawn"],
        superseded_by=row["superseded_by"],
        higher_is_due=row["higher_is_due"],
        in_sequence=row["sequence_id"] is not None,
        parts=row["sequence_total"] or 1,
        continues=row["continues"],
        broken=row["broken"],
        is_reply=row["is_reply"],
        urgent_at_night=row["urgent_at_night"],
        purpose=Purpose(row["purpose"]),
        has_consent=row["has_consent"],
        revoked=row["revoked"],
        agent_hour=_agent_hour(row),
        inbound_unread=row["inbound_unread"],
        relevance=Relevance(row["relevance"]),
        checked_at=row["judged_at"],
    )


def _agent_hour(row: DictRow) -> AgentHour | None:
    if row["agent_limit"] is None:
        return None
    return AgentHour(row["agent_group"], row["agent_limit"], row["agent_texts"], sequence_due=row["sequence_due"])


def _person(row: DictRow) -> Person:
    country_pause = row["country_pauses"].get(country_of(row["phone_number"]))
    return Person(
        user_id=row["user_id"],
        phone_number=row["phone_number"],
        first_name=row["first_name"],
        timezone=row["timezone"],
        place=row["law_place"],
        quiet_hours_start=row["quiet_hours_start"],
        quiet_hours_end=row["quiet_hours_end"],
        quiet_hours_enabled=row["quiet_hours_enabled"],
        daily_limit=row["daily_limit"],
        hourly_limit=row["hourly_limit"],
        sent_by_day={date.fromisoformat(day): sent for day, sent in row["sent_by_day"].items()},
        recent_sends=tuple(row["recent_sends"]),
        law_sends=tuple(row["law_sends"]),
        planned_sends=tuple(row["planned_sends"]),
        texts_while_active=row["texts_while_active"],
        active_texts_this_hour=row["active_texts_this_hour"],
        active_texts_by_day={date.fromisoformat(day): texts for day, texts in row["active_texts_by_day"].items()},
        replies_to_text=row["replies_to_text"],
        replies_this_hour=row["replies_this_hour"],
        replies_by_day={date.fromisoformat(day): texts for day, texts in row["replies_by_day"].items()},
        response_pattern=row["response_pattern"],
        opted_out=row["opted_out"],
        texted_at=row["texted_at"],
        last_inbound_at=row["last_inbound_at"],
        has_unread_text=row["has_unread_text"],
        number_is_dead=row["number_is_dead"],
        unreachable_until=row["unreachable_until"],
        country_paused_until=datetime.fromisoformat(country_pause) if country_pause else None,
    )
