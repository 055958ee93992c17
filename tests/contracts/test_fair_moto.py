"""The local stack's queues are fair, as AWS documents it (see `test_fair_queue.py` for the page)."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws
from moto.sqs import models

from orchestrator_local.fair_moto import fair_queue_class

Sqs = Any


class Clock:
    """Seconds since 1970, which a test moves."""

    now = 1_000_000.0

    def seconds(self) -> float:
        return self.now

    def milliseconds(self) -> float:
        return self.now * 1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[tuple[Sqs, str]]:
    """A client and the URL of a fair queue."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL_SQS", raising=False)
    fair = {
        "unix_time": clock.seconds,
        "unix_time_millis": clock.milliseconds,
        "Queue": fair_queue_class(clock.seconds),
    }
    with mock_aws(), patch.dict(vars(models), fair):
        client = boto3.client("sqs", region_name="us-east-1")
        yield client, client.create_queue(QueueName=uuid4().hex, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]


def send(queue: tuple[Sqs, str], group: str, messages: int, clock: Clock) -> None:
    client, url = queue
    clock.now += 0.1
    for _ in range(messages):
        client.send_message(QueueUrl=url, MessageBody=group, MessageGroupId=group)


def receive(queue: tuple[Sqs, str], most: int = 10) -> list[dict[str, Any]]:
    client, url = queue
    messages: list[dict[str, Any]] = client.receive_message(QueueUrl=url, MaxNumberOfMessages=most).get("Messages", [])
    return messages


def delete(queue: tuple[Sqs, str], messages: list[dict[str, Any]]) -> None:
    client, url = queue
    for message in messages:
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_a_bulk_run_that_takes_the_consumers_time_lets_others_pass(queue: tuple[Sqs, str], clock: Clock) -> None:
    send(queue, "bulk", 30, clock)
    first = receive(queue)
    clock.now += 1
    delete(queue, first)
    send(queue, "quiet", 1, clock)
    assert [message["Body"] for message in receive(queue)] == ["quiet", *["bulk"] * 9]


def test_of_two_noisy_groups_the_one_with_fewer_in_flight_comes_first(queue: tuple[Sqs, str], clock: Clock) -> None:
    send(queue, "urgent", 5, clock)
    send(queue, "bulk", 30, clock)
    both = receive(queue)
    clock.now += 1
    delete(queue, both)
    send(queue, "urgent", 1, clock)
    assert [message["Body"] for message in receive(queue)][:2] == ["bulk", "urgent"]


def test_thirty_in_flight_make_a_group_noisy_before_anything_was_processed(
    queue: tuple[Sqs, str], clock: Clock
) -> None:
    send(queue, "bulk", 50, clock)
    send(queue, "quiet", 1, clock)
    assert [m["Body"] for _ in range(3) for m in receive(queue)] == ["bulk"] * 30
    assert receive(queue)[0]["Body"] == "quiet"


def test_messages_come_by_age_while_no_group_is_noisy(queue: tuple[Sqs, str], clock: Clock) -> None:
    for group in ("a", "b", "c"):
        send(queue, group, 1, clock)
    assert [message["Body"] for message in receive(queue)] == ["a", "b", "c"]
