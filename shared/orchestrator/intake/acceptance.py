"""Accepts one message: who it is from and for, when it is first due, and until when it lives."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.agents import Agent, Rate, agent_for, waits_until
from orchestrator.errors import InvalidMessage
from orchestrator.ids import id_from_sqs, spread_of, time_of
from orchestrator.leases import URGENT_LEASE
from orchestrator.messages import Lane, Message, Reply
from orchestrator.people import Person, country_of
from orchestrator.rules.first_due import first_due
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings
from orchestrator.store.intake import AcceptedMessage, KnownRecords

# A sequence whose parts are not all here by then ends (R8).
SEQUENCE_PATIENCE = timedelta(minutes=15)
# Nobody plans a text further ahead than this; a date beyond it is a mistake in the date.
PLANS_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a message came.

    Attributes:
        sender_id: who put it on the queue, as SQS knows them.
        earlier: messages of the same agent before it in its batch.
    """

    sqs_message_id: str
    sender_id: str
    sent_at: datetime
    earlier: int


def accept(
    message: Message, arrival: Arrival, known: KnownRecords, policy: PolicySettings, now: datetime
) -> AcceptedMessage:
    """Make the row of one message whose person is known.

    Raises:
        InvalidMessage: it cannot be accepted (R8, R13, a date years ahead, a country that is not allowed).
    """
    person = known.people[message.user_id]
    agent = agent_for(message.agent_id, known.agents)
    _check_author(message, agent, arrival.sender_id)
    _check_person(message, person, known, policy)
    _check_sequence(message, person, known)
    if message.scheduled_for and message.scheduled_for > now + PLANS_AHEAD:
        fix = f"Give a time within {PLANS_AHEAD.days} days"
        raise InvalidMessage("scheduled_for", "is more than a year ahead", fix, "scheduled_too_far")

    message_id = message.message_id or id_from_sqs(arrival.sqs_message_id)
    # A time in the past says nothing, and years that no database holds must not get near one.
    not_before = message.scheduled_for if message.scheduled_for and message.scheduled_for > now else None
    lifetime = timedelta(days=policy.message_lifetime_days)
    expires_at = min(message.expires_at or (not_before or now) + lifetime, now + PLANS_AHEAD + lifetime)
    waiting = MessageState(
        lane=message.priority,
        can_delay=message.can_delay,
        due=now,
        not_before=not_before,
        expires_at=max(expires_at, now),
        accepted_at=now,
        spread=spread_of(message_id),
    )
    due, reason = first_due(waiting, person, policy, now)
    best_at = due if reason is Reason.BEST_TIME else None
    agent_waits = waits_until(agent, known.rates.get(message.agent_id, Rate()).this_hour + arrival.earlier, now)
    if agent_waits and agent_waits > due:
        due, reason = agent_waits, Reason.AGENT_LIMIT
    if message.sequence_id:
        due, reason = now + SEQUENCE_PATIENCE, Reason.SEQUENCE_INCOMPLETE
    at_once = message.priority is Lane.URGENT and due <= now
    return AcceptedMessage(
        message_id=message_id,
        user_id=person.user_id,
        agent_id=message.agent_id,
        message_data=json.dumps(message.message_data),
        priority=message.priority,
        can_delay=message.can_delay,
        requires_fresh_context=message.requires_fresh_context,
        not_before=not_before,
        best_at=best_at,
        expires_at=waiting.expires_at,
        due=min(due, waiting.expires_at) if reason is not Reason.SEQUENCE_INCOMPLETE else due,
        status=Status.APPROVED if at_once else Status.QUEUED,
        reason=reason,
        lease_until=now + URGENT_LEASE if at_once else None,
        conversation_context_id=message.conversation_context_id,
        published_at=published_at(message_id, now),
        topic=message.topic,
        supersedes_message_id=message.supersedes_message_id,
        publisher=arrival.sender_id if agent.publishers is not None else None,
        sequence_id=message.sequence_id,
        sequence_position=message.sequence_position,
        sequence_total=message.sequence_total,
    )


def accept_reply(
    reply: Reply, arrival: Arrival, known: KnownRecords, policy: PolicySettings, now: datetime
) -> AcceptedMessage:
    """Make the row of a reply: it goes the urgent way, and its turn comes after earlier ones to the person (R12).

    Raises:
        InvalidMessage: as `accept`.
    """
    message = Message(
        user_id=reply.user_id,
        agent_id=reply.agent_id,
        message_data={"type": "reply", "message": reply.content},
        priority=Lane.HIGH,  # an agent that may not use `urgent` may answer all the same
        message_id=reply.message_id,
        expires_at=reply.expires_at,
        conversation_context_id=reply.conversation_context_id,
    )
    accepted = accept(message, arrival, known, policy, now)
    return replace(
        accepted,
        # Its place among other replies: the time in its id, or else when it was put on the queue.
        published_at=min(time_of(accepted.message_id) or arrival.sent_at, now),
        priority=Lane.URGENT,
        due=now,
        status=Status.QUEUED,
        reason=Reason.REPLY_ORDER,
        is_reply=True,
    )


def unknown_user() -> InvalidMessage:
    """What is said of a message whose person did not appear in time."""
    return InvalidMessage("user_id", "is nobody we know", "Create the user first", "unknown_user")


def published_at(message_id: UUID, now: datetime) -> datetime:
    """When a message was published: the time in its id, but no publisher's clock is ahead of ours (R9)."""
    return min(time_of(message_id) or now, now)


def _check_author(message: Message, agent: Agent, sender_id: str) -> None:
    if agent.publishers is not None and sender_id not in agent.publishers:
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
    if country_of(person.phone_number) not in policy.allowed_countries:
        raise InvalidMessage(
            "user_id",
            "has a number outside the allowed countries",
            "Correct the number, or set ALLOWED_COUNTRIES",
            "country_not_allowed",
        )
    conversation = message.conversation_context_id
    if conversation and known.owners.get(conversation) != person.user_id:
        fix = "Correct it, or leave it out"
        raise InvalidMessage("conversation_context_id", "is no conversation of this user", fix, "unknown_conversation")


def _check_sequence(message: Message, person: Person, known: KnownRecords) -> None:
    before = known.sequences.get(message.sequence_id) if message.sequence_id else None
    if before and (before.user_id, before.priority, before.total) != (
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
