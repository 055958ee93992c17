"""The minute, at the dispatch handler."""

import json
import threading
from datetime import timedelta
from uuid import UUID

import boto3
import pytest
from botocore.exceptions import ClientError

from orchestrator import MessageOrchestrator
from orchestrator.clock import real_time
from orchestrator.delivery.dispatch import dispatch
from orchestrator.messages import Lane
from orchestrator.rules.limits import Limits
from orchestrator.settings import DispatchSettings, load
from orchestrator.store import schedule
from orchestrator.store.claims import ClaimedMessage
from orchestrator.store.database import connect
from orchestrator.store.pauses import pause, resume
from tests.world import World


def handed_over(world: World, variable: str = "DELIVERY_QUEUE_URL") -> list[UUID]:
    return [UUID(json.loads(body)["message_id"]) for body in world.drain(variable)]


def test_what_falls_due_within_the_horizon_is_handed_over_for_its_time(world: World) -> None:
    world.person()
    now = world.message()
    soon = world.message(scheduled_for=world.now + timedelta(seconds=140))
    later = world.message(scheduled_for=world.now + timedelta(seconds=200))
    world.dispatch()
    messages = world.drain_messages("DELIVERY_QUEUE_URL")
    delays = {UUID(json.loads(m["Body"])["message_id"]): m["DelaySeconds"] for m in messages}
    assert delays == {now: pytest.approx(0, abs=1), soon: pytest.approx(140, abs=1)}
    assert world.state(later)[0] == "queued"


def test_lanes_go_in_order_and_urgent_has_its_own_queue(world: World) -> None:
    world.person()
    low, medium, high = (world.message(priority=lane, can_delay=False) for lane in ("low", "medium", "high"))
    urgent = world.message(priority="urgent", scheduled_for=world.now + timedelta(seconds=100))
    world.dispatch()
    assert handed_over(world) == [high, medium, low]
    assert handed_over(world, "URGENT_QUEUE_URL") == [urgent]


def test_a_second_tick_hands_over_nothing_twice(world: World) -> None:
    world.person()
    world.message()
    assert world.dispatch()["handed_over"]["high"] == 1
    assert world.dispatch()["handed_over"]["high"] == 0


def test_two_dispatchers_at_once_hand_over_nothing_twice(world: World, database_url: str) -> None:
    world.person()
    world.connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, priority, accepted_at, expires_at)"
        " SELECT u.id, 'bulk', '{}', %(now)s, 'medium', %(now)s, %(now)s + interval '1 day'"
        " FROM users u, generate_series(1, 300)",
        {"now": world.now},
    )
    settings = load(DispatchSettings)

    def tick() -> None:
        with connect(database_url) as connection:
            dispatch(connection, settings, real_time)

    threads = [threading.Thread(target=tick) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = handed_over(world)
    assert len(found) == len(set(found)) == 300


@pytest.mark.parametrize("pace", [None, schedule.Pace(100.0, Limits(10, 2), 500)], ids=["unpaced", "paced"])
def test_a_claim_that_overlaps_another_takes_nothing_twice(
    world: World, database_url: str, pace: schedule.Pace | None
) -> None:
    world.person()
    messages = {world.message() for _ in range(5)}
    now, lease = world.now, world.now + timedelta(minutes=15)
    second: list[ClaimedMessage] = []

    def overlap() -> None:
        with connect(database_url) as other:
            second.extend(schedule.claim_due(other, Lane.HIGH, now, now, lease, pace, 100))

    thread = threading.Thread(target=overlap)
    with connect(database_url) as connection, connection.transaction():
        first = schedule.claim_due(connection, Lane.HIGH, now, now, lease, pace, 3)
        thread.start()
        thread.join(0.5)  # it waits for us, or takes what we left
    thread.join(10)
    taken = [claimed.message_id for claimed in (*first, *second)]
    assert len(taken) == len(set(taken))
    assert set(taken) <= messages


def test_a_lease_that_runs_out_makes_the_message_due_again(world: World) -> None:
    world.person()
    message_id = world.message()
    world.dispatch()
    world.drain("DELIVERY_QUEUE_URL")  # the queue loses it
    world.wait(minutes=16)
    assert world.dispatch()["due_again"] == 1
    assert handed_over(world) == [message_id]


def test_what_sqs_does_not_take_is_due_as_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    message_id = world.message()
    url = world.urls["DELIVERY_QUEUE_URL"]
    boto3.client("sqs").delete_queue(QueueUrl=url)
    try:
        assert world.dispatch()["not_taken"] == 1
        assert world.state(message_id)[0] == "queued"
    finally:
        assert boto3.client("sqs").create_queue(QueueName="delivery")["QueueUrl"] == url
    world.minute()
    assert world.state(message_id)[0] == "sent"
    with pytest.raises(ClientError):
        boto3.client("sqs").get_queue_url(QueueName="no-such-queue")


def test_paused_means_that_nothing_is_handed_over_but_expiry_goes_on(world: World) -> None:
    world.person()
    waits = world.message()
    ends = world.message(expires_at=world.now + timedelta(minutes=5))
    pause(world.connection, "everything", "", "testing", world.now)
    world.wait(minutes=6)
    world.dispatch()
    assert handed_over(world) == []
    assert world.state(ends) == ("expired", "expired")
    resume(world.connection, "everything", "")
    world.dispatch()
    assert handed_over(world) == [waits]


def test_rows_that_somebody_else_wrote_are_left_alone(world: World) -> None:
    ada = world.person()
    world.connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for) VALUES (%s, 'old', '{}', now())",
        (ada,),
    )
    world.wait(days=30)
    world.minute()
    assert world.all("SELECT status, reason FROM message_queue") == [("queued", None)]


def test_the_client_runs_a_tick_for_people_with_their_own_cron(world: World) -> None:
    world.person()
    message_id = world.message()
    assert MessageOrchestrator().process_due_messages().handed_over["high"] == 1
    assert handed_over(world) == [message_id]
