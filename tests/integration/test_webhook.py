"""What Twilio calls, at the webhook handler: signed calls go on, nothing else does."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from orchestrator.errors import InvocationFailed, SettingsError
from orchestrator.settings import WebhookSettings, load
from orchestrator_local.stand_ins.phones import AUTH_TOKEN, Callback
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
def test_what_twilio_did_not_sign_changes_nothing(world: World, changes: dict[str, Any]) -> None:
    assert world.invoke("webhook", http_event(SENT, **changes))["statusCode"] == 403
    assert world.drain("INBOUND_QUEUE_URL") == []


def test_a_body_may_come_encoded_or_as_it_is(world: World) -> None:
    event = http_event(SENT)
    plain = base64.b64decode(event["body"]).decode()
    assert event["isBase64Encoded"]
    assert world.invoke("webhook", event)["statusCode"] == 204
    assert world.invoke("webhook", {**event, "body": plain, "isBase64Encoded": False})["statusCode"] == 204


def test_behind_a_proxy_the_address_that_twilio_called_counts(world: World) -> None:
    inside: dict[str, Any] = {
        "requestContext": {"domainName": "10.0.0.1", "stage": "prod"}, "rawPath": "/prod/twilio/status"
    }  # fmt: skip
    assert world.invoke("webhook", http_event(SENT, **inside))["statusCode"] == 204


@pytest.mark.parametrize(
    "raw_path",
    [
        "/anything/twilio/status",
        "/twilio/status/",
        "//twilio/status",
        "/twilio/status/twilio/status",
        "/twilio//status",
        "/Twilio/status",
        "/twilio/status%20",
        "twilio/status",
        "/$default/twilio/status/",
        "/$default/twilio/status",
    ],
)
def test_a_captured_signature_counts_on_its_exact_path_alone(world: World, raw_path: str) -> None:
    assert world.invoke("webhook", http_event(SENT, rawPath=raw_path))["statusCode"] == 404
    assert world.drain("INBOUND_QUEUE_URL") == []


@pytest.mark.parametrize(
    ("base", "signed", "raw_path", "status"),
    [
        # Twilio signs the address without the login.
        ("https://user:pa55@hooks.example.com", "https://hooks.example.com", "/twilio/status", 204),
        ("https://user:p@ss@hooks.example.com/a", "https://hooks.example.com/a", "/a/twilio/status", 204),
        ("https://user:pa55@hooks.example.com", "https://user:pa55@hooks.example.com", "/twilio/status", 403),
        ("https://hooks.example.com/a@b", "https://hooks.example.com/a@b", "/a@b/twilio/status", 204),
        ("https://hooks.example.com/", "https://hooks.example.com", "/twilio/status", 204),
        ("https://hooks.example.com/a", "https://hooks.example.com/a", "/twilio/status", 204),
        ("https://hooks.example.com/a", "https://hooks.example.com/a", "/b/twilio/status", 404),
        ("https://hooks.example.com/a", "https://hooks.example.com", "/twilio/status", 403),
        # Its SDK knows that Twilio names the standard port in some addresses and not in others.
        ("https://hooks.example.com", "https://hooks.example.com:443", "/twilio/status", 204),
        ("https://hooks.example.com:443", "https://hooks.example.com", "/twilio/status", 204),
        ("https://user:pa55@hooks.example.com:8443", "https://hooks.example.com:8443", "/twilio/status", 204),
        ("https://hooks.example.com", "https://hooks.example.com:8443", "/twilio/status", 403),
    ],
)
def test_the_address_that_twilio_signs_counts(world: World, base: str, signed: str, raw_path: str, status: int) -> None:
    app = world.functions["webhook"]
    kept = app.settings
    app.__dict__["settings"] = WebhookSettings.model_validate({**dict(kept), "webhook_base_url": base})
    callback = Callback(SENT.url.replace(WEBHOOK, signed), SENT.fields)
    try:
        assert world.invoke("webhook", http_event(callback, rawPath=raw_path))["statusCode"] == status
    finally:
        app.__dict__["settings"] = kept


def test_one_id_of_twilio_is_one_text_however_often_and_wherever_it_comes(world: World) -> None:
    world.person()
    for _ in range(2):
        world.writes("Hello", MessageSid="SM" + "1" * 32)
    world.wait(hours=30)
    world.writes("Hello, changed", MessageSid="SM" + "1" * 32)
    assert world.all("SELECT content FROM messages WHERE direction = 'inbound'") == [("Hello",)]


@pytest.mark.parametrize("url", ["https://hooks.example.com?a=1", "https://hooks.example.com/a#b"])
def test_a_base_url_with_a_query_is_refused_at_start(url: str) -> None:
    with pytest.raises(SettingsError, match="WEBHOOK_BASE_URL: should be an address without a query"):
        load(
            WebhookSettings,
            {"INBOUND_QUEUE_URL": "https://q", "TWILIO_AUTH_TOKEN": "x", "WEBHOOK_BASE_URL": url},
        )


def test_without_a_base_url_the_host_that_was_called_counts(world: World) -> None:
    app = world.functions["webhook"]
    kept = app.settings
    app.__dict__["settings"] = kept.model_copy(update={"webhook_base_url": None})
    try:
        assert world.invoke("webhook", http_event(SENT))["statusCode"] == 204
        elsewhere: dict[str, Any] = {"requestContext": {"domainName": "evil.example.com"}}
        assert world.invoke("webhook", http_event(SENT, **elsewhere))["statusCode"] == 403
    finally:
        app.__dict__["settings"] = kept


def test_while_a_token_is_rotated_either_one_signs(world: World) -> None:
    app = world.functions["webhook"]
    kept = app.settings
    rotated = {
        "twilio_auth_token": SecretStr("the next one"),
        "twilio_secondary_auth_token": kept.twilio_auth_token,
    }
    app.__dict__["settings"] = kept.model_copy(update=rotated)
    try:
        assert world.invoke("webhook", http_event(SENT))["statusCode"] == 204
        app.__dict__["settings"] = kept.model_copy(update={**rotated, "twilio_secondary_auth_token": None})
        assert world.invoke("webhook", http_event(SENT))["statusCode"] == 403
    finally:
        app.__dict__["settings"] = kept


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
    kept = app.settings
    nowhere = kept.inbound_queue_url.replace("/inbound", "/nowhere")
    app.__dict__["settings"] = kept.model_copy(update={"inbound_queue_url": nowhere})
    try:
        with pytest.raises(InvocationFailed, match=r"^NotQueued at "):
            world.invoke("webhook", http_event(SENT))
    finally:
        app.__dict__["settings"] = kept


# Signatures, and hostile requests --------------------------------------------------------------------------------------

VALIDATOR = RequestValidator(AUTH_TOKEN)  # type: ignore[no-untyped-call]  # the SDK's own gap


@pytest.mark.parametrize("sample", ["webhook", "webhook_text", "webhook_function_url"])
@pytest.mark.parametrize(
    ("path", "query", "form"),
    [
        ("/twilio/inbound", "", {"MessageSid": "SM1", "From": "+12125550101", "Body": "Hello"}),
        (
            "/twilio/inbound",
            "",
            {"MessageSid": "SM1", "From": "+12125550101", "Body": "naïve café ¿qué? 🎉 & = +%20"},
        ),
        ("/twilio/inbound", "a=1&a=2&b=%2B%26", {"MessageSid": "SM1", "From": "+12125550101", "Body": ""}),
        (
            "/twilio/inbound",
            "",
            {"MessageSid": "SM1", "From": "+12125550101", "MediaUrl": ["b", "a", "b"], "Body": "x"},
        ),
        (
            "/twilio/status",
            "message_id=1&attempt_id=2",
            {"MessageSid": "SM1", "MessageStatus": "sent", "Z": "", "a": "A"},
        ),
    ],
    ids=["plain", "other letters", "a query with repeats", "repeated fields", "status"],
)
def test_what_twilios_own_library_signs_is_signed(
    world: World, sample: str, path: str, query: str, form: dict[str, Any]
) -> None:
    url = f"{WEBHOOK}{path}{f'?{query}' if query else ''}"
    pairs = [(name, v) for name, value in form.items() for v in (value if isinstance(value, list) else [value])]
    signature = VALIDATOR.compute_signature(url, MultiDict(pairs))  # type: ignore[no-untyped-call]
    event = http_event(Callback(url, {}), sample, body=urlencode(pairs))
    event["headers"] = {**event["headers"], "x-twilio-signature": signature}
    assert world.invoke("webhook", event)["statusCode"] in (200, 204)
    for wrong in (signature.swapcase(), signature[:-2], "", "é", "=" * 10_000):
        event["headers"] = {**event["headers"], "x-twilio-signature": wrong}
        assert world.invoke("webhook", event)["statusCode"] == 403
    assert len(world.drain("INBOUND_QUEUE_URL")) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
HOSTILE = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=300).map(lambda raw: base64.b64encode(raw).decode()),
    st.sampled_from(
        ["&" * 5_000, "a=" + "x" * 400_000, "%ff=%fe", "a=%00", "=" * 999, "MessageSid=SM1&From=%2B1&Body=STOP"]
    ),
    st.none(),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=HOSTILE,
    encoded=st.sampled_from([True, False, None, "yes"]),
    path=st.sampled_from(
        ["/twilio/inbound", "/twilio/status", "/x/twilio/inbound", "/twilio/", "", "/twilio/inbound\0"]
    )
    | st.text(max_size=20),
    query=st.none() | st.text(max_size=60),
    headers=st.none() | st.dictionaries(st.sampled_from(["x-twilio-signature", "host"]), st.text(max_size=40)),
    context=st.none() | st.dictionaries(st.sampled_from(["domainName", "http"]), st.text(max_size=20)),
    extra=st.dictionaries(st.text(max_size=8), JSON, max_size=2),
)
def test_nothing_hostile_gets_through_or_breaks_anything(
    world: World, body: Any, encoded: Any, path: str, query: Any, headers: Any, context: Any, extra: dict[str, Any]
) -> None:
    event = {
        **extra, "rawPath": path, "rawQueryString": query, "headers": headers, "requestContext": context,
        "body": body, "isBase64Encoded": encoded,
    }  # fmt: skip
    assert world.invoke("webhook", event)["statusCode"] in (403, 404)
    assert world.drain("INBOUND_QUEUE_URL") == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(fields={"MessageSid": "SM\0", "From": "+1\0", "MediaUrl0": "\0", "NumMedia": "1"}, path="/twilio/inbound")
@given(
    fields=st.dictionaries(
        st.sampled_from(["MessageSid", "From", "Body", "NumMedia", "MediaUrl0", "OptOutType", "To", "Extra"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    ),
    path=st.sampled_from(["/twilio/inbound", "/twilio/status"]),
)
def test_whatever_is_signed_is_taken_in_or_put_aside_with_its_reason(
    world: World, fields: dict[str, str], path: str
) -> None:
    world.connection.execute("DELETE FROM orchestrator.inbound_texts")  # an id that came before counts once
    callback = Callback(f"{WEBHOOK}{path}", fields)
    assert world.invoke("webhook", http_event(callback))["statusCode"] in (200, 204)
    assert world.take_in() == {"batchItemFailures": []}
    aside = world.drain_messages("INBOUND_DLQ_URL")
    strangers = world.all("DELETE FROM orchestrator.strangers RETURNING 1")
    assert len(aside) + len(strangers) == 1
    assert all(letter["MessageAttributes"]["reason"] == "unreadable" for letter in aside)


def test_a_signed_request_that_is_too_large_for_the_queue_is_refused(world: World) -> None:
    callback = Callback(f"{WEBHOOK}/twilio/inbound", {"MessageSid": "SM1", "From": "+1", "Body": "x" * 300_000})
    assert world.invoke("webhook", http_event(callback))["statusCode"] == 413
    assert world.drain("INBOUND_QUEUE_URL") == []
