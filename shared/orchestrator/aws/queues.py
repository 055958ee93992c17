"""SQS: the queues between the functions."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

# SQS takes 10 messages and, on queues as ours are set up, 262,144 bytes in one batch.
BATCH_MESSAGES = 10
BATCH_BYTES = 262_144
# A backlog is handed over by this many calls at once; one call takes some 10 ms.
CALLS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message for a queue.

    Attributes:
        body: the JSON text.
        delay: seconds (0 to 900) before a consumer sees it.
        group: whose it is; a fair queue does not let one of them keep the others waiting.
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
        sqs_message_id: SQS's own id of it.
        published_as: the id it had when it was first published; another one once it was redriven by us.
        sender_id: the AWS identity that sent it.
        receives: how often it has been received, this time included.
        queue: the name of its queue.
    """

    sqs_message_id: str
    published_as: str
    receipt_handle: str
    body: str
    sent_at: datetime
    sender_id: str
    receives: int
    queue: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that our code gives up, and why."""

    record: QueueRecord
    reason: str
    field: str
    problem: str


# The attribute that keeps a record's first id when its body is put on a queue anew.
PUBLISHED_AS = "sqs_message_id"
# SQS allows more, but a reason is read by people.
LONGEST_PROBLEM = 1_000


def records_of(event: Mapping[str, Any]) -> list[QueueRecord]:
    """The records of an SQS event."""
    return [
        QueueRecord(
            sqs_message_id=record["messageId"],
            published_as=record.get("messageAttributes", {}).get(PUBLISHED_AS, {}).get("stringValue")
            or record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            sent_at=datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC),
            sender_id=record["attributes"].get("SenderId", ""),
            receives=int(record["attributes"].get("ApproximateReceiveCount", 1)),
            queue=record.get("eventSourceARN", "").rpartition(":")[2],
        )
        for record in event["Records"]
    ]


def queue_url_of(records: Sequence[QueueRecord], *queue_urls: str | None) -> str | None:
    """The one of several queues that a batch came from; None where it is none of them."""
    names = {url.rpartition("/")[2]: url for url in queue_urls if url}
    return names.get(records[0].queue) if records else None


def dead_letter(queue_url: str | None, letters: Sequence[DeadLetter]) -> list[QueueRecord]:
    """Put bodies aside, each with its reason; returns the records that SQS did not take and that must come back."""
    if queue_url is None:
        return [letter.record for letter in letters]
    parcels = [
        OutgoingMessage(
            letter.record.body,
            attributes={
                "reason": letter.reason,
                "field": letter.field,
                "problem": letter.problem[:LONGEST_PROBLEM],
                PUBLISHED_AS: letter.record.published_as,
            },
        )
        for letter in letters
    ]
    return [letters[place].record for place in send_all(queue_url, parcels)]


@cache
def sqs() -> "SQSClient":
    """The process's SQS client, made when first used: boto3 takes 0.3 s to import."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("sqs", config=config)


def send_all(queue_url: str, parcels: Sequence[OutgoingMessage]) -> dict[int, str]:
    """Send any number of messages, in as few batches as SQS allows.

    Returns:
        For each parcel (by its place in `parcels`) that SQS did not take: why. Empty when all went.
    """
    batches = list(_batches(parcels))
    if len(batches) <= 1:
        results = [_send_batch(queue_url, batch) for batch in batches]
    else:
        sqs()  # made before the threads, which share it
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            results = list(pool.map(lambda batch: _send_batch(queue_url, batch), batches))
    return {place: cause for failures in results for place, cause in failures.items()}


def retry_later(queue_url: str | None, waits: Mapping[QueueRecord, int]) -> None:
    """Make received records visible again after so many seconds each.

    One that SQS does not change comes back after its queue's own visibility timeout.
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
            sqs().change_message_visibility_batch(QueueUrl=queue_url, Entries=entries[start : start + BATCH_MESSAGES])


def _batches(parcels: Sequence[OutgoingMessage]) -> Iterable[list[tuple[int, OutgoingMessage]]]:
    batch: list[tuple[int, OutgoingMessage]] = []
    size = 0
    for place, parcel in enumerate(parcels):
        bytes_here = len(parcel.body.encode()) + sum(len(k) + len(v.encode()) + 6 for k, v in parcel.attributes.items())
        if batch and (len(batch) == BATCH_MESSAGES or size + bytes_here > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((place, parcel))
        size += bytes_here
    if batch:
        yield batch


def _send_batch(queue_url: str, batch: Sequence[tuple[int, OutgoingMessage]]) -> dict[int, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = sqs().send_message_batch(
            QueueUrl=queue_url, Entries=[_entry(place, parcel) for place, parcel in batch]
        )
    except (BotoCoreError, ClientError) as error:
        return {place: str(error) for place, _ in batch}
    return {int(failure["Id"]): failure.get("Message", failure["Code"]) for failure in answer.get("Failed", [])}


def _entry(place: int, parcel: OutgoingMessage) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": str(place),
        "MessageBody": parcel.body,
        "DelaySeconds": parcel.delay,
    }
    if parcel.group is not None:
        # A digest: callers' ids may hold anything, and SQS takes 128 plain characters.
        entry["MessageGroupId"] = sha256(parcel.group.encode()).hexdigest()[:32]
    if trace := os.environ.get("_X_AMZN_TRACE_ID"):  # Lambda's own, of this invocation
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    if parcel.attributes:
        entry["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in parcel.attributes.items()
        }
    return entry
