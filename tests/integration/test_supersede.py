"""Superseding, withdrawal of topics, and what applies when a message comes back (R9)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from orchestrator.ids import uuid7
from orchestrator_local.stand_ins.phones import twilio_error
from tests.integration.test_sequences import part
from tests.world import World

NEWER_OF_TOPIC = "A newer message of the same topic took its place"
REPLACED = "Another message names it as the one that it replaces"


def superseded_by(world: World, message_id: UUID) -> tuple[Any, ...]:
    row = world.row(message_id)
    return row["status"], row["superseded_by_message_id"], row["superseded_reason"]


def test_a_newer_message_of_the_topic_supersedes_what_waits(world: World) -> None:
    world.person()
    older = world.message(topic="crm")
    world.wait(seconds=1)
    newer = world.message(topic="crm", message_data={"type": "note", "message": "newer"})
    other = world.message(topic="billing", message_data={"type": "note", "message": "other"})
    world.minute()
    assert superseded_by(world, older) == ("superseded", newer, NEWER_OF_TOPIC)
    assert sorted(world.texts()) == ["newer", "other"]
    assert world.state(other)[0] == "sent"


def test_the_time_in_the_id_decides_not_the_arrival(world: World) -> None:
    world.person()
    older, newer = uuid7(world.now - timedelta(minutes=2)), uuid7(world.now - timedelta(minutes=1))
    world.message(message_id=str(newer), topic="crm")
    world.message(message_id=str(older), topic="crm")
    assert superseded_by(world, older) == ("superseded", newer, NEWER_OF_TOPIC)
    assert world.state(newer)[0] == "queued"


def test_an_older_one_that_arrives_after_the_newer_was_sent_is_superseded(world: World) -> None:
    world.person()
    older = uuid7(world.now - timedelta(minutes=1))
    newer = world.message(topic="crm")
    world.minute()
    world.message(message_id=str(older), topic="crm")
    world.minute()
    assert superseded_by(world, older) == ("superseded", newer, NEWER_OF_TOPIC)
    assert world.texts() == ["Hello"]


def test_a_message_from_the_future_does_not_supersede_for_ever(world: World) -> None:
    world.person()
    world.message(message_id=str(uuid7(world.now + timedelta(days=400))), topic="crm")
    world.wait(minutes=1)
    newer = world.message(topic="crm")
    assert world.state(newer)[0] == "queued"


def test_topics_of_different_people_are_different(world: World) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    first = world.message(topic="crm")
    world.wait(seconds=1)
    world.message("ben", topic="crm")
    assert world.state(first)[0] == "queued"


def test_several_in_one_batch_leave_the_newest(world: World) -> None:
    world.person()
    ids = [uuid7(world.now - timedelta(seconds=seconds)) for seconds in (3, 1, 2)]
    world.publish(
        *[
            {
                "message_id": str(message_id),
                "user_id": "ada",
                "agent_id": "a",
                "message_data": {"type": "note"},
                "topic": "crm",
            }
            for message_id in ids
        ]
    )
    assert [world.state(message_id)[0] for message_id in ids] == ["superseded", "queued", "superseded"]


def test_a_message_that_names_another_replaces_it_in_either_order(world: World) -> None:
    world.person()
    old, new = uuid7(world.now), uuid7(world.now)
    world.message(message_id=str(old))
    world.message(message_id=str(new), supersedes_message_id=str(old))
    assert superseded_by(world, old) == ("superseded", new, REPLACED)
    late, early = uuid7(world.now), uuid7(world.now)
    world.message(message_id=str(early), supersedes_message_id=str(late))
    world.message(message_id=str(late))
    assert superseded_by(world, late) == ("superseded", early, REPLACED)


def test_nobody_replaces_the_message_of_another_person(world: World) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    hers = world.message()
    world.message("ben", supersedes_message_id=str(hers))
    assert world.state(hers)[0] == "queued"


def test_a_newer_sequence_supersedes_a_whole_older_one_but_never_its_own_parts(world: World) -> None:
    world.person()
    older, newer = uuid4(), uuid4()
    for sequence in (older, newer):
        for position in (1, 2, 3):
            world.publish(part(sequence, position, topic="crm", message_id=str(uuid7(world.now))))
            world.wait(seconds=1)
    world.minute()
    found = world.all("SELECT sequence_id, status, count(*) FROM message_queue GROUP BY 1, 2")
    assert sorted(found) == sorted([(older, "superseded", 3), (newer, "sent", 3)])


def test_an_incomplete_sequence_supersedes_nothing_until_it_is_whole(world: World) -> None:
    world.person()
    old = world.message(topic="crm", scheduled_for=world.now + timedelta(hours=1))
    sequence = uuid4()
    world.wait(seconds=1)
    world.publish(part(sequence, 1, total=2, topic="crm", message_id=str(uuid7(world.now))))
    assert world.state(old)[0] == "queued"
    world.publish(part(sequence, 2, total=2, topic="crm", message_id=str(uuid7(world.now))))
    assert world.state(old)[0] == "superseded"


def test_a_sequence_replaces_the_message_that_a_part_names_once_it_is_whole(world: World) -> None:
    world.person()
    old = world.message(scheduled_for=world.now + timedelta(hours=1))
    sequence = uuid4()
    first = str(uuid7(world.now))
    world.publish(part(sequence, 1, total=2, message_id=first, supersedes_message_id=str(old)))
    assert world.state(old)[0] == "queued"
    world.publish(part(sequence, 2, total=2, message_id=str(uuid7(world.now))))
    assert superseded_by(world, old) == ("superseded", UUID(first), REPLACED)


def test_of_a_sequence_and_a_message_between_its_parts_the_later_one_stays(world: World) -> None:
    world.person()
    sequence = uuid4()
    times = [world.now - timedelta(seconds=seconds) for seconds in (3, 2, 1)]
    between = uuid7(times[1])
    bodies = [
        part(sequence, position, total=2, topic="crm", message_id=str(uuid7(at)))
        for position, at in ((1, times[0]), (2, times[2]))
    ]
    alone = {name: value for name, value in bodies[0].items() if not name.startswith("sequence_")}
    world.publish(*bodies, {**alone, "message_id": str(between)})
    world.minute()
    assert world.state(between)[0] == "superseded"
    found = world.all("SELECT status, count(*) FROM message_queue WHERE sequence_id IS NOT NULL GROUP BY 1")
    assert found == [("sent", 2)]


def test_a_withdrawn_topic_ends_what_waits_and_what_was_published_before(world: World) -> None:
    world.person()
    waiting = world.message(topic="crm")
    late = uuid7(world.now)
    world.wait(seconds=1)
    world.publish({"action": "withdraw", "userId": "ada", "topic": "crm"})
    world.message(message_id=str(late), topic="crm")
    world.wait(seconds=1)
    after = world.message(topic="crm")
    world.minute()
    assert [world.state(m) for m in (waiting, late)] == [("cancelled", "withdrawn")] * 2
    assert world.state(after)[0] == "sent"


def test_what_is_sending_is_past_all_this_unless_it_comes_back(world: World) -> None:
    world.person()
    newer: list[UUID] = []

    def newer_one_meanwhile(_fields: object) -> Any:
        if not newer:
            world.wait(seconds=1)
            newer.append(world.message(topic="crm", message_data={"type": "note", "message": "newer"}))
        return twilio_error(429, 20429, "busy")

    world.phones.misbehave = newer_one_meanwhile
    older = world.message(topic="crm")
    world.dispatch()
    world.deliver()
    assert world.state(older) == ("queued", "provider_busy")
    world.phones.misbehave = None
    world.wait(minutes=1)
    world.minute()
    assert superseded_by(world, older) == ("superseded", newer[0], NEWER_OF_TOPIC)
    assert world.texts() == ["newer"]


def test_a_batch_ends_nothing_of_people_who_are_not_in_it(world: World) -> None:
    """Enqueue holds the locks of its batch's people alone; what was named while it was sending waits for its decision."""
    world.person()
    world.person("ben", phone="+12125550102")
    named = uuid7(world.now)

    def named_meanwhile(_fields: object) -> Any:
        world.message(supersedes_message_id=str(named), scheduled_for=world.now + timedelta(hours=1))
        return twilio_error(429, 20429, "busy")

    world.phones.misbehave = named_meanwhile
    world.message(message_id=str(named))
    world.minute()
    world.message("ben")
    assert world.state(named) == ("queued", "provider_busy")
    world.wait(minutes=1)
    world.phones.misbehave = None
    world.minute()
    assert world.state(named)[0] == "superseded"
    assert world.texts() == []


def test_a_withdrawal_while_it_is_sending_is_obeyed_when_it_comes_back(world: World) -> None:
    world.person()
    message_id = uuid7(world.now)

    def withdrawn_meanwhile(_fields: object) -> Any:
        world.publish({"action": "withdraw", "message_id": str(message_id)})
        return twilio_error(429, 20429, "busy")

    world.phones.misbehave = withdrawn_meanwhile
    world.message(message_id=str(message_id))
    world.minute()
    world.phones.misbehave = None
    world.wait(minutes=1)
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("cancelled", "withdrawn"))
