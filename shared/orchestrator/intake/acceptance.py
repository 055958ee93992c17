"""Acceptance: checks one message or reply, and decides when it is first due and when it expires."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.agents import Agent, agent_for, have_same_settings, owner_of, waits_until
from orchestrator.errors import InvalidMessage
from orchestrator.ids import id_from_sqs, spread_of, time_of
from orchestrator.leases import URGENT_LEASE
from orchestrator.messages import Lane, Message, Reply
from orchestrator.people import Person, country_of, is_e164
from orchestrator.request_fields import PLANS_AHEAD
from orchestrator.rules.day_words import speaks_of_the_day
from orchestrator.rules.first_due import find_first_due
from orchestrator.rules.hour_choice import draw_of
from orchestrator.rules.limits import budget_day
from orchestrator.rules.local_time import next_midnight
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings
from orchestrator.store.intake import AcceptedMessage, KnownRecords, KnownSequence

# A sequence ends when its parts are not complete after this (R8).
SEQUENCE_PATIENCE = timedelta(minutes=15)
# The reason of a rejection above MAX_SEQUENCE_PARTS (R8).
TOO_MANY_PARTS = "too_many_parts"


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a message arrived.

    Attributes:
        sqs_message_id: the id that SQS gave it when it was first published.
        publisher: the AWS identity that published it, without a role's session.
        sent_at: when it was put on the queue.
        earlier: accepted messages of the same group of agents before it in its batch.
    """

    sqs_message_id: str
    publisher: str
    sent_at: datetime
    earlier: int


def accept(
    message: Message, arrival: Arrival, known: KnownRecords, policy: PolicySettings, now: datetime
) -> AcceptedMessage:
    """Make the row of one message whose person is known.

    Raises:
        InvalidMessage: the message cannot be accepted (R8, R13, a date years ahead, a country that is not allowed).
    """
    person = known.people[message.user_id]
    agent = agent_for(message.agent_id, known.agents)
    _check_publisher(message, agent, arrival.publisher)
    _check_person(message, person, known, policy)
    message_id = message.message_id or id_from_sqs(arrival.sqs_message_id)
    owner = owner_of(arrival.publisher, known.agents)
    check_owner("message_id", message.message_id, arrival.publisher, known)
    check_owner("supersedes_message_id", message.supersedes_message_id, owner, known)
    _check_parts(message, agent, policy)
    _check_sequence(message, message_id, person, owner, known)
    _check_schedule(message, now)

    published_at = publish_time(message_id, now)
    not_before, expires_at = _lifetime(message, person, published_at, policy, now)
    state = MessageState(
        lane=message.priority,
        can_delay=message.can_delay,
        due=now,
        not_before=not_before,
        expires_at=expires_at,
        accepted_at=now,
        spread=spread_of(message.sequence_id or message_id),
        draw=draw_of(message.sequence_id or message_id),
    )
    first = find_first_due(state, person, policy, now)
    group = known.groups[message.agent_id, arrival.publisher]
    agent_waits = waits_until(group, group.this_hour + arrival.earlier, now)
    due, reason = _due(message, first.at, first.reason, agent_waits, now)
    is_approved = message.priority is Lane.URGENT and due <= now
    return AcceptedMessage(
        message_id=message_id,
        user_id=person.user_id,
        agent_id=message.agent_id,
        message_data=json.dumps(message.message_data),
        priority=message.priority,
        can_delay=message.can_delay,
        requires_fresh_context=message.requires_fresh_context,
        not_before=not_before,
        best_at=first.best.at if first.best else None,
        best_kind=first.best.kind if first.best else None,
        best_probability=first.best.probability if first.best else None,
        expires_at=expires_at,
        due=due if message.in_sequence else min(due, expires_at),
        status=Status.APPROVED if is_approved else Status.QUEUED,
        reason=reason,
        lease_until=now + URGENT_LEASE if is_approved else None,
        conversation_context_id=message.conversation_context_id,
        published_at=published_at,
        topic=message.topic,
        supersedes_message_id=message.supersedes_message_id,
        publisher=owner,
        published_by=arrival.publisher,
        sequence_id=message.sequence_id if message.in_sequence else None,
        sequence_position=message.sequence_position if message.in_sequence else None,
        sequence_total=message.sequence_total if message.in_sequence else None,
        local_date=budget_day(person, now),
        allow_repeat=bool(message.allow_repeat),
        expects_reply=bool(message.expects_reply),
    )


