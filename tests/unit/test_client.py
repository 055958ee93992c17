"""The publishing client: what it puts on the queue, and what its errors name."""

import asyncio
import inspect
import json
import re
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from orchestrator import (
    AsyncMessageOrchestrator,
    InvalidMessage,
    Message,
    MessageNotSent,
    MessageOrchestrator,
    MissingCredentials,
    MissingRegion,
    MissingResource,
    NotAllowed,
    PublishFailed,
    SettingsError,
    async_client,
    client,
)
from orchestrator.aws import clients, queues
from orchestrator.aws.queues import OutgoingMessage
from orchestrator.aws.setup_errors import region_for
from orchestrator.messages import MessageFields
from orchestrator.queries import RepliesPage
from orchestrator.settings import PublisherSettings

HELLO: MessageFields = {"user_id": "ada", "agent_id": "system", "message_data": {"type": "note", "message": "Hello"}}


class Queue:
    """Takes messages in place of SQS, but those at the places in `refused`."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.refused: set[int] = set()

    def send_all(self, _url: str, messages: Sequence[OutgoingMessage], _raises: object = None) -> dict[int, str]:
        self.messages += [message for place, message in enumerate(messages) if place not in self.refused]
        return dict.fromkeys(self.refused, "throttled")

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(message.body) for message in self.messages]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    queue = Queue()
    monkeypatch.setattr(client, "send_all", queue.send_all)
    return queue


@pytest.fixture
def orchestrator() -> MessageOrchestrator:
    return MessageOrchestrator(PublisherSettings(enqueue_queue_url="http://127.0.0.1:1/queue"))


def test_keyword_arguments_are_the_fields_of_a_message() -> None:
    assert MessageFields.__annotations__.keys() == Message.model_fields.keys()
    required = {name for name, field in Message.model_fields.items() if field.is_required()}
    assert MessageFields.__required_keys__ == required


def test_one_message_is_published_with_a_new_id(orchestrator: MessageOrchestrator, queue: Queue) -> None:
    message_id = orchestrator.queue_message(
        user_id="ada",
        agent_id="system",
        message_data={"type": "note", "message": "Hello"},
        priority="urgent",
        can_delay=False,
        topic=None,
    )
    assert queue.bodies == [
        {
            "userId": "ada",
            "agentId": "system",
            "messageData": {"type": "note", "message": "Hello"},
            "priority": "urgent",
            "canDelay": False,
            "requiresFreshContext": False,
            "messageId": str(message_id),
        }
    ]
    assert [message.group for message in queue.messages] == ["system urgent"]


def test_many_messages_keep_their_order_and_their_own_ids(orchestrator: MessageOrchestrator, queue: Queue) -> None:
    own = UUID(int=7)
    ids = orchestrator.queue_messages([HELLO, {**HELLO, "message_id": own}, Message.model_validate(HELLO)])
    assert ids[1] == own
    assert [UUID(body["messageId"]) for body in queue.bodies] == ids


@pytest.mark.parametrize("wrong", [{"priority": "asap"}, {"prioritty": "high"}, {"action": "withdraw"}])
def test_one_invalid_message_leaves_all_unsent(
    orchestrator: MessageOrchestrator, queue: Queue, wrong: dict[str, str]
) -> None:
    with pytest.raises(InvalidMessage, match=next(iter(wrong))):
        orchestrator.queue_messages([HELLO, {**HELLO, **wrong}])
    assert queue.messages == []


def test_a_missing_field_is_named(orchestrator: MessageOrchestrator) -> None:
    with pytest.raises(InvalidMessage, match="message_data: is missing"):
        orchestrator.queue_messages([{"user_id": "ada", "agent_id": "system"}])


def test_the_error_names_the_messages_that_sqs_did_not_take(orchestrator: MessageOrchestrator, queue: Queue) -> None:
    queue.refused = {1}
    ids = [UUID(int=7), UUID(int=8)]
    with pytest.raises(PublishFailed, match="throttled") as caught:
        orchestrator.queue_messages([{**HELLO, "message_id": message_id} for message_id in ids])
    assert caught.value.message_ids == (UUID(int=8),)


@pytest.mark.parametrize(("reason", "ended"), [(None, "cancelled"), ("withdrawn", "cancelled (withdrawn)")])
def test_the_error_of_a_message_that_was_not_sent_says_how_it_ended(reason: str | None, ended: str) -> None:
    error = MessageNotSent(UUID(int=7), "cancelled", reason, "Publish another one.")
    assert str(error) == f"00000000-0000-0000-0000-000000000007 ended as {ended}. Publish another one."


def test_the_error_lists_ten_messages_and_counts_all() -> None:
    ids = [UUID(int=number) for number in range(1, 12)]
    listed = ", ".join(f"00000000-0000-0000-0000-{number:012x}" for number in range(1, 11))
    assert str(PublishFailed(ids, "throttled")) == (
        f"11 message(s) were not published (throttled): {listed}. "
        "Publish them again with the same message_id; a repeated id is one message."
    )


def test_a_withdrawal_and_a_reply(orchestrator: MessageOrchestrator, queue: Queue) -> None:
    orchestrator.withdraw(user_id="ada", topic="crm")
    message_id = orchestrator.reply(user_id="ada", content="Yes")
    assert queue.bodies == [
        {"action": "withdraw", "userId": "ada", "topic": "crm"},
        {
            "action": "reply",
            "userId": "ada",
            "content": "Yes",
            "agentId": "concierge",
            "messageId": str(message_id),
        },
    ]


# What is refused before it is sent ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"due_at": datetime.now(UTC)}, "due_at"),
        ({"order": {"lines": [1, {"price": Decimal(1)}]}}, "order.lines[1].price"),
        ({"when": date(2026, 3, 3)}, "when"),
        ({"ids": {1, 2}}, "ids"),
        ({"share": float("nan")}, "share"),
        ({"person": uuid4()}, "person"),
    ],
)
def test_a_value_that_json_cannot_hold_names_its_key(
    orchestrator: MessageOrchestrator, queue: Queue, data: dict[str, Any], key: str
) -> None:
    with pytest.raises(InvalidMessage, match=re.escape(f"`{key}`")) as caught:
        orchestrator.queue_message(user_id="ada", agent_id="system", message_data={"type": "note", **data})
    assert (caught.value.field, caught.value.reason) == ("message_data", "not_json_value")
    assert queue.messages == []


def test_a_uuid_is_a_user_id_in_every_call(orchestrator: MessageOrchestrator, queue: Queue) -> None:
    user = uuid4()
    orchestrator.queue_message(user_id=user, agent_id="system", message_data={"type": "note", "message": "Hello"})
    orchestrator.withdraw(user_id=user, topic="crm")
    orchestrator.reply(user_id=user, content="Yes")
    orchestrator.record_consent(user_id=user, source="web form", purpose="marketing")
    orchestrator.revoke_consent(user_id=user, source="e-mail", purpose="marketing")
    assert [body["userId"] for body in queue.bodies] == [str(user)] * 5


NOW = datetime.now(UTC)
TIMES: list[tuple[dict[str, Any], str]] = [
    ({"expires_at": NOW - timedelta(seconds=1)}, "expires_at: has passed"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at: has passed"),
    ({"scheduled_for": NOW + timedelta(days=400)}, "scheduled_for: is more than a year ahead"),
    ({"expires_at": NOW + timedelta(days=400)}, "expires_at: is more than a year ahead"),
    ({"scheduled_for": NOW + timedelta(days=2), "expires_at": NOW + timedelta(days=1)}, "expires_at: is not after"),
]


@pytest.mark.parametrize(("times", "problem"), TIMES)
def test_a_time_that_cannot_be_is_refused(
    orchestrator: MessageOrchestrator, queue: Queue, times: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidMessage, match=problem):
        orchestrator.queue_messages([{**HELLO, **times}])
    assert queue.messages == []


def test_a_reply_that_has_expired_is_refused(orchestrator: MessageOrchestrator, queue: Queue) -> None:
    with pytest.raises(InvalidMessage, match="expires_at: has passed"):
        orchestrator.reply(user_id="ada", content="Yes", expires_at=NOW - timedelta(minutes=1))
    assert queue.messages == []


# The set-up -----------------------------------------------------------------------------------------------------------

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/stack-enqueue"


@pytest.mark.parametrize(
    ("address", "region"),
    [
        (URL, "eu-west-1"),
        ("https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/q", "us-gov-west-1"),
        ("https://vpce-0a1-x.sqs.ap-southeast-2.vpce.amazonaws.com/123456789012/q", "ap-southeast-2"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "cn-north-1"),
        ("https://sqs.eusc-de-east-1.amazonaws.eu/123456789012/q", "eusc-de-east-1"),
        ("arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:stack-Query:live", "eusc-de-east-1"),
        ("arn:aws:lambda:sa-east-1:123456789012:function:stack-Query:live", "sa-east-1"),
        ("http://127.0.0.1:4566/123456789012/q", None),
        ("stack-Query:live", None),
    ],
)
def test_the_region_comes_from_the_url_or_the_arn_whatever_is_configured(
    monkeypatch: pytest.MonkeyPatch, address: str, region: str | None
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    assert region_for(address) == region
    monkeypatch.setenv("AWS_DEFAULT_REGION", "me-south-1")
    assert region_for(address) == region, "a function may call another region"
    if region:
        monkeypatch.setenv("AWS_DEFAULT_REGION", region)
        assert region_for(address) is None, "boto3's own"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert region_for("stack-Query:live") is None, "boto3 takes AWS_DEFAULT_REGION"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert region_for("stack-Query:live") == "eu-west-1"


def aws_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SendMessageBatch")


@pytest.mark.parametrize(
    ("error", "kind", "fix"),
    [
        (NoCredentialsError(), MissingCredentials, "Give the agent a role"),
        (aws_error("ExpiredToken"), MissingCredentials, "Give the agent a role"),
        (NoRegionError(), MissingRegion, "Set AWS_DEFAULT_REGION"),
        (aws_error("AWS.SimpleQueueService.NonExistentQueue"), MissingResource, "Copy it from the outputs"),
        (aws_error("AccessDenied"), NotAllowed, "PublisherPolicyArn"),
    ],
)
def test_what_is_missing_in_the_set_up_is_its_own_error_and_not_published_again(
    orchestrator: MessageOrchestrator,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[Exception],
    fix: str,
) -> None:
    class Broken:
        def send_message_batch(self, **_: Any) -> None:
            raise error

    monkeypatch.setattr(queues, "sqs_client", lambda *_: Broken())
    with pytest.raises(kind, match=re.escape(fix)) as caught:
        orchestrator.queue_message(**HELLO)
    assert "again" not in str(caught.value)
    assert isinstance(caught.value, SettingsError)


def test_any_other_error_of_aws_may_be_published_again(
    orchestrator: MessageOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy:
        def send_message_batch(self, **_: Any) -> None:
            raise aws_error("ThrottlingException")

    monkeypatch.setattr(queues, "sqs_client", lambda *_: Busy())
    with pytest.raises(PublishFailed, match="Publish them again with the same message_id"):
        orchestrator.queue_message(**HELLO)


def test_without_any_credentials_or_region_boto3_itself_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    clients.sqs_client.cache_clear()
    try:
        with pytest.raises(MissingRegion):
            MessageOrchestrator(PublisherSettings(enqueue_queue_url="http://127.0.0.1:1/q")).queue_message(**HELLO)
        with pytest.raises(MissingCredentials):
            MessageOrchestrator(PublisherSettings(enqueue_queue_url=URL)).queue_message(**HELLO)
    finally:
        clients.sqs_client.cache_clear()
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


# Asyncio --------------------------------------------------------------------------------------------------------------


def test_the_asyncio_client_has_the_same_calls_with_the_same_arguments() -> None:
    def calls(client: type[Any]) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(call).parameters)
            for name, call in inspect.getmembers(client, inspect.isfunction)
            if not name.startswith("_")
        }

    assert calls(AsyncMessageOrchestrator) == calls(MessageOrchestrator)
    for name in calls(AsyncMessageOrchestrator):
        assert inspect.iscoroutinefunction(getattr(AsyncMessageOrchestrator, name)), name


def test_no_call_blocks_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of the client below ends only once the event loop has gone on after its beginning."""
    gone_on = threading.Event()
    waits: dict[str, bool] = {}

    class Slow:
        def __init__(self, *_: object) -> None:
            pass

        def __getattr__(self, name: str) -> Any:
            def call(*_: object, **__: object) -> Any:
                gone_on.clear()
                waits[name] = gone_on.wait(5) and waits.get(name, True)
                return RepliesPage(replies=[])

            return call

    monkeypatch.setattr(async_client, "MessageOrchestrator", Slow)
    orchestrator = AsyncMessageOrchestrator()

    async def go_on() -> None:
        while True:
            gone_on.set()
            await asyncio.sleep(0.001)

    async def story() -> None:
        going_on = asyncio.create_task(go_on())
        await orchestrator.queue_message(**HELLO)
        await orchestrator.queue_messages([HELLO])
        await orchestrator.withdraw(message_id=uuid4())
        await orchestrator.reply(user_id="ada", content="Yes")
        await orchestrator.record_consent(user_id="ada", source="form")
        await orchestrator.revoke_consent(user_id="ada", source="form")
        await orchestrator.status(uuid4())
        await orchestrator.budget("ada")
        await orchestrator.replies("ada")
        await orchestrator.preview(**HELLO)
        await orchestrator.is_user_active("ada")
        await orchestrator.process_due_messages()
        await orchestrator.wait_for_reply(uuid4(), timeout=0.05, every=0.01)
        going_on.cancel()

    asyncio.run(story())
    called = {name for name, _ in inspect.getmembers(AsyncMessageOrchestrator, inspect.isfunction) if name[0] != "_"}
    assert waits == dict.fromkeys(called - {"wait_for_reply"}, True)
