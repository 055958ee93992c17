"""Sequences (R8): whole and in order, or not at all."""

import json
import random
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.store import delivery as store
from orchestrator.store import intake as enqueue_store
from orchestrator.store.pauses import pause, resume
from orchestrator.store.wave_plan import Reservation
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import twilio_error
from tests.world import World, sqs_event, sqs_record


def part(sequence: UUID, position: int, total: int = 3, **fields: Any) -> dict[str, Any]:
    return {
        "message_id": str(UUID(int=sequence.int ^ position)),
        "user_id": "ada",
        "agent_id": "concierge_main",
        "priority": "high",
        "message_data": {"type": "note", "message": f"part {position}"},
        "sequence_id": str(sequence),
        "sequence_position": position,
        "sequence_total": total,
        **fields,
    }


def states(world: World) -> list[tuple[Any, ...]]:
    return world.all("SELECT sequence_position, status, reason FROM message_queue ORDER BY 1")


PARTS = ["part 1", "part 2", "part 3"]


@pytest.mark.parametrize("seed", range(4))
def test_parts_in_any_order_in_different_batches_and_twice_go_whole_and_in_order(world: World, seed: int) -> None:
    world.person()
    sequence = uuid4()
    arrivals = [1, 2, 3, 2, 1]
    random.Random(seed).shuffle(arrivals)
    for position in arrivals:
        world.publish(part(sequence, position))
        world.wait(minutes=2)
    world.minute()
    assert world.texts() == PARTS
    assert world.all("SELECT messages_sent FROM user_message_budget") == [(1,)], "it counts once"
    assert [
        holds
        for (holds,) in world.all(
            "SELECT holds_slot FROM orchestrator.attempts a JOIN message_queue m ON m.id = a.message_id ORDER BY m.sequence_position"
        )
    ] == [
        True,
        False,
        False,
    ]


def test_an_incomplete_one_waits_and_then_fails_and_late_parts_with_it(world: World) -> None:
    world.person()
    sequence = uuid4()
    world.publish(part(sequence, 1), part(sequence, 3))
    world.minute()
    assert states(world) == [(1, "queued", "sequence_incomplete"), (3, "queued", "sequence_incomplete")]
    world.wait(minutes=14)
    world.minute()
    assert states(world)[0][1] == "queued"
    world.wait(minutes=1)
    world.minute()
    world.publish(part(sequence, 2))
    world.minute()
    assert states(world) == [(position, "failed", "sequence_incomplete") for position in (1, 2, 3)]
    assert world.texts() == []


def test_the_fifteen_minutes_count_from_the_first_part(world: World) -> None:
    world.person()
    sequence = uuid4()
    world.publish(part(sequence, 2))
    world.wait(minutes=14)
    world.publish(part(sequence, 1))
    world.wait(minutes=2)
    world.minute()
    assert {status for _, status, _ in states(world)} == {"failed"}


def test_an_urgent_sequence_goes_straight_on_once_it_is_whole(world: World) -> None:
    world.person()
    sequence = uuid4()
    for position in (2, 1, 3):
        world.publish(part(sequence, position, priority="urgent", can_delay=False))
    world.deliver()
    assert world.texts() == PARTS


def test_it_is_all_or_nothing_against_the_limits(world: World) -> None:
    world.person(daily_limit=1)
    world.message()
    world.minute()
    sequence = uuid4()
    world.publish(*[part(sequence, position) for position in (1, 2, 3)])
    world.minute()
    assert world.texts() == ["Hello"]
    assert states(world)[:3] == [(position, "queued", "daily_limit") for position in (1, 2, 3)]
    world.travel_to("2026-03-04T13:00:00+00:00")
    world.minute()
    assert world.texts() == ["Hello", *PARTS]


