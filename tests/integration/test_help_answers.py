"""HELP is answered once, with who writes and how to reach them, where the setting asks for it (R15)."""

from collections.abc import Iterator

import pytest

from orchestrator import SettingsError
from orchestrator.sender_settings import ConfirmationSettings
from orchestrator.settings import load
from tests.world import World

ANSWER = "Harbor Books: +1 212 555 0100. Msg & data rates may apply. Reply STOP to opt out."
NAMED = {"sender_name": "Harbor Books", "sender_contact": "+1 212 555 0100"}


@pytest.fixture
def answering(world: World) -> Iterator[World]:
    """A world whose Twilio does not answer HELP."""
    apps = [world.functions[name] for name in ("inbound", "deliver")]
    before = [app.settings for app in apps]
    for app in apps:
        app.__dict__["settings"] = app.settings.model_copy(update={**NAMED, "help_answer": "on"})
    yield world
    for app, settings in zip(apps, before, strict=True):
        app.__dict__["settings"] = settings


@pytest.mark.parametrize(
    ("text", "answer"),
    [("HELP", ANSWER), ("info", ANSWER), ("Aide", "Harbor Books : +1 212 555 0100. Des frais de messagerie peuvent")],
)
def test_help_is_answered_once_at_any_hour(answering: World, text: str, answer: str) -> None:
    answering.person()
    answering.travel_to("2026-03-03T23:30:00-05:00")
    answering.writes(text)
    answering.deliver()
    answering.writes(text)
    answering.deliver()
    (sent,) = answering.texts()
    assert sent.startswith(answer)
    answering.wait(minutes=11)
    answering.writes(text)
    answering.deliver()
    assert len(answering.texts()) == 2


def test_a_request_that_twilio_repeats_gets_no_second_answer(answering: World) -> None:
    answering.person()
    callback = answering.phones.write("+12125550101", "HELP", "https://hooks.example.com/twilio/inbound")
    for _ in range(2):
        assert answering.twilio_calls(callback) == [200]
        answering.take_in()
        answering.deliver()
        answering.wait(minutes=20)
    assert answering.texts() == [ANSWER]


def test_what_twilio_answered_is_not_answered_again(answering: World) -> None:
    answering.person()
    answering.writes("HELP", OptOutType="HELP")
    answering.deliver()
    assert answering.texts() == []


def test_who_opted_out_gets_no_answer(answering: World) -> None:
    answering.person()
    answering.writes("STOP")
    answering.writes("HELP")
    answering.deliver()
    assert answering.texts() == []


def test_without_the_setting_twilio_answers(world: World) -> None:
    world.person()
    world.writes("HELP")
    world.deliver()
    assert world.texts() == []


def test_an_answer_needs_a_name_and_a_contact() -> None:
    with pytest.raises(SettingsError, match="HELP_ANSWER: needs SENDER_NAME and SENDER_CONTACT"):
        load(ConfirmationSettings, {"HELP_ANSWER": "on", "SENDER_NAME": "Harbor Books"})
