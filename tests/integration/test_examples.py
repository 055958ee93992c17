"""The programs of examples/ run unchanged."""

import runpy

import boto3
import pytest

from orchestrator_local.template import ROOT
from tests.world import World

PUBLISHING = ["urgent_notification", "scheduled_update", "context_sensitive_message"]


@pytest.mark.parametrize("name", PUBLISHING)
def test_an_example_publishes_a_message_that_arrives(world: World, name: str) -> None:
    world.person("user_123")
    runpy.run_path(str(ROOT / "examples" / f"{name}.py"))
    received = boto3.client("sqs").receive_message(QueueUrl=world.urls["ENQUEUE_QUEUE_URL"])["Messages"]
    world.publish(*[message["Body"] for message in received])
    world.deliver()
    world.wait(hours=1)  # the best time of a person without history is about 10:00
    world.minute()
    assert len(world.texts()) == 1


def test_activity_is_checked(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ada = world.person("user_123")
    runpy.run_path(str(ROOT / "examples" / "check_activity.py"))
    world.says(ada, "Hello?")
    runpy.run_path(str(ROOT / "examples" / "check_activity.py"))
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line.startswith("User is")] == [
        "User is inactive: the orchestrator finds a better time",
        "User is active: a good time to send",
    ]


def test_a_reply_goes_to_a_person_who_just_wrote(world: World) -> None:
    world.travel_to("2026-03-03T23:00:00-05:00")
    world.person("user_123")
    world.writes("Tell me more about it")
    runpy.run_path(str(ROOT / "examples" / "reply.py"))
    world.publish(*world.drain("ENQUEUE_QUEUE_URL"))
    world.deliver()
    assert world.texts() == ["Shall I introduce you?"]
