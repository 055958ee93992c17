"""Requests on the inbound queue: which are read, what of them, and what is wrong with the others."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from orchestrator.aws.queues import records_of
from orchestrator.sms.requests import Requests, read_requests
from tests.world import sqs_event, sqs_record

AT = "2026-03-03T15:00:00+00:00"
FORM = {"MessageSid": "SM1", "From": "+12125550101"}
CALLBACK: dict[str, Any] = {
    "path": "/twilio/status",
    "query": {"message_id": str(UUID(int=1)), "attempt_id": str(UUID(int=2))},
    "form": {"MessageSid": "SM1", "MessageStatus": "delivered"},
    "received_at": AT,
}


def read(*bodies: object) -> Requests:
    texts = (body if isinstance(body, str) else json.dumps(body) for body in bodies)
    return read_requests(records_of(sqs_event([sqs_record(text, datetime(2026, 3, 3, tzinfo=UTC)) for text in texts])))


def text_with(**form: object) -> dict[str, Any]:
    return {"path": "/twilio/inbound", "form": {**FORM, **form}, "received_at": AT}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"),
        ("", "body"),
        ({"path": "/elsewhere"}, "body"),
        ({**text_with(), "form": {}}, "/twilio/inbound.form.MessageSid"),
        (text_with(MessageSid=""), "/twilio/inbound.form.MessageSid"),
        (text_with(MessageSid="S" * 101), "/twilio/inbound.form.MessageSid"),
        (text_with(From="", NumMedia="-1"), "/twilio/inbound.form.From"),
        (text_with(From="+" * 101), "/twilio/inbound.form.From"),
        (text_with(NumMedia="-1"), "/twilio/inbound.form.NumMedia"),
        ({**text_with(), "received_at": "2026-03-03T15:00:00"}, "/twilio/inbound.received_at"),
        ({**CALLBACK, "query": {"message_id": str(UUID(int=1))}}, "/twilio/status.query.attempt_id"),
        ({**CALLBACK, "form": {"MessageSid": "SM1", "MessageStatus": ""}}, "/twilio/status.form.MessageStatus"),
    ],
)
def test_the_first_field_that_makes_a_request_unreadable_is_named(body: object, field: str) -> None:
    requests = read(CALLBACK, body, text_with())
    assert [letter.field for letter in requests.unreadable] == [field]
    assert (len(requests.callbacks), len(requests.texts)) == (1, 1), "those beside it are read"


@pytest.mark.parametrize("length", [1, 100])
def test_ids_and_addresses_have_up_to_a_hundred_characters(length: int) -> None:
    assert read(text_with(MessageSid="S" * length, From="1" * length)).unreadable == []


@pytest.mark.parametrize(
    ("given", "media"),
    [
        ({}, []),
        ({"NumMedia": ""}, []),
        ({"NumMedia": "0", "MediaUrl0": "u0"}, []),
        ({"NumMedia": "1", "MediaUrl0": "u0", "MediaContentType0": "image/png"}, [("u0", "image/png")]),
        ({"NumMedia": "1", "MediaUrl0": "u0"}, [("u0", "")]),
        ({"NumMedia": "2", "MediaUrl1": "u1"}, [("u1", "")]),
        # A text has at most ten media (https://www.twilio.com/docs/messaging/guides/accepted-mime-types).
        (
            {"NumMedia": "11", **{f"MediaUrl{place}": f"u{place}" for place in range(11)}},
            [(f"u{place}", "") for place in range(10)],
        ),
    ],
)
def test_the_media_of_a_text(given: dict[str, str], media: list[tuple[str, str]]) -> None:
    ((_, text),) = read(text_with(**given)).texts
    assert [(medium["url"], medium["content_type"]) for medium in text.media] == media


@pytest.mark.parametrize(("given", "code"), [({}, None), ({"ErrorCode": ""}, None), ({"ErrorCode": "30003"}, 30003)])
def test_the_error_code_of_a_callback(given: dict[str, str], code: int | None) -> None:
    (callback,) = read({**CALLBACK, "form": {**CALLBACK["form"], "To": "rcs:+12125550101", **given}}).callbacks
    assert (callback.form.error_code, callback.form.phone_number) == (code, "+12125550101")


def test_a_marker_is_no_text() -> None:
    requests = read({"path": "/marker"})
    assert (len(requests.markers), requests.texts, requests.unreadable) == (1, [], [])
