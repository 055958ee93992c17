"""Statements of the deliver function: read the state of a wave, reserve it, settle it."""

from collections.abc import Mapping, Sequence
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
from orchestrator.people import AnswerHours, Person, country_of
from orchestrator.purpose import Purpose
from orchestrator.rules.hour_choice import draw_of
from orchestrator.rules.inbound_marker import FRESH_FOR, READ_AFTER_GAP
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.law import LONGEST_PERIOD
from orchestrator.rules.questions import HOLDS_FOR
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.state import Delivery, MessageState
from orchestrator.settings import ActivitySettings
from orchestrator.store.calls import log_calls
from orchestrator.store.claims import ClaimedMessage, claims_of
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.settlement import Settlement, settle
from orchestrator.store.wave_plan import Candidate, DecisionRow, Repeat, Reservation, StoredWords, WavePlan


@dataclass(frozen=True, slots=True)
class WaveState:
    """What a wave starts from.

    Attributes:
        deliveries: the messages that are approved. A message missing from them is with another worker, or has ended.
        claude_usd_today: US dollars that Claude has cost on this UTC day.
    """

    deliveries: list[Delivery]
    claude_usd_today: Decimal


def read_state(
    connection: Connection,
    message_ids: Sequence[UUID],
    agent_start_limit: int,
    now: datetime,
    names_sender: bool,
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
        "question_holds_for": HOLDS_FOR,
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
) -> Reservation:
    """Write holds, ends and words, and reserve what may go: one committed round trip (G1).

    Args:
        ceilings: of the texts that activity lets through (R4).
        ceiling_usd: what Twilio may cost on a UTC day; the wave that reaches it is the last one of the ordinary lanes.
        urgent_ceiling_usd: the same for all lanes; no operator lifts it.
    """
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
        "not_conversation": NOT_CONVERSATION,
    }
    with one_round_trip(connection):
        _lock_and_decide(connection, plan.candidates, plan.decisions, now)
        if plan.words:
            connection.execute(sql("store_words"), columns(plan.words, *StoredWords.__slots__))
        log_calls(connection, plan.claude_calls, now)
        if plan.reused:
            connection.execute(sql("count_reused_verdicts"), {"message_ids": list(plan.reused)})
        if plan.agent_groups:
            connection.execute(sql("lock_agent_groups"), {"agent_groups": list(plan.agent_groups)})
        reserved = connection.execute(sql("reserve"), reservation)
    rows = reserved.fetchall()
    return Reservation(
        attempts={attempt_id for attempt_id, earlier_id, _ in rows if earlier_id is None},
        repeats=[Repeat(*row) for row in rows if row[1] is not None],
    )


def end_repeats(
    connection: Connection, candidates: Sequence[Candidate], ends: Sequence[DecisionRow], now: datetime
) -> None:
    """End the messages of candidates that say again what their person got; one round trip (R14)."""
    with one_round_trip(connection):
        _lock_and_decide(connection, candidates, ends, now)


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


def _lock_and_decide(
    connection: Connection, candidates: Sequence[Candidate], decisions: Sequence[DecisionRow], now: datetime
) -> None:
    """Lock the people of the candidates and the messages, in the order of all waves, and store holds and ends."""
    message_ids = [*(row.message_id for row in decisions), *(row.message_id for row in candidates)]
    connection.execute(sql("lock_users"), {"user_ids": [candidate.user_id for candidate in candidates]})
    connection.execute(sql("lock_messages"), {"message_ids": message_ids})
    if decisions:
        connection.execute(sql("store_decisions"), {**columns(decisions, *DecisionRow.__slots__), "now": now})


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
        needs_approval=row["needs_approval"],
        approved_digest=row["approved_digest"],
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
        spread=spread_of(row["sequence_id"] or row["message_id"]),
        draw=draw_of(row["sequence_id"] or row["message_id"]),
        requires_fresh_context=row["requires_fresh_context"],
        withdrawn=row["withdrawn"],
        superseded_by=row["superseded_by"],
        higher_is_due=row["higher_is_due"],
        in_sequence=row["sequence_id"] is not None,
        parts=row["sequence_total"] or 1,
        continues=row["continues"],
        broken=row["broken"],
        is_reply=row["is_reply"],
        allow_repeat=row["allow_repeat"],
        asks=row["asks"],
        question_at=row["question_at"],
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
    country_pauses = row["country_pauses"]
    country_pause = country_pauses.get(country_of(row["phone_number"])) if country_pauses else None
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
        sent_by_day=_by_day(row["sent_by_day"]),
        recent_sends=tuple(row["recent_sends"]),
        law_sends=tuple(row["law_sends"]),
        planned_sends=tuple(row["planned_sends"]),
        texts_while_active=row["texts_while_active"],
        active_texts_this_hour=row["active_texts_this_hour"],
        active_texts_by_day=_by_day(row["active_texts_by_day"]),
        replies_to_text=row["replies_to_text"],
        replies_this_hour=row["replies_this_hour"],
        replies_by_day=_by_day(row["replies_by_day"]),
        response_pattern=row["response_pattern"],
        answer_hours=AnswerHours(row["learned"], row["sure"], row["population"], row["stops"], row["off"]),
        opted_out=row["opted_out"],
        texted_at=row["texted_at"],
        last_inbound_at=row["last_inbound_at"],
        has_unread_text=row["has_unread_text"],
        number_is_dead=row["number_is_dead"],
        unreachable_until=row["unreachable_until"],
        country_paused_until=datetime.fromisoformat(country_pause) if country_pause else None,
    )


def _by_day(counts: Mapping[str, int] | None) -> dict[date, int]:
    """Counts by local day; none at all stand as NULL, which takes no parsing."""
    return {date.fromisoformat(day): count for day, count in counts.items()} if counts else {}