def test_part_two_waits_until_part_one_was_accepted(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda fields: HttpAnswer(500, {}) if fields["Body"] == "part 1" else None
    sequence = uuid4()
    world.publish(*[part(sequence, position) for position in (1, 2, 3)])
    world.minute()
    assert states(world) == [(1, "sending", "unknown_outcome"), (2, "queued", None), (3, "queued", None)]
    world.phones.misbehave = None
    world.wait(minutes=11)
    world.minute()
    assert states(world) == [
        (1, "failed", "unknown_outcome"),
        (2, "cancelled", "sequence_stopped"),
        (3, "cancelled", "sequence_stopped"),
    ]
    assert world.texts() == []


def test_a_failure_midway_continues_from_that_part(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda fields: twilio_error(429, 20429, "busy") if fields["Body"] == "part 2" else None
    sequence = uuid4()
    world.publish(*[part(sequence, position) for position in (1, 2, 3)])
    world.minute()
    assert states(world) == [(1, "sent", None), (2, "queued", "provider_busy"), (3, "queued", None)]
    world.phones.misbehave = None
    world.wait(minutes=1)
    world.minute()
    assert world.texts() == PARTS


def test_a_refusal_midway_stops_it_there_and_the_record_says_where(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda fields: twilio_error(400, 21617, "no") if fields["Body"] == "part 2" else None
    sequence = uuid4()
    world.publish(*[part(sequence, position) for position in (1, 2, 3)])
    world.minute()
    world.minute()
    assert states(world) == [(1, "sent", None), (2, "failed", "refused"), (3, "cancelled", "sequence_stopped")]


def test_a_stop_midway_stops_it_there(world: World) -> None:
    world.person()

    def stop_after_the_first(fields: dict[str, str]) -> None:
        if fields["Body"] == "part 1":
            world.opts_out(phone="+12125550101")

    world.phones.misbehave = stop_after_the_first
    sequence = uuid4()
    world.publish(*[part(sequence, position) for position in (1, 2, 3)])
    world.minute()
    assert world.texts() == ["part 1"]
    assert states(world) == [(1, "sent", None), (2, "cancelled", "opted_out"), (3, "cancelled", "opted_out")]


def test_a_worker_that_dies_between_parts_continues_from_the_next(world: World) -> None:
    world.person()
    sequence = uuid4()
    world.publish(*[part(sequence, position) for position in (1, 2, 3)])

    def pausing(_fields: object) -> None:
        pause(world.connection, "everything", "", None, world.now)

    world.phones.misbehave = pausing
    world.minute()
    assert world.texts() == ["part 1"]
    world.phones.misbehave = None
    resume(world.connection, "everything", "")
    world.wait(minutes=1)
    world.minute()
    assert world.texts() == PARTS


def test_a_later_part_that_keeps_losing_its_place_is_due_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    sequence = uuid4()
    world.publish(*[part(sequence, position, total=2) for position in (1, 2)])
    world.dispatch()
    reserve_wave, reserved = store.reserve_wave, iter([True])
    monkeypatch.setattr(
        store, "reserve_wave", lambda *plan: reserve_wave(*plan) if next(reserved, False) else Reservation(set())
    )
    assert world.deliver() == {"batchItemFailures": []}, "the batch's own record is done"
    assert world.texts() == PARTS[:1]
    monkeypatch.undo()
    world.wait(minutes=6)
    world.minute()
    assert world.texts() == PARTS[:2]


@pytest.mark.parametrize(
    "change", [{"user_id": "ben"}, {"priority": "medium"}, {"sequence_total": 4}], ids=["user", "priority", "total"]
)
def test_one_user_one_priority_one_total(world: World, change: dict[str, Any]) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    sequence = uuid4()
    world.publish(part(sequence, 1))
    world.publish(part(sequence, 2, **change))
    assert world.all("SELECT reason FROM orchestrator.rejections") == [("sequence_conflict",)]


def test_a_sequence_of_agents_of_which_one_may_text_at_night_does_not_begin(world: World) -> None:
    """It would stop in the middle: the part of the other agent waits for open hours (R5)."""
    world.travel_to("2026-03-03T23:30:00-05:00")
    world.person()
    sequence = uuid4()
    urgent: dict[str, Any] = {"priority": "urgent", "can_delay": False}
    world.publish(part(sequence, 1, 2, agent_id="system", **urgent))
    world.publish(part(sequence, 2, 2, agent_id="alerts", **urgent))
    world.deliver()
    assert world.texts() == []
    assert world.all("SELECT agent_id, reason FROM orchestrator.rejections") == [("alerts", "sequence_conflict")]


def test_withdrawing_a_part_withdraws_the_whole_before_it_starts(world: World) -> None:
    world.person()
    sequence = uuid4()
    world.publish(*[part(sequence, position) for position in (1, 2, 3)])
    world.publish({"action": "withdraw", "message_id": part(sequence, 3)["message_id"]})
    world.minute()
    assert world.texts() == []
    assert states(world) == [
        (1, "cancelled", "sequence_stopped"),
        (2, "cancelled", "sequence_stopped"),
        (3, "cancelled", "withdrawn"),
    ]


def test_a_sequence_of_one_is_a_message(world: World) -> None:
    world.person()
    world.publish(part(uuid4(), 1, total=1))
    world.minute()
    assert world.texts() == ["part 1"]


def test_after_a_text_is_read_the_parts_go_in_order_and_a_refused_one_stops_those_after_it(world: World) -> None:
    """All parts waited for the text; only the first unfinished one may be approved, on this path too."""
    world.person()
    world.claude.misbehave = lambda _request: HttpAnswer(529, {})
    world.twilio_calls(
        world.phones.write("+12125550101", "Hm, what is this?", "https://hooks.example.com/twilio/inbound")
    )
    world.take_in()
    sequence = uuid4()
    order = [3, 1, 5, 2, 4]
    world.publish(*(part(sequence, position, 5) for position in order))
    world.minute()
    assert {(status, reason) for _, status, reason in states(world)} == {("queued", "reply_unjudged")}
    world.claude.misbehave = None
    world.phones.misbehave = lambda fields: twilio_error(400, 21617, "no") if fields["Body"] == "part 2" else None
    world.writes("Hello? Anybody?")
    for _ in range(3):
        world.minute()
        world.wait(minutes=1)
    assert world.texts() == ["part 1"]
    assert states(world) == [
        (1, "sent", None),
        (2, "failed", "refused"),
        *((position, "cancelled", "sequence_stopped") for position in (3, 4, 5)),
    ]
    assert world.all("SELECT messages_sent FROM user_message_budget") == [(1,)]


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two batches"])
def test_a_second_part_for_a_position_is_rejected_with_its_reason(world: World, together: bool) -> None:
    world.person()
    sequence = uuid4()
    second = part(sequence, 2)
    impostor = {**second, "message_id": str(uuid4()), "message_data": {"type": "note", "message": "another part 2"}}
    bodies = [part(sequence, 1), second, impostor, part(sequence, 3)]
    for batch in [bodies] if together else [[body] for body in bodies]:
        world.publish(*batch)
    world.minute()
    assert world.texts() == PARTS
    assert world.all("SELECT message_id::text, reason, field FROM orchestrator.rejections") == [
        (impostor["message_id"], "position_taken", "sequence_position")
    ]
    (letter,) = world.drain_messages("ENQUEUE_DLQ_URL")
    assert letter["MessageAttributes"]["reason"] == "position_taken"


def test_parts_of_one_batch_for_two_people_are_no_sequence(world: World) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    sequence = uuid4()
    world.publish(part(sequence, 1, 2), part(sequence, 2, 2, user_id="ben"))
    assert world.all("SELECT reason FROM orchestrator.rejections") == [("sequence_conflict",)]


# In company: with people who write, a hand-over that was lost, and hourly holds ----------------------------------------------


def test_a_held_sequence_comes_forward_whole_and_counts_as_its_parts(world: World) -> None:
    world.travel_to("2026-03-03T22:00:00-05:00")
    world.person_with_a_past()
    sequence = uuid4()
    for position in (1, 2):
        world.publish(part(sequence, position, total=2))
    world.minute()
    held = [("queued", "quiet_hours"), ("queued", "quiet_hours")]
    of_it = "SELECT status, reason FROM message_queue WHERE sequence_id = %s ORDER BY sequence_position"
    assert world.all(of_it, sequence) == held
    world.writes("Tell me more")
    world.deliver()
    world.minute()
    assert world.texts() == ["part 1", "part 2"]
    assert world.all(of_it, sequence) == [("sent", None), ("sent", None)]


def test_an_urgent_sequence_whose_hand_over_was_lost_goes_with_a_later_tick(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person_with_a_past()
    sequence = uuid4()
    for position in (2, 1):
        world.publish(part(sequence, position, total=2, priority="urgent", can_delay=False))
    assert len(world.drain("URGENT_QUEUE_URL")) == 1, "SQS takes it, and loses it"
    world.minute()
    assert world.texts() == []
    world.wait(minutes=20)
    world.minute()
    world.minute()
    assert world.texts() == ["part 1", "part 2"]


def test_a_sequence_that_the_hour_holds_takes_one_place_among_those_that_wait(world: World) -> None:
    """Two slots an hour: one is taken by a text that is on its way. What waits is due one after the other."""
    world.person_with_a_past()
    before = world.message(message_data={"type": "note", "message": "before"})
    world.minute()
    sequence = uuid4()
    for position in (1, 2, 3):
        world.publish(part(sequence, position))
    world.minute()
    after = world.message(message_data={"type": "note", "message": "after"})
    world.minute()
    assert world.state(before) == ("sent", None)
    due = world.all("SELECT status, reason, scheduled_for FROM message_queue WHERE sequence_id = %s", sequence)
    assert {(status, reason) for status, reason, _ in due} == {("queued", "hourly_limit")}
    (due_at,) = {at for _, _, at in due}
    assert world.row(after)["scheduled_for"] > due_at
    world.travel_to(due_at)
    world.minute()
    assert world.texts() == ["before", *PARTS]
    world.travel_to(world.row(after)["scheduled_for"])
    world.minute()
    assert world.texts() == ["before", *PARTS, "after"]


def test_a_stop_while_the_second_part_is_reserved_stops_the_third(world: World) -> None:
    world.person_with_a_past()
    sequence = uuid4()
    for position in (1, 2, 3):
        world.publish(part(sequence, position))

    def stop_with_the_second(fields: dict[str, str]) -> HttpAnswer | None:
        if fields["Body"] == "part 2":
            world.writes("STOP")
        return None

    world.phones.misbehave = stop_with_the_second
    world.minute()
    assert world.texts() == PARTS[:2]
    assert world.all(
        "SELECT status, reason FROM message_queue WHERE sequence_id = %s ORDER BY sequence_position", sequence
    ) == [("sent", None), ("sent", None), ("cancelled", "opted_out")]


@pytest.mark.parametrize("position", [1, 3])
def test_a_position_that_a_concurrent_batch_took_meanwhile_is_rejected_with_a_reason(
    world: World, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    world.person()
    sequence = uuid4()
    first, second = (part(sequence, position, message_id=str(uuid4())) for _ in range(2))
    read = enqueue_store.read_known_records

    def read_before_the_other_batch(*arguments: Any, **named: Any) -> Any:
        known = read(*arguments, **named)
        monkeypatch.undo()
        world.publish(first)
        return known

    monkeypatch.setattr(enqueue_store, "read_known_records", read_before_the_other_batch)
    record = sqs_record(json.dumps(second), world.now)
    assert world.invoke("enqueue", sqs_event([record])) == {
        "batchItemFailures": [{"itemIdentifier": record["messageId"]}]
    }
    assert world.invoke("enqueue", sqs_event([record])) == {"batchItemFailures": []}
    assert world.all("SELECT id, reason FROM message_queue") == [(UUID(first["message_id"]), "sequence_incomplete")]
    assert world.all("SELECT message_id, reason FROM orchestrator.rejections") == [
        (UUID(second["message_id"]), "position_taken")
    ]


def test_a_part_that_came_twice_in_two_concurrent_batches_is_one_part(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    message = part(uuid4(), 1)
    read = enqueue_store.read_known_records

    def read_before_the_other_batch(*arguments: Any, **named: Any) -> Any:
        known = read(*arguments, **named)
        monkeypatch.undo()
        world.publish(message)
        return known

    monkeypatch.setattr(enqueue_store, "read_known_records", read_before_the_other_batch)
    record = sqs_record(json.dumps(message), world.now)
    world.invoke("enqueue", sqs_event([record]))
    assert world.invoke("enqueue", sqs_event([record])) == {"batchItemFailures": []}
    assert world.all("SELECT id FROM message_queue") == [(UUID(message["message_id"]),)]
    assert world.all("SELECT 1 FROM orchestrator.rejections") == []
