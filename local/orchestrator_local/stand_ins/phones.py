"""Twilio's Messages API on this machine, with the phones behind it. It checks each request."""

import base64
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, parse_qs, parse_qsl, unquote, urlencode, urlsplit
from uuid import uuid4

from orchestrator.clock import Clock, real_time
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.message_request import problem_with
from orchestrator_local.stand_ins.twilio_account import SERVICE_SID, account_answer
from orchestrator_local.stand_ins.twilio_lookup import lookup_answer

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "local-stand-in-token"  # noqa: S105  (only the stand-in accepts it)
# A standard API key: it opens everything but the account itself and its keys (twilio.com/docs/iam/api-keys).
API_KEY_SID = "SK" + "0" * 32
API_KEY_SECRET = "local-stand-in-key"  # noqa: S105
SENDER = "+12025550100"
_LOOKUP_PATH = "/v2/PhoneNumbers/"


@dataclass(frozen=True, slots=True)
class Text:
    """A text that arrived on a phone, or that a person wrote on it.

    Attributes:
        to: the person's number, in both directions.
        validity_period: for how many seconds Twilio may try to deliver it.
    """

    sid: str
    to: str
    body: str
    validity_period: int
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """A request from Twilio to one of our webhooks, with its form fields."""

    url: str
    fields: dict[str, str]

    @property
    def signature(self) -> str:
        """Twilio's signature: https://www.twilio.com/docs/usage/webhooks/webhooks-security"""
        signed = self.url + "".join(name + value for name, value in sorted(self.fields.items()))
        return base64.b64encode(hmac.digest(AUTH_TOKEN.encode(), signed.encode(), "sha1")).decode()