def accept_reply(
    reply: Reply, arrival: Arrival, known: KnownRecords, policy: PolicySettings, now: datetime
) -> AcceptedMessage:
    """Make the row of a reply: it is urgent, and follows the earlier replies to its person (R12).

    Raises:
        InvalidMessage: as `accept`.
    """
    message = Message(
        user_id=reply.user_id,
        agent_id=reply.agent_id,
        message_data={"type": "reply", "message": reply.content},
        priority=Lane.HIGH,  # an agent without the right to `urgent` may still reply
        message_id=reply.message_id,
        expires_at=reply.expires_at,
        conversation_context_id=reply.conversation_context_id,
    )
    accepted = accept(message, arrival, known, policy, now)
    return replace(
        accepted,
        # Orders replies: the time in the id, or else when it was put on the queue.
        published_at=min(time_of(accepted.message_id) or arrival.sent_at, now),
        priority=Lane.URGENT,
        due=now,
        status=Status.QUEUED,
        reason=Reason.REPLY_ORDER,
        is_reply=True,
    )


class BatchMemory:
    """What acceptance knows in the course of a batch: what was known before it, and what it accepted so far.

    Args:
        known: what was known before.
    """

    def __init__(self, known: KnownRecords) -> None:
        self._publishers, self._sequences = dict(known.publishers), dict(known.sequences)
        self.known = replace(known, publishers=self._publishers, sequences=self._sequences)
        # Accepted messages by the key of their group of agents.
        self.counts: Counter[str] = Counter()

    def add(self, row: AcceptedMessage) -> None:
        """Add a message of the batch: its owner, and of a part its place in the sequence."""
        self.counts[self.known.groups[row.agent_id, row.published_by].key] += 1
        if row.publisher is not None:
            self._publishers.setdefault(row.message_id, row.publisher)
        if row.sequence_id is None or row.sequence_position is None or row.sequence_total is None:
            return
        first = KnownSequence(row.user_id, row.agent_id, row.priority, row.sequence_total, row.publisher, {})
        sequence = self._sequences.get(row.sequence_id, first)
        parts = {row.sequence_position: row.message_id, **sequence.parts}
        self._sequences[row.sequence_id] = replace(sequence, parts=parts)


def check_owner(field: str, message_id: UUID | None, owner: str | None, known: KnownRecords) -> None:
    """Check that a message that is named belongs to the one that names it (R9).

    Args:
        field: the field that names it.
        owner: of the message that names it. Of a repetition or a withdrawal it is the publisher, which keeps what it
            owns when no agent is bound to it any more.

    Raises:
        InvalidMessage: another publisher owns it.
    """
    if message_id is not None and known.publishers.get(message_id, owner) != owner:
        fix = "Name a message of the same publisher"
        raise InvalidMessage(field, "names a message of another publisher", fix, "not_yours")


def unknown_user() -> InvalidMessage:
    """The rejection of a message whose user was not created in time."""
    return InvalidMessage("user_id", "is not a known user", "Create the user first", "unknown_user")


def publish_time(message_id: UUID, now: datetime) -> datetime:
    """When a message was published: the time in its id, but not later than now, as a publisher's clock may be (R9)."""
    return min(time_of(message_id) or now, now)


def _lifetime(
    message: Message, person: Person, published_at: datetime, policy: PolicySettings, now: datetime
) -> tuple[datetime | None, datetime]:
    """The earliest time to send, if that is in the future, and the expiry (R9); both within what a database holds."""
    not_before = message.scheduled_for if message.scheduled_for and message.scheduled_for > now else None
    lifetime = timedelta(days=policy.message_lifetime_days)
    expires_at = message.expires_at or (not_before or now) + lifetime
    if message.expires_at is None and speaks_of_the_day(message.message_data):
        # Where the person's zone is one of several, the day that ends first counts.
        ends = [next_midnight(not_before or published_at, zone) for zone in person.zones]
        expires_at = min([expires_at, *ends])
    return not_before, max(min(expires_at, now + PLANS_AHEAD + lifetime), now)


