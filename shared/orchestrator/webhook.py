"""What Twilio calls: a signed request goes on the inbound queue; nothing else does, and no database is asked."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from orchestrator.clock import Clock
from orchestrator.queues import Parcel, send_all
from orchestrator.settings import WebhookSettings
from orchestrator.sms.signature import is_signed

PATHS = ("/twilio/status",)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What Twilio gets, and what became of its request: `queued`, or why not."""

    status: int
    verdict: str


class NotQueued(Exception):
    """SQS did not take a verified request."""


def receive(event: Mapping[str, Any], settings: WebhookSettings, clock: Clock) -> HttpAnswer:
    """Verify one request of an HTTP API (payload 2.0), and put it on the inbound queue.

    Raises:
        NotQueued: SQS did not take it; Twilio hears of an error.
    """
    path = _path_of(event)
    if path is None:
        return HttpAnswer(404, "unknown_path")
    query, form = event.get("rawQueryString", ""), _form_of(event)
    tokens = [settings.twilio_auth_token, settings.twilio_secondary_auth_token]
    signed = is_signed(
        url=f"{_base_url(event, path, settings)}{path}{f'?{query}' if query else ''}",
        form=form,
        signature=event.get("headers", {}).get("x-twilio-signature", ""),
        tokens=[token.get_secret_value() for token in tokens if token is not None],
    )
    if not signed:
        return HttpAnswer(403, "not_signed")
    request = {"path": path, "query": dict(parse_qsl(query)), "form": dict(form), "received_at": clock().isoformat()}
    failed = send_all(settings.inbound_queue_url, [Parcel(json.dumps(request))])
    if failed:
        raise NotQueued(f"The inbound queue did not take a request: {failed[0]}")
    return HttpAnswer(204, "queued")


def _path_of(event: Mapping[str, Any]) -> str | None:
    """The path below the base URL, whatever stage or mapping stands before it."""
    raw = str(event.get("rawPath", ""))
    return next((path for path in PATHS if raw.endswith(path)), None)


def _base_url(event: Mapping[str, Any], path: str, settings: WebhookSettings) -> str:
    if settings.webhook_base_url:
        return settings.webhook_base_url
    return f"https://{event['requestContext']['domainName']}{event['rawPath'].removesuffix(path)}"


def _form_of(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode("utf-8", "replace")
    return parse_qsl(body, keep_blank_values=True)
