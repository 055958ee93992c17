"""SQS: the queues between the functions."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# SQS takes 10 messages and, on queues as ours are set up, 262,144 bytes in one batch.
BATCH_MESSAGES = 10
BATCH_BYTES = 262_144
# A backlog is handed over by this many calls at once; one call takes some 10 ms.
CALLS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for a queue.

    Attributes:
        body: the JSON text.
        delay: seconds (0 to 900) before a consumer sees it.
        attributes: string attributes beside the body.
    """

    body: str
    delay: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)


@cache
def sqs() -> "SQSClient":
    """The process's SQS client, made when first used: boto3 takes 0.3 s to import."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("sqs", config=config)


def send_all(queue_url: str, parcels: Sequence[Parcel]) -> dict[int, str]:
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


def retry_later(queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Make one received message visible again after `seconds`."""
    sqs().change_message_visibility(QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds)


def _batches(parcels: Sequence[Parcel]) -> Iterable[list[tuple[int, Parcel]]]:
    batch: list[tuple[int, Parcel]] = []
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


def _send_batch(queue_url: str, batch: Sequence[tuple[int, Parcel]]) -> dict[int, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = sqs().send_message_batch(
            QueueUrl=queue_url, Entries=[_entry(place, parcel) for place, parcel in batch]
        )
    except (BotoCoreError, ClientError) as error:
        return {place: str(error) for place, _ in batch}
    return {int(failure["Id"]): failure.get("Message", failure["Code"]) for failure in answer.get("Failed", [])}


def _entry(place: int, parcel: Parcel) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": str(place),
        "MessageBody": parcel.body,
        "DelaySeconds": parcel.delay,
    }
    if parcel.attributes:
        entry["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in parcel.attributes.items()
        }
    return entry
