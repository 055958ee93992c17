"""What AWS documents of SQS, and of Lambda's polling of it, that our code relies on; one test for each behaviour.

Pages: [API] docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference, [GUIDE] …/SQSDeveloperGuide, [LAMBDA]
docs.aws.amazon.com/lambda/latest/dg. The service is moto's, which is milder in places: there the request itself is checked.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import boto3
import pytest
from aws_lambda_powertools import Logger
from moto import mock_aws

from orchestrator.aws import queues
from orchestrator.aws.batches import LONGEST_WAIT_SECONDS, PUT_AGAIN_AFTER, Processed, answer_batch
from orchestrator.aws.queues import (
    BATCH_BYTES,
    FIRST_SENDER_ID,
    FIRST_SENT_AT,
    LONGEST_DELAY,
    DeadLetter,
    OutgoingMessage,
    QueueRecord,
    put_again,
    records_of,
    retry_later,
    send_all,
    send_dead_letters,
)
from orchestrator.messages import build_message, to_body
from tests.world import sqs_event, sqs_record

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
Sqs = Any


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Sqs, str]]:
    """A client and the URL of a queue."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL_SQS", raising=False)
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        queue_url = client.create_queue(QueueName=f"contract-{uuid4()}")["QueueUrl"]
        with patch.object(queues, "sqs_client", lambda: client):
            yield client, queue_url


def requests_of(client: Sqs, operation: str) -> list[dict[str, Any]]:
    """Collect the requests of one operation from now on."""
    seen: list[dict[str, Any]] = []
    client.meta.events.register(f"before-parameter-build.sqs.{operation}", lambda params, **_: seen.append(params))
    return seen


def record(number: int = 0, handle: str = "none") -> QueueRecord:
    (read,) = records_of(sqs_event([sqs_record("{}", NOW, message_id=f"sqs-{number}", handle=handle)]))
    return read


# Sending -----------------------------------------------------------------------------------------------------------------


def test_a_batch_holds_at_most_ten_messages(sqs: tuple[Sqs, str]) -> None:
    """[API] SendMessageBatch: up to 10 entries, else TooManyEntriesInBatchRequest."""
    client, url = sqs
    with pytest.raises(client.exceptions.TooManyEntriesInBatchRequest):
        client.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(11)])
    seen = requests_of(client, "SendMessageBatch")
    assert send_all(url, [OutgoingMessage("x")] * 25) == {}
    assert sorted(len(request["Entries"]) for request in seen) == [5, 10, 10]


def test_a_batch_holds_no_more_bytes_than_a_message_may_have(sqs: tuple[Sqs, str]) -> None:
    """[API] SendMessageBatch: the sum of a batch has the limit of one message; names, types and values count."""
    client, url = sqs
    seen = requests_of(client, "SendMessageBatch")
    big = OutgoingMessage("x" * 100_000, attributes={"reason": "y" * 40_000})
    assert send_all(url, [big] * 4) == {}
    for request in seen:
        assert sum(len(json.dumps(entry)) for entry in request["Entries"]) < BATCH_BYTES + 1_000
    assert [len(request["Entries"]) for request in seen] == [1] * 4


def test_a_batch_may_succeed_in_part_although_its_status_is_200(sqs: tuple[Sqs, str]) -> None:
    """[API] SendMessageBatch: "you should check for batch errors even when the call returns … 200"."""
    client, url = sqs
    answer = {
        "Successful": [{"Id": "0"}, {"Id": "2"}],
        "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}],
    }
    with patch.object(client, "send_message_batch", return_value=answer):
        assert send_all(url, [OutgoingMessage("x")] * 3) == {1: "InternalError"}


def test_a_request_that_fails_as_a_whole_leaves_each_of_its_messages_unsent(sqs: tuple[Sqs, str]) -> None:
    _, url = sqs
    assert set(send_all(f"{url}-that-does-not-exist", [OutgoingMessage("x")] * 3)) == {0, 1, 2}


