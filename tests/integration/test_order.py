"""Order where several rows compete: texts of one batch, messages of one wave, people who share a phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.integration.test_replies import row
from tests.integration.test_reserve import STRUCTURED, while_claude_writes
from tests.world import WEBHOOK, World, sqs_event

ADA = "+12125550101"
AUTOMATIC = "I am driving and will answer later"


def writes_without_being_read(world: World, text: str, **fields: str) -> None:
    """A text that the webhook has put on the queue; the inbound function takes it with the others of its batch."""
    assert world.twilio_calls(world.phones.write(ADA, text, f"{WEBHOOK}/twilio/inbound", **fields)) == [200]


def opening_texts(world: World) -> dict[str, bool]:
    """Whether each text since the last minute lets held messages through."""
    return dict(
        world.all(
            "SELECT m.content, r.opens_window FROM orchestrator.readings r JOIN messages m ON m.id = r.inbound_id"
            " WHERE m.created_at > %s",
            world.now - timedelta(minutes=1),
        )
    )


# Texts of one batch ------------------------------------------------------------------------------------------------------


def test_a_text_of_a_batch_is_compared_with_the_text_before_it_in_time(world: World) -> None:
    """An automatic answer repeats the text before it (R4). Here a text in between makes it no repetition."""
    world.person_with_a_past()
    world.writes(AUTOMATIC)
    world.wait(minutes=5)
    writes_without_being_read(world, "What is new in Boston?")
    world.wait(seconds=5)
    writes_without_being_read(world, AUTOMATIC)
    records = world.inbound_records()
    for batch in (records, records[::-1]):  # the second one changes nothing
        world.invoke("inbound", sqs_event(batch))
        assert opening_texts(world) == {"What is new in Boston?": True, AUTOMATIC: True}


def test_texts_of_one_instant_are_compared_in_the_order_of_their_sids(world: World) -> None:
    world.person_with_a_past()
    world.writes(AUTOMATIC)
    world.wait(minutes=5)
    writes_without_being_read(world, "What is new in Boston?", MessageSid=f"SM{2:032}")
    writes_without_being_read(world, AUTOMATIC, MessageSid=f"SM{1:032}")
    world.take_in()
    assert opening_texts(world) == {AUTOMATIC: False, "What is new in Boston?": True}


def test_a_conversation_that_a_batch_begins_has_the_time_of_its_first_text(world: World) -> None:
    world.person()
    first = world.now
    writes_without_being_read(world, "What is new in Boston?")
    world.wait(seconds=5)
    writes_without_being_read(world, "And in Lowell?")
    world.take_in()
    assert world.all("SELECT created_at, last_message_at FROM conversations") == [(first, world.now)]


# People who share a phone ------------------------------------------------------------------------------------------------


def test_the_first_text_from_a_shared_phone_that_we_never_texted_is_of_the_person_with_the_lowest_id(
    world: World,
) -> None:
    people = [UUID(int=number) for number in (3, 1, 2)]  # the table has them in another order than their ids
    for place, user_id in enumerate(people):
        stored = world.person(f"person {place}", phone=f"+1212555012{place}")
        spelling = (ADA, "(212) 555-0101", "212-555-0101")[place]
        change = "UPDATE users SET id = %s, phone_number = %s WHERE id = %s"
        world.connection.execute(change, (user_id, spelling, stored))
    world.writes("What is new in Boston?")
    assert world.all("SELECT user_id FROM messages WHERE direction = 'inbound'") == [(min(people),)]


# Messages of one wave ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["daily_limit", "hourly_limit"])
def test_the_last_slot_goes_to_the_first_message_of_the_wave(world: World, limit: str) -> None:
    """The wave was decided when two slots were free; another worker takes one of them while Claude writes."""
    limits: dict[str, Any] = {"daily_limit": 10, "hourly_limit": 10, limit: 2}
    ada = world.person(**limits)
    priority = "urgent" if limit == "daily_limit" else "high"
    first = world.message(message_data=STRUCTURED, priority=priority)
    world.wait(seconds=1)
    second = world.message(priority=priority)

    def another_text_goes() -> None:
        world.connection.execute(
            "INSERT INTO user_message_budget (user_id, date, messages_sent, daily_limit, hourly_limit)"
            " VALUES (%s, '2026-03-03', %s, %s, %s)"
            " ON CONFLICT (user_id, date) DO UPDATE SET messages_sent = excluded.messages_sent",
            (ada, 1, limits["daily_limit"], limits["hourly_limit"]),
        )
        world.connection.execute(
            "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint,"
            " local_date, holds_slot, started_at, outcome) VALUES (gen_random_uuid(), gen_random_uuid(), %s,"
            " gen_random_uuid(), %s, '', '2026-03-03', true, %s, 'accepted')",
            (ada, ADA, world.now),
        )

    while_claude_writes(world, another_text_goes)
    world.minute()
    assert (world.state(first), world.state(second)) == (("sent", None), ("queued", limit))


# Reply rows of agents ----------------------------------------------------------------------------------------------------


def withdraw(world: World, message_id: UUID) -> None:
    world.publish({"action": "withdraw", "message_id": str(message_id)})


def supersede(world: World, message_id: UUID) -> None:
    world.message(supersedes_message_id=str(message_id), scheduled_for=world.now + timedelta(days=1))


def expire(world: World, message_id: UUID) -> None:
    world.travel_to(world.row(message_id)["expires_at"])


@pytest.mark.parametrize(("end", "status"), [(withdraw, "cancelled"), (supersede, "superseded"), (expire, "expired")])
def test_the_row_of_a_reply_that_waits_says_so_until_it_ends_and_then_that_it_failed(
    world: World, end: Callable[[World, UUID], None], status: str
) -> None:
    ada = world.person_with_a_past()
    world.writes("Tell me all")
    world.connection.execute("INSERT INTO orchestrator.left_alone SELECT id FROM messages ON CONFLICT DO NOTHING")
    ended, other = row(world, ada, "one"), row(world, ada, "two")
    world.connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, paused_at) VALUES ('everything', '', now())"
    )
    world.minute()
    statuses = "SELECT id, status FROM messages WHERE id = ANY (%s) ORDER BY content"
    assert world.all(statuses, [ended, other]) == [(ended, "queued"), (other, "queued")]
    world.connection.execute(
        "UPDATE message_queue SET expires_at = expires_at + interval '1 day' WHERE id = %s", (other,)
    )
    end(world, ended)
    world.minute()
    world.minute()
    assert world.state(ended)[0] == status
    assert world.all(statuses, [ended, other]) == [(ended, "failed"), (other, "queued")]
    assert world.texts()[-1:] != ["one"]


@pytest.mark.parametrize("content", ["  ", '{"raw": "json"}'])
def test_the_row_of_a_reply_that_is_no_text_says_that_it_failed(world: World, content: str) -> None:
    ada = world.person()
    world.writes("Tell me all")
    message_id = row(world, ada, content)
    world.minute()
    world.minute()
    assert world.all("SELECT status FROM messages WHERE id = %s", message_id) == [("failed",)]
