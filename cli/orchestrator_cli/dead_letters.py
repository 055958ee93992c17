"""The letters in a dead-letter queue, as SQS holds them."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from orchestrator.aws.queues import PUBLISHED_AS, OutgoingMessage, send_all, sqs
from orchestrator.errors import OrchestratorError, SettingsError

# While a letter is looked at, nobody else is shown it; afterwards it is there again.
LOOK_SECONDS = 30


class DeadLetterQueue(StrEnum):
    """The queues that have a dead-letter queue."""

    ENQUEUE = "enqueue"
    DELIVERY = "delivery"
    URGENT = "urgent"
    INBOUND = "inbound"

    @property
    def variable(self) -> str:
        """The variable that names it."""
        return f"{self.value.upper()}_QUEUE_URL"


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter; it has no reason where SQS gave it up rather than our code."""

    sqs_message_id: str
    receipt_handle: str
    body: str
    sent_at: datetime
    attributes: dict[str, str]

    @property
    def reason(self) -> str:
        return self.attributes.get("reason", "none")


def is_set(queue: DeadLetterQueue) -> bool:
    """Whether the environment names the queue."""
    return bool(os.environ.get(queue.variable))


def url_of(queue: DeadLetterQueue) -> str:
    """The queue's address.

    Raises:
        SettingsError: the environment does not name it.
    """
    if not is_set(queue):
        raise SettingsError(f"{queue.variable}: is not set. Set it in the environment, or see .env.example.")
    return os.environ[queue.variable]


def dead_letter_url_of(queue: DeadLetterQueue) -> str:
    """Where the queue's own redrive policy points.

    Raises:
        SettingsError: the environment does not name the queue.
        OrchestratorError: it has no redrive policy.
    """
    answer = sqs().get_queue_attributes(QueueUrl=url_of(queue), AttributeNames=["RedrivePolicy"])
    policy = answer.get("Attributes", {}).get("RedrivePolicy")
    if policy is None:
        raise OrchestratorError(f"The {queue} queue has no dead-letter queue.")
    name = json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2]
    return sqs().get_queue_url(QueueName=name)["QueueUrl"]


def length(url: str) -> int:
    """About how many messages can be received now."""
    answer = sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def letters(url: str) -> Iterator[Letter]:
    """Every letter that can be received now, each once."""
    seen: set[str] = set()
    while True:
        answer = sqs().receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=LOOK_SECONDS,
            WaitTimeSeconds=1,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        if not fresh:
            return
        for message in fresh:
            seen.add(message["MessageId"])
            yield Letter(
                sqs_message_id=message["MessageId"],
                receipt_handle=message["ReceiptHandle"],
                body=message["Body"],
                sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
                attributes={
                    name: attribute["StringValue"] for name, attribute in message.get("MessageAttributes", {}).items()
                },
            )


def send_back(letter: Letter, dead_letter_url: str, queue_url: str) -> None:
    """Put a letter on its queue again, and take it away here.

    Raises:
        OrchestratorError: SQS did not take it; it stays where it is.
    """
    # Its first id stays with it: a message without an id of its own takes one from that, and is still the same message.
    attributes = {PUBLISHED_AS: letter.attributes.get(PUBLISHED_AS, letter.sqs_message_id)}
    failed = send_all(queue_url, [OutgoingMessage(letter.body, attributes=attributes)])
    if failed:
        raise OrchestratorError(f"SQS did not take {letter.sqs_message_id}: {failed[0]}. It stays where it is.")
    sqs().delete_message(QueueUrl=dead_letter_url, ReceiptHandle=letter.receipt_handle)


def leave(letter: Letter, dead_letter_url: str) -> None:
    """Let others see the letter again at once."""
    sqs().change_message_visibility(QueueUrl=dead_letter_url, ReceiptHandle=letter.receipt_handle, VisibilityTimeout=0)


def destroy(letter: Letter, dead_letter_url: str) -> None:
    """Take a letter away for good."""
    sqs().delete_message(QueueUrl=dead_letter_url, ReceiptHandle=letter.receipt_handle)
