"""The way in: a batch from the queue becomes rows that wait, withdrawals, or rejections with their reason."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.errors import InvalidMessage
from orchestrator.ids import id_from_sqs
from orchestrator.messages import Lane, Message, Request, Withdrawal, parse_request
from orchestrator.people import country_of
from orchestrator.queues import Parcel, retry_later, send_all
from orchestrator.rules.reasons import Status
from orchestrator.settings import EnqueueSettings
from orchestrator.store import intake
from orchestrator.store.intake import Accepted, FoundUser, Rejected

# Users may be created a little after the first message for them.
UNKNOWN_USER_GRACE = timedelta(minutes=15)
UNKNOWN_USER_RETRY_SECONDS = 60
# An urgent message goes to its queue at once; if it is lost on the way, it is due again after this.
URGENT_LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """One SQS record, as far as acceptance needs it."""

    sqs_message_id: str
    receipt_handle: str
    body: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class EnqueueReport:
    """What became of a batch.

    Attributes:
        accepted: new messages by lane.
        repeated: messages that were here before.
        rejected: rejections by reason.
        retry: SQS message ids that must come back.
    """

    accepted: Counter[str]
    repeated: int
    withdrawn: int
    rejected: Counter[str]
    retry: list[str]


def records_of(event: Mapping[str, Any]) -> list[QueueRecord]:
    """The records of an SQS event."""
    return [
        QueueRecord(
            sqs_message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            sent_at=datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC),
        )
        for record in event["Records"]
    ]


def enqueue(
    connection: Connection, records: Sequence[QueueRecord], settings: EnqueueSettings, clock: Clock
) -> EnqueueReport:
    """Accept one batch: two round trips to Postgres, whatever its size (G5).

    Raises:
        psycopg.Error: nothing of the batch was accepted; the whole batch comes back.
    """
    now = clock()
    requests, rejected = _parse_all(records)
    users, owners = intake.find_people(connection, *_references(requests.values()))

    accepted: list[Accepted] = []
    waiting_for_user: list[QueueRecord] = []
    for record, request in requests.items():
        if isinstance(request, Withdrawal):
            continue
        user = users.get(request.user_id)
        if user is None and now - record.sent_at < UNKNOWN_USER_GRACE:
            waiting_for_user.append(record)
            continue
        try:
            accepted.append(_accept(record, request, user, owners, settings, now))
        except InvalidMessage as problem:
            rejected[record] = problem

    withdrawn = [request.message_id for request in requests.values() if isinstance(request, Withdrawal)]
    rejections = [_rejection(record, problem, requests.get(record)) for record, problem in rejected.items()]
    new = intake.take_in(connection, accepted, withdrawn, rejections, now)

    _hand_over_urgent([message for message in accepted if new.get(message.message_id) is Status.APPROVED], settings)
    undelivered = _explain_in_dead_letter_queue(rejected, settings)
    for record in waiting_for_user:
        retry_later(settings.enqueue_queue_url, record.receipt_handle, UNKNOWN_USER_RETRY_SECONDS)
    return EnqueueReport(
        accepted=Counter(message.priority for message in accepted if message.message_id in new),
        repeated=len(accepted) - len(new),
        withdrawn=len(withdrawn),
        rejected=Counter(problem.reason for problem in rejected.values()),
        retry=[record.sqs_message_id for record in (*waiting_for_user, *undelivered)],
    )


def _parse_all(
    records: Sequence[QueueRecord],
) -> tuple[dict[QueueRecord, Request], dict[QueueRecord, InvalidMessage]]:
    requests: dict[QueueRecord, Request] = {}
    rejected: dict[QueueRecord, InvalidMessage] = {}
    for record in records:
        try:
            requests[record] = parse_request(record.body)
        except InvalidMessage as problem:
            rejected[record] = problem
    return requests, rejected


def _references(requests: Iterable[Request]) -> tuple[list[str], list[UUID]]:
    messages = [request for request in requests if isinstance(request, Message)]
    return (
        sorted({message.user_id for message in messages}),
        sorted({message.conversation_context_id for message in messages if message.conversation_context_id}),
    )


def _accept(
    record: QueueRecord,
    message: Message,
    user: FoundUser | None,
    owners: Mapping[UUID, UUID],
    settings: EnqueueSettings,
    now: datetime,
) -> Accepted:
    if user is None:
        raise InvalidMessage("user_id", "is nobody we know", "Create the user first", "unknown_user")
    if country_of(user.phone_number) not in settings.allowed_countries:
        raise InvalidMessage(
            "user_id",
            "has a number outside the allowed countries",
            "Correct the number, or set ALLOWED_COUNTRIES",
            "country_not_allowed",
        )
    conversation = message.conversation_context_id
    if conversation and owners.get(conversation) != user.user_id:
        raise InvalidMessage(
            "conversation_context_id",
            "is no conversation of this user",
            "Correct it, or leave it out",
            "unknown_conversation",
        )
    due = max(message.scheduled_for or now, now)
    at_once = message.priority is Lane.URGENT and due <= now
    return Accepted(
        message_id=message.message_id or id_from_sqs(record.sqs_message_id),
        user_id=user.user_id,
        agent_id=message.agent_id,
        message_data=json.dumps(message.message_data),
        priority=message.priority,
        can_delay=message.can_delay,
        requires_fresh_context=message.requires_fresh_context,
        not_before=message.scheduled_for,
        expires_at=message.expires_at or due + timedelta(days=settings.message_lifetime_days),
        due=due,
        status=Status.APPROVED if at_once else Status.QUEUED,
        lease_until=now + URGENT_LEASE if at_once else None,
        conversation_context_id=conversation,
    )


def _rejection(record: QueueRecord, problem: InvalidMessage, request: Request | None) -> Rejected:
    message_id = request.message_id if request else None
    return Rejected(
        sqs_message_id=record.sqs_message_id,
        message_id=message_id or _claimed_id(record.body) or id_from_sqs(record.sqs_message_id),
        agent_id=request.agent_id if isinstance(request, Message) else None,
        reason=problem.reason,
        field=problem.field,
        problem=str(problem),
    )


def _claimed_id(body: str) -> UUID | None:
    """The id that a faulty body gives, so that its publisher can ask what became of it."""
    try:
        content = json.loads(body)
        return UUID(str(content.get("messageId") or content.get("message_id")))
    except (ValueError, AttributeError, RecursionError):
        return None


def _hand_over_urgent(messages: Sequence[Accepted], settings: EnqueueSettings) -> None:
    # One that SQS does not take is due again when its lease runs out.
    send_all(settings.urgent_queue_url, [Parcel(json.dumps({"message_id": str(m.message_id)})) for m in messages])


def _explain_in_dead_letter_queue(
    rejected: Mapping[QueueRecord, InvalidMessage], settings: EnqueueSettings
) -> list[QueueRecord]:
    """Put rejected bodies aside with their reason; returns those that must come back because SQS did not take them."""
    parcels = [
        Parcel(
            record.body,
            attributes={
                "reason": problem.reason,
                "field": problem.field,
                "problem": str(problem),
                "sqs_message_id": record.sqs_message_id,
            },
        )
        for record, problem in rejected.items()
    ]
    failures = send_all(settings.enqueue_dlq_url, parcels)
    return [record for place, record in enumerate(rejected) if place in failures]
