"""Statements of intake: finds people, agents and sequences; stores messages, withdrawals and rejections."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.agents import Agent, AgentGroup
from orchestrator.people import AnswerHours, Person
from orchestrator.rules.limits import Limits
from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.claims import ClaimedMessage, claims_of
from orchestrator.store.database import array, columns, one_round_trip, sql
from orchestrator.store.waits_for_users import UserWait


@dataclass(frozen=True, slots=True)
class KnownSequence:
    """The person, agent, lane, length and owner of a sequence, from its first part; the message at each position."""

    user_id: UUID
    agent_id: str
    priority: str
    total: int
    publisher: str | None
    parts: Mapping[int, UUID]


@dataclass(frozen=True, slots=True)
class KnownRecords:
    """What acceptance needs to know beside the batch itself.

    Attributes:
        people: people by the reference that the batch used.
        owners: the person of each conversation.
        publishers: the owners of the messages that the batch names; one that is unknown or has no owner is missing.
        sequences: the sequences of which parts came before.
        agents: all settings of agents.
        groups: the group of each agent and publisher of the batch.
    """

    people: Mapping[str, Person]
    owners: Mapping[UUID, UUID]
    publishers: Mapping[UUID, str]
    sequences: Mapping[UUID, KnownSequence]
    agents: Sequence[Agent]
    groups: Mapping[tuple[str, str], AgentGroup]


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A valid message with its times, as a row for `message_queue`; `local_date` is its person's day now."""

    message_id: UUID
    user_id: UUID
    agent_id: str
    message_data: str
    priority: str
    can_delay: bool
    requires_fresh_context: bool
    not_before: datetime | None
    best_at: datetime | None
    best_kind: str | None
    best_probability: float | None
    expires_at: datetime
    due: datetime
    status: Status
    reason: Reason | None
    lease_until: datetime | None
    conversation_context_id: UUID | None
    published_at: datetime
    topic: str | None
    supersedes_message_id: UUID | None
    publisher: str | None
    published_by: str
    sequence_id: UUID | None
    sequence_position: int | None
    sequence_total: int | None
    local_date: date
    allow_repeat: bool
    expects_reply: bool
    is_reply: bool = False


@dataclass(frozen=True, slots=True)
class MessageWithdrawal:
    """A withdrawal of one message, and the publisher that sent it."""

    message_id: UUID
    publisher: str


@dataclass(frozen=True, slots=True)
class TopicWithdrawal:
    """A withdrawal of a topic's messages that were published up to a time."""

    user_id: UUID
    topic: str
    publisher: str
    withdrawn_at: datetime


@dataclass(frozen=True, slots=True)
class Rejection:
    """A body that was not accepted, with the reason.

    Attributes:
        problem: what is wrong with the field, and the fix, in one sentence for operators.
        action: publish, withdraw, reply and the like; None where the body cannot be read.
        user_id: None where the person is not known.
    """

    sqs_message_id: str
    message_id: UUID
    agent_id: str | None
    reason: str
    field: str
    problem: str
    fix: str
    action: str | None
    user_id: UUID | None


@dataclass(frozen=True, slots=True)
class AgentThrottle:
    """A group of agents whose messages wait for an hour, with the note that operators read."""

    agent_group: str
    note: str


def read_known_records(
    connection: Connection,
    references: Collection[str],
    conversation_ids: Collection[UUID],
    message_ids: Collection[UUID],
    sequence_ids: Collection[UUID],
    speakers: Collection[tuple[str, str]],
    start_limit: int,
    now: datetime,
) -> KnownRecords:
    """Read what a batch refers to; one round trip. What does not exist is missing from the result.

    Args:
        speakers: the agents of the batch, each with its publisher.
        start_limit: texts an hour of agents without settings (R13).
    """
    with one_round_trip(connection):
        people = connection.execute(sql("find_people"), {"references": array(references), "now": now})
        owners = connection.execute(sql("find_conversation_owners"), {"conversation_ids": array(conversation_ids)})
        publishers = connection.execute(sql("find_publishers"), {"message_ids": array(message_ids)})
        parts = connection.execute(sql("find_sequences"), {"sequence_ids": array(sequence_ids)})
        agents = connection.execute(sql("read_agents"))
        groups = connection.execute(
            sql("read_agent_groups"),
            {
                "agent_ids": [agent_id for agent_id, _ in speakers],
                "publishers": [publisher for _, publisher in speakers],
                "start_limit": start_limit,
                "now": now,
            },
        )
    return KnownRecords(
        people={
            reference: Person(
                user_id=user_id,
                phone_number=number,
                timezone=zone,
                quiet_hours_start=start,
                quiet_hours_end=end,
                response_pattern=pattern,
                quiet_hours_enabled=enabled,
                answer_hours=AnswerHours(*hours),
            )
            for reference, user_id, number, zone, start, end, pattern, enabled, *hours in people
        },
        owners=dict(owners.fetchall()),
        publishers=dict(publishers.fetchall()),
        sequences={
            sequence: KnownSequence(
                user, agent_id, priority, total, publisher, {int(place): UUID(part) for place, part in found.items()}
            )
            for sequence, user, agent_id, priority, total, publisher, found in parts
        },
        agents=[Agent(*row) for row in agents],
        groups={(agent_id, publisher): AgentGroup(*group) for agent_id, publisher, *group in groups},
    )


