"""What agents hear on the bus: at least once, from the outbox."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import boto3
import pytest
from pydantic import BaseModel, ConfigDict

from orchestrator_local.stand_ins.phones import Callback
from tests.world import World, sqs_event, sqs_record

BUS = "agents"


@pytest.fixture
def bus(world: World) -> Iterator[str]:
    """A bus whose events land in a queue, and functions that know it."""
    sqs, events = boto3.client("sqs"), boto3.client("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name=BUS)
    events.put_rule(Name="all", EventBusName=BUS, EventPattern='{"source": ["message-orchestrator"]}', State="ENABLED")
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])
    kept = {name: world.functions[name].settings for name in ("dispatch", "inbound")}
    for name, settings in kept.items():
        world.functions[name].__dict__["settings"] = settings.model_copy(update={"event_bus_name": BUS})
    world.dispatch()  # from now on the outbox is kept
    yield url
    for name, settings in kept.items():
        world.functions[name].__dict__["settings"] = settings
    events.remove_targets(Rule="all", EventBusName=BUS, Ids=["queue"])
    events.delete_rule(Name="all", EventBusName=BUS)
    events.delete_event_bus(Name=BUS)
    sqs.delete_queue(QueueUrl=url)


class Heard(BaseModel):
    """The envelope, as docs/events.md has it."""

    model_config = ConfigDict(extra="forbid")

    event_id: str
    at: str
    user_id: str | None
    external_id: str | None
    message_id: str | None
    agent_id: str | None = None
    action: str | None = None
    field: str | None = None
    fix: str | None = None
    purpose: str | None = None
    reason: str | None = None
    error_code: int | None = None
    source: str | None = None
    conversation_id: str | None = None
    kind: str | None = None
    in_reply_to: str | None = None
    candidates: list[dict[str, str]] | None = None


def heard(url: str) -> list[tuple[str, Heard]]:
    """What the bus was told, and forgets."""
    sqs = boto3.client("sqs")
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            body = json.loads(message["Body"])
            found.append((body["detail-type"], Heard.model_validate(body["detail"])))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found, key=lambda event: (event[1].at, event[0]))


def test_the_life_of_messages_and_of_a_conversation_is_told(world: World, bus: str) -> None:
    world.person()
    world.message()
    old = world.message(topic="news", scheduled_for="2026-03-04T15:00:00Z")
    world.message(topic="news", scheduled_for="2026-03-04T15:00:00Z")
    world.minute()
    (sent, _) = world.phones.callbacks[:2]
    world.phones.callbacks.clear()
    world.twilio_calls(Callback(sent.url, {**sent.fields, "MessageStatus": "delivered"}))
    world.take_in()
    world.writes("Tell me more about it")
    assert ("reply.received", "ada") in [(kind, event.external_id) for kind, event in heard(bus)], "at once"
    world.writes("STOP")
    world.dispatch()
    assert "user.opted_out" in [kind for kind, _ in heard(bus)]
    assert world.all("SELECT 1 FROM orchestrator.events") == []
    assert world.state(old) == ("superseded", "superseded")


def test_each_kind_has_its_own_fields_and_no_words(world: World, bus: str) -> None:
    world.person()
    world.message()
    world.message(topic="news", scheduled_for="2026-03-04T15:00:00Z")
    world.message(topic="news", scheduled_for="2026-03-04T15:00:00Z")
    world.minute()
    (sent, _) = world.phones.callbacks[:2]
    world.phones.callbacks.clear()
    world.twilio_calls(Callback(sent.url, {**sent.fields, "MessageStatus": "undelivered", "ErrorCode": "30007"}))
    world.take_in()
    world.writes("please stop texting me")
    world.dispatch()
    told = dict(heard(bus))
    given = {kind: sorted(event.model_dump(exclude_none=True).keys() - {"event_id", "at", "user_id", "external_id"})
             for kind, event in told.items()}  # fmt: skip
    assert given == {
        "message.sent": ["agent_id", "message_id", "purpose"],
        "message.failed": ["error_code", "message_id", "reason"],
        "message.superseded": ["message_id", "reason"],
        "reply.received": ["conversation_id", "kind", "message_id"],  # a wish to stop answers nothing
        "user.opted_out": ["source"],
    }
    assert "stop texting" not in json.dumps([event.model_dump() for event in told.values()])


GOOD = {"user_id": "ada", "agent_id": "crm", "message_data": {"type": "note", "message": "Hello"}}


def test_a_rejection_reaches_its_agent_once_and_never_the_other_targets(world: World, bus: str) -> None:
    ada = world.person()
    world.connection.execute("INSERT INTO orchestrator.reply_targets VALUES ('queue')")
    message_id = str(UUID(int=7))
    bad = sqs_record(json.dumps({**GOOD, "priority": "asap", "message_id": message_id}), world.now)
    elsewhere = sqs_record(json.dumps({**GOOD, "conversation_context_id": message_id}), world.now)
    for _ in range(2):  # SQS may deliver twice
        world.invoke("enqueue", sqs_event([bad, elsewhere]))
    assert world.all("SELECT target FROM orchestrator.events") == [("bus",)] * 2, "one event each"
    world.connection.execute("DELETE FROM orchestrator.reply_targets")
    world.dispatch()
    told = {event.reason: event for kind, event in heard(bus) if kind == "message.rejected"}
    assert {reason: (e.user_id, e.external_id, e.agent_id, e.action, e.field) for reason, e in told.items()} == {
        "invalid_field": (None, None, "crm", None, "priority"),
        "unknown_conversation": (str(ada), "ada", "crm", "publish", "conversation_context_id"),
    }
    assert (told["invalid_field"].message_id, told["invalid_field"].fix) == (
        message_id,
        "Use urgent, high, medium or low",
    )
    assert world.all("SELECT count(*) FROM orchestrator.rejections") == [(2,)]


def test_a_rejection_without_a_known_person_is_told_without_the_name_in_the_body(world: World, bus: str) -> None:
    world.publish({**GOOD, "user_id": "+12125550123"}, {**GOOD, "user_id": "late"}, "{not json")
    world.dispatch()
    assert [event.reason for _, event in heard(bus)] == ["not_json"], "the others wait for their person"
    world.wait(minutes=15)
    published = world.now - timedelta(minutes=15)
    world.publish({**GOOD, "user_id": "+12125550123"}, {**GOOD, "user_id": "late"}, sent_at=published)
    world.dispatch()
    events = heard(bus)
    assert [(kind, e.user_id, e.agent_id, e.field) for kind, e in events] == [
        ("message.rejected", None, "crm", "user_id")
    ] * 2
    assert "2125550123" not in str(events)
    assert "Hello" not in str(events)


def test_a_row_of_an_agent_that_is_no_reply_is_told_as_rejected(world: World, bus: str) -> None:
    ada = world.person()
    world.writes("Tell me more")
    ((row,),) = world.all(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT conversation_id, user_id, 'crmé', 'Hello', 'outbound', 'pending', %s FROM messages RETURNING id",
        world.now,
    )
    world.dispatch()
    world.dispatch()
    (told,) = [event for kind, event in heard(bus) if kind == "message.rejected"]
    assert (told.user_id, told.message_id, told.agent_id) == (str(ada), str(row), None)
    assert (told.action, told.reason, told.field, told.fix) == (
        "reply",
        "invalid_field",
        "role",
        "Name the agent in ASCII",
    )


def test_while_the_bus_is_away_nothing_is_lost(world: World, bus: str) -> None:
    world.person()
    boto3.client("events").remove_targets(Rule="all", EventBusName=BUS, Ids=["queue"])
    dispatch = world.functions["dispatch"]
    dispatch.__dict__["settings"] = dispatch.settings.model_copy(update={"event_bus_name": "nowhere/bus"})
    world.dispatch()
    world.message()
    world.minute()
    assert dispatch.settings.event_bus_name == "nowhere/bus"
    assert world.all("SELECT type FROM orchestrator.events") == [("message.sent",)]
    dispatch.__dict__["settings"] = dispatch.settings.model_copy(update={"event_bus_name": BUS})
    sqs = boto3.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=bus, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("events").put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])
    world.wait(minutes=2)
    world.dispatch()
    assert [kind for kind, _ in heard(bus)] == ["message.sent"]
    assert world.all("SELECT 1 FROM orchestrator.events") == []


def test_without_a_bus_nothing_is_kept(world: World) -> None:
    world.person()
    world.message()
    world.minute()
    world.writes("please stop texting me")
    world.publish("{not json")
    assert world.all("SELECT 1 FROM orchestrator.events") == []
