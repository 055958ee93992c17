"""Webhook: verifies Twilio's signature on a request and puts the request on the inbound queue; reads no database."""

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

# The most fields of a form. Twilio sends a few dozen.
MOST_FIELDS = 500
# No text in the response: Twilio itself answers STOP and HELP, and agents answer through the queue.
_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The HTTP response to Twilio.

    Attributes:
        result: `queued`, or why the request was refused.
        message_ids: the message that a status callback concerns.
    """

    status: HTTPStatus = field(metadata=publish_as(in_log=False))
    result: str = field(metadata=publish_as(metrics.WEBHOOK, log_as="verdict"))
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
    """A request whose body is not a form."""


def receive(event: Mapping[str, Any], settings: WebhookSettings, clock: Clock) -> WebhookAnswer:
    """Verify one request and put it on the inbound queue.

    Args:
        event: of an HTTP API or a function URL (payload format 2.0).

    Raises:
        NotQueued: SQS did not take it; Twilio gets an error, and repeats the request where asked to.
    """
    path = _path_of(event, settings)
    if path is None:
        return WebhookAnswer(HTTPStatus.NOT_FOUND, "unknown_path")
    try:
        form = _form_of(event)
    except _Malformed:
        return WebhookAnswer(HTTPStatus.FORBIDDEN, "malformed")  # Twilio signs forms alone
    if not _is_from_twilio(event, path, form, settings):
        return WebhookAnswer(HTTPStatus.FORBIDDEN, "not_signed")
    query = dict(parse_qsl(_query_of(event)))
    fields = dict(form)
    body = json.dumps({"path": path, "query": query, "form": fields, "received_at": clock().isoformat()})
    if len(body) > BATCH_BYTES:
        return WebhookAnswer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
    # The group is the sender: a person for a text, our own number for a status callback.
    failures = send_all(settings.inbound_queue_url, [OutgoingMessage(body, group=fields.get("From"))])
    if failures:
        raise NotQueued(f"The inbound queue did not take a request: {failures[0]}")
    message_id = query.get("message_id")
    return replace(_QUEUED[path], message_ids=[message_id] if message_id else [])


def _is_from_twilio(
    event: Mapping[str, Any], path: str, form: Sequence[tuple[str, str]], settings: WebhookSettings
) -> bool:
    query = _query_of(event)
    tokens = [settings.twilio_auth_token, settings.twilio_secondary_auth_token]
    return is_signed(
        url=f"{_base_url(event, path, settings)}{path}{f'?{query}' if query else ''}",
        form=form,
        signature=_header(event, "x-twilio-signature"),
        tokens=[token.get_secret_value() for token in tokens if token is not None],
    )


def _path_of(event: Mapping[str, Any], settings: WebhookSettings) -> str | None:
    """One of the two paths, where the request's path is exactly that below a known prefix; None elsewhere.

    The prefix is the stage of the API, which AWS and not the caller names, or the path of `WEBHOOK_BASE_URL`.
    """
    raw = str(event.get("rawPath", ""))
    stage = (event.get("requestContext") or {}).get("stage", "")
    of_stage = f"/{stage}" if stage and stage != "$default" else ""  # the default stage is no part of a path
    prefixes = {"", of_stage, _split_base(settings.webhook_base_url or "")[2]}
    return next((path for path in _QUEUED for prefix in prefixes if raw == f"{prefix}{path}"), None)


def _base_url(event: Mapping[str, Any], path: str, settings: WebhookSettings) -> str:
    """The address that Twilio signs, up to the path.

    Twilio authenticates with `user:password@` of an address and signs the address without it
    (twilio.com/docs/usage/security: HTTP authentication, and Validating requests). Its SDK's validator takes the
    address with and without a port.
    """
    if settings.webhook_base_url:
        return "".join(_split_base(settings.webhook_base_url))
    domain = (event.get("requestContext") or {}).get("domainName", "")
    return f"https://{domain}{str(event.get('rawPath', '')).removesuffix(path)}"


def _split_base(base_url: str) -> tuple[str, str, str]:
    """The scheme with its slashes, the host without a login, and the path of an address."""
    scheme, slashes, rest = base_url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}", host.rpartition("@")[2], f"{slash}{path}"


def _query_of(event: Mapping[str, Any]) -> str:
    return str(event.get("rawQueryString") or "")


def _header(event: Mapping[str, Any], name: str) -> str:
    return str((event.get("headers") or {}).get(name) or "")


def _form_of(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of the body.

    Raises:
        _Malformed: the body is not a form.
    """
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True).decode()
        return parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise _Malformed from error
