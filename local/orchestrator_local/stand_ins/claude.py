"""Anthropic's Messages API on this machine. It checks the key, the path and the output format."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

from orchestrator_local.stand_ins.http import HttpAnswer

API_KEY = "local-stand-in-key"


class Claude:
    """Anthropic's Messages API with structured output, and simple code in place of the model.

    Attributes:
        requests: the bodies of the requests so far.
        write_text: writes a text from the data of a prompt.
        check_relevance: returns the verdict on a waiting message, from the message and the person's texts.
        wants_no_more: returns whether the person's texts ask for no more texts.
        find_intent: returns the intent of the person's texts; by default what `wants_no_more` makes of them.
        misbehave: when set, called before each answer; an answer that it returns replaces the usual one.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Delete all requests, and answer as usual again."""
        self.requests: list[dict[str, Any]] = []
        self.write_text: Callable[[dict[str, Any]], str] = friendly_text
        self.check_relevance: Callable[[dict[str, Any], list[dict[str, Any]]], dict[str, Any]] = keyword_verdict
        self.wants_no_more: Callable[[list[dict[str, Any]]], bool] = is_farewell
        self.find_intent: Callable[[list[dict[str, Any]]], str] = lambda texts: (
            "stop" if self.wants_no_more(texts) else "conversation"
        )
        self.misbehave: Callable[[dict[str, Any]], HttpAnswer | None] | None = None

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Answer one request as Anthropic does."""
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
        if (messages := _json_between("messages", prompt)) is not None:
            texts = _json_between("person", prompt) or []
            answer: dict[str, Any] = {
                "verdicts": [{"number": m["number"], **self.check_relevance(m, texts)} for m in messages]
            }
            if "intent" in request["output_config"]["format"]["schema"]["properties"]:
                answer["intent"] = self.find_intent(texts)
            return self.reply(request, json.dumps(answer))
        data = _json_between("data", request["messages"][0]["content"])
        return self.reply(request, json.dumps({"text": self.write_text(data)}))

    def reply(self, request: dict[str, Any], text: str, stop_reason: str = "end_turn") -> HttpAnswer:
        """The API's answer with this text from the model."""
        prompt = [request["system"], *(turn["content"] for turn in request["messages"])]
        content = {
            "id": f"msg_{uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": sum(map(len, prompt)) // 4,
                "output_tokens": len(text) // 4,
            },
        }
        return HttpAnswer(200, content)


def data_in(request: dict[str, Any]) -> list[Any]:
    """The data of the messages that a request contains."""
    found: list[Any] = []
    if (data := _json_between("data", request["messages"][0]["content"])) is not None:
        found.append(data["message_data"])
    for message in _json_between("messages", request["messages"][-1]["content"]) or []:
        with suppress(ValueError):  # the agent wrote the words itself
            found.append(json.loads(message["says"]))
    return found


def _json_between(tag: str, prompt: str) -> Any:
    """The JSON between two tags of a prompt; None where the tag is missing."""
    _, opened, rest = prompt.partition(f"<{tag}>\n")
    content, closed, _ = rest.partition(f"\n</{tag}>")
    return json.loads(content.replace("&lt;", "<")) if opened and closed else None


def keyword_verdict(_message: dict[str, Any], texts: list[dict[str, Any]]) -> dict[str, Any]:
    """The verdict on a message, from a few words in the person's last text."""
    last = texts[-1]["wrote"].casefold() if texts else ""
    over = any(word in last for word in ("already", "done", "solved", "no longer", "cancelled"))
    return {"verdict": "STALE" if over else "RELEVANT", "should_reformulate": False, "why": "keywords in the last text"}


def is_farewell(texts: list[dict[str, Any]]) -> bool:
    """Whether the person's last text asks for no more texts, from a few phrases."""
    last = texts[-1]["wrote"].casefold() if texts else ""
    return any(words in last for words in ("hear from you", "had enough", "basta", "unwanted"))


def friendly_text(prompt: dict[str, Any]) -> str:
    """A text that lists the values in a prompt's data."""
    data = prompt["message_data"]
    greeting = f"Hi {prompt['first_name']}! " if prompt.get("first_name") else "Hi! "
    values = list(_leaves({key: value for key, value in data.items() if not key.lower().endswith(("type", "id"))}))
    topic = str(data["type"]).replace("_", " ")
    return f"{greeting}Here is your {topic}: {', '.join(values)}." if values else f"{greeting}Here is your {topic}."


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
