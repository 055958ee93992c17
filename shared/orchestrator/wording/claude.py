"""One call to Claude with structured output, its cost, and every way it can fail as a value."""

import time
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.settings import WriterSettings
from orchestrator.wording.prices import cost

if TYPE_CHECKING:
    from anthropic import Anthropic

Output = TypeVar("Output", bound=BaseModel)

# The SDK's own retries; its default timeout of ten minutes is replaced by the deadline.
RETRIES = 1


@dataclass(frozen=True, slots=True)
class Answer(Generic[Output]):
    """What came of one call.

    Attributes:
        output: what Claude said; None when it failed, and then `error` says how, without any words of the message.
        latency_ms: milliseconds, retries included.
    """

    output: Output | None
    error: str | None
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    latency_ms: int


def ask(settings: WriterSettings, system: str, user: str, output: type[Output], max_tokens: int) -> Answer[Output]:
    """Ask Claude once, within the deadline.

    Args:
        system: the instructions.
        user: the data, which is never instructions.
        output: what the answer must be.

    Returns:
        The answer; failures are values, because the caller always has something else to do.
    """
    from anthropic import AnthropicError, transform_schema

    assert settings.anthropic_api_key is not None  # without a key nobody asks
    model = settings.anthropic_model
    started = time.monotonic()
    try:
        reply = _client(settings).messages.create(
            model=model,
            max_tokens=max_tokens,
            system=system,
            messages=[{"role": "user", "content": user}],
            output_config={"format": {"type": "json_schema", "schema": transform_schema(output)}},
        )
    except (AnthropicError, ValueError) as error:  # ValueError: a body that is not JSON
        status = getattr(error, "status_code", None)
        failure = type(error).__name__ + (f" {status}" if status else "")
        return Answer(None, failure, model, 0, 0, Decimal(0), _milliseconds_since(started))
    tokens = (reply.usage.input_tokens, reply.usage.output_tokens)
    text = "".join(block.text for block in reply.content if block.type == "text")
    parsed, problem = _parse(text, reply.stop_reason, output)
    return Answer(parsed, problem, model, *tokens, cost(model, *tokens), _milliseconds_since(started))


def _parse(text: str, stop_reason: str | None, output: type[Output]) -> tuple[Output | None, str | None]:
    if stop_reason != "end_turn":  # refused, or cut off
        return None, f"stopped: {stop_reason}"
    try:
        return output.model_validate_json(text), None
    except ValidationError:
        return None, "invalid output"


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _client(settings: WriterSettings) -> "Anthropic":
    assert settings.anthropic_api_key is not None
    return _client_for(settings.anthropic_api_key.get_secret_value(), settings.claude_deadline_seconds)


@cache
def _client_for(api_key: str, deadline_seconds: float) -> "Anthropic":
    import anthropic

    timeout = deadline_seconds / (RETRIES + 1)
    return anthropic.Anthropic(api_key=api_key, timeout=timeout, max_retries=RETRIES)
