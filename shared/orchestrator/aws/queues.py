"""SQS: reads records, sends messages and dead letters in batches, and returns records for a later try."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from orchestrator.aws.clients import own_role_id, sqs_client
from orchestrator.aws.setup_errors import region_for
from orchestrator.ids import publisher_of

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

# SQS takes 10 messages and, on our queues, 262,144 bytes in one batch.
BATCH_MESSAGES = 10
BATCH_BYTES = 262_144
# The longest delay of a message, in seconds (SQS's limit).
LONGEST_DELAY = 900
# Calls side by side for more than one batch; one call takes some 10 ms.
PARALLEL_CALLS = 8
# The message attribute that keeps a record's first SQS id when its body is sent again.
ORIGINAL_ID = "sqs_message_id"
# The message attributes that keep when and by whom a record was first sent, when a function puts it on its queue again.
FIRST_SENT_AT = "first_sent_at"
FIRST_SENDER_ID = "first_sender_id"
# The longest problem in a dead letter, in characters: people read it. SQS would allow more.
LONGEST_PROBLEM = 1_000


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message for a queue.

    Attributes:
        body: the JSON text.
        delay: seconds (0 to 900) before a consumer sees it.
        group: whom it concerns or who sends it; where one group has much in work, a fair queue serves the others first.
        attributes: string attributes beside the body.
    """

    body: str
    delay: int = 0
    group: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """One SQS record of an event.

    Attributes:
        sqs_message_id: its id in SQS.
        original_id: the id that it had when it was first published; a redrive of ours gives a record a new id.
        sent_at: when SQS first received it.
        queued_at: when SQS received this copy; SQS deletes it at the end of the queue's retention.
        first_received_at: when this copy was first received from its queue.
        sender_id: the AWS identity that first sent it.
        receive_count: how often this copy was received, this time included.
        queue: the name of its queue.
        doubt: why it is not known when and by whom it was first sent; None where that is known.
    """

    sqs_message_id: str
    original_id: str
    receipt_handle: str
    body: str
    sent_at: datetime
    queued_at: datetime
    first_received_at: datetime
    sender_id: str
    receive_count: int
    queue: str
    doubt: Exception | None = None

    def __hash__(self) -> int:
        # Records are keys of dictionaries; only the id distinguishes them.
        return hash(self.sqs_message_id)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record for a dead-letter queue, with the reason why it is not processed."""

    record: QueueRecord
    reason: str
    field: str
    problem: str


def records_of(event: Mapping[str, Any]) -> list[QueueRecord]:
    """The records of an SQS event.

    A record may name its first sender, which counts where this project's own function wrote it. Where STS does not
    answer who we are, such a record alone is in doubt.
    """
    records = event["Records"]
    own_role, doubt = None, None
    if any(FIRST_SENT_AT in record.get("messageAttributes", {}) for record in records):
        try:
            own_role = own_role_id()
        except Exception as error:  # noqa: BLE001  (any publisher can write the attribute: it must stop nothing else)
            doubt = error
    return [_record_of(record, own_role, doubt) for record in records]


def _record_of(record: Mapping[str, Any], own_role: str | None, doubt: Exception | None) -> QueueRecord:
    attributes = record["attributes"]
    given = {name: value.get("stringValue") for name, value in (record.get("messageAttributes") or {}).items()}
    sender_id = attributes.get("SenderId", "")
    queued = attributes["SentTimestamp"]
    queued_at = _time_of(queued)
    first_received = attributes.get("ApproximateFirstReceiveTimestamp", queued)
    is_put_again = FIRST_SENT_AT in given and publisher_of(sender_id) == own_role
    return QueueRecord(
        sqs_message_id=record["messageId"],
        original_id=given.get(ORIGINAL_ID) or record["messageId"],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        sent_at=_time_of(given[FIRST_SENT_AT]) if is_put_again else queued_at,
        queued_at=queued_at,
        first_received_at=queued_at if first_received == queued else _time_of(first_received),
        sender_id=given.get(FIRST_SENDER_ID, "") if is_put_again else sender_id,
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        queue=record.get("eventSourceARN", "").rpartition(":")[2],
        doubt=doubt if FIRST_SENT_AT in given else None,
    )


def _time_of(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def queue_url_of(records: Sequence[QueueRecord], *queue_urls: str | None) -> str | None:
    """The queue, among several, from which a batch came; None when it came from none of them."""
    names = {url.rpartition("/")[2]: url for url in queue_urls if url}
    return names.get(records[0].queue) if records else None


def send_all(
    queue_url: str, messages: Sequence[OutgoingMessage], raises: Callable[[Exception], Exception | None] | None = None
) -> dict[int, str]:
    """Send any number of messages, in as few batches as SQS allows.

    Args:
        raises: makes of an error of boto3 the error to raise; None where it is the cause of a failure as any other.

    Returns:
        The cause for each message that SQS did not take, by its place in `messages`. Empty when SQS took all.
    """
    batches = list(_batches(messages))
    if len(batches) <= 1:
        results = [_send_batch(queue_url, batch, raises) for batch in batches]
    else:
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            results = list(pool.map(lambda batch: _send_batch(queue_url, batch, raises), batches))
    return {place: cause for failures in results for place, cause in failures.items()}


def send_dead_letters(queue_url: str | None, dead_letters: Sequence[DeadLetter]) -> list[QueueRecord]:
    """Send records to a dead-letter queue, each with its reason in the message attributes.

    Returns:
        The records that SQS did not take, which must come back; all of them without a queue.
    """
    if queue_url is None:
        return [dead_letter.record for dead_letter in dead_letters]
    messages = [
        OutgoingMessage(
            dead_letter.record.body,
            attributes={
                "reason": dead_letter.reason,
                "field": dead_letter.field,
                "problem": dead_letter.problem[:LONGEST_PROBLEM],
                ORIGINAL_ID: dead_letter.record.original_id,
            },
        )
        for dead_letter in dead_letters
    ]
    return [dead_letters[place].record for place in send_all(queue_url, messages)]


def put_again(queue_url: str, records: Sequence[QueueRecord]) -> list[QueueRecord]:
    """Put records on their queue again, each with its first id, time and sender, so that SQS keeps them for longer.

    Returns:
        The records that SQS took; their old copies must not come back.
    """
    messages = [
        OutgoingMessage(
            record.body,
            delay=LONGEST_DELAY,
            attributes={
                ORIGINAL_ID: record.original_id,
                FIRST_SENT_AT: str(round(record.sent_at.timestamp() * 1000)),
                FIRST_SENDER_ID: record.sender_id,
            },
        )
        for record in records
    ]
    not_taken = send_all(queue_url, messages)
    return [record for place, record in enumerate(records) if place not in not_taken]


def retry_later(queue_url: str | None, waits: Mapping[QueueRecord, int]) -> None:
    """Make received records visible again after the given seconds.

    A record that SQS does not change comes back after the visibility timeout of its queue.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if queue_url is None:
        return
    entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
        {"Id": str(place), "ReceiptHandle": record.receipt_handle, "VisibilityTimeout": seconds}
        for place, (record, seconds) in enumerate(waits.items())
    ]
    for start in range(0, len(entries), BATCH_MESSAGES):
        with suppress(BotoCoreError, ClientError):
            sqs_client().change_message_visibility_batch(
                QueueUrl=queue_url, Entries=entries[start : start + BATCH_MESSAGES]
            )


