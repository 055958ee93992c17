"""After an outage nothing is sent before what people wrote during it is read (R11)."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from tests.world import WEBHOOK, World, sqs_event

TO = f"{WEBHOOK}/twilio/inbound"
PEOPLE = [f"+121255501{number:02}" for number in range(10, 22)]


@pytest.fixture
def marked(world: World, putting_markers: None) -> World:
    """A world whose dispatcher puts markers on the inbound queue; one of them was read."""
    world.dispatch()
    world.take_in()
    return world


def pass_time(world: World, **duration: float) -> None:
    """Let time pass for the database too, whose clock the test cannot move: what it has noted grows older."""
    world.wait(**duration)
    world.connection.execute(
        "UPDATE orchestrator.inbound_marker SET read_at = read_at - %(by)s, gap_ended_at = gap_ended_at - %(by)s",
        {"by": timedelta(**duration)},
    )


def take_in_without_a_database(world: World, records: list[dict[str, Any]]) -> None:
    app = world.functions["inbound"]
    settings = app.database._settings
    away = settings.model_copy(update={"database_url": SecretStr("postgresql://127.0.0.1:1/none")})
    app.database._connection, app.database._settings = None, away
    try:
        assert len(world.invoke("inbound", sqs_event(records))["batchItemFailures"]) == len(records)
    finally:
        app.database._settings = settings


@pytest.mark.parametrize("minutes", [5, 60, 24 * 60])
def test_no_text_reaches_a_person_who_said_stop_during_an_outage(marked: World, minutes: int) -> None:
    world = marked
    for number, phone in enumerate(PEOPLE):
        world.person(f"p{number}", phone=phone, quiet_hours_enabled=False)
        world.message(f"p{number}", expires_at=world.now + timedelta(days=3), can_delay=False, priority="urgent")
    world.drain("URGENT_QUEUE_URL")  # the worker that held them died with the database
    stopped, others = PEOPLE[:6], PEOPLE[6:]
    pass_time(world, minutes=minutes / 2)
    world.twilio_calls(*(world.phones.write(phone, "STOP", TO) for phone in stopped))
    pass_time(world, minutes=minutes / 2)
    records = world.inbound_records()
    take_in_without_a_database(world, records)
    # The database is back. Delivery goes on at once; the batches of the inbound function crash for three minutes.
    for minute in range(9):
        world.minute()
        fresh = world.inbound_records()
        assert len(fresh) == 1, "a marker each minute"
        world.invoke("inbound", sqs_event(fresh if minute < 3 else [*fresh, *records]))
        if minute < 4:
            assert world.phones.texts == [], f"minute {minute}"
        else:
            assert sorted(text.to for text in world.phones.texts) == others, f"minute {minute}"
        pass_time(world, minutes=1)
    assert world.all("SELECT count(*) FROM message_queue WHERE reason = 'opted_out'") == [(6,)]


def test_urgent_texts_and_replies_wait_with_a_reason_and_keep_their_order(marked: World) -> None:
    world = marked
    world.person()
    pass_time(world, minutes=20)
    world.writes("Anything new?")
    urgent = world.message(priority="urgent", can_delay=False)
    for words in ("one", "two"):
        world.publish({"action": "reply", "user_id": "ada", "content": words})
        world.wait(seconds=1)
    world.deliver()
    assert (world.texts(), world.state(urgent)) == ([], ("queued", "inbound_unread"))
    for _ in range(7):
        world.minute()
        world.take_in()
        pass_time(world, minutes=1)
    assert sorted(world.texts()) == ["Hello", "one", "two"]
    assert [text for text in world.texts() if text != "Hello"] == ["one", "two"]


def test_the_statement_that_reserves_asks_last(marked: World) -> None:
    """The newest marker grows too old while Claude writes the words."""
    world = marked
    world.person()
    message = world.message(message_data={"type": "report", "findings": [1]})
    world.claude.misbehave = lambda _request: pass_time(world, minutes=3.1)
    world.minute()
    assert (world.texts(), world.state(message)) == ([], ("queued", "inbound_unread"))


def test_a_marker_that_lay_in_the_queue_for_long_shows_nothing(marked: World) -> None:
    """The inbound function is away, and the dispatcher is not."""
    world = marked
    world.person()
    for _ in range(10):
        world.dispatch()
        pass_time(world, minutes=1)
    old = world.inbound_records()[:6]
    world.invoke("inbound", sqs_event(old))
    message = world.message()
    world.minute()
    assert (world.texts(), world.state(message)) == ([], ("queued", "inbound_unread"))


def test_short_gaps_hold_nothing(marked: World) -> None:
    world = marked
    world.person(daily_limit=9, hourly_limit=9)
    for minutes in (1, 2.9):
        world.message()
        world.minute()
        world.take_in()
        pass_time(world, minutes=minutes)
    assert len(world.texts()) == 2


def test_a_stack_without_markers_holds_nothing(world: World) -> None:
    world.person()
    pass_time(world, hours=1)
    world.message()
    world.minute()
    assert len(world.texts()) == 1


def test_nothing_is_sent_where_the_first_marker_is_never_read(world: World, putting_markers: None) -> None:
    world.person()
    world.dispatch()
    pass_time(world, minutes=3.1)
    message = world.message()
    world.minute()
    assert (world.texts(), world.state(message)) == ([], ("queued", "inbound_unread"))


def test_a_marker_counts_after_the_texts_beside_it(marked: World) -> None:
    """One batch holds the first marker after a gap and a STOP, and storing the STOP fails."""
    world = marked
    world.person()
    pass_time(world, minutes=20)
    world.twilio_calls(world.phones.write("+12125550101", "STOP", TO))
    world.dispatch()
    take_in_without_a_database(world, world.inbound_records())
    assert world.all("SELECT read_at < now() - interval '15 minutes' FROM orchestrator.inbound_marker") == [(True,)]
