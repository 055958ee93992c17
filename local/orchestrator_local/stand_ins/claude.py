"""Anthropic's Messages API on this machine; it checks what it is sent."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

from orchestrator_local.stand_ins.http import HttpAnswer

API_KEY = "local-stand-in-key"


class Claude:
    """Anthropic's Messages API with structured output, and a stand-in for the model behind it.

    Attributes:
        requests: the bodies it was sent.
        say: what makes the text out of the data it finds in the prompt.
        judge: what makes a verdict out of a waiting message and what the person wrote.
        wants_no_more: what tells whether the person wishes to get no more texts.
        misbehave: when set, asked before each answer; what it gives replaces the usual one.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, and behave."""
        self.requests: list[dict[str, Any]] = []
        self.say: Callable[[dict[str, Any]], str] = friendly_text
        self.judge: Callable[[dict[str, Any], list[dict[str, Any]]], dict[str, Any]] = careful_verdict
        self.wants_no_more: Callable[[list[dict[str, Any]]], bool] = said_goodbye
        self.misbehave: Callable[[dict[str, Any]], HttpAnswer | None] | None = None

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Anthropic's answer to one request."""
        if headers.get("authorization") != f"Bearer {API_KEY}":
            return _anthropic_error(401, "authentication_error", "invalid bearer token")
        if method == "GET" and path.startswith("/v1/models/claude-"):
            return HttpAnswer(200, {"id": path.rpartition("/")[2], "type": "model", "display_name": "a stand-in"})
        return self._message(method, path, headers, body)

    def _message(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        if (method, path) != ("POST", "/v1/messages") or "anthropic-version" not in headers:
            return _anthropic_error(404, "not_found_error", path)
        request = json.loads(body)
        if request["output_config"]["format"]["type"] != "json_schema":
            return _anthropic_error(400, "invalid_request_error", "output_config.format: a JSON schema was expected")
        self.requests.append(request)
        if special := self.misbehave and self.misbehave(request):
            return special
        prompt = request["messages"][-1]["content"]
        if (messages := _between("messages", prompt)) is not None:
            said = _between("person", prompt) or []
            answer: dict[str, Any] = {"verdicts": [{"number": m["number"], **self.judge(m, said)} for m in messages]}
            if "wants_no_more_texts" in request["output_config"]["format"]["schema"]["properties"]:
                answer["wants_no_more_texts"] = self.wants_no_more(said)
            return self.reply(request, json.dumps(answer))
        data = _between("data", request["messages"][0]["content"])
        return self.reply(request, json.dumps({"text": self.say(data)}))

    def reply(self, request: dict[str, Any], text: str, stop_reason: str = "end_turn") -> HttpAnswer:
        """A whole answer around the model's text."""
        sent = [request["system"], *(turn["content"] for turn in request["messages"])]
        content = {
            "id": f"msg_{uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": sum(map(len, sent)) // 4,
                "output_tokens": len(text) // 4,
            },
        }
        return HttpAnswer(200, content)


def data_in(request: dict[str, Any]) -> list[Any]:
    """The messages' data that a request carries, to be put into words or judged."""
    found: list[Any] = []
    if (data := _between("data", request["messages"][0]["content"])) is not None:
        found.append(data["message_data"])
    for message in _between("messages", request["messages"][-1]["content"]) or []:
        with suppress(ValueError):  # words that an agent wrote itself
            found.append(json.loads(message["says"]))
    return found


def _between(delimiter: str, prompt: str) -> Any:
    """The JSON between two delimiters of a prompt; None where there is none."""
    _, opened, rest = prompt.partition(f"<{delimiter}>\n")
    content, closed, _ = rest.partition(f"\n</{delimiter}>")
    return json.loads(content.replace("&lt;", "<")) if opened and closed else None


def careful_verdict(_message: dict[str, Any], said: list[dict[str, Any]]) -> dict[str, Any]:
    """A verdict by clear words alone: a stand-in understands nothing else."""
    last = said[-1]["wrote"].casefold() if said else ""
    over = any(word in last for word in ("already", "done", "solved", "no longer", "cancelled"))
    return {"verdict": "STALE" if over else "RELEVANT", "should_reformulate": False, "why": "by its clear words"}


def said_goodbye(said: list[dict[str, Any]]) -> bool:
    """Whether the last words are a farewell to all texts, by clear words alone."""
    last = said[-1]["wrote"].casefold() if said else ""
    return any(words in last for words in ("hear from you", "had enough", "basta", "unwanted"))


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


def _anthropic_error(status: int, kind: str, message: str) -> HttpAnswer:
    return HttpAnswer(status, {"type": "error", "error": {"type": kind, "message": message}})
