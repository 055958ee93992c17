"""Reads the dead-letter queues in SQS, and sends dead letters back or deletes them."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from orchestrator.aws.clients import sqs_client
from orchestrator.aws.queues import ORIGINAL_ID, OutgoingMessage, send_all
from orchestrator.errors import OrchestratorError, SettingsError
from orchestrator.ids import agent_id_in, id_from_sqs, message_id_in

# Seconds for which SQS hides a received dead letter from other consumers.
VISIBILITY_SECONDS = 30
# With a wait, SQS asks all of its servers for records, and not some of them.
WAIT_SECONDS = 1


class SourceQueue(StrEnum):
    """A queue that has a dead-letter queue."""

    ENQUEUE = "enqueue"
    DELIVERY = "delivery"
    URGENT = "urgent"
    INBOUND = "inbound"

    @property
    def variable(self) -> str:
        """The environment variable with the queue's URL."""
        return f"{self.value.upper()}_QUEUE_URL"

    @property
    def dead_letter_variable(self) -> str:
        """The environment variable with the URL of its dead-letter queue, which only our code fills (G11)."""
        return f"{self.value.upper()}_DLQ_URL"


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """One dead letter as SQS returned it, with the handle to delete or release it.

    Attributes:
        attributes: our code sets `reason` and `problem`; they are missing where SQS moved the record after too many
            receives.
    """

    sqs_message_id: str
    receipt_handle: str
    body: str
    sent_at: datetime
    attributes: dict[str, str]

    @property
    def first_sqs_id(self) -> str:
        """The id that SQS gave the record when it was first published."""
        return self.attributes.get(ORIGINAL_ID, self.sqs_message_id)

    @property
    def message_id(self) -> UUID:
        """The one id of the dead letter, which `explain` takes: that of its message, or else made from SQS's own."""
        return message_id_in(self.body) or id_from_sqs(self.first_sqs_id)

    @property
    def agent_id(self) -> str | None:
        """The agent that the body names."""
        return agent_id_in(self.body)

    @property
    def reason(self) -> str:
        """The machine-readable reason; `none` where there is none."""
        return self.attributes.get("reason", "none")


def is_set(queue: SourceQueue) -> bool:
    """Whether the environment has the queue's URL."""
    return bool(os.environ.get(queue.variable))


def queues_in_environment() -> list[SourceQueue]:
    """The queues whose URLs the environment has."""
    return [queue for queue in SourceQueue if is_set(queue)]


def url_of(queue: SourceQueue) -> str:
    """The queue's URL.

    Raises:
        SettingsError: the environment does not have it.
    """
    if not is_set(queue):
        raise SettingsError(f"{queue.variable}: is not set. Set it in the environment, or see .env.example.")
    return os.environ[queue.variable]


def dead_letter_url_of(queue: SourceQueue) -> str:
    """The URL of the queue's dead-letter queue: that in the environment, or else that of its redrive policy.

    Raises:
        SettingsError: the environment has neither the dead-letter queue's URL nor the queue's.
        OrchestratorError: the queue has no redrive policy.
    """
    if url := os.environ.get(queue.dead_letter_variable):
        return url
    answer = sqs_client().get_queue_attributes(QueueUrl=url_of(queue), AttributeNames=["RedrivePolicy"])
    policy = answer.get("Attributes", {}).get("RedrivePolicy")
    if policy is None:
        raise OrchestratorError(
            f"The {queue} queue names no dead-letter queue. Set {queue.dead_letter_variable} in the environment."
        )
    name = json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2]
    return sqs_client().get_queue_url(QueueName=name)["QueueUrl"]


def queue_length(url: str) -> int:
    """About how many records can be received from a queue now."""
    answer = sqs_client().get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def receive_dead_letters(url: str) -> Iterator[DeadLetterRecord]:
    """Receive every dead letter that is visible now, each once; they stay in the queue, hidden for a while."""
    received: set[str] = set()
    while True:
        answer = sqs_client().receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=VISIBILITY_SECONDS,
            WaitTimeSeconds=WAIT_SECONDS,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        new = [message for message in answer.get("Messages", []) if message["MessageId"] not in received]
        if not new:
            return
        for message in new:
            received.add(message["MessageId"])
            yield DeadLetterRecord(
                sqs_message_id=message["MessageId"],
                receipt_handle=message["ReceiptHandle"],
                body=message["Body"],
                sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
                attributes={
                    name: attribute["StringValue"] for name, attribute in message.get("MessageAttributes", {}).items()
                },
            )


def send_back(letter: DeadLetterRecord, dead_letter_url: str, queue_url: str) -> None:
    """Send a dead letter to its source queue, and delete it from the dead-letter queue.

    Raises:
        OrchestratorError: SQS did not accept it; it stays in the dead-letter queue.
    """
    # A record without a message_id derives one from its first SQS id, so that id is sent with it.
    attributes = {ORIGINAL_ID: letter.first_sqs_id}
    failed = send_all(queue_url, [OutgoingMessage(letter.body, attributes=attributes)])
    if failed:
        raise OrchestratorError(
            f"SQS did not accept {letter.message_id}: {failed[0]}. It stays in the dead-letter queue."
        )
    delete_dead_letter(letter, dead_letter_url)


def release(letter: DeadLetterRecord, dead_letter_url: str) -> None:
    """Make a received dead letter visible again at once."""
    sqs_client().change_message_visibility(
        QueueUrl=dead_letter_url, ReceiptHandle=letter.receipt_handle, VisibilityTimeout=0
    )


def delete_dead_letter(letter: DeadLetterRecord, dead_letter_url: str) -> None:
    """Delete a received dead letter."""
    sqs_client().delete_message(QueueUrl=dead_letter_url, ReceiptHandle=letter.receipt_handle)


def find_dead_letter(message_id: UUID) -> tuple[SourceQueue, DeadLetterRecord] | None:
    """Find the dead letter of this id in the dead-letter queues of the environment; None where there is none.

    Raises:
        botocore.exceptions.ClientError: SQS refuses the question.
    """
    for queue in queues_in_environment():
        url = dead_letter_url_of(queue)
        letters = list(receive_dead_letters(url)) if queue_length(url) else []
        for letter in letters:
            release(letter, url)
        for letter in letters:
            if letter.message_id == message_id:
                return queue, letter
    return None