def test_the_ids_of_a_batch_are_unique_and_plain(sqs: tuple[Sqs, str]) -> None:
    """[API] SendMessageBatchRequestEntry: alphanumeric, hyphens, underscores; at most 80."""
    client, url = sqs
    seen = requests_of(client, "SendMessageBatch")
    send_all(url, [OutgoingMessage("x")] * 10)
    ids = [entry["Id"] for entry in seen[0]["Entries"]]
    assert len(set(ids)) == 10
    assert all(entry_id.isalnum() and len(entry_id) <= 80 for entry_id in ids)


def test_a_message_is_delayed_by_at_most_900_seconds(sqs: tuple[Sqs, str]) -> None:
    """[API] SendMessageBatchRequestEntry, DelaySeconds: 0 to 900."""
    client, url = sqs
    assert LONGEST_DELAY == 900
    assert send_all(url, [OutgoingMessage("x", delay=LONGEST_DELAY)]) == {}
    assert client.receive_message(QueueUrl=url).get("Messages", []) == []


@pytest.mark.parametrize("person", ["ada", "a b", "é", "x" * 500, "a\nb", "+12125550101"])
def test_a_group_has_at_most_128_plain_characters(sqs: tuple[Sqs, str], person: str) -> None:
    """[API] SendMessage, MessageGroupId: alphanumeric and punctuation; on standard queues it makes them fair."""
    client, url = sqs
    seen = requests_of(client, "SendMessageBatch")
    assert send_all(url, [OutgoingMessage("x", group=person), OutgoingMessage("y", group=person)]) == {}
    first, second = (entry["MessageGroupId"] for entry in seen[0]["Entries"])
    assert first == second
    assert first.isascii()
    assert first.isalnum()
    assert len(first) <= 128