def store_batch(
    connection: Connection,
    accepted: Sequence[AcceptedMessage],
    withdrawn: Sequence[MessageWithdrawal],
    topics_withdrawn: Sequence[TopicWithdrawal],
    rejected: Sequence[Rejection],
    throttles: Sequence[AgentThrottle],
    limits: Limits,
    now: datetime,
    urgent_lease_until: datetime,
    waits: Sequence[UserWait] = (),
) -> tuple[set[UUID], list[ClaimedMessage]]:
    """Store one batch, all of it or nothing; one round trip.

    Args:
        limits: of people who have no budget row yet.
        urgent_lease_until: until when the caller may hold the messages that it hands over.
        waits: messages that wait for their user to be created.

    Returns:
        The messages that are new, and the messages to be handed over now: urgent ones, the first parts of urgent
        sequences that this batch completed, and the replies that come next.
    """
    related = [row for row in accepted if row.topic or row.sequence_id or row.supersedes_message_id or row.is_reply]
    answered = [row.user_id for row in accepted if row.is_reply]
    rows = columns(accepted, *AcceptedMessage.__slots__)
    message_ids = rows["message_id"]
    sequence_ids = [row.sequence_id for row in related if row.sequence_id]
    days = {(row.user_id, day) for row in accepted for day in (row.local_date, now.astimezone(UTC).date())}
    completed = replies = None
    with one_round_trip(connection):
        if related:
            # Two batches with parts of one sequence, or messages of one topic, come one after the other.
            connection.execute(sql("lock_users"), {"user_ids": [row.user_id for row in related]})
        inserted = connection.execute(
            sql("insert_messages"),
            {
                **rows,
                "people": array([person for person, _ in days]),
                "days": array([day for _, day in days]),
                "daily_limit": limits.daily,
                "hourly_limit": limits.hourly,
                "now": now,
            },
        )
        if sequence_ids:
            completed = connection.execute(
                sql("complete_sequences"),
                {"sequence_ids": sequence_ids, "now": now, "lease_until": urgent_lease_until},
            )
        # For messages without a topic too: the message that names one may have come first.
        connection.execute(
            sql("supersede_messages"),
            {
                **columns([row for row in accepted if row.topic], "user_id", "topic"),
                "message_ids": message_ids,
                "related_ids": array([row.message_id for row in related]),
                "now": now,
            },
        )
        if answered:
            replies = connection.execute(
                sql("approve_replies"), {"user_ids": answered, "now": now, "lease_until": urgent_lease_until}
            )
        connection.execute(sql("count_agent_messages"), {"message_ids": message_ids, "now": now})
        if withdrawn or topics_withdrawn:
            _withdraw(connection, withdrawn, topics_withdrawn, now)
        if rejected:
            connection.execute(sql("store_rejections"), {**columns(rejected, *Rejection.__slots__), "now": now})
        if waits:
            connection.execute(sql("store_waits_for_users"), {**columns(waits, *UserWait._fields), "now": now})
        if throttles:
            connection.execute(sql("throttle_agents"), {**columns(throttles, *AgentThrottle.__slots__), "now": now})
    new = inserted.fetchall()
    urgent = [(message_id, user_id) for message_id, user_id, status in new if status == Status.APPROVED]
    claimed = claims_of([*urgent, *(completed or ()), *(replies or ())])
    return {message_id for message_id, _, _ in new}, claimed


def _withdraw(
    connection: Connection,
    withdrawn: Sequence[MessageWithdrawal],
    topics_withdrawn: Sequence[TopicWithdrawal],
    now: datetime,
) -> None:
    connection.execute(sql("store_withdrawals"), {**columns(withdrawn, *MessageWithdrawal.__slots__), "now": now})
    connection.execute(sql("store_topic_withdrawals"), columns(topics_withdrawn, *TopicWithdrawal.__slots__))
    connection.execute(
        sql("cancel_withdrawn_messages"),
        {
            "message_ids": [row.message_id for row in withdrawn],
            "user_ids": [row.user_id for row in topics_withdrawn],
            "topics": [row.topic for row in topics_withdrawn],
            "now": now,
        },
    )