def _due(
    message: Message, first: datetime, first_reason: Reason | None, agent_waits: datetime | None, now: datetime
) -> tuple[datetime, Reason | None]:
    """When the message is due, and why not at once: by its sequence, its agent's limit (R13), or its lane."""
    if message.in_sequence:
        return now + SEQUENCE_PATIENCE, Reason.SEQUENCE_INCOMPLETE
    if agent_waits and agent_waits > first:
        return agent_waits, Reason.AGENT_LIMIT
    return first, first_reason


def _check_publisher(message: Message, agent: Agent, publisher: str) -> None:
    if agent.publishers is not None and publisher not in agent.publishers:
        raise InvalidMessage(
            "agent_id",
            "is bound to other publishers than the one that sent this",
            "Publish with the agent's own role, or change `orchestrator agent set`",
            "publisher_not_allowed",
        )
    if message.priority is Lane.URGENT and not agent.may_use_urgent:
        fix = "Use high, or change `orchestrator agent set`"
        raise InvalidMessage("priority", "is one that this agent may not use", fix, "urgent_not_allowed")


def _check_person(message: Message, person: Person, known: KnownRecords, policy: PolicySettings) -> None:
    # A number that cannot be read may be corrected while the message waits.
    if is_e164(person.phone_number) and country_of(person.phone_number) not in policy.allowed_countries:
        raise InvalidMessage(
            "user_id",
            "has a number outside the allowed countries",
            "Correct the number, or set ALLOWED_COUNTRIES",
            "country_not_allowed",
        )
    conversation = message.conversation_context_id
    if conversation and known.owners.get(conversation) != person.user_id:
        fix = "Correct it, or leave it out"
        raise InvalidMessage(
            "conversation_context_id", "is not a conversation of this user", fix, "unknown_conversation"
        )


def _check_parts(message: Message, agent: Agent, policy: PolicySettings) -> None:
    if message.in_sequence and agent.needs_approval:
        # An operator approves one text at a time, and a sequence goes whole or not at all (R8).
        raise InvalidMessage(
            "sequence_id",
            "is a sequence of an agent whose texts need approval",
            "Publish one text at a time",
            "sequence_needs_approval",
        )
    if message.sequence_total is not None and message.sequence_total > policy.max_sequence_parts:
        fix = f"Send at most {policy.max_sequence_parts} parts, or set MAX_SEQUENCE_PARTS"
        raise InvalidMessage("sequence_total", "is above the most parts of a sequence", fix, TOO_MANY_PARTS)


def _check_sequence(message: Message, message_id: UUID, person: Person, owner: str | None, known: KnownRecords) -> None:
    earlier = known.sequences.get(message.sequence_id) if message.sequence_id else None
    if earlier is None or message.sequence_position is None:
        return
    if earlier.publisher != owner:
        fix = "Publish all parts of a sequence with one role, and give each sequence an id of its own"
        raise InvalidMessage("sequence_id", "is a sequence of another publisher", fix, "not_yours")
    if not have_same_settings(earlier.agent_id, message.agent_id, known.agents):
        # The sequence counts against the hourly limit of its first part's agent (R13), and goes whole also at night.
        fix = "Give all parts of a sequence agents with the same settings"
        raise InvalidMessage("agent_id", "has other settings than the sequence's first part", fix, "sequence_conflict")
    if (earlier.user_id, earlier.priority, earlier.total) != (
        person.user_id,
        message.priority,
        message.sequence_total,
    ):
        raise InvalidMessage(
            "sequence_id",
            "has parts for another user, or of another priority or total",
            "Give all parts of a sequence the same user, priority and total",
            "sequence_conflict",
        )
    if earlier.parts.get(message.sequence_position, message_id) != message_id:
        raise InvalidMessage(
            "sequence_position",
            "is taken by another message of the sequence",
            "Give each part a position of its own",
            "position_taken",
        )


def _check_schedule(message: Message, now: datetime) -> None:
    if message.scheduled_for and message.scheduled_for > now + PLANS_AHEAD:
        fix = f"Give a time within {PLANS_AHEAD.days} days"
        raise InvalidMessage("scheduled_for", "is more than a year ahead", fix, "scheduled_too_far")