def test_the_trace_header_is_the_system_attribute_that_a_message_may_have(
    sqs: tuple[Sqs, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """[API] SendMessage, MessageSystemAttributes: only AWSTraceHeader, of the type String."""
    client, url = sqs
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
    seen = requests_of(client, "SendMessageBatch")
    send_all(url, [OutgoingMessage("x")])
    (entry,) = seen[0]["Entries"]
    assert entry["MessageSystemAttributes"].keys() == {"AWSTraceHeader"}
    assert entry["MessageSystemAttributes"]["AWSTraceHeader"]["DataType"] == "String"


def test_a_body_has_only_characters_of_xml() -> None:
    """[API] SendMessage: #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF."""
    noise = "\0\x07\x0b\x1b\ud83d\ufffe\uffff"
    body = to_body(
        build_message(
            {"user_id": "ada", "agent_id": "bot", "message_data": {"type": "x", "message": f"Hi{noise} é 👋"}}
        )
    )
    assert all(character in "\t\n\r" or " " <= character <= "\ud7ff" or character >= "\ue000" for character in body)
    assert not {"\ufffe", "\uffff"} & set(body)
    assert "é 👋" in body


def test_an_attribute_has_a_value(sqs: tuple[Sqs, str]) -> None:
    """[API] MessageAttributeValue: name, type and value must not be empty."""
    client, url = sqs
    seen = requests_of(client, "SendMessageBatch")
    assert send_dead_letters(url, [DeadLetter(record(), "unreadable", "", "")]) == []
    assert put_again(url, [record()]) != []
    assert send_all(url, [OutgoingMessage("x", attributes={"sender": ""})]) == {}
    entries = [entry for request in seen for entry in request["Entries"]]
    given = [
        attribute
        for entry in entries
        for attribute in entry.get("MessageAttributes", {"x": {"StringValue": "x"}}).values()
    ]
    assert all(attribute["StringValue"] for attribute in given)
    assert "MessageAttributes" not in entries[-1]


def test_a_message_has_at_most_ten_attributes(sqs: tuple[Sqs, str]) -> None:
    """[GUIDE] sqs-message-metadata: up to 10 attributes."""
    client, url = sqs
    seen = requests_of(client, "SendMessageBatch")
    assert send_dead_letters(url, [DeadLetter(record(), "unreadable", "body", "p" * 5_000)]) == []
    put_again(url, [record()])
    assert all(1 <= len(entry["MessageAttributes"]) <= 10 for request in seen for entry in request["Entries"])


# Receiving ---------------------------------------------------------------------------------------------------------------


def test_times_are_milliseconds_and_counts_are_texts() -> None:
    """[API] Message, Attributes: SentTimestamp and ApproximateFirstReceiveTimestamp are epoch milliseconds."""
    raw = sqs_record("{}", NOW, receives=3)
    raw["attributes"]["ApproximateFirstReceiveTimestamp"] = str(int((NOW.timestamp() + 2) * 1000))
    (read,) = records_of(sqs_event([raw]))
    assert (read.sent_at, read.first_received_at) == (NOW, NOW + timedelta(seconds=2))
    assert read.receive_count == 3


def test_the_sender_is_the_role_and_its_session() -> None:
    """[API] Message, SenderId: for a role `AROA…:session`; SQS sets it, a publisher cannot."""
    raw = sqs_record("{}", NOW)
    raw["attributes"]["SenderId"] = "AROAEXAMPLE:session"
    (read,) = records_of(sqs_event([raw]))
    assert read.sender_id == "AROAEXAMPLE:session"


def test_a_publisher_can_write_any_message_attribute_so_that_ours_count_from_ourselves_alone() -> None:
    attributes = {FIRST_SENT_AT: "0", FIRST_SENDER_ID: "AROAOWNER:x"}
    raw = sqs_record("{}", NOW, attributes=attributes)
    raw["attributes"]["SenderId"] = "AROAOTHER:x"
    with patch.object(queues, "own_role_id", lambda: "AROAOURS"):
        (read,) = records_of(sqs_event([raw]))
    assert (read.sent_at, read.sender_id) == (NOW, "AROAOTHER:x")


def test_a_message_that_is_not_deleted_comes_again_with_a_higher_count_and_its_first_time(
    sqs: tuple[Sqs, str],
) -> None:
    """[GUIDE] standard-queues, at-least-once delivery; [API] ChangeMessageVisibility: 0 to 43,200 seconds."""
    client, url = sqs
    send_all(url, [OutgoingMessage("{}")])
    seen = []
    for _ in range(2):
        (message,) = client.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
        seen.append(message)
        retry_later(url, {record(handle=message["ReceiptHandle"]): 0})
    first, second = (message["Attributes"] for message in seen)
    assert (first["ApproximateReceiveCount"], second["ApproximateReceiveCount"]) == ("1", "2")
    assert first["SentTimestamp"] == second["SentTimestamp"]
    assert LONGEST_WAIT_SECONDS <= 43_200


def test_visibility_is_changed_for_ten_records_at_once(sqs: tuple[Sqs, str]) -> None:
    """[API] ChangeMessageVisibilityBatch: up to 10 entries; a handle that is no longer valid is no fault of ours."""
    client, url = sqs
    seen = requests_of(client, "ChangeMessageVisibilityBatch")
    retry_later(url, {record(number): 5 for number in range(25)})
    assert [len(request["Entries"]) for request in seen] == [10, 10, 5]


def test_a_copy_comes_before_the_longest_retention_ends() -> None:
    """[API] SetQueueAttributes, MessageRetentionPeriod: at most 1,209,600 seconds, from when it was first sent."""
    assert timedelta(seconds=1_209_600) >= 2 * PUT_AGAIN_AFTER


# Partial batch responses ([LAMBDA] services-sqs-errorhandling) ------------------------------------------------------------


def answer(process: Callable[[Any], list[str]], number: int = 3) -> dict[str, Any]:
    records = [record(place) for place in range(number)]
    return answer_batch(
        records, lambda batch: Processed(process(batch)), None, None, Logger(service="contract", level="CRITICAL"), NOW
    )


def test_an_empty_list_is_a_complete_success() -> None:
    assert answer(lambda _records: []) == {"batchItemFailures": []}


def test_each_identifier_is_the_id_of_a_record_of_the_batch() -> None:
    """An empty, null or unknown identifier makes the whole batch fail."""
    assert answer(lambda records: [records[1].sqs_message_id]) == {"batchItemFailures": [{"itemIdentifier": "sqs-1"}]}


def test_an_exception_would_make_the_whole_batch_fail_so_that_none_leaves_the_handler() -> None:
    def fail_on_second(records: Any) -> list[str]:
        if any(read.sqs_message_id == "sqs-1" for read in records):
            raise ValueError("bad")
        return []

    assert answer(fail_on_second) == {"batchItemFailures": [{"itemIdentifier": "sqs-1"}]}