class Phones:
    """Twilio's Messages API, with the phones behind it.

    Args:
        clock: the time of Twilio's servers.
        call_back: posts a callback; without it callbacks are only recorded.

    Attributes:
        texts: the texts that arrived on phones, in order.
        replies: the texts that people wrote, in order.
        callbacks: the status callbacks so far.
        media: the ids of the media of each text, by its id. They stay when their text is deleted, as at Twilio those do
            that another text has, too (https://support.twilio.com/hc/en-us/articles/223133687).
        campaign: the status of the sender's registration with the carriers.
        owners: what Twilio answers about numbers that changed hands: `yes`, `no` or `no_data_available` by number.
        lookups: the questions about numbers so far: the number, and the day.
        outage: when set, the answer to every request.
        misbehave: when set, called before each text with its fields. An answer that it returns replaces the usual one,
            and the text arrives only if `misbehave` passed it to `accept`.
    """

    def __init__(self, clock: Clock = real_time, call_back: Callable[[Callback], None] | None = None) -> None:
        self._lock = threading.Lock()
        self.clock = clock
        self.call_back = call_back
        self.reset()

    def reset(self) -> None:
        """Delete all texts and callbacks, and answer as usual again."""
        self.texts: list[Text] = []
        self.replies: list[Text] = []
        self.callbacks: list[Callback] = []
        self.media: dict[str, list[str]] = {}
        self.campaign = "VERIFIED"
        self.owners: dict[str, str] = {}
        self.lookups: list[tuple[str, str]] = []
        self.outage: HttpAnswer | None = None
        self.misbehave: Callable[[dict[str, str]], HttpAnswer | None] | None = None

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Answer one request as Twilio does."""
        if self.outage:
            return self.outage
        url = urlsplit(path)
        login = headers.get("authorization")
        is_account = url.path == f"/2010-04-01/Accounts/{ACCOUNT_SID}.json"
        if login != _basic(ACCOUNT_SID, AUTH_TOKEN) and (login != _basic(API_KEY_SID, API_KEY_SECRET) or is_account):
            return twilio_error(401, 20003, "Authenticate")
        if method == "DELETE" or "/Media" in url.path:
            return self._one_text(method, url.path)
        account = account_answer(url.path, dict(parse_qsl(url.query)), ACCOUNT_SID, SENDER, self.campaign)
        if method == "GET" and account is not None:
            return account
        if method == "GET" and url.path.startswith(_LOOKUP_PATH):
            return self._look_up(unquote(url.path.removeprefix(_LOOKUP_PATH)), dict(parse_qsl(url.query)))
        return self._messages(method, url, body)

    def _look_up(self, number: str, query: dict[str, str]) -> HttpAnswer:
        """Answer a question about a number."""
        with self._lock:
            self.lookups.append((number, query.get("LastVerifiedDate", "")))
        if special := self.misbehave and self.misbehave({"path": f"{_LOOKUP_PATH}{number}"}):
            return special
        return lookup_answer(number, query, self.owners, self.clock().date())

    def _messages(self, method: str, url: SplitResult, body: bytes) -> HttpAnswer:
        """List texts, or create one."""
        if url.path != f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json":
            return twilio_error(404, 20404, f"The requested resource {url.path} was not found")
        if method == "GET":
            query = dict(parse_qsl(url.query))
            if not 1 <= int(query.get("PageSize", 50)) <= 1_000:  # "PageSize" of the Message resource, stricter
                return twilio_error(400, 20007, "Page size too large")
            return HttpAnswer(200, self._list(query))
        form = parse_qs(body.decode(), keep_blank_values=True)
        return self._create({name: values[0] for name, values in form.items()})

    def _one_text(self, method: str, path: str) -> HttpAnswer:
        """Delete a text or one of its media, or list them (https://www.twilio.com/docs/messaging/api/media-resource)."""
        if special := self.misbehave and self.misbehave({"path": path}):
            return special
        of_messages = path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/").removesuffix(".json")
        sid, _, of_media = of_messages.partition("/")
        with self._lock:
            media = self.media.get(sid, [])
            medium = of_media.removeprefix("Media/")
            is_known = medium in media if of_media.startswith("Media/") else of_media in ("", "Media")
            if sid not in {text.sid for text in (*self.texts, *self.replies)} or not is_known:
                return twilio_error(404, 20404, f"The requested resource {path} was not found")
            if method == "GET":
                listed = [{"sid": each, "parent_sid": sid, "account_sid": ACCOUNT_SID} for each in media]
                return HttpAnswer(200, {"media_list": listed, "next_page_uri": None})
            if of_media:
                media.remove(medium)
                return HttpAnswer(204, b"")
            self.texts = [text for text in self.texts if text.sid != sid]
            self.replies = [text for text in self.replies if text.sid != sid]
        return HttpAnswer(204, b"")

    def _create(self, fields: dict[str, str]) -> HttpAnswer:
        if special := self.misbehave and self.misbehave(fields):
            return special
        if problem := problem_with(fields, SENDER, SERVICE_SID):
            return twilio_error(400, *problem)
        return HttpAnswer(201, self.accept(fields))

    def accept(self, fields: dict[str, str]) -> dict[str, Any]:
        """Deliver a text to its phone; returns Twilio's description of it."""
        sid = f"SM{uuid4().hex}"
        text = Text(sid, fields["To"], fields["Body"], int(fields.get("ValidityPeriod", 36_000)), self.clock())
        callbacks = [
            Callback(fields["StatusCallback"], {"MessageSid": sid, "MessageStatus": status, "To": text.to})
            for status in ("sent", "delivered")
            if "StatusCallback" in fields
        ]
        with self._lock:
            self.texts.append(text)
            self.callbacks.extend(callbacks)
        if self.call_back:
            for callback in callbacks:
                self.call_back(callback)
        return _description(text, "queued", inbound=False)

    def write(self, phone: str, body: str, to: str, **fields: str) -> Callback:
        """A person writes a text.

        Args:
            phone: the person's number.
            body: the text.
            to: the webhook that Twilio calls.
            fields: more form fields of the call.

        Returns:
            The call to the webhook. It is also posted, where `call_back` is set.
        """
        text = Text(f"SM{uuid4().hex}", phone, body, 0, self.clock())
        usual = {
            "MessageSid": text.sid,
            "SmsStatus": "received",
            "From": phone,
            "To": SENDER,
            "Body": body,
            "NumMedia": "0",
        }
        callback = Callback(to, {**usual, "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01", **fields})
        given = callback.fields["NumMedia"]
        number_of_media = int(given) if given.isdecimal() else 0  # a test may write what Twilio never does
        with self._lock:
            self.replies.append(text)
            self.media[text.sid] = [f"ME{uuid4().hex}" for _ in range(number_of_media)]
        if self.call_back:
            self.call_back(callback)
        return callback

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        """One page of the message list, newest first."""
        with self._lock:
            found = [
                *(_description(text, "delivered", inbound=False) for text in self.texts),
                *(_description(text, "received", inbound=True) for text in self.replies),
            ]
        found = [message for message in found if query.get("To", message["to"]) == message["to"]]
        found.sort(key=lambda message: parsedate_to_datetime(message["date_created"]), reverse=True)
        start, size = int(query.get("Start", 0)), int(query.get("PageSize", 50))
        more = urlencode({**query, "Start": start + size})
        path = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
        return {
            "messages": found[start : start + size],
            "page_size": size,
            "next_page_uri": f"{path}?{more}" if start + size < len(found) else None,
        }


def _description(text: Text, status: str, *, inbound: bool) -> dict[str, Any]:
    return {
        "sid": text.sid,
        "account_sid": ACCOUNT_SID,
        "status": status,
        "to": SENDER if inbound else text.to,
        "from": text.to if inbound else SENDER,
        "body": text.body,
        "direction": "inbound" if inbound else "outbound-api",
        "date_created": format_datetime(text.arrived_at),
        "date_sent": format_datetime(text.arrived_at) if status != "queued" else None,
        "num_segments": "1",
        "error_code": None,
        "error_message": None,
    }


def twilio_error(status: int, code: int, message: str) -> HttpAnswer:
    """An error as Twilio answers it: https://www.twilio.com/docs/usage/twilios-response"""
    return HttpAnswer(
        status,
        {"code": code, "message": message, "status": status, "more_info": f"https://www.twilio.com/docs/errors/{code}"},
    )


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
