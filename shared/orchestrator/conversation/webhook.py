"""What Twilio calls: a signed request goes on the inbound queue; nothing else does, and no database is asked."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.aws.queues import BATCH_BYTES, OutgoingMessage, send_all
from orchestrator.clock import Clock
from orchestrator.settings import WebhookSettings
from orchestrator.sms.requests import INBOUND_PATH, STATUS_PATH
from orchestrator.sms.signature import is_signed

# Twilio sends a few dozen fields; more of them are not Twilio's.
MOST_FIELDS = 500
# We answer no text here: Twilio answers STOP and HELP itself, and agents answer through the queue.
_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What Twilio gets, and what became of its request: `queued`, or why not.

    Attributes:
        message_ids: the message of a status callback.
    """

    status: HTTPStatus = field(metadata=publish_as(in_log=False))
    verdict: str = field(metadata=publish_as(metrics.WEBHOOK))
    body: str = field(default="", metadata=publish_as(in_log=False))
    headers: Mapping[str, str] = field(default_factory=dict, metadata=publish_as(in_log=False))
    message_ids: Sequence[str] = ()


_QUEUED = {
    STATUS_PATH: WebhookAnswer(HTTPStatus.NO_CONTENT, "queued"),
    INBOUND_PATH: WebhookAnswer(HTTPStatus.OK, "queued", _EMPTY_TWIML, {"content-type": "text/xml"}),
}


class NotQueued(Exception):
    """SQS did not take a verified request."""


class _Malformed(Exception):
    """A request that no form can be read from."""


def receive(event: Mapping[str, Any], settings: WebhookSettings, clock: Clock) -> WebhookAnswer:
    """Verify one request of an HTTP API or a function URL (payload 2.0), and put it on the inbound queue.

    Raises:
        NotQueued: SQS did not take it; Twilio hears of an error.
    """
    path = _path_of(event)
    if path is None:
        return WebhookAnswer(HTTPStatus.NOT_FOUND, "unknown_path")
    try:
        query, form = str(event.get("rawQueryString") or ""), _form_of(event)
    except _Malformed:
        return WebhookAnswer(HTTPStatus.FORBIDDEN, "malformed")  # whatever it is, Twilio did not sign it
    tokens = [settings.twilio_auth_token, settings.twilio_secondary_auth_token]
    signed = is_signed(
        url=f"{_base_url(event, path, settings)}{path}{f'?{query}' if query else ''}",
        form=form,
        signature=_header(event, "x-twilio-signature"),
        tokens=[token.get_secret_value() for token in tokens if token is not None],
    )
    if not signed:
        return WebhookAnswer(HTTPStatus.FORBIDDEN, "not_signed")
    request: dict[str, Any] = {
        "path": path,
        "query": dict(parse_qsl(query)),
        "form": dict(form),
        "received_at": clock().isoformat(),
    }
    body = json.dumps(request)
    if len(body) > BATCH_BYTES:
        return WebhookAnswer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
    # A person's texts are theirs; what is told of texts is everybody's.
    failed = send_all(settings.inbound_queue_url, [OutgoingMessage(body, group=request["form"].get("From"))])
    if failed:
        raise NotQueued(f"The inbound queue did not take a request: {failed[0]}")
    message_id = request["query"].get("message_id")
    return replace(_QUEUED[path], message_ids=[message_id] if message_id else [])


def _path_of(event: Mapping[str, Any]) -> str | None:
    """The path below the base URL, whatever stage or mapping stands before it."""
    raw = str(event.get("rawPath", ""))
    return next((path for path in _QUEUED if raw.endswith(path)), None)


def _base_url(event: Mapping[str, Any], path: str, settings: WebhookSettings) -> str:
    if settings.webhook_base_url:
        return settings.webhook_base_url
    domain = (event.get("requestContext") or {}).get("domainName", "")
    return f"https://{domain}{str(event.get('rawPath', '')).removesuffix(path)}"


def _header(event: Mapping[str, Any], name: str) -> str:
    return str((event.get("headers") or {}).get(name) or "")


def _form_of(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of the body.

    Raises:
        _Malformed: it is not what Twilio sends.
    """
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True).decode()
        return parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise _Malformed from error
