"""An SQS endpoint with the template's queues, and pollers that act as Lambda's event source mappings."""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
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
# moto asks for credentials as AWS does, and takes any.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}


@contextmanager
def sqs_endpoint(log: Path, clock_file: Path | None = None) -> Iterator[str]:
    """Run moto's server; yields its address.

    Args:
        clock_file: the clock by which its queues go; the real one when left out.
    """
    port = processes.free_port()
    module = "orchestrator_local.sqs_on_the_clock" if clock_file else "moto.server"
    environment = {**os.environ, **({"ORCHESTRATOR_CLOCK_FILE": str(clock_file.absolute())} if clock_file else {})}
    process = processes.start(
        [sys.executable, "-m", module, "-H", "127.0.0.1", "-p", str(port)], environment=environment, log=log
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(client(address))
        yield address
    finally:
        processes.stop(process)


def client(address: str) -> "SQSClient":
    """An SQS client for the endpoint."""
    import boto3

    return boto3.client(
        "sqs",
        endpoint_url=address,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def create_queues(sqs: "SQSClient", queues: tuple[QueueResource, ...]) -> dict[str, str]:
    """Make the template's queues; returns their URLs by the template's names."""
    urls: dict[str, str] = {}
    for queue in sorted(queues, key=lambda queue: queue.redrive_to is not None):  # dead-letter queues first
        attributes = {"VisibilityTimeout": str(queue.visibility_seconds)}
        if queue.redrive_to:
            policy = {
                "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.redrive_to}",
                "maxReceiveCount": queue.receives,
            }
            attributes["RedrivePolicy"] = json.dumps(policy)
        urls[queue.name] = sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # the names are SQS's own
    return urls


class LocalQueues:
    """The stack's queues as one looks at them from outside."""

    def __init__(self, address: str, urls: Mapping[str, str]) -> None:
        self._sqs = client(address)
        self._urls = urls

    def busy(self) -> bool:
        """Whether a function has, or could have, something to work on now; what is delayed waits for its time."""
        return any(self._visible(url) for name, url in self._urls.items() if not name.endswith("DeadLetterQueue"))

    def _visible(self, url: str) -> int:
        names: list[QueueAttributeNameType] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)


class Poller(threading.Thread):
    """One event source mapping: receives batches, invokes the function, deletes what it did not hand back."""

    def __init__(self, address: str, url: str, mapping: EventSourceMapping, function: FunctionProcess) -> None:
        super().__init__(name=f"{mapping.queue} to {function.function.name}", daemon=True)
        self._sqs = client(address)
        self._url = url
        self._mapping = mapping
        self._function = function
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._poll()
            except (BotoCoreError, ClientError):
                self._stopping.wait(0.5)  # the endpoint is going down, or coming up

    def stop(self) -> None:
        self._stopping.set()

    def _poll(self) -> None:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(self._mapping.batch_size, 10),
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return
        try:
            result = self._function.invoke({"Records": [self._record(message) for message in messages]})
        except FunctionFailed:
            return  # as on AWS: the whole batch comes back after its visibility timeout
        failed = _failures(result) if self._mapping.reports_failures else set()
        done = [message for message in messages if message["MessageId"] not in failed]
        if done:
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(done)],
            )

    def _record(self, message: "MessageTypeDef") -> dict[str, Any]:
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


def _failures(result: Mapping[str, Any]) -> set[str]:
    return {failure["itemIdentifier"] for failure in result.get("batchItemFailures", [])}


def _wait_until_ready(sqs: "SQSClient") -> None:
    for attempt in range(200):
        try:
            sqs.list_queues()
        except (BotoCoreError, ClientError):
            if attempt == 199:
                raise
            time.sleep(0.05)
        else:
            return
