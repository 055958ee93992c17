"""Asks Claude for structured output within a deadline; each way in which a call can fail is a value with a name."""

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.clean_text import clean_json
from orchestrator.clock import Countdown
from orchestrator.settings import WriterSettings
from orchestrator.thread_pools import pool_without_wait
from orchestrator.wording.answer_length import longest_answer
from orchestrator.wording.models import cost, thinking_options

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError

Output = TypeVar("Output", bound=BaseModel)

# Calls that one question may take: the first, and two more where another try may help.
TRIES = 3
FIRST_PAUSE_SECONDS = 0.3
# No call is started when the deadline is this near.
SHORTEST_CALL_SECONDS = 0.5
# Questions that are asked side by side: the words of a wave of fifty take two turns within the deadline.
AT_ONCE = 25


class CallOutcome(StrEnum):
    """What became of one call (stop reasons: platform.claude.com/docs/en/build-with-claude/handling-stop-reasons)."""

    ANSWERED = "answered"
    REFUSED = "refused"  # `stop_reason` refusal: it stands, no second try
    CUT_OFF = "cut_off"  # `max_tokens` reached: tried again with twice the tokens
    EMPTY = "empty"  # no text in the answer
    MALFORMED = "malformed"  # no message, no JSON, or JSON of another shape
    OVERLONG = "overlong"  # JSON of the right shape with a text longer than we take
    BUSY = "busy"  # 429 and 529
    UNAVAILABLE = "unavailable"  # 408, 409, other 5xx, no connection, no answer in time
    REJECTED = "rejected"  # any other 4xx: the key, the model or a parameter; no second try
    TOO_LATE = "too_late"  # no call was made, or its answer came after the deadline


