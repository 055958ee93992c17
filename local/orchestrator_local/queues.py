"""An SQS endpoint with the template's queues, and pollers that work like Lambda's event source mappings."""

import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestrator_local import processes
from orchestrator_local.runtime import FunctionFailed, FunctionProcess
from orchestrator_local.template import EventSourceMapping, QueueResource

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

ACCOUNT = "123456789012"
REGION = "us-east-1"
# moto requires credentials, as AWS does, and accepts any.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}
# SQS takes and gives at most 10 messages in one call.
_REQUEST_LIMIT = 10
_READY_SECONDS = 60


@contextmanager
def sqs_endpoint(log: Path, clock_file: Path | None = None) -> Iterator[str]:
    """Run moto's server until the block ends; yields its address.

    Args:
        log: the file for its output.
        clock_file: the file of the clock that its queues follow; by default they follow the real time.
    """
    port = processes.free_port()
    module = "orchestrator_local.sqs_server" if clock_file else "moto.server"
    environment = {**os.environ, **({"ORCHESTRATOR_CLOCK_FILE": str(clock_file.absolute())} if clock_file else {})}
    process = processes.start(
        [sys.executable, "-m", module, "-H", "127.0.0.1", "-p", str(port)], environment=environment, log=log
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(_client(address))
        yield address
    finally:
        processes.stop(process)


class LocalQueues:
    """The template's queues, created on an SQS endpoint.

    Args:
        address: the endpoint.
        resources: the queues of the template.

    Attributes:
        urls: the queues' URLs by their names in the template.
    """

    def __init__(self, address: str, resources: Iterable[QueueResource]) -> None:
        self.address = address
        self._sqs = _client(address)
        # Dead-letter queues first: the other queues refer to them.
        ordered = sorted(resources, key=lambda queue: queue.redrive_to is not None)
        self.urls: Mapping[str, str] = {queue.name: self._create(queue) for queue in ordered}

    def has_work(self) -> bool:
        """Whether a function works on a message, or could receive one now. Delayed messages do not count."""
        return any(self._count(url) for name, url in self.urls.items() if not name.endswith("DeadLetterQueue"))

    def _create(self, queue: QueueResource) -> str:
        attributes: dict[QueueAttributeNameType, str] = {"VisibilityTimeout": str(queue.visibility_seconds)}
        if queue.redrive_to:
            policy = {
                "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.redrive_to}",
                "maxReceiveCount": queue.receives,
            }
            attributes["RedrivePolicy"] = json.dumps(policy)
        return self._sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]

    def _count(self, url: str) -> int:
        names: list[QueueAttributeNameType] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)


@contextmanager
def event_source_mappings(queues: LocalQueues, functions: Iterable[FunctionProcess]) -> Iterator[None]:
    """Invoke these functions with the messages of their queues, until the block ends."""
    pollers = [_Poller(queues, mapping, process) for process in functions for mapping in process.function.mappings]
    for poller in pollers:
        poller.start()
    try:
        yield
    finally:
        for poller in pollers:
            poller.stop()


class _Poller(threading.Thread):
    """One event source mapping: receives batches, invokes the function, and deletes the messages that it processed."""

    def __init__(self, queues: LocalQueues, mapping: EventSourceMapping, function: FunctionProcess) -> None:
        super().__init__(name=f"{mapping.queue} to {function.function.name}", daemon=True)
        self._sqs = _client(queues.address)
        self._url = queues.urls[mapping.queue]
        self._mapping = mapping
        self._function = function
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._poll()
            except (BotoCoreError, ClientError):
                self._stopping.wait(0.5)  # the endpoint starts or stops

    def stop(self) -> None:
        self._stopping.set()

    def _poll(self) -> None:
        messages = self._receive(self._mapping.batch_size)
        if not messages:
            return
        window_ends = time.monotonic() + self._mapping.window_seconds
        while (room := self._mapping.batch_size - len(messages)) and time.monotonic() < window_ends:
            messages += self._receive(room)
        try:
            result = self._function.invoke({"Records": [self._record(message) for message in messages]})
        except FunctionFailed:
            return  # as on AWS, the whole batch becomes visible again after the visibility timeout
        failed = _failures(result) if self._mapping.reports_failures else set()
        done = [message for message in messages if message["MessageId"] not in failed]
        for start in range(0, len(done), _REQUEST_LIMIT):
            entries = done[start : start + _REQUEST_LIMIT]
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(entries)],
            )

    def _receive(self, most: int) -> "list[MessageTypeDef]":
        """Receive messages, as many as one request gives; wait a second for the first."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(most, _REQUEST_LIMIT),
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _record(self, message: "MessageTypeDef") -> dict[str, Any]:
        """A message as Lambda passes it to a function."""
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: {"stringValue": attribute["StringValue"], "dataType": attribute["DataType"]}
                for name, attribute in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self._mapping.queue}",
            "awsRegion": REGION,
        }


def _client(address: str) -> "SQSClient":
    import boto3

    return boto3.client(
        "sqs",
        endpoint_url=address,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def _failures(result: Mapping[str, Any]) -> set[str]:
    return {failure["itemIdentifier"] for failure in result.get("batchItemFailures", [])}


def _wait_until_ready(sqs: "SQSClient") -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            sqs.list_queues()
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
