"""Two small HTTP servers that speak Twilio's and Anthropic's wire formats, and check what they are sent."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "local-stand-in-token"  # noqa: S105  (opens nothing but the stand-in)
SENDER = "+12025550100"
API_KEY = "local-stand-in-key"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `drop` closes the connection instead."""

    status: int
    content: Any
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it arrived on a phone."""

    sid: str
    to: str
    body: str
    validity_period: int
    arrived_at: float


class Phones:
    """Twilio's Messages API, and the phones behind it.

    Attributes:
        texts: what arrived, in order.
        misbehave: when set, asked before each text with its fields; an answer it gives replaces the usual one,
            and the text arrives only if that answer is a 2xx.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything, and behave."""
        self.texts: list[Text] = []
        self.misbehave: Callable[[dict[str, str]], Answer | None] | None = None

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Twilio's answer to one request."""
        expected = "Basic " + base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if headers.get("authorization") != expected:
            return _twilio_error(401, 20003, "Authenticate")
        if path != f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json":
            return _twilio_error(404, 20404, f"The requested resource {path} was not found")
        fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if special := self.misbehave and self.misbehave(fields):
            return special
        if fields.get("From") != SENDER:
            return _twilio_error(400, 21212, "Invalid From number")
        if not fields.get("Body"):
            return _twilio_error(400, 21602, "Message body is required")
        return Answer(201, self.accept(fields))

    def accept(self, fields: dict[str, str]) -> dict[str, Any]:
        """Let a text arrive; returns Twilio's description of it."""
        sid = f"SM{uuid4().hex}"
        text = Text(sid, fields["To"], fields["Body"], int(fields.get("ValidityPeriod", 36_000)), time.time())
        with self._lock:
            self.texts.append(text)
        return {
            "sid": sid,
            "account_sid": ACCOUNT_SID,
            "status": "queued",
            "to": text.to,
            "from": fields.get("From"),
            "body": text.body,
            "direction": "outbound-api",
            "num_segments": "1",
            "error_code": None,
            "error_message": None,
        }


class Claude:
    """Anthropic's Messages API with structured output, and a stand-in for the model behind it.

    Attributes:
        requests: the bodies it was sent.
        say: what makes the text out of the data it finds in the prompt.
        misbehave: when set, asked before each answer; what it gives replaces the usual one.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, and behave."""
        self.requests: list[dict[str, Any]] = []
        self.say: Callable[[dict[str, Any]], str] = friendly_text
        self.misbehave: Callable[[dict[str, Any]], Answer | None] | None = None

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Anthropic's answer to one request."""
        request = json.loads(body)
        if headers.get("authorization") != f"Bearer {API_KEY}":
            return _anthropic_error(401, "authentication_error", "invalid bearer token")
        if path != "/v1/messages" or "anthropic-version" not in headers:
            return _anthropic_error(404, "not_found_error", path)
        if request["output_config"]["format"]["type"] != "json_schema":
            return _anthropic_error(400, "invalid_request_error", "output_config.format: a JSON schema was expected")
        self.requests.append(request)
        if special := self.misbehave and self.misbehave(request):
            return special
        prompt = request["messages"][0]["content"]
        data = json.loads(prompt.removeprefix("<data>\n").removesuffix("\n</data>").replace("&lt;", "<"))
        return self.reply(request, json.dumps({"text": self.say(data)}))

    def reply(self, request: dict[str, Any], text: str, stop_reason: str = "end_turn") -> Answer:
        """A whole answer around the model's text."""
        content = {
            "id": f"msg_{uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": (len(request["system"]) + len(request["messages"][0]["content"])) // 4,
                "output_tokens": len(text) // 4,
            },
        }
        return Answer(200, content)


def friendly_text(prompt: dict[str, Any]) -> str:
    """Words for the data of a prompt, put together by code: a stand-in is no writer, but it says what is there."""
    data = prompt["message_data"]
    greeting = f"Hi {prompt['first_name']}! " if prompt.get("first_name") else "Hi! "
    said = list(_leaves({key: value for key, value in data.items() if not key.lower().endswith(("type", "id"))}))
    topic = str(data["type"]).replace("_", " ")
    return f"{greeting}Here is your {topic}: {', '.join(said)}." if said else f"{greeting}Here is your {topic}."


def _leaves(value: Any, label: str = "") -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _leaves(inner, key)
        case list():
            for inner in value:
                yield from _leaves(inner, label)
        case bool() | None:
            pass
        case int() | float():
            words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in label)
            yield f"{value} {words}"
        case _:
            yield str(value)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # a wave of calls connects at once
    daemon_threads = True


@contextmanager
def serve(stand_in: Phones | Claude) -> Iterator[str]:
    """Run a stand-in on 127.0.0.1; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = stand_in.answer(self.path, headers, body)
            if answer.drop:
                self.close_connection = True
                return
            content = answer.content if isinstance(answer.content, bytes) else json.dumps(answer.content).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _twilio_error(status: int, code: int, message: str) -> Answer:
    return Answer(
        status,
        {"code": code, "message": message, "status": status, "more_info": f"https://www.twilio.com/docs/errors/{code}"},
    )


def _anthropic_error(status: int, kind: str, message: str) -> Answer:
    return Answer(status, {"type": "error", "error": {"type": kind, "message": message}})
