"""Enqueue: turns a batch of the enqueue queue into waiting messages, withdrawals, and rejections with a reason."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from uuid import UUID

from psycopg import Connection

from orchestrator.agents import limit_of, owner_of, throttle_notes
from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.aws.queues import DeadLetter, QueueRecord, retry_later, send_dead_letters
from orchestrator.clock import Clock
from orchestrator.consents import ConsentEntry, ConsentRecord, ConsentRevocation
from orchestrator.delivery.handover import hand_over
from orchestrator.errors import InvalidMessage, UnknownUser
from orchestrator.ids import id_from_sqs, publisher_of
from orchestrator.intake.acceptance import (
    TOO_MANY_PARTS,
    Arrival,
    BatchMemory,
    accept,
    accept_reply,
    check_owner,
    unknown_user,
)
from orchestrator.intake.consent import check_author, entry_of
from orchestrator.intake.rejections import message_id_of, rejection_of
from orchestrator.intake.urgent_first import urgent_first
from orchestrator.leases import URGENT_LEASE
from orchestrator.messages import Message, Reply, Request, Withdrawal, parse_request
from orchestrator.rules.limits import limits_by_default
from orchestrator.rules.reasons import Reason
from orchestrator.settings import EnqueueSettings, PolicySettings
from orchestrator.store import intake as store
from orchestrator.store.consents import write_consents
from orchestrator.store.intake import (
    AcceptedMessage,
    AgentThrottle,
    KnownRecords,
    MessageWithdrawal,
    Rejection,
    TopicWithdrawal,
)
from orchestrator.store.opt_outs import OptOut
from orchestrator.store.waits_for_users import UserWait

# How long a message waits for its user, who may be created a little after the message was published.
UNKNOWN_USER_GRACE = timedelta(minutes=15)
UNKNOWN_USER_RETRY_SECONDS = 60


Row = AcceptedMessage | MessageWithdrawal | TopicWithdrawal | ConsentEntry | OptOut


@dataclass(frozen=True, slots=True)
class EnqueueReport:
    """What became of a batch.

    Attributes:
        accepted: new messages by lane.
        message_ids: their ids, under `accepted`.
        repeated: messages that were accepted before.
        rejected: rejections by reason.
        ceilings: new messages that wait for the limit of their agents, and parts of sequences that are too long.
        throttled: groups of agents that wait from now on, because they are far above their usual rate.
        retry: SQS message ids that must come back.
        stored: SQS message ids of the new messages.
    """

    accepted: Counter[str] = field(metadata=publish_as(metrics.PUBLISHED, show=Counter.total))
    message_ids: Mapping[str, Sequence[UUID]] = field(metadata=publish_as(in_log=False))
    repeated: int
    withdrawn: int
    rejected: Counter[str] = field(metadata=publish_as(metrics.REJECTED))
    ceilings: Counter[str] = field(metadata=publish_as(metrics.CEILINGS))
    throttled: list[str] = field(metadata=publish_as(metrics.BRAKED, log_as="braked"))
    retry: list[str] = field(metadata=publish_as(show=len))
    stored: list[str] = field(default_factory=list, metadata=publish_as(in_log=False))

    def __add__(self, other: "EnqueueReport") -> "EnqueueReport":
        """The report of both parts of a batch."""
        return EnqueueReport(
            accepted=self.accepted + other.accepted,
            message_ids={name: [*ids, *other.message_ids[name]] for name, ids in self.message_ids.items()},
            repeated=self.repeated + other.repeated,
            withdrawn=self.withdrawn + other.withdrawn,
            rejected=self.rejected + other.rejected,
            ceilings=self.ceilings + other.ceilings,
            throttled=sorted({*self.throttled, *other.throttled}),
            retry=self.retry + other.retry,
            stored=self.stored + other.stored,
        )


@dataclass(frozen=True, slots=True)
class BatchRows:
    """What the requests of a batch become.

    Attributes:
        rejections, dead_letters: the invalid messages, as rows and for the dead-letter queue.
        throttles: groups of agents that these messages put far above their usual rate (R13).
        unknown_users: records whose user may still be created; they come back.
        sources: the record of each accepted message.
        consents: entries of the ledger of consents.
        opt_outs: people who revoked everything.
    """

    accepted: Sequence[AcceptedMessage]
    withdrawals: Sequence[MessageWithdrawal]
    topic_withdrawals: Sequence[TopicWithdrawal]
    rejections: Sequence[Rejection]
    dead_letters: Sequence[DeadLetter]
    throttles: Sequence[AgentThrottle]
    unknown_users: Sequence[QueueRecord]
    sources: Sequence[tuple[QueueRecord, AcceptedMessage]]
    consents: Sequence[ConsentEntry]
    opt_outs: Sequence[OptOut]


def enqueue(
    connection: Connection, records: Sequence[QueueRecord], settings: EnqueueSettings, clock: Clock
) -> EnqueueReport:
    """Accept one batch: two round trips to Postgres, whatever its size, and one more where it holds consents (G5).

    A batch with much that can wait beside something urgent is stored in two parts, the urgent one first.

    Raises:
        psycopg.Error: a part of the batch was not accepted; the whole batch comes back, and what was stored is known.
    """
    now = clock()
    requests, malformed = parse_records(records)
    *first, last = urgent_first(requests)
    parts = [*((part, {}) for part in first), (last, malformed)]
    return reduce(add, [_enqueue_part(connection, part, bad, settings, now) for part, bad in parts])


def _enqueue_part(
    connection: Connection,
    requests: Mapping[QueueRecord, Request],
    malformed: Mapping[QueueRecord, InvalidMessage],
    settings: EnqueueSettings,
    now: datetime,
) -> EnqueueReport:
    known = _read_known_records(connection, requests, settings, now)
    rows = rows_of(requests, malformed, known, settings, now)
    if rows.consents or rows.opt_outs:
        write_consents(connection, rows.consents, rows.opt_outs, now)
    new, claimed = store.store_batch(
        connection,
        rows.accepted,
        rows.withdrawals,
        rows.topic_withdrawals,
        rows.rejections,
        rows.throttles,
        limits_by_default(settings),
        now,
        now + URGENT_LEASE,
        [_user_wait(record, requests[record]) for record in rows.unknown_users],
    )
    # A message that SQS does not take is due again when its lease ends.
    hand_over(settings.urgent_queue_url, claimed, now)
    not_taken = send_dead_letters(settings.enqueue_dlq_url, rows.dead_letters)
    retry_later(settings.enqueue_queue_url, dict.fromkeys(rows.unknown_users, UNKNOWN_USER_RETRY_SECONDS))
    return _report(rows, new, known, [*not_taken, *_displaced_parts(rows, new, known)])


def parse_records(
    records: Sequence[QueueRecord],
) -> tuple[dict[QueueRecord, Request], dict[QueueRecord, InvalidMessage]]:
    """Parse the bodies of a batch.

    Returns:
        The request of each record, and the problem of each malformed one.
    """
    requests: dict[QueueRecord, Request] = {}
    malformed: dict[QueueRecord, InvalidMessage] = {}
    for record in records:
        try:
            requests[record] = parse_request(record.body)
        except InvalidMessage as problem:
            malformed[record] = problem
    return requests, malformed


def rows_of(
    requests: Mapping[QueueRecord, Request],
    malformed: Mapping[QueueRecord, InvalidMessage],
    known: KnownRecords,
    policy: PolicySettings,
    now: datetime,
) -> BatchRows:
    """Decide what each request of a batch becomes."""
    rows: list[Row] = []
    rejected = dict(malformed)
    unknown_users: list[QueueRecord] = []
    sources: list[tuple[QueueRecord, AcceptedMessage]] = []
    memory = BatchMemory(known)
    for record, request in requests.items():
        try:
            row = _row_of(record, request, memory, policy, now)
        except InvalidMessage as problem:
            rejected[record] = problem
        except UnknownUser:
            unknown_users.append(record)
        else:
            rows.append(row)
            if isinstance(row, AcceptedMessage):
                memory.add(row)
                sources.append((record, row))
    notes = throttle_notes(memory.counts, known.groups.values(), policy)
    return BatchRows(
        accepted=[row for row in rows if isinstance(row, AcceptedMessage)],
        withdrawals=[row for row in rows if isinstance(row, MessageWithdrawal)],
        topic_withdrawals=[row for row in rows if isinstance(row, TopicWithdrawal)],
        rejections=[
            rejection_of(record, problem, requests.get(record), known.people) for record, problem in rejected.items()
        ],
        dead_letters=[DeadLetter(record, p.reason, p.field, str(p)) for record, p in rejected.items()],
        throttles=[AgentThrottle(key, note) for key, note in notes.items()],
        unknown_users=unknown_users,
        sources=sources,
        consents=[row for row in rows if isinstance(row, ConsentEntry)],
        opt_outs=[row for row in rows if isinstance(row, OptOut)],
    )


def _row_of(
    record: QueueRecord,
    request: Request,
    memory: BatchMemory,
    policy: PolicySettings,
    now: datetime,
) -> Row:
    """The row of one request.

    Raises:
        InvalidMessage: it cannot be accepted.
        UnknownUser: its user may still be created.
    """
    known = memory.known
    if request.user_id and request.user_id not in known.people:
        if now - record.sent_at < UNKNOWN_USER_GRACE:
            raise UnknownUser(request.user_id)
        raise unknown_user()
    publisher = publisher_of(record.sender_id)
    if isinstance(request, Withdrawal):
        if request.user_id and request.topic:
            user_id = known.people[request.user_id].user_id
            return TopicWithdrawal(user_id, request.topic, publisher, record.sent_at)
        assert request.message_id is not None  # a withdrawal names a message, or a user and a topic
        check_owner("message_id", request.message_id, publisher, known)
        return MessageWithdrawal(request.message_id, publisher)
    if isinstance(request, ConsentRecord | ConsentRevocation):
        check_author(request, owner_of(publisher, known.agents))
        person, entry_id = known.people[request.user_id], id_from_sqs(record.original_id)
        return entry_of(request, entry_id, person, publisher or "unknown", record.sent_at)
    earlier = memory.counts.get(known.groups[request.agent_id, publisher].key, 0)
    arrival = Arrival(record.original_id, publisher, record.sent_at, earlier)
    if isinstance(request, Reply):
        return accept_reply(request, arrival, known, policy, now)
    return accept(request, arrival, known, policy, now)


def _displaced_parts(rows: BatchRows, new_ids: Collection[UUID], known: KnownRecords) -> list[QueueRecord]:
    """The records of parts whose position a concurrent batch took after this one had read the sequence (R8).

    They come back, and are then rejected with a reason. A repeated part comes back once, and is then known.
    """

    def is_known(part: AcceptedMessage) -> bool:
        sequence = known.sequences.get(part.sequence_id) if part.sequence_id else None
        return sequence is not None and part.message_id in sequence.parts.values()

    return [
        record
        for record, row in rows.sources
        if row.sequence_id and row.message_id not in new_ids and not is_known(row)
    ]


def _report(
    rows: BatchRows, new_ids: Collection[UUID], known: KnownRecords, back: Sequence[QueueRecord]
) -> EnqueueReport:
    """The report of a batch; a message whose id is not new was accepted before. `back`: records that come back."""
    new = [message for message in rows.accepted if message.message_id in new_ids]
    rejected = Counter(rejection.reason for rejection in rows.rejections)
    ceilings = Counter(
        limit_of(known.groups[message.agent_id, message.published_by].key)
        for message in new
        if message.reason is Reason.AGENT_LIMIT
    )
    ceilings += Counter({TOO_MANY_PARTS: rejected[TOO_MANY_PARTS]})
    return EnqueueReport(
        accepted=Counter(message.priority for message in new),
        message_ids={"accepted": [message.message_id for message in new]},
        repeated=len(rows.accepted) - len(new),
        withdrawn=len(rows.withdrawals) + len(rows.topic_withdrawals),
        rejected=rejected,
        ceilings=ceilings,
        throttled=sorted(throttle.agent_group for throttle in rows.throttles),
        retry=[record.sqs_message_id for record in (*rows.unknown_users, *back)],
        stored=[record.sqs_message_id for record, message in rows.sources if message.message_id in new_ids],
    )


def _read_known_records(
    connection: Connection, by_record: Mapping[QueueRecord, Request], policy: PolicySettings, now: datetime
) -> KnownRecords:
    """Read the people, conversations, sequences and agents that the requests refer to; one round trip."""
    requests = list(by_record.values())
    messages = [request for request in requests if isinstance(request, Message | Reply)]
    replaced = {m.supersedes_message_id for m in messages if isinstance(m, Message)}
    return store.read_known_records(
        connection,
        references={request.user_id for request in requests if request.user_id},
        conversation_ids={m.conversation_context_id for m in messages if m.conversation_context_id},
        message_ids={*filter(None, replaced), *(r.message_id for r in requests if r.message_id)},
        sequence_ids={m.sequence_id for m in messages if isinstance(m, Message) and m.sequence_id},
        speakers={
            (request.agent_id, publisher_of(record.sender_id))
            for record, request in by_record.items()
            if isinstance(request, Message | Reply)
        },
        start_limit=policy.agent_start_limit,
        now=now,
    )


def _user_wait(record: QueueRecord, request: Request) -> UserWait:
    """The row by which `explain` and `doctor` find a message that waits for its user to be created."""
    agent_id = request.agent_id if isinstance(request, Message | Reply) else None
    return UserWait(message_id_of(record, request), agent_id, record.sent_at + UNKNOWN_USER_GRACE)
