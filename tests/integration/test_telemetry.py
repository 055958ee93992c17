"""A message is followed by its id, from its publisher to the phone and back; its queue is fair; nothing secret is logged."""

import logging
from typing import Any
from uuid import UUID

import pytest

from orchestrator import MessageOrchestrator
from orchestrator.aws.clients import sqs_client
from orchestrator.settings import PublisherSettings
from tests.world import World

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def published(world: World, variable: str) -> list[Any]:
    from moto.backends import get_backend

    from tests.world import QUEUES

    return list(get_backend("sqs")["123456789012"]["us-east-1"].queues[QUEUES[variable]]._messages)


def publish(world: World, user_id: str = "ada") -> UUID:
    client = MessageOrchestrator(PublisherSettings(enqueue_queue_url=world.urls["ENQUEUE_QUEUE_URL"]))
    return client.queue_message(
        user_id=user_id, agent_id="concierge_main", message_data={"type": "note", "message": "Hello"}, priority="high"
    )


def test_every_step_of_a_message_names_it_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.person()
    with caplog.at_level(logging.INFO):
        message_id = publish(world)
        world.publish(*world.drain("ENQUEUE_QUEUE_URL"))
        world.minute()
        world.twilio_calls()
        world.take_in()
    told = [vars(record) for record in caplog.records]
    steps = [(line["name"], line.get("happened")) for line in told if str(message_id) in line.get("message_ids", [])]
    assert steps == [
        ("orchestrator", None),
        ("enqueue", "accepted"),
        ("dispatch", "handed_over"),
        ("deliver", "accepted"),
        ("webhook", None),
        ("webhook", None),
        ("inbound", "sent"),
        ("inbound", "delivered"),
    ]


def test_each_agents_bulk_is_a_group_of_the_fair_queue(world: World) -> None:
    for person in ("ada", "ben"):
        publish(world, person)
    groups = [message.group_id for message in published(world, "ENQUEUE_QUEUE_URL")]
    assert groups[0] == groups[1]
    assert groups[0].isalnum(), "whatever the agent's id holds"
    world.person()
    world.publish(*world.drain("ENQUEUE_QUEUE_URL")[:1])
    world.dispatch()
    assert published(world, "DELIVERY_QUEUE_URL")[0].group_id


def test_every_hand_over_names_its_person_to_the_fair_queue(world: World) -> None:
    ada = world.person()
    client = MessageOrchestrator(PublisherSettings(enqueue_queue_url=world.urls["ENQUEUE_QUEUE_URL"]))

    def groups(variable: str) -> set[str | None]:
        found = {message.group_id for message in published(world, variable)}
        world.drain(variable)
        return found

    waits = world.message(priority="medium")  # until the person's best time
    world.message(priority="urgent", can_delay=False)
    urgent = groups("URGENT_QUEUE_URL")
    assert len(urgent) == 1
    assert None not in urgent
    world.writes("Hello")
    assert world.state(waits)[0] == "approved", "it came forward"
    assert groups("URGENT_QUEUE_URL") == urgent
    client.reply(user_id="ada", content="Hi there")
    world.publish(*world.drain("ENQUEUE_QUEUE_URL"))
    assert groups("URGENT_QUEUE_URL") == urgent
    sequence: dict[str, Any] = {"sequence_id": str(ada), "sequence_total": 2, "priority": "urgent", "can_delay": False}
    world.message(sequence_position=1, **sequence)
    world.message(sequence_position=2, **sequence)  # in another batch than the part that is handed over
    assert groups("URGENT_QUEUE_URL") == urgent
    world.message()
    world.dispatch()
    assert groups("DELIVERY_QUEUE_URL") == urgent


def test_a_trace_goes_on_through_the_queues(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    sqs_client().meta.events.register(
        "before-parameter-build.sqs.SendMessageBatch", lambda params, **_: calls.append(params)
    )
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    world.person()
    world.message()
    world.dispatch()
    (entry,) = calls[-1]["Entries"]
    assert entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"] == TRACE
