"""What is known of numbers, and numbers that change or pass to somebody else."""

from uuid import UUID

import pytest

from orchestrator.store.people import change_user
from orchestrator_local.stand_ins.phones import Callback
from tests.world import World

OLD, NEW = "+12125550101", "+12125550111"


def fails(world: World, code: int, phone: str = OLD) -> None:
    """A text goes out, and the carrier tells a failure."""
    world.message(message_data={"type": "x", "message": f"try {code}"})
    world.minute()
    (sent,) = [callback for callback in world.phones.callbacks if callback.fields["To"] == phone][:1]
    world.phones.callbacks.clear()
    told = Callback(sent.url, {**sent.fields, "MessageStatus": "undelivered", "ErrorCode": str(code)})
    world.twilio_calls(told, told)  # repeated, it follows once
    world.take_in()


def test_an_unreachable_phone_waits_longer_each_time_until_it_is_reached(world: World) -> None:
    world.person(hourly_limit=100)
    waits = []
    for _ in range(3):
        fails(world, 30003)
        held = world.message()
        world.minute()
        assert world.state(held) == ("queued", "phone_unreachable")
        due = world.row(held)["scheduled_for"]
        waits.append((due - world.now).total_seconds() / 3600)
        world.all("DELETE FROM orchestrator.timeline WHERE message_id = %s RETURNING 1", held)
        world.all("UPDATE message_queue SET status = 'cancelled' WHERE id = %s RETURNING 1", held)
        world.travel_to(due)
    assert waits == [1, 2, 4]
    world.message()
    world.minute()
    world.twilio_calls()
    world.take_in()
    assert world.all("SELECT failures, unreachable_until FROM orchestrator.numbers") == [(0, None)]


def test_a_phone_that_writes_can_be_reached(world: World) -> None:
    world.person()
    fails(world, 30003)
    held = world.message()
    world.minute()
    world.writes("I am back")
    world.minute()
    assert world.state(held)[0] in ("sent", "queued")
    assert world.all("SELECT 1 FROM orchestrator.numbers") == []


@pytest.mark.parametrize("code", [30005, 30006])
def test_a_number_that_gets_no_texts_is_remembered_until_it_changes(world: World, code: int) -> None:
    world.person()
    fails(world, code)
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == ("failed", "bad_number")
    change_user(world.connection, "ada", {"phone_number": NEW}, world.now)
    world.message(message_data={"type": "x", "message": "Hello again"})
    world.minute()
    assert world.texts(NEW) == ["Hello again"]


def test_when_carriers_refuse_our_account_everybody_waits(world: World) -> None:
    world.person()
    fails(world, 30034)
    message_id = world.message()
    world.minute()
    assert world.state(message_id)[0] == "queued"
    assert len(world.texts()) == 1
    ((scope, note),) = world.all("SELECT scope, note FROM orchestrator.pauses")
    assert (scope, note) == ("provider", "Carriers refuse our account: code 30034")


def test_carrier_filtering_is_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.person()
    fails(world, 30007)
    assert '"CarrierFiltered":[1.0]' in capsys.readouterr().out
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == ("sent", None)


# Change and recycling --------------------------------------------------------------------------------------------------


def moves(world: World, number: str = NEW) -> UUID:
    return change_user(world.connection, "ada", {"phone_number": number}, world.now)


def test_what_waits_follows_the_person_and_the_old_number_goes_to_history(world: World) -> None:
    world.person()
    world.message(message_data={"type": "x", "message": "before"})
    world.minute()
    (conversation,) = world.all("SELECT id FROM conversations")[0]
    waiting = world.message(conversation_context_id=str(conversation), message_data={"type": "x", "message": "after"})
    moves(world)
    world.minute()
    assert (world.texts(OLD), world.texts(NEW)) == (["before"], ["after"])
    assert world.state(waiting) == ("sent", None)
    assert world.all("SELECT phone_number_history FROM users") == [([OLD],)]
    assert world.all("SELECT phone_number, status FROM conversations ORDER BY created_at, phone_number") == [
        (OLD, "closed"),
        (NEW, "active"),
    ]


def test_texts_from_the_old_number_are_no_longer_theirs(world: World) -> None:
    world.person()
    moves(world)
    world.writes("Hi, wrong number?", phone=OLD)
    assert world.all("SELECT phone_number FROM orchestrator.strangers") == [(OLD,)]
    assert world.all("SELECT 1 FROM messages") == []


def test_when_a_number_passes_to_another_nothing_of_the_former_owner_reaches_it(world: World) -> None:
    ada = world.person()
    world.writes("Tell me all about it")
    world.message(message_data={"type": "x", "message": "for Ada"}, scheduled_for="2026-03-03T15:30:00Z")
    moves(world)
    ben = world.person("ben", phone=OLD, first_name="Ben")
    world.writes("Who is there?", phone=OLD)
    world.publish({"action": "reply", "user_id": "ada", "content": "a reply to Ada"})
    world.wait(minutes=31)
    world.minute()
    world.deliver()
    assert world.texts(OLD) == []
    assert sorted(world.texts(NEW)) == ["a reply to Ada", "for Ada"]
    assert world.all(
        "SELECT user_id, content FROM messages WHERE direction = 'inbound' ORDER BY created_at, content"
    ) == [
        (ada, "Tell me all about it"),
        (ben, "Who is there?"),
    ]


def test_an_opt_out_stays_with_the_number_and_with_the_person(world: World) -> None:
    world.person()
    world.writes("STOP")
    moves(world)
    world.person("ben", phone=OLD)
    for user in ("ada", "ben"):
        assert world.state(_delivered(world, user)) == ("cancelled", "opted_out")


def test_a_new_owners_start_frees_the_number_and_not_the_former_owner(world: World) -> None:
    world.person()
    world.writes("STOP")
    moves(world)
    world.person("ben", phone=OLD)
    world.wait(minutes=1)
    world.writes("START", phone=OLD)
    assert world.state(_delivered(world, "ben")) == ("sent", None)
    assert world.state(_delivered(world, "ada")) == ("cancelled", "opted_out")


def test_a_persons_start_from_their_new_number_does_not_free_the_old_one(world: World) -> None:
    world.person()
    world.writes("STOP")
    moves(world)
    world.person("ben", phone=OLD)
    world.wait(minutes=1)
    world.writes("START", phone=NEW)
    assert world.state(_delivered(world, "ada")) == ("sent", None)
    assert world.state(_delivered(world, "ben")) == ("cancelled", "opted_out")


def test_two_people_who_stopped_on_one_number_both_stay_opted_out(world: World) -> None:
    world.person()
    world.writes("STOP")
    moves(world)
    world.person("ben", phone=OLD)
    world.wait(minutes=1)
    world.writes("STOP", phone=OLD)
    change_user(world.connection, "ben", {"phone_number": "+12125550112"}, world.now)
    for user in ("ada", "ben"):
        assert world.state(_delivered(world, user)) == ("cancelled", "opted_out")


def _delivered(world: World, user: str) -> UUID:
    message_id = world.message(user)
    world.minute()
    return message_id