_STOPPED = {"refusal": CallOutcome.REFUSED, "max_tokens": CallOutcome.CUT_OFF}
# What another try with the same question cannot mend.
_FINAL = frozenset({CallOutcome.ANSWERED, CallOutcome.REFUSED, CallOutcome.REJECTED, CallOutcome.TOO_LATE})


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it is logged and counted.

    Attributes:
        error: how it failed, without any words of the message; None when it did not.
        input_tokens: all of them, those from the cache included.
        output_tokens: tokens of thinking included.
        latency_ms: milliseconds.
    """

    model: str
    outcome: CallOutcome
    error: str | None = None
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class Question(Generic[Output]):
    """What Claude is asked.

    Attributes:
        system: the instructions.
        turns: the dialogue, our turn first: data, which is never an instruction, then Claude's and our turns.
        output: the shape of the answer.
        entries: entries of each list in the answer.
    """

    system: str
    turns: Sequence[str]
    output: type[Output]
    entries: int = 0


@dataclass(frozen=True, slots=True)
class ClaudeAnswer(Generic[Output]):
    """The answer to a question.

    Attributes:
        output: None when Claude gave no usable answer in time.
        calls: the calls that it took, in order; the last one names the failure.
    """

    output: Output | None
    calls: tuple[Call, ...]


def ask(settings: WriterSettings, question: Question[Output], time_left: Countdown) -> ClaudeAnswer[Output]:
    """Ask one question, with as many tries as help and as the deadline allows.

    Returns:
        The answer. Failures are values, because the caller always has something else to do.
    """
    calls: list[Call] = []
    room = 1
    for attempt in range(TRIES):
        if time_left() <= SHORTEST_CALL_SECONDS:
            break
        output, call, pause = _call(settings, question, room, time_left)
        calls.append(call)
        if call.outcome in _FINAL:
            return ClaudeAnswer(output, tuple(calls))
        if call.outcome is CallOutcome.CUT_OFF:
            room *= 2
        pause = max(pause, FIRST_PAUSE_SECONDS * 2**attempt)
        if pause >= time_left():
            break
        time.sleep(pause)
    return ClaudeAnswer(None, tuple(calls) or (call_without_request(settings),))


def call_without_request(settings: WriterSettings) -> Call:
    """Return the entry for a question whose deadline passed before there was an answer."""
    return Call(settings.anthropic_model, CallOutcome.TOO_LATE, "deadline")


Result = TypeVar("Result")


def side_by_side(
    questions: Sequence[Callable[[], Result]], too_late: Callable[[int], Result], seconds: float
) -> list[Result]:
    """Run several questions at once; a question without an answer in time gets `too_late` of its place.

    Args:
        seconds: the deadline of each question. The timeout of an HTTP call starts again with each byte; this one does
            not.
    """
    if not questions:
        return []
    rounds = -(-len(questions) // AT_ONCE)
    with pool_without_wait(AT_ONCE) as pool:
        futures: list[Future[Result]] = [pool.submit(question) for question in questions]
        wait(futures, timeout=seconds * rounds + SHORTEST_CALL_SECONDS)
        return [future.result() if future.done() else too_late(place) for place, future in enumerate(futures)]


def _call(
    settings: WriterSettings, question: Question[Output], room: int, time_left: Countdown
) -> tuple[Output | None, Call, float]:
    """Make one call.

    Args:
        room: the factor by which `max_tokens` is larger than usual.

    Returns:
        The answer where there is one, the call, and the seconds that Claude asks to wait before another try.
    """
    from anthropic import AnthropicError, APIConnectionError, APIStatusError, transform_schema

    options = thinking_options(settings.anthropic_model, settings.anthropic_effort)
    parameters: dict[str, Any] = {
        "output_config": {
            "format": {"type": "json_schema", "schema": transform_schema(question.output)},
            **({"effort": options.effort} if options.effort else {}),
        },
        **({"thinking": options.thinking} if options.thinking else {}),
    }
    started = time.monotonic()
    try:
        reply: Any = _client(settings).messages.create(
            model=settings.anthropic_model,
            max_tokens=(longest_answer(question.output, question.entries) + options.room) * room,
            system=question.system,
            messages=_dialogue(question.turns),
            timeout=time_left(),
            **parameters,
        )
        return _read(reply, question.output, settings.anthropic_model, started)
    except APIStatusError as error:
        failure, pause = f"{type(error).__name__} {error.status_code}", _retry_after(error)
        return None, _failed(settings, _outcome_of_status(error.status_code), failure, started), pause
    except AnthropicError as error:
        lost = isinstance(error, APIConnectionError)
        outcome = CallOutcome.UNAVAILABLE if lost else CallOutcome.REJECTED
        return None, _failed(settings, outcome, type(error).__name__, started), 0.0
    except (ValueError, AttributeError, TypeError):  # no JSON, or JSON that is no message: the SDK checks nothing
        return None, _failed(settings, CallOutcome.MALFORMED, "no message", started), 0.0


def _failed(settings: WriterSettings, outcome: CallOutcome, error: str, started: float) -> Call:
    return Call(settings.anthropic_model, outcome, error, latency_ms=_milliseconds_since(started))


def _outcome_of_status(status: int) -> CallOutcome:
    if status in (429, 529):
        return CallOutcome.BUSY
    return CallOutcome.UNAVAILABLE if status in (408, 409) or status >= 500 else CallOutcome.REJECTED


def _read(reply: Any, output: type[Output], model: str, started: float) -> tuple[Output | None, Call, float]:
    answer, outcome, error = _parse(reply, output)
    usage = reply.usage
    cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    call = Call(
        model=model,
        outcome=outcome,
        error=error,
        input_tokens=usage.input_tokens + cached + written,
        cached_tokens=cached,
        output_tokens=usage.output_tokens,
        cost_usd=cost(model, usage.input_tokens, usage.output_tokens, cached, written),
        latency_ms=_milliseconds_since(started),
    )
    return answer, call, 0.0


def _parse(reply: Any, output: type[Output]) -> tuple[Output | None, CallOutcome, str | None]:
    if reply.stop_reason != "end_turn":
        outcome = _STOPPED.get(reply.stop_reason, CallOutcome.MALFORMED)
        return None, outcome, f"stopped: {reply.stop_reason}"
    # Blocks by type, never by position: an answer may begin with a thinking block.
    text = "".join(block.text for block in reply.content if block.type == "text")
    if not text.strip():
        return None, CallOutcome.EMPTY, "empty answer"
    try:
        return output.model_validate(clean_json(json.loads(text))), CallOutcome.ANSWERED, None
    except ValidationError as problem:
        if all(entry["type"] == "string_too_long" for entry in problem.errors()):
            return None, CallOutcome.OVERLONG, "overlong output"
    except (ValueError, RecursionError):
        pass
    return None, CallOutcome.MALFORMED, "invalid output"


def _dialogue(turns: Sequence[str]) -> Any:
    """Our turns and Claude's, in alternation."""
    ours = [{"role": "user", "content": turn} for turn in turns[::2]]
    theirs = [{"role": "assistant", "content": turn} for turn in turns[1::2]]
    return [turn for pair in zip_longest(ours, theirs) for turn in pair if turn is not None]


def _retry_after(error: "APIStatusError") -> float:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _client(settings: WriterSettings) -> "Anthropic":
    assert settings.anthropic_api_key is not None  # callers ask only where there is a key
    return _client_for(settings.anthropic_api_key.get_secret_value(), os.environ.get("ANTHROPIC_BASE_URL"))


@cache
def _client_for(api_key: str, base_url: str | None) -> "Anthropic":
    import anthropic

    # The SDK's own retries and its timeout of ten minutes would exceed our deadline.
    return anthropic.Anthropic(api_key=api_key, base_url=base_url, max_retries=0)
