"""Anthropic's Messages API on this machine: stricter than the service, and a model that does its worst on request."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

from orchestrator_local.stand_ins.claude_requests import MODELS, problem_of, thinking_tokens, tokens_of
from orchestrator_local.stand_ins.http import HttpAnswer

API_KEY = "local-stand-in-key"
_THINKING: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": "c3RhbmQtaW4="}


class Claude:
    """Anthropic's Messages API with structured output, and simple code in place of the model.

    Attributes:
        requests: the bodies of the requests that were accepted.
        rejected: why requests were refused, in order.
        write_text: writes a text from the data of a prompt.
        check_relevance: returns the verdict on a waiting message, from the message and the conversation.
        wants_no_more: returns whether the person's texts ask for no more texts.
        find_intent: returns the intent of the person's texts; by default what `wants_no_more` makes of them.
        find_fault: returns what is wrong with a text beside its data; None for nothing.
        refuses: every answer is a refusal.
        last_is_stale: a verdict depends on its place: the last message of a list of several is stale.
        noise: characters that stand in the middle of each text of the model.
        misbehave: when set, called before each answer; the answer that it returns replaces the usual one.
        tool_script: what the model does in requests with `tools`, in order. Each step gets the contents of the last
            tool results, and returns the calls of its answer: a name and the input. After the last step the model has
            nothing to call, and ends its turn.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all requests and behave well."""
        self.requests: list[dict[str, Any]] = []
        self.rejected: list[str] = []
        self.write_text: Callable[[dict[str, Any]], str] = friendly_text
        self.check_relevance: Callable[[dict[str, Any], list[dict[str, Any]]], dict[str, Any]] = keyword_verdict
        self.wants_no_more: Callable[[list[dict[str, Any]]], bool] = is_farewell
        self.find_intent: Callable[[list[dict[str, Any]]], str] = lambda texts: (
            "stop" if self.wants_no_more(texts) else "conversation"
        )
        self.find_fault: Callable[[dict[str, Any], str], str | None] = lambda _data, _text: None
        self.refuses = False
        self.last_is_stale = False
        self.noise = ""
        self.misbehave: Callable[[dict[str, Any]], HttpAnswer | None] | None = None
        self.tool_script: list[Callable[[list[Any]], list[tuple[str, dict[str, Any]]]]] = []

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Answer one request as Anthropic does."""
        if headers.get("authorization") != f"Bearer {API_KEY}":
            return _anthropic_error(401, "authentication_error", "invalid bearer token")
        if (method, path) != ("POST", "/v1/messages") or "anthropic-version" not in headers:
            return _anthropic_error(404, "not_found_error", path)
        request = json.loads(body)
        if request["model"] not in MODELS:
            return _anthropic_error(404, "not_found_error", f"model: {request['model']}")
        if problem := problem_of(request):
            self.rejected.append(problem)
            return _anthropic_error(400, "invalid_request_error", problem)
        return self._answer_to(request)

    def _answer_to(self, request: dict[str, Any]) -> HttpAnswer:
        self.requests.append(request)
        if special := self.misbehave and self.misbehave(request):
            return special
        if "tools" in request:
            return self._call_tools(request)
        return self.refusal(request) if self.refuses else self.reply(request, json.dumps(self._output_for(request)))

    def _call_tools(self, request: dict[str, Any]) -> HttpAnswer:
        """The next step of the script (agents-and-tools/tool-use/handle-tool-calls)."""
        last = request["messages"][-1]["content"]
        results = [] if isinstance(last, str) else [b["content"] for b in last if b["type"] == "tool_result"]
        calls = self.tool_script.pop(0)(results) if self.tool_script else []
        if not calls:
            return self.reply(request, "Done.")
        blocks = [
            {"type": "tool_use", "id": f"toolu_{uuid4().hex[:24]}", "name": name, "input": given}
            for name, given in calls
        ]
        thought = thinking_tokens(request)
        content = [_THINKING, *blocks] if thought else blocks
        return self._message(request, content, "tool_use", thought, tokens_of(json.dumps(blocks)))

    def _output_for(self, request: dict[str, Any]) -> dict[str, Any]:
        prompt = request["messages"][-1]["content"]
        if (messages := _json_between("messages", prompt)) is not None:
            conversation = _json_between("conversation", prompt) or []
            verdicts = [{"number": m["number"], **self.check_relevance(m, conversation)} for m in messages]
            if self.last_is_stale and len(verdicts) > 1:
                verdicts[-1]["verdict"] = "STALE"
            answer: dict[str, Any] = {"verdicts": verdicts}
            if "intent" in request["output_config"]["format"]["schema"]["properties"]:
                answer["intent"] = self.find_intent(conversation)
            return answer
        data = _json_between("data", request["messages"][0]["content"])
        if (text := _json_between("text", prompt)) is not None:
            fault = self.find_fault(data, text)
            return {"is_faithful": fault is None, "fault": fault or ""}
        text = self.write_text(data)
        return {"text": text[: len(text) // 2] + self.noise + text[len(text) // 2 :]}

    def reply(self, request: dict[str, Any], text: str, stop_reason: str = "end_turn") -> HttpAnswer:
        """Return a whole answer around the model's text: after its thinking, and cut off at `max_tokens`.

        Thinking counts towards `max_tokens`, and a thinking block comes first, by default without its text
        (platform.claude.com/docs/en/build-with-claude/thinking).
        """
        thought, written = thinking_tokens(request), tokens_of(text)
        content: list[dict[str, Any]] = []
        if thought:
            content.append(_THINKING)
        left = request["max_tokens"] - thought
        if left < written:
            stop_reason, written = "max_tokens", max(left, 0)
            thought = min(thought, request["max_tokens"])
            text = text[: int(len(text) * written / tokens_of(text))]
        if text:
            content.append({"type": "text", "text": text})
        return self._message(request, content, stop_reason, thought, written)

    def refusal(self, request: dict[str, Any]) -> HttpAnswer:
        """Return a refusal: a normal answer, here without content (build-with-claude/refusals-and-fallback)."""
        details = {"type": "refusal", "category": "general_harms", "explanation": None}
        answer = self._message(request, [], "refusal", 0, 0)
        return HttpAnswer(answer.status, {**answer.content, "stop_details": details})

    def _message(
        self, request: dict[str, Any], content: list[dict[str, Any]], stop_reason: str, thought: int, written: int
    ) -> HttpAnswer:
        contents = [request.get("system", ""), *(turn["content"] for turn in request["messages"])]
        sent = [content if isinstance(content, str) else json.dumps(content) for content in contents]
        return HttpAnswer(
            200,
            {
                "id": f"msg_{uuid4().hex[:24]}",
                "type": "message",
                "role": "assistant",
                "model": request["model"],
                "content": content,
                "stop_reason": stop_reason,
                "stop_sequence": None,
                "usage": {
                    "input_tokens": sum(map(tokens_of, sent)),
                    "output_tokens": thought + written,
                    "output_tokens_details": {"thinking_tokens": thought},
                },
            },
        )


def data_in(request: dict[str, Any]) -> list[Any]:
    """The data of the messages that a request contains."""
    found: list[Any] = []
    if (data := _json_between("data", request["messages"][0]["content"])) is not None:
        found.append(data["message_data"])
    for message in _json_between("messages", request["messages"][-1]["content"]) or []:
        with suppress(ValueError):  # the agent wrote the words itself
            found.append(json.loads(message["says"]))
    return found


def _json_between(tag: str, prompt: str | list[Any]) -> Any:
    """The JSON between two tags of a prompt; None where the tag is missing, as in the blocks of a loop with tools."""
    if not isinstance(prompt, str):
        return None
    _, opened, rest = prompt.partition(f"<{tag}>\n")
    content, closed, _ = rest.partition(f"\n</{tag}>")
    return json.loads(content.replace("&lt;", "<")) if opened and closed else None


def keyword_verdict(_message: dict[str, Any], conversation: list[dict[str, Any]]) -> dict[str, Any]:
    """The verdict on a message, from a few words in the person's last text."""
    over = any(word in last_words(conversation) for word in ("already", "done", "solved", "no longer", "cancelled"))
    return {"verdict": "STALE" if over else "RELEVANT", "should_reformulate": False, "why": "keywords in the last text"}


def is_farewell(conversation: list[dict[str, Any]]) -> bool:
    """Whether the person's last text asks for no more texts, from a few phrases."""
    last = last_words(conversation)
    return any(words in last for words in ("hear from you", "had enough", "basta", "unwanted"))


def last_words(conversation: list[dict[str, Any]]) -> str:
    """Return the person's last text, in small letters."""
    return next((text["text"].casefold() for text in reversed(conversation) if text["from"] == "person"), "")


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
