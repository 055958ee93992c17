"""The first text to a person, and the first after 30 days, say who writes and how to stop (R15)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orchestrator_local.stand_ins.phones import twilio_error
from tests.world import World

NAME = "Harbor Books. Reply STOP to opt out."


@pytest.fixture
def named(world: World) -> Iterator[World]:
    """A world that knows its sender's name."""
    app = world.functions["deliver"]
    before = app.settings
    app.__dict__["settings"] = before.model_copy(update={"sender_name": "Harbor Books"})
    yield world
    app.__dict__["settings"] = before


def publish(world: World, text: str) -> None:
    world.message(message_data={"type": "note", "message": text})
    world.minute()


def test_the_first_text_names_the_sender_and_so_does_the_first_after_30_days(named: World) -> None:
    named.person()
    publish(named, "One.")
    named.wait(days=1)
    publish(named, "Two.")
    named.travel_to(named.now + timedelta(days=30))
    publish(named, "Three.")
    named.wait(days=1)
    publish(named, "Four.")
    assert named.texts() == [f"One.\n{NAME}", "Two.", f"Three.\n{NAME}", "Four."]


def test_the_words_are_stored_and_their_segments_counted_before_they_are_sent(named: World) -> None:
    named.person()
    publish(named, "x" * 150)
    stored = named.all("SELECT final_message, words_source, segments, encoding FROM message_queue")
    assert stored == [(f"{'x' * 150}\n{NAME}", "verbatim", 2, "GSM-7")]
    assert named.all("SELECT segments FROM orchestrator.attempts") == [(2,)]


def test_a_text_that_waits_for_another_try_keeps_its_words(named: World) -> None:
    named.person()
    named.phones.misbehave = lambda _fields: twilio_error(429, 20429, "Too many requests")
    publish(named, "One.")
    before = named.all("SELECT final_message FROM message_queue")
    assert named.texts() == []
    named.phones.reset()
    named.wait(minutes=30)
    named.minute()
    assert named.texts() == [f"One.\n{NAME}"]
    assert before == named.all("SELECT final_message FROM message_queue") == [(f"One.\n{NAME}",)]


def test_words_from_findings_name_the_sender_too(named: World) -> None:
    named.person()
    named.message(message_data={"type": "intros", "intros": 3})
    named.minute()
    (text,) = named.texts()
    assert text.endswith(f"\n{NAME}")
