"""The way in: a batch from the queue becomes rows that wait, withdrawals, or rejections with their reason."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from orchestrator.agents import throttle_notes
from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.aws.queues import DeadLetter, QueueRecord, dead_letter, retry_later
from orchestrator.clock import Clock
from orchestrator.delivery.handover import hand_over
from orchestrator.errors import InvalidMessage
from orchestrator.ids import id_from_sqs
from orchestrator.intake.acceptance import Arrival, accept, accept_reply, unknown_user
from orchestrator.leases import URGENT_LEASE
from orchestrator.messages import Message, Reply, Request, Withdrawal, parse_request
from orchestrator.settings import EnqueueSettings
from orchestrator.store import intake
from orchestrator.store.intake import (
    AcceptedMessage,
    AgentThrottle,
    KnownRecords,
    MessageWithdrawal,
    Rejection,
    TopicWithdrawal,
)

# Users may be created a little after the first message for them.
UNKNOWN_USER_GRACE = timedelta(minutes=15)
UNKNOWN_USER_RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class EnqueueReport:
    """What became of a batch.

    Attributes:
        accepted: new messages by lane.
        message_ids: the ids of those, under `accepted`.
        repeated: messages that were here before.
        rejected: rejections by reason.
        braked: agents that wait from now on because they are far above their usual rate.
        retry: SQS message ids that must come back.
    """

    accepted: Counter[str] = field(metadata=publish_as(metrics.PUBLISHED, show=Counter.total))
    message_ids: Mapping[str, Sequence[UUID]] = field(metadata=publish_as(in_log=False))
    repeated: int
    withdrawn: int
    rejected: Counter[str] = field(metadata=publish_as(metrics.REJECTED))
    braked: list[str] = field(metadata=publish_as(metrics.BRAKED))
    retry: list[str] = field(metadata=publish_as(show=len))


def enqueue(
    connection: Connection, records: Sequence[QueueRecord], settings: EnqueueSettings, clock: Clock
) -> EnqueueReport:
    """Accept one batch: two round trips to Postgres, whatever its size (G5).

    Raises:
        psycopg.Error: nothing of the batch was accepted; the whole batch comes back.
    """
    now = clock()
    requests, rejected = _parse_all(records)
    known = _read_known(connection, requests.values(), now)

    accepted: list[AcceptedMessage] = []
    topics_withdrawn: list[TopicWithdrawal] = []
    waiting_for_user: list[QueueRecord] = []
    counts: Counter[str] = Counter()
    for record, request in requests.items():
        if request.user_id and request.user_id not in known.people:
            if now - record.sent_at < UNKNOWN_USER_GRACE:
                waiting_for_user.append(record)
            else:
                rejected[record] = unknown_user()
            continue
        if isinstance(request, Message | Reply):
            try:
                arrival = Arrival(
                    record.published_as, record.sender_id, record.sent_at, earlier=counts[request.agent_id]
                )
                if isinstance(request, Reply):
                    accepted.append(accept_reply(request, arrival, known, settings, now))
                else:
                    accepted.append(accept(request, arrival, known, settings, now))
                counts[request.agent_id] += 1
            except InvalidMessage as problem:
                rejected[record] = problem
        elif request.user_id and request.topic:
            user_id = known.people[request.user_id].user_id
            topics_withdrawn.append(TopicWithdrawal(user_id, request.topic, record.sender_id, record.sent_at))

    withdrawn = [
        MessageWithdrawal(request.message_id, record.sender_id)
        for record, request in requests.items()
        if isinstance(request, Withdrawal) and request.message_id
    ]
    rejections = [_rejection(record, problem, requests.get(record)) for record, problem in rejected.items()]
    braked = throttle_notes(counts, known.agents, known.rates, settings)
    new, claimed = intake.store_batch(
        connection,
        accepted,
        withdrawn,
        topics_withdrawn,
        rejections,
        [AgentThrottle(agent_id, note) for agent_id, note in braked.items()],
        now,
        now + URGENT_LEASE,
    )

    # One that SQS does not take is due again when its lease runs out.
    hand_over(settings.urgent_queue_url, claimed, now)
    letters = [DeadLetter(record, error.reason, error.field, str(error)) for record, error in rejected.items()]
    not_put_aside = dead_letter(settings.enqueue_dlq_url, letters)
    retry_later(settings.enqueue_queue_url, dict.fromkeys(waiting_for_user, UNKNOWN_USER_RETRY_SECONDS))
    fresh = [message for message in accepted if message.message_id in new]
    return EnqueueReport(
        accepted=Counter(message.priority for message in fresh),
        message_ids={"accepted": [message.message_id for message in fresh]},
        repeated=len(accepted) - len(fresh),
        withdrawn=len(withdrawn) + len(topics_withdrawn),
        rejected=Counter(problem.reason for problem in rejected.values()),
        braked=sorted(braked),
        retry=[record.sqs_message_id for record in (*waiting_for_user, *not_put_aside)],
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


def _read_known(connection: Connection, requests: Iterable[Request], now: datetime) -> KnownRecords:
    requests = list(requests)
    messages = [request for request in requests if isinstance(request, Message | Reply)]
    return intake.read_known_records(
        connection,
        references=sorted({request.user_id for request in requests if request.user_id}),
        conversation_ids=sorted({m.conversation_context_id for m in messages if m.conversation_context_id}),
        sequence_ids=sorted({m.sequence_id for m in messages if isinstance(m, Message) and m.sequence_id}),
        agent_ids=sorted({m.agent_id for m in messages}),
        now=now,
    )


def _rejection(record: QueueRecord, problem: InvalidMessage, request: Request | None) -> Rejection:
    message_id = request.message_id if request else None
    return Rejection(
        sqs_message_id=record.sqs_message_id,
        message_id=message_id or _claimed_id(record.body) or id_from_sqs(record.published_as),
        agent_id=request.agent_id if isinstance(request, Message | Reply) else None,
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
