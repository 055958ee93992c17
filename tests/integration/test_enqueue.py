"""The way in, at the enqueue handler."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import boto3
import pytest
from psycopg import Connection, OperationalError

from orchestrator import MessageOrchestrator
from orchestrator.delivery import handover
from orchestrator.intake import enqueue
from orchestrator.store import intake as store
from orchestrator.store.claims import ClaimedMessage
from tests.world import World, sqs_event, sqs_record

GOOD = {"user_id": "ada", "agent_id": "system", "message_data": {"type": "note", "message": "Hello"}}


def test_a_batch_becomes_rows_that_wait(world: World) -> None:
    ada = world.person()
    answer = world.publish(*[{**GOOD, "message_id": str(uuid4())} for _ in range(10)])
    assert answer == {"batchItemFailures": []}
    assert world.all("SELECT user_id, status, priority FROM message_queue") == [(ada, "queued", "medium")] * 10


def test_our_own_id_and_the_callers_name_the_same_person(world: World) -> None:
    ada = world.person("user_123")
    world.publish({**GOOD, "user_id": "user_123"}, {**GOOD, "user_id": str(ada)}, {**GOOD, "user_id": str(ada).upper()})
    assert world.all("SELECT DISTINCT user_id FROM message_queue") == [(ada,)]


def test_the_same_id_twice_is_one_message_and_the_first_wins(world: World) -> None:
    world.person()
    message_id = world.message(message_data={"type": "note", "message": "first"})
    world.message(message_id=str(message_id), message_data={"type": "note", "message": "second"})
    world.publish(*[{**GOOD, "message_id": str(message_id)}] * 2)
    assert world.all("SELECT message_data->>'message' FROM message_queue") == [("first",)]


def test_a_redelivered_message_without_an_id_is_one_message(world: World) -> None:
    world.person()
    record = sqs_record(json.dumps(GOOD), world.now)
    for _ in range(2):
        world.invoke("enqueue", sqs_event([record]))
    assert len(world.all("SELECT id FROM message_queue")) == 1


def test_one_bad_message_is_put_aside_with_its_reason_and_the_rest_goes_on(world: World) -> None:
    world.person()
    bad_id = str(uuid4())
    answer = world.publish(GOOD, "{not json", {**GOOD, "priority": "asap", "message_id": bad_id}, GOOD)
    assert answer == {"batchItemFailures": []}
    assert len(world.all("SELECT id FROM message_queue")) == 2
    dead = world.drain_messages("ENQUEUE_DLQ_URL")
    assert [(m["Body"][:9], m["MessageAttributes"]["reason"], m["MessageAttributes"]["field"]) for m in dead] == [
        ("{not json", "not_json", "body"),
        (json.dumps(GOOD)[:9], "invalid_field", "priority"),
    ]
    assert world.all("SELECT reason, field FROM orchestrator.rejections WHERE message_id = %s", UUID(bad_id)) == [
        ("invalid_field", "priority")
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sequenceId": str(uuid4()), "sequencePosition": 1}, "invalid_field"),
        ({"sequenceId": str(uuid4()), "sequencePosition": 3, "sequenceTotal": 2}, "invalid_field"),
        ({"scheduled_for": "9999-12-31T23:59:59Z"}, "scheduled_too_far"),
        ({"action": "reply", "user_id": "ada", "content": " "}, "invalid_field"),
        ({"conversation_context_id": str(uuid4())}, "unknown_conversation"),
    ],
)
def test_what_cannot_be_obeyed_is_rejected_whole(world: World, change: dict[str, object], reason: str) -> None:
    world.person()
    world.publish({**GOOD, **change})
    assert world.all("SELECT reason FROM orchestrator.rejections") == [(reason,)]
    assert world.all("SELECT 1 FROM message_queue") == []


def test_an_unknown_user_is_waited_for_and_then_rejected(world: World) -> None:
    published = world.now
    answer = world.publish({**GOOD, "user_id": "late"}, GOOD | {"user_id": "later"}, sent_at=published)
    assert len(answer["batchItemFailures"]) == 2
    assert world.all("SELECT 1 FROM orchestrator.rejections") == []

    world.person("late")
    world.wait(minutes=16)
    answer = world.publish({**GOOD, "user_id": "late"}, GOOD | {"user_id": "later"}, sent_at=published)
    assert answer == {"batchItemFailures": []}
    assert len(world.all("SELECT 1 FROM message_queue")) == 1
    assert world.all("SELECT reason, field FROM orchestrator.rejections") == [("unknown_user", "user_id")]


def test_a_number_outside_the_allowed_countries_is_rejected(world: World) -> None:
    world.person(phone="+442079460123")
    world.publish(GOOD)
    assert world.all("SELECT reason FROM orchestrator.rejections") == [("country_not_allowed",)]


def test_an_urgent_message_goes_straight_on(world: World) -> None:
    world.person()
    message_id = world.message(priority="urgent", can_delay=False)
    assert [json.loads(body) for body in world.drain("URGENT_QUEUE_URL")] == [{"message_id": str(message_id)}]
    assert world.state(message_id) == ("approved", None)


def test_an_urgent_message_whose_hand_over_was_lost_is_due_again_after_two_minutes(world: World) -> None:
    world.person()
    message_id = world.message(priority="urgent", can_delay=False)
    assert len(world.drain("URGENT_QUEUE_URL")) == 1, "SQS takes it, and loses it"
    world.wait(minutes=2)
    world.minute()
    assert world.state(message_id) == ("approved", None)
    world.wait(seconds=1)
    world.minute()
    assert world.texts() == ["Hello"]


def test_an_urgent_message_for_later_waits_for_its_time(world: World) -> None:
    world.person()
    message_id = world.message(priority="urgent", scheduled_for=world.now + timedelta(hours=1))
    assert world.drain("URGENT_QUEUE_URL") == []
    assert world.state(message_id) == ("queued", "scheduled")


@pytest.mark.parametrize("order", [("message", "withdrawal"), ("withdrawal", "message")])
def test_a_withdrawal_wins_in_either_order(world: World, order: tuple[str, str]) -> None:
    world.person()
    message_id = str(uuid4())
    bodies: dict[str, dict[str, object]] = {
        "message": {**GOOD, "message_id": message_id},
        "withdrawal": {"action": "withdraw", "messageId": message_id},
    }
    for what in order:
        world.publish(bodies[what])
    assert world.state(UUID(message_id)) == ("cancelled", "withdrawn")
    assert world.all("SELECT reason FROM orchestrator.timeline ORDER BY id DESC LIMIT 1") == [("withdrawn",)]


def test_a_withdrawal_in_the_same_batch_wins(world: World) -> None:
    world.person()
    message_id = str(uuid4())
    world.publish({"action": "withdraw", "message_id": message_id}, {**GOOD, "message_id": message_id})
    world.minute()
    assert world.state(UUID(message_id)) == ("cancelled", "withdrawn")


def test_without_an_expiry_a_message_lives_seven_days(world: World) -> None:
    world.person()
    message_id = world.message()
    assert world.row(message_id)["expires_at"] == world.now + timedelta(days=7)


def test_the_client_publishes_what_the_function_reads(world: World) -> None:
    world.person("user_123")
    orchestrator = MessageOrchestrator()
    ids = orchestrator.queue_messages([{**GOOD, "user_id": "user_123", "priority": "high"} for _ in range(25)])
    orchestrator.withdraw(message_id=ids[0])
    received = []
    sqs = boto3.client("sqs")
    while batch := sqs.receive_message(QueueUrl=world.urls["ENQUEUE_QUEUE_URL"], MaxNumberOfMessages=10).get(
        "Messages"
    ):
        received += [message["Body"] for message in batch]
    assert len(received) == 26
    world.publish(*received)
    assert world.all("SELECT status, count(*) FROM message_queue GROUP BY 1 ORDER BY 1") == [
        ("cancelled", 1),
        ("queued", 24),
    ]


def bulk_and_urgent(world: World) -> list[dict[str, object]]:
    """Sixty messages that can wait, and an urgent one after them."""
    bulk: list[dict[str, object]] = [{**GOOD, "user_id": f"user_{n}", "message_id": str(uuid4())} for n in range(60)]
    for n in range(60):
        world.person(f"user_{n}", phone=f"+164655501{n:02}")
    world.person()
    return [*bulk, {**GOOD, "priority": "urgent", "message_id": str(uuid4())}]


def test_an_urgent_message_is_handed_over_before_the_bulk_of_its_batch_is_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies, stored = bulk_and_urgent(world), []
    hand_over = handover.hand_over

    def record(queue_url: str, claimed: Sequence[ClaimedMessage], now: datetime) -> object:
        stored.append((len(world.all("SELECT 1 FROM message_queue")), len(claimed)))
        return hand_over(queue_url, claimed, now)

    monkeypatch.setattr(enqueue, "hand_over", record)
    world.publish(*bodies, "{not json")
    assert stored == [(1, 1), (61, 0)]
    assert len(world.drain("URGENT_QUEUE_URL")) == 1
    assert len(world.drain("ENQUEUE_DLQ_URL")) == 1


def test_of_one_id_that_is_urgent_and_bulk_in_a_batch_the_first_wins_and_is_counted_once(world: World) -> None:
    *bulk, urgent = bulk_and_urgent(world)
    world.publish(*[{**bulk[0], "message_id": urgent["message_id"]}, *bulk[1:], urgent])
    ((user, priority),) = world.all(
        "SELECT u.external_id, m.priority FROM message_queue m JOIN users u ON u.id = m.user_id WHERE m.id = %s",
        urgent["message_id"],
    )
    assert (user, priority) == ("user_0", "medium")
    assert world.all("SELECT sum(accepted) FROM orchestrator.agent_rates") == [(60,)]
    assert world.all("SELECT count(*) FROM message_queue") == [(60,)]


def test_a_batch_whose_bulk_fails_comes_back_and_its_urgent_message_is_sent_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = bulk_and_urgent(world)
    records = [sqs_record(json.dumps(body), world.now) for body in bodies]
    store_batch = store.store_batch

    def fail_on_bulk(connection: Connection, accepted: Sequence[object], *others: Any, **more: Any) -> object:
        if len(accepted) > 1:
            raise OperationalError("the server is gone")
        return store_batch(connection, accepted, *others, **more)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(store, "store_batch", fail_on_bulk)
    answer = world.invoke("enqueue", sqs_event(records))
    assert len(answer["batchItemFailures"]) == len(bodies)
    monkeypatch.setattr(store, "store_batch", store_batch)
    assert world.invoke("enqueue", sqs_event(records)) == {"batchItemFailures": []}
    assert len(world.all("SELECT 1 FROM message_queue")) == len(bodies)
    assert len(world.drain("URGENT_QUEUE_URL")) == 1
