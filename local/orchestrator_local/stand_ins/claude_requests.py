"""What Anthropic's Messages API refuses in a request, and how much a model thinks; each rule names the page it is from.

Pages are below platform.claude.com/docs/en. This module shares nothing with the code that makes the requests.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The same text counts as about 30 % more tokens than on Haiku 4.5, which has about four characters to a token
# (models/haiku-5-5/whats-new-haiku-5-5).
CHARACTERS_PER_TOKEN = 4 / 1.3
# Tokens of thinking by effort. Real models think as much as a task needs; these are more than ours need.
THINKING_TOKENS = {"low": 900, "medium": 2_500, "high": 6_000, "xhigh": 12_000, "max": 24_000}

_PARAMETERS = frozenset(
    {
        "model", "max_tokens", "messages", "system", "output_config", "thinking", "metadata", "stop_sequences",
        "stream", "tools", "tool_choice", "service_tier", "cache_control", "inference_geo",
    }
)  # fmt: skip
# build-with-claude/structured-outputs, "JSON Schema limitations".
_SCHEMA_KEYWORDS = frozenset(
    {
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "allOf", "$ref",
        "$defs", "default", "title", "description", "format",
    }
)  # fmt: skip
# agents-and-tools/tool-use/define-tools, and tool-reference for the optional ones.
_TOOL_PROPERTIES = frozenset(
    {
        "name", "description", "input_schema", "type", "input_examples", "cache_control", "strict", "defer_loading",
        "allowed_callers",
    }
)  # fmt: skip
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ModelRules:
    """One model.

    Attributes:
        default_effort: the effort of a request that names none; None for a model that knows no effort.
        rejects: values of `thinking.type` that are answered with a 400 (build-with-claude/thinking-troubleshooting).
        thinks_by_default: whether it thinks when `thinking` is left out.
        samples: whether `temperature`, `top_p` and `top_k` are accepted.
    """

    default_effort: str | None
    rejects: frozenset[str]
    thinks_by_default: bool = True
    samples: bool = False


MODELS: Mapping[str, ModelRules] = {
    "claude-haiku-5-5": ModelRules("medium", frozenset({"enabled", "between_tools"})),
    # models/sonnet-5-5/overview: `between_tools` in place of `disabled`.
    "claude-sonnet-5-5": ModelRules("high", frozenset({"enabled", "disabled"})),
    # models/opus-5-5/whats-new-opus-5-5: thinking cannot be disabled.
    "claude-opus-5-5": ModelRules("medium", frozenset({"enabled", "disabled", "between_tools"})),
    "claude-fable-5-1": ModelRules("high", frozenset({"enabled", "disabled", "between_tools"})),
    "claude-haiku-4-5": ModelRules(
        None, frozenset({"adaptive", "between_tools"}), thinks_by_default=False, samples=True
    ),
    # A model of next year, which a list of names in a program does not hold.
    "claude-haiku-6": ModelRules("high", frozenset({"enabled", "disabled", "between_tools"})),
}


def tokens_of(text: str) -> int:
    """Return the tokens that a text counts as."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def thinking_tokens(request: Mapping[str, Any]) -> int:
    """Return the tokens that the model thinks before it answers."""
    rules = MODELS[request["model"]]
    kind = request.get("thinking", {}).get("type")
    if kind in ("disabled", "between_tools") or (kind is None and not rules.thinks_by_default):
        return 0
    return THINKING_TOKENS[str(request.get("output_config", {}).get("effort") or rules.default_effort)]


def problem_of(request: Mapping[str, Any]) -> str | None:
    """Return why a request is an `invalid_request_error`; None for a good one."""
    return next(_problems(request, MODELS[request["model"]]), None)


def _problems(request: Mapping[str, Any], rules: ModelRules) -> Iterator[str]:
    for name in request.keys() - _PARAMETERS - {"temperature", "top_p", "top_k"}:
        yield f"{name}: Extra inputs are not permitted"
    # models/haiku-5-5/migration-guide, "Remove sampling parameters".
    for name in request.keys() & {"temperature", "top_p", "top_k"}:
        if not rules.samples:
            yield f"{name}: not supported for this model"
    if not isinstance(request.get("max_tokens"), int) or request["max_tokens"] < 1:
        yield "max_tokens: Field required"
    # models/haiku-5-5/migration-guide, "Replace assistant prefill".
    if request["messages"][-1]["role"] == "assistant":
        yield "This model does not support assistant message prefill. The conversation must end with a user message."
    yield from _thinking_problems(request, rules)
    yield from _tool_problems(request.get("tools", ()))
    yield from _result_problems(request["messages"])
    output = request.get("output_config", {}).get("format")
    if output is not None:
        if output.get("type") != "json_schema":
            yield "output_config.format: a JSON schema was expected"
        yield from _schema_problems(output["schema"])


def _thinking_problems(request: Mapping[str, Any], rules: ModelRules) -> Iterator[str]:
    thinking = request.get("thinking", {})
    kind, effort = thinking.get("type"), request.get("output_config", {}).get("effort")
    if kind in rules.rejects:
        yield f'"thinking.type.{kind}" is not supported for this model.'
    if "budget_tokens" in thinking and kind != "enabled":
        yield "thinking.budget_tokens: Extra inputs are not permitted"
    if effort is None:
        return
    if rules.default_effort is None:
        yield "output_config.effort: not supported for this model"
    elif effort not in THINKING_TOKENS:
        yield "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"
    elif kind == "disabled" and effort in ("xhigh", "max"):
        yield "thinking cannot be disabled at this effort"


def _tool_problems(tools: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with the definitions of tools (agents-and-tools/tool-use/define-tools)."""
    for number, tool in enumerate(tools):
        for name in tool.keys() - _TOOL_PROPERTIES:
            yield f"tools.{number}.{name}: Extra inputs are not permitted"
        if not _TOOL_NAME.fullmatch(str(tool.get("name", ""))):
            yield f"tools.{number}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
        if tool.get("input_schema", {}).get("type") != "object":
            yield f"tools.{number}.input_schema.type: Input should be 'object'"
    if len({tool.get("name") for tool in tools}) < len(tools):
        yield "tools: Tool names must be unique."


def _result_problems(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with the results of tools (agents-and-tools/tool-use/handle-tool-calls).

    The message after a call holds one result for each call, and the results come first in it.
    """
    called: set[str] = set()
    for number, message in enumerate(messages):
        blocks = [] if isinstance(message["content"], str) else message["content"]
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if unknown := set(results) - called:
            yield f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {sorted(unknown)}"
        if missing := called - set(results):
            yield f"messages.{number}: `tool_use` ids were found without `tool_result` blocks: {sorted(missing)}"
        if len(results) > len(set(results)):
            yield f"messages.{number}: each tool_use must have a single result"
        if any(block["type"] != "tool_result" for block in blocks[: len(results)]):
            yield f"messages.{number}: `tool_result` blocks must come first"
        called = {block["id"] for block in blocks if block["type"] == "tool_use"}


def _schema_problems(schema: Mapping[str, Any]) -> Iterator[str]:
    for name in schema.keys() - _SCHEMA_KEYWORDS:
        yield f"output_config.format.schema: '{name}' is not supported"
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield "output_config.format.schema: 'additionalProperties' must be false for objects"
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    for part in (*inner, *([schema["items"]] if "items" in schema else ())):
        yield from _schema_problems(part)
