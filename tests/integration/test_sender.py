"""What goes out to Twilio, field by field, and that the stand-in refuses what Twilio would refuse (G2, R3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.sms.sender import TwilioSender
from orchestrator_local.stand_ins.message_request import problem_with
from orchestrator_local.stand_ins.phones import SENDER
from orchestrator_local.stand_ins.twilio_account import SERVICE_SID
from tests.world import WEBHOOK, World

ADA = "+12125550101"


@contextmanager
def sender_with(world: World, **changes: Any) -> Iterator[None]:
    """The deliver function sends with these settings changed."""
    app = world.functions["deliver"]
    kept = app.sender
    app.__dict__["sender"] = TwilioSender(app.settings.model_copy(update=changes))
    try:
        yield
    finally:
        app.__dict__["sender"] = kept


def seen_by_twilio(world: World) -> list[dict[str, str]]:
    """Collect the fields of each request from now on."""
    seen: list[dict[str, str]] = []
    world.phones.misbehave = lambda fields: seen.append(dict(fields))  # it gives None: Twilio answers as ever
    return seen


@pytest.mark.parametrize(
    ("settings", "sender"),
    [
        ({"twilio_messaging_service_sid": None}, {"From": SENDER}),
        ({"twilio_messaging_service_sid": SERVICE_SID}, {"MessagingServiceSid": SERVICE_SID}),
        (
            {"twilio_messaging_service_sid": SERVICE_SID, "twilio_phone_number": None},
            {"MessagingServiceSid": SERVICE_SID},
        ),
        ({"webhook_base_url": None}, {"From": SENDER}),
    ],
    ids=["number", "service and number", "service", "without a webhook"],
)
def test_a_request_has_exactly_these_fields(world: World, settings: dict[str, Any], sender: dict[str, str]) -> None:
    world.person_with_a_past()
    seen = seen_by_twilio(world)
    message_id = world.message(
        message_data={"type": "note", "message": "Hello"}, expires_at=world.now + timedelta(hours=3)
    )
    with sender_with(world, **settings):
        world.minute()
    ((attempt_id,),) = world.all("SELECT id FROM orchestrator.attempts WHERE message_id = %s", message_id)
    callback = f"{WEBHOOK}/twilio/status?message_id={message_id}&attempt_id={attempt_id}"
    assert seen == [
        {
            "To": ADA,
            **sender,
            "Body": "Hello",
            "ValidityPeriod": str(3 * 3600),
            **({} if "webhook_base_url" in settings else {"StatusCallback": callback}),
        }
    ]
    assert (world.state(message_id), world.texts()) == (("sent", None), ["Hello"])


GOOD = {
    "To": ADA,
    "From": SENDER,
    "Body": "Hello",
    "ValidityPeriod": "36000",
    "StatusCallback": f"{WEBHOOK}/twilio/status?message_id=a&attempt_id=b",
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"From": None, "MessagingServiceSid": SERVICE_SID}, None),
        ({"StatusCallback": None, "ValidityPeriod": None}, None),
        ({"Body": "x" * 1600}, None),
        ({"Body": "x" * 1601}, 21617),
        ({"Body": ""}, 21602),
        ({"Body": None}, 21602),
        ({"To": "212 555 0101"}, 21211),
        ({"To": None}, 21211),
        ({"From": None}, 21603),
        ({"From": "+12125550199"}, 21212),
        ({"From": ""}, 21212),
        ({"MessagingServiceSid": ""}, 21701),
        ({"From": None, "MessagingServiceSid": ""}, 21701),
        ({"MessagingServiceSid": "MG" + "9" * 32}, 21701),
        ({"ValidityPeriod": "1"}, None),
        ({"ValidityPeriod": "0"}, 90007),
        ({"ValidityPeriod": "36001"}, 90007),
        ({"ValidityPeriod": "60.0"}, 90007),
        ({"ValidityPeriod": ""}, 90007),
        ({"StatusCallback": ""}, 21609),
        ({"StatusCallback": "/twilio/status"}, 21609),
        ({"StatusCallback": "https://my_host.example.com/twilio/status"}, 21609),
        ({"MediaUrl": "https://example.com/cat.png"}, 20001),
        ({"SmartEncoded": ""}, 20001),
    ],
)
def test_the_stand_in_refuses_what_twilio_refuses(change: dict[str, str | None], code: int | None) -> None:
    fields = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    problem = problem_with(fields, SENDER, SERVICE_SID)
    assert (problem and problem[0]) == code


def test_an_empty_messaging_service_reaches_nobody(world: World) -> None:
    world.person()
    with sender_with(world, twilio_messaging_service_sid="", twilio_phone_number=None):
        message_id = world.message()
        world.minute()
    assert world.texts() == []
    assert world.state(message_id)[0] != "sent"
