"""What Twilio calls, at the webhook handler: signed calls go on, nothing else does."""

import base64
import json

import pytest
from pydantic import SecretStr

from orchestrator.webhook import NotQueued
from orchestrator_local.stand_ins.phones import Callback
from tests.world import WEBHOOK, World, http_event

ADDRESS = (
    f"{WEBHOOK}/twilio/status?message_id=019cb436-8d80-7c88-af29-573dbcc32d40"
    "&attempt_id=019cb436-8d80-7c88-af29-573dbcc32d41"
)
SENT = Callback(ADDRESS, {"MessageSid": "SM1", "MessageStatus": "sent", "To": "+12125550101", "Empty": ""})


def test_a_signed_call_is_put_on_the_queue_as_it_came(world: World) -> None:
    assert world.invoke("webhook", http_event(SENT))["statusCode"] == 204
    (body,) = world.drain("INBOUND_QUEUE_URL")
    assert json.loads(body) == {
        "path": "/twilio/status",
        "query": {
            "message_id": "019cb436-8d80-7c88-af29-573dbcc32d40",
            "attempt_id": "019cb436-8d80-7c88-af29-573dbcc32d41",
        },
        "form": SENT.fields,
        "received_at": world.now.isoformat(),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {}},
        {"headers": {"x-twilio-signature": ""}},
        {"headers": {"x-twilio-signature": "bm8gc2lnbmF0dXJl"}},
        {"body": "MessageSid=SM2&MessageStatus=sent"},
        {"body": None},
        {"rawQueryString": "message_id=x&attempt_id=y"},
    ],
    ids=["no header", "empty", "another", "another body", "no body", "another query"],
)
def test_what_twilio_did_not_sign_changes_nothing(world: World, changes: dict[str, object]) -> None:
    assert world.invoke("webhook", http_event(SENT, **changes))["statusCode"] == 403
    assert world.drain("INBOUND_QUEUE_URL") == []


def test_a_body_may_come_encoded(world: World) -> None:
    event = http_event(SENT)
    encoded = base64.b64encode(event["body"].encode()).decode()
    assert world.invoke("webhook", {**event, "body": encoded, "isBase64Encoded": True})["statusCode"] == 204


def test_behind_a_proxy_the_address_that_twilio_called_counts(world: World) -> None:
    inside = {"requestContext": {"domainName": "10.0.0.1"}, "rawPath": "/prod/twilio/status"}
    assert world.invoke("webhook", http_event(SENT, **inside))["statusCode"] == 204


def test_without_a_base_url_the_host_that_was_called_counts(world: World) -> None:
    app = world.functions["webhook"]
    settings = app.settings
    app.__dict__["settings"] = settings.model_copy(update={"webhook_base_url": None})
    try:
        assert world.invoke("webhook", http_event(SENT))["statusCode"] == 204
        elsewhere = {"requestContext": {"domainName": "evil.example.com"}}
        assert world.invoke("webhook", http_event(SENT, **elsewhere))["statusCode"] == 403
    finally:
        app.__dict__["settings"] = settings


def test_while_a_token_is_rotated_either_one_signs(world: World) -> None:
    app = world.functions["webhook"]
    settings = app.settings
    rotated = {
        "twilio_auth_token": SecretStr("the next one"),
        "twilio_secondary_auth_token": settings.twilio_auth_token,
    }
    app.__dict__["settings"] = settings.model_copy(update=rotated)
    try:
        assert world.invoke("webhook", http_event(SENT))["statusCode"] == 204
        app.__dict__["settings"] = settings.model_copy(update={**rotated, "twilio_secondary_auth_token": None})
        assert world.invoke("webhook", http_event(SENT))["statusCode"] == 403
    finally:
        app.__dict__["settings"] = settings


def test_repeated_fields_are_signed_together(world: World) -> None:
    """Twilio signs each value of a repeated field once, in order."""
    pairs = [("MediaUrl", "b"), ("MediaUrl", "a"), ("MessageSid", "SM1"), ("MessageStatus", "sent")]
    signature = Callback(ADDRESS, {"MediaUrl": "aMediaUrlb", "MessageSid": "SM1", "MessageStatus": "sent"}).signature
    event = http_event(
        SENT,
        body="&".join(f"{name}={value}" for name, value in pairs),
        headers={"x-twilio-signature": signature},
    )
    assert world.invoke("webhook", event)["statusCode"] == 204


def test_another_path_is_nobodys(world: World) -> None:
    assert world.invoke("webhook", http_event(SENT, rawPath="/admin"))["statusCode"] == 404


def test_when_sqs_does_not_take_it_twilio_hears_of_an_error(world: World) -> None:
    app = world.functions["webhook"]
    settings = app.settings
    nowhere = settings.inbound_queue_url.replace("/inbound", "/nowhere")
    app.__dict__["settings"] = settings.model_copy(update={"inbound_queue_url": nowhere})
    try:
        with pytest.raises(NotQueued):
            world.invoke("webhook", http_event(SENT))
    finally:
        app.__dict__["settings"] = settings
