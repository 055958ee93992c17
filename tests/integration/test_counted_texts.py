"""Which earlier texts count against a limit: to the second, to the person, and to those who share the phone."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator.store.delivery import reserve_wave
from tests.integration.test_replies import reply
from tests.world import World

NIGHT = "2026-03-03T22:00:00-05:00"
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def went(world: World, user_id: UUID, number: int, ago: timedelta, **columns: object) -> None:
    """Write attempts of earlier texts, which Twilio accepted."""
    world.connection.execute(
        "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint,"
        " local_date, holds_slot, active_since, active_texts, reply_to, started_at, outcome)"
        " SELECT gen_random_uuid(), gen_random_uuid(), %(user_id)s, gen_random_uuid(), '+12125550101', '',"
        " (%(at)s::timestamptz AT TIME ZONE 'America/New_York')::date, %(holds_slot)s, %(active_since)s,"
        " %(active_texts)s, %(reply_to)s, %(at)s, 'accepted' FROM generate_series(1, %(number)s)",
        {
            "user_id": user_id,
            "at": world.now - ago,
            "number": number,
            "holds_slot": False,
            "active_since": None,
            "active_texts": 0,
            "reply_to": None,
            **columns,
        },
    )


@pytest.mark.parametrize(("ago", "goes"), [(HOUR, True), (HOUR - SECOND, False), (3 * HOUR, True)])
@pytest.mark.parametrize("is_of_sharer", [False, True])
def test_what_activity_let_through_counts_for_an_hour(
    world: World, ago: timedelta, goes: bool, is_of_sharer: bool
) -> None:
    world.travel_to(NIGHT)
    ada, ben = world.person(), world.person("ben", phone="+12125550102")
    world.connection.execute("UPDATE users SET phone_number = '(212) 555-0101' WHERE id = %s", (ben,))
    held = world.message()
    world.minute()
    went(world, ben if is_of_sharer else ada, 6, ago, active_texts=1, active_since=world.now - ago - SECOND)
    world.says(ada, "Tell me more")
    world.minute()
    assert world.state(held) == (("sent", None) if goes else ("queued", "quiet_hours"))


@pytest.mark.parametrize(("ago", "goes"), [(HOUR, True), (HOUR - SECOND, False), (3 * HOUR, True)])
def test_replies_count_for_an_hour(world: World, ago: timedelta, goes: bool) -> None:
    world.travel_to(NIGHT)
    ada = world.person()
    world.writes("What time is it?")
    went(world, ada, 30, ago, reply_to=world.now - ago - SECOND)
    went(world, ada, 6, HOUR / 2, active_texts=1, active_since=world.now - HOUR)  # it may not come forward instead
    reply(world, "It is late")
    world.deliver()
    assert world.texts() == (["It is late"] if goes else [])


@pytest.mark.parametrize(("ago", "goes"), [(HOUR, True), (HOUR - SECOND, False), (3 * HOUR, True)])
def test_a_slot_of_the_hour_is_free_after_an_hour(world: World, ago: timedelta, goes: bool) -> None:
    ada = world.person(hourly_limit=2)
    went(world, ada, 2, ago, holds_slot=True)
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == (("sent", None) if goes else ("queued", "hourly_limit"))


def test_the_texts_of_other_people_count_for_nothing(world: World) -> None:
    ada, ben = world.person(), world.person("ben", phone="+12125550102")
    went(world, ben, 40, HOUR / 2, holds_slot=True, active_texts=1, reply_to=world.now, active_since=world.now)
    world.connection.execute(
        "INSERT INTO user_message_budget (user_id, date, messages_sent) VALUES (%s, %s, 40)", (ben, world.now.date())
    )
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == ("sent", None)
    world.travel_to(NIGHT)
    held = world.message()
    world.minute()
    world.writes("Tell me more")
    world.deliver()
    reply(world, "There is more")
    world.deliver()
    assert world.texts()[-2:] == ["Hello", "There is more"]
    assert world.state(held) == ("sent", None)
    assert world.all("SELECT date, messages_sent FROM user_message_budget WHERE user_id = %s ORDER BY 1", ada) == [
        (world.now.date() - timedelta(days=1), 2),
        (world.now.date(), 0),  # in the evening of New York, the day of UTC
    ]


# Texts that another worker reserves between the decision and the reservation ------------------------------------------------


@pytest.fixture
def before_reserving(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], None]]]:
    """What happens once, just before the next wave is reserved."""
    happens: list[Callable[[], None]] = []

    def reserve(*arguments: Any) -> Any:
        while happens:
            happens.pop()()
        return reserve_wave(*arguments)

    monkeypatch.setattr("orchestrator.store.delivery.reserve_wave", reserve)
    yield happens
    assert happens == [], "nothing was reserved"


def each_ceiling(of_text: int, of_hour: int, of_day: int) -> pytest.MarkDecorator:
    """Texts that went meanwhile, up to each ceiling or to one below it.

    A case has their number, how long ago they went, how much older what they answer is than what the person wrote now,
    and whether one more may go.
    """
    ceilings = {
        "this text": (of_text, SECOND, timedelta(0)),
        "this hour": (of_hour, HOUR / 2, 3 * HOUR),
        "this day": (of_day, 2 * HOUR, 3 * HOUR),
    }
    return pytest.mark.parametrize(
        ("number", "ago", "older", "is_last"),
        [
            pytest.param(ceiling - is_last, ago, older, is_last, id=f"{name}, {'the last' if is_last else 'one more'}")
            for name, (ceiling, ago, older) in ceilings.items()
            for is_last in (True, False)
        ],
    )


@each_ceiling(of_text=5, of_hour=30, of_day=60)
def test_replies_that_went_meanwhile_count(
    world: World,
    before_reserving: list[Callable[[], None]],
    number: int,
    ago: timedelta,
    older: timedelta,
    is_last: bool,
) -> None:
    world.travel_to(NIGHT)
    ada = world.person()
    world.writes("What time is it?")
    written = world.now
    world.wait(seconds=2)
    went(world, ada, 6, HOUR / 2, active_texts=1, active_since=world.now - HOUR)  # it may not come forward instead
    reply(world, "It is late")
    before_reserving.append(lambda: went(world, ada, number, ago, reply_to=written - older))
    world.deliver()
    assert world.texts() == (["It is late"] if is_last else [])


@each_ceiling(of_text=3, of_hour=6, of_day=12)
def test_texts_to_an_active_person_that_went_meanwhile_count(
    world: World,
    before_reserving: list[Callable[[], None]],
    number: int,
    ago: timedelta,
    older: timedelta,
    is_last: bool,
) -> None:
    world.travel_to(NIGHT)
    ada = world.person()
    held = world.message()
    world.minute()
    world.says(ada, "Tell me more")
    written = world.now
    world.wait(seconds=2)
    before_reserving.append(lambda: went(world, ada, number, ago, active_texts=1, active_since=written - older))
    world.minute()
    assert world.state(held) == (("sent", None) if is_last else ("queued", "quiet_hours"))


# Texts of another sender (R2) ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "sent_ago", "written_ago", "goes"),
    [
        ("sent", HOUR - SECOND, 2 * HOUR, False),
        ("delivered", None, HOUR - SECOND, False),
        ("queued_for_send", None, SECOND, False),
        ("queued", SECOND, SECOND, False),
        (None, SECOND, SECOND, False),
        ("sent", HOUR, SECOND, True),
        ("sent", None, HOUR, True),
        ("failed", SECOND, SECOND, True),
    ],
)
@pytest.mark.parametrize("is_of_sharer", [False, True])
def test_texts_of_another_sender_count_for_an_hour(
    world: World, status: str | None, sent_ago: timedelta | None, written_ago: timedelta, goes: bool, is_of_sharer: bool
) -> None:
    ada, ben = world.person(hourly_limit=1), world.person("ben", phone="+12125550102", hourly_limit=1)
    world.connection.execute("UPDATE users SET phone_number = '(212) 555-0101' WHERE id = %s", (ben,))
    went_to = ben if is_of_sharer else ada
    world.says(went_to, "Hello")
    world.connection.execute("DELETE FROM messages")
    message = world.message()
    text_of_another_sender(world, went_to, status, sent_ago, written_ago)
    world.minute()
    assert world.state(message) == (("sent", None) if goes else ("queued", "hourly_limit"))


@pytest.mark.parametrize(
    "trace",
    [
        "UPDATE messages SET status = 'queued', twilio_message_sid = 'SM1' WHERE direction = 'outbound'",
        "INSERT INTO orchestrator.left_alone SELECT id FROM messages WHERE direction = 'outbound'",
    ],
)
def test_a_row_with_a_trace_of_another_sender_counts(world: World, trace: str) -> None:
    ada = world.person(hourly_limit=1)
    world.says(ada, "Hello")
    world.connection.execute("DELETE FROM messages")
    message = world.message()
    text_of_another_sender(world, ada, "pending", None, SECOND)
    world.connection.execute(trace.encode())
    world.minute()
    assert world.state(message) == ("queued", "hourly_limit")


def test_a_text_of_another_sender_while_claude_is_thinking_counts(world: World) -> None:
    ada = world.person(hourly_limit=1)
    world.says(ada, "Hello")
    world.connection.execute("DELETE FROM messages")
    message = world.message(message_data={"type": "weekly_summary", "stats": {"intros": 2}})

    def another_sender_meanwhile(_: object) -> None:
        text_of_another_sender(world, ada, "sent", SECOND, SECOND)

    world.claude.misbehave = another_sender_meanwhile
    world.minute()
    assert (world.texts(), world.state(message)[0]) == ([], "queued")


def test_our_own_texts_count_once(world: World) -> None:
    world.person(hourly_limit=2)
    first = world.message()
    world.minute()
    second = world.message()
    world.minute()
    assert [world.state(message) for message in (first, second)] == [("sent", None)] * 2


def text_of_another_sender(
    world: World, user_id: UUID, status: str | None, sent_ago: timedelta | None, written_ago: timedelta
) -> None:
    world.connection.execute(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, sent_at, created_at)"
        " SELECT id, user_id, 'concierge', 'Hi', 'outbound', %s, %s, %s FROM conversations WHERE user_id = %s",
        (status, None if sent_ago is None else world.now - sent_ago, world.now - written_ago, user_id),
    )