def _batches(messages: Sequence[OutgoingMessage]) -> Iterable[list[tuple[int, OutgoingMessage]]]:
    """The messages, each with its place, in batches that SQS takes."""
    batch: list[tuple[int, OutgoingMessage]] = []
    batch_bytes = 0
    for place, message in enumerate(messages):
        size = _size(message)
        if batch and (len(batch) == BATCH_MESSAGES or batch_bytes + size > BATCH_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append((place, message))
        batch_bytes += size
    if batch:
        yield batch


def _size(message: OutgoingMessage) -> int:
    """Bytes that SQS counts: the body, and each attribute's name, value and data type ("String")."""
    attributes = message.attributes.items()
    return len(message.body.encode()) + sum(len(name) + len(value.encode()) + 6 for name, value in attributes)


def _send_batch(
    queue_url: str,
    batch: Sequence[tuple[int, OutgoingMessage]],
    raises: Callable[[Exception], Exception | None] | None,
) -> dict[int, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        region = region_for(queue_url)
        client = sqs_client(region) if region else sqs_client()
        answer = client.send_message_batch(
            QueueUrl=queue_url, Entries=[_entry(place, message) for place, message in batch]
        )
    except (BotoCoreError, ClientError) as error:
        if raises is not None and (raised := raises(error)) is not None:
            raise raised from error
        return {place: str(error) for place, _ in batch}
    return {int(failure["Id"]): failure.get("Message", failure["Code"]) for failure in answer.get("Failed", [])}


def _entry(place: int, message: OutgoingMessage) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": str(place),
        "MessageBody": message.body,
        "DelaySeconds": message.delay,
    }
    if message.group is not None:
        # A digest: a caller's id may hold any character, and SQS takes 128 plain ones.
        entry["MessageGroupId"] = sha256(message.group.encode()).hexdigest()[:32]
    if trace := os.environ.get("_X_AMZN_TRACE_ID"):  # set by Lambda for each invocation
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    # SQS takes no empty attribute.
    attributes = {name: value for name, value in message.attributes.items() if value}
    if attributes:
        entry["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
    return entry
