"""Acceptance of one message or reply: what is rejected, when it is first due, and when it expires."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator.agents import Agent, AgentGroup
from orchestrator.errors import InvalidMessage
from orchestrator.ids import id_from_sqs, uuid7
from orchestrator.intake.acceptance import Arrival, accept, accept_reply
from orchestrator.messages import build_message, build_reply
from orchestrator.people import Person
from orchestrator.settings import PolicySettings
from orchestrator.store.intake import AcceptedMessage, KnownRecords, KnownSequence

# Tuesday, 11:00 in New York: past Ada's best time of this day, which is next at about 10:00 on Wednesday.
NOW = datetime(2026, 3, 3, 16, tzinfo=UTC)
WEDNESDAY_10 = datetime(2026, 3, 4, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
POLICY = PolicySettings()
ADA, BEN = UUID(int=1), UUID(int=2)
SEQUENCE, CONVERSATION, BENS_CONVERSATION = UUID(int=3), UUID(int=4), UUID(int=5)
PART = {"sequence_id": SEQUENCE, "sequence_position": 2, "sequence_total": 3}
ARRIVAL = Arrival("sqs-1", "AROAUTHOR", NOW - timedelta(minutes=1), earlier=0)
KNOWN = KnownRecords(
    people={
        "ada": Person(ADA, "+12125550101", timezone="America/New_York"),
        "ben": Person(BEN, "+12125550102"),
        "london": Person(UUID(int=6), "+442079460123"),
    },
    owners={CONVERSATION: ADA, BENS_CONVERSATION: BEN},
    publishers={UUID(int=7): "AROAUTHOR", UUID(int=8): "AROAOTHER"},
    sequences={SEQUENCE: KnownSequence(ADA, "system", "medium", 3, "AROAUTHOR", {})},
    agents=[
        Agent("calm", may_use_urgent=False),
        Agent("bound", publishers=["AROAUTHOR"]),
        Agent("stolen", publishers=["AROAOTHER"]),
        Agent("slow", hourly_limit=2),
    ],
    groups={
        ("slow", "AROAUTHOR"): AgentGroup("slow", 2, this_hour=2),
        **{(agent, "AROAUTHOR"): AgentGroup(agent) for agent in ("system", "calm", "bound", "stolen", "concierge")},
        ("system", "AROAFREE"): AgentGroup("publisher AROAFREE"),
    },
)


def accept_message(arrival: Arrival = ARRIVAL, policy: PolicySettings = POLICY, **fields: Any) -> AcceptedMessage:
    defaults = {"user_id": "ada", "agent_id": "system", "message_data": {"type": "note"}, "priority": "high"}
    return accept(build_message({**defaults, **fields}), arrival, KNOWN, policy, NOW)


@pytest.mark.parametrize(
    ("situation", "fields", "field", "reason"),
    [
        ("another publisher", {"agent_id": "stolen"}, "agent_id", "publisher_not_allowed"),
        ("no right to urgent", {"agent_id": "calm", "priority": "urgent"}, "priority", "urgent_not_allowed"),
        ("another country", {"user_id": "london"}, "user_id", "country_not_allowed"),
        ("an unknown conversation", {"conversation_context_id": UUID(int=9)}, "conversation_context_id",
         "unknown_conversation"),
        ("another user's conversation", {"conversation_context_id": BENS_CONVERSATION}, "conversation_context_id",
         "unknown_conversation"),
        ("a sequence of another user", {**PART, "priority": "medium", "user_id": "ben"}, "sequence_id",
         "sequence_conflict"),
        ("a sequence of another priority", PART, "sequence_id", "sequence_conflict"),
        ("a sequence of another total", {**PART, "priority": "medium", "sequence_total": 2}, "sequence_id",
         "sequence_conflict"),
        ("more parts than the owner allows", {**PART, "sequence_id": UUID(int=11), "sequence_total": 6},
         "sequence_total", "too_many_parts"),
        ("a date years ahead", {"scheduled_for": NOW + timedelta(days=367)}, "scheduled_for", "scheduled_too_far"),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_accepted(situation: str, fields: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        accept_message(**fields)
    assert (caught.value.field, caught.value.reason) == (field, reason), situation


@pytest.mark.parametrize(
    "fields",
    [
        {"agent_id": "bound"},
        {"agent_id": "calm"},
        {"conversation_context_id": CONVERSATION},
        {**PART, "priority": "medium"},
        {**PART, "sequence_id": UUID(int=8)},
        {"scheduled_for": NOW + timedelta(days=366)},
    ],
)
def test_a_message_that_is_accepted(fields: dict[str, Any]) -> None:
    assert accept_message(**fields).user_id == ADA


@pytest.mark.parametrize(
    ("situation", "fields", "status", "reason", "due"),
    [
        ("urgent goes at once", {"priority": "urgent"}, "approved", None, NOW),
        ("urgent that is scheduled waits", {"priority": "urgent", "scheduled_for": NOW + HOUR}, "queued", "scheduled",
         NOW + HOUR),
        ("high is due at once", {}, "queued", None, NOW),
        ("a time in the past is no time", {"scheduled_for": NOW - HOUR}, "queued", None, NOW),
        ("medium that cannot wait is due at once", {"priority": "medium", "can_delay": False}, "queued", None, NOW),
        ("medium that expires before its best time", {"priority": "medium", "scheduled_for": NOW + HOUR,
          "expires_at": NOW + 2 * HOUR}, "queued", "scheduled", NOW + HOUR),
        ("a sequence waits for its parts", {**PART, "priority": "medium"}, "queued", "sequence_incomplete",
         NOW + timedelta(minutes=15)),
        ("an urgent sequence, too", {**PART, "sequence_id": UUID(int=8), "priority": "urgent"}, "queued",
         "sequence_incomplete", NOW + timedelta(minutes=15)),
        ("an agent at its limit waits", {"agent_id": "slow"}, "queued", "agent_limit", NOW + HOUR),
        ("also for urgent", {"agent_id": "slow", "priority": "urgent"}, "queued", "agent_limit", NOW + HOUR),
        ("the later of limit and schedule", {"agent_id": "slow", "scheduled_for": NOW + 2 * HOUR}, "queued", "scheduled",
         NOW + 2 * HOUR),
        ("never due past the expiry", {"agent_id": "slow", "expires_at": NOW + HOUR / 2}, "queued", "agent_limit",
         NOW + HOUR / 2),
    ],
)  # fmt: skip
def test_when_a_message_is_first_due(
    situation: str, fields: dict[str, Any], status: str, reason: str | None, due: datetime
) -> None:
    accepted = accept_message(**fields)
    assert (accepted.status, accepted.reason, accepted.due) == (status, reason, due), situation
    assert (accepted.lease_until is not None) == (status == "approved"), "only what is handed over has a lease"


def test_a_message_that_can_wait_is_due_at_the_persons_best_time() -> None:
    accepted = accept_message(priority="low")
    assert accepted.reason == "best_time"
    assert accepted.best_at == accepted.due
    assert WEDNESDAY_10 <= accepted.due < WEDNESDAY_10 + HOUR


def test_earlier_messages_of_the_batch_count_against_the_hourly_limit_of_the_agent() -> None:
    accepted = accept_message(arrival=replace(ARRIVAL, earlier=2), agent_id="slow")
    assert accepted.due == NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("situation", "fields", "not_before", "expires_at"),
    [
        ("seven days from now", {}, None, NOW + WEEK),
        ("seven days from its own time", {"scheduled_for": NOW + HOUR}, NOW + HOUR, NOW + HOUR + WEEK),
        ("its own expiry", {"expires_at": NOW + HOUR}, None, NOW + HOUR),
        ("to the end of the day that its words speak of",
         {"message_data": {"type": "note", "message": "See you tonight"}}, None, datetime(2026, 3, 4, 5, tzinfo=UTC)),
        ("its own expiry, whatever its words",
         {"message_data": {"type": "note", "message": "See you tonight"}, "expires_at": NOW + WEEK}, None, NOW + WEEK),
        ("an expiry in the past is now", {"expires_at": NOW - HOUR}, None, NOW),
        ("an expiry that no database holds", {"expires_at": "9999-12-31T23:59:59Z"}, None,
         NOW + timedelta(days=366) + WEEK),
    ],
)  # fmt: skip
def test_how_long_a_message_lives(
    situation: str, fields: dict[str, Any], not_before: datetime | None, expires_at: datetime
) -> None:
    accepted = accept_message(**fields)
    assert (accepted.not_before, accepted.expires_at) == (not_before, expires_at), situation


@pytest.mark.parametrize(
    ("message_id", "published_at"),
    [
        (uuid7(NOW - HOUR), NOW - HOUR),
        (uuid7(NOW + HOUR), NOW),  # the publisher's clock is ahead
        (UUID("00000000-0000-4000-8000-000000000001"), NOW),  # a version 4 id holds no time
    ],
)
def test_when_a_message_was_published(message_id: UUID, published_at: datetime) -> None:
    accepted = accept_message(message_id=message_id)
    assert (accepted.message_id, accepted.published_at) == (message_id, published_at)


def test_a_message_without_an_id_takes_one_from_sqs() -> None:
    assert accept_message().message_id == id_from_sqs("sqs-1")


def test_a_publisher_is_stored_where_agents_are_bound_to_it_alone() -> None:
    assert accept_message(agent_id="bound").publisher == "AROAUTHOR"
    assert accept_message().publisher == "AROAUTHOR", "what it publishes for other agents is its own too"
    assert accept_message(replace(ARRIVAL, publisher="AROAFREE")).publisher is None


def test_a_reply_is_urgent_and_waits_for_earlier_replies() -> None:
    reply = build_reply(user_id="ada", agent_id="calm", content="Yes")
    accepted = accept_reply(reply, ARRIVAL, KNOWN, POLICY, NOW)
    assert (accepted.priority, accepted.status, accepted.reason, accepted.due) == (
        "urgent",
        "queued",
        "reply_order",
        NOW,
    )
    assert accepted.is_reply
    assert accepted.message_data == '{"type": "reply", "message": "Yes"}'
    assert accepted.published_at == ARRIVAL.sent_at, "an id without a time leaves the time on the queue"


def test_a_reply_to_another_users_conversation_is_rejected() -> None:
    reply = build_reply(user_id="ada", content="Yes", conversation_context_id=BENS_CONVERSATION)
    with pytest.raises(InvalidMessage, match="conversation_context_id"):
        accept_reply(reply, ARRIVAL, KNOWN, POLICY, NOW)


def test_a_text_repeats_others_and_expects_an_answer_only_where_its_agent_says_so() -> None:
    asks = accept_message(allow_repeat=True, expects_reply=True)
    silent = accept_message()
    assert (asks.allow_repeat, asks.expects_reply) == (True, True)
    assert (silent.allow_repeat, silent.expects_reply) == (False, False)
    with pytest.raises(InvalidMessage, match="Use true or false"):
        accept_message(allow_repeat="perhaps")
