"""The publishing client: what it puts on the queue, and what its errors name."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from orchestrator import InvalidMessage, Message, MessageOrchestrator, PublishFailed, client
from orchestrator.aws.queues import OutgoingMessage
from orchestrator.messages import MessageFields
from orchestrator.settings import PublisherSettings

HELLO: MessageFields = {"user_id": "ada", "agent_id": "system", "message_data": {"type": "note", "message": "Hello"}}


class Queue:
    """Takes messages in place of SQS, but those at the places in `refused`."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.refused: set[int] = set()

    def send_all(self, _url: str, messages: Sequence[OutgoingMessage]) -> dict[int, str]:
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
    assert [message.group for message in queue.messages] == ["ada"]


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
