"""Asks Claude with structured output, inside a deadline; every way it can fail is a value."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.clock import Countdown
from orchestrator.settings import WriterSettings
from orchestrator.wording.prices import cost

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types import MessageParam

Output = TypeVar("Output", bound=BaseModel)

# Calls that one question may take: the first, and two more where trying again may help.
TRIES = 3
FIRST_PAUSE_SECONDS = 0.3
# Beside every 5xx: timeout, conflict and too many requests.
RETRIED = (408, 409, 429)
# A call is not begun when this much or less is left of the deadline.
SHORTEST_CALL_SECONDS = 0.5
# Questions that are asked side by side.
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as it is logged.

    Attributes:
        error: how it failed, without any words of the message; None when it did not.
        input_tokens: all of them, those from the cache included.
        latency_ms: milliseconds.
    """

    model: str
    error: str | None
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class ClaudeAnswer(Generic[Output]):
    """What came of a question.

    Attributes:
        output: what Claude said; None when it had no usable answer in time.
        calls: the calls it took, in order; the last one says how it failed.
    """

    output: Output | None
    calls: tuple[Call, ...]


def ask(
    settings: WriterSettings,
    system: str,
    turns: Sequence[str],
    output: type[Output],
    max_tokens: int,
    time_left: Countdown,
) -> ClaudeAnswer[Output]:
    """Ask one question, with as many tries as help and as the deadline allows.

    Args:
        system: the instructions.
        turns: what is said in turn, ours first: the data, which is never instructions, then Claude's and our words.
        output: what the answer must be.

    Returns:
        The answer; failures are values, because the caller always has something else to do.
    """
    calls: list[Call] = []
    for attempt in range(TRIES):
        if time_left() <= SHORTEST_CALL_SECONDS:
            break
        said, call, retry_after = _call(settings, system, turns, output, max_tokens, time_left)
        calls.append(call)
        if said is not None:
            return ClaudeAnswer(said, tuple(calls))
        if retry_after is None:
            break
        pause = max(retry_after, FIRST_PAUSE_SECONDS * 2**attempt)
        if pause >= time_left():
            break
        time.sleep(pause)
    return ClaudeAnswer(None, tuple(calls) or (Call(settings.anthropic_model, "no time left"),))


Result = TypeVar("Result")


@contextmanager
def _pool_without_wait(size: int) -> Iterator[ThreadPoolExecutor]:
    """A pool whose end waits for nobody: a call that drips on is nobody's any more."""
    pool = ThreadPoolExecutor(size)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def side_by_side(
    questions: Sequence[Callable[[], Result]], too_late: Callable[[int], Result], seconds: float
) -> list[Result]:
    """Ask several questions at once; what has no answer in time gets `too_late`, by its place.

    Args:
        seconds: the deadline of each; an HTTP timeout begins anew with each byte, this one does not.
    """
    if not questions:
        return []
    rounds = -(-len(questions) // AT_ONCE)
    with _pool_without_wait(AT_ONCE) as pool:
        futures: list[Future[Result]] = [pool.submit(question) for question in questions]
        wait(futures, timeout=seconds * rounds + SHORTEST_CALL_SECONDS)
        return [future.result() if future.done() else too_late(place) for place, future in enumerate(futures)]


def _call(
    settings: WriterSettings,
    system: str,
    turns: Sequence[str],
    output: type[Output],
    max_tokens: int,
    time_left: Countdown,
) -> tuple[Output | None, Call, float | None]:
    """One call: what it said, how it is logged, and after how many seconds another try may help (None: it does not)."""
    from anthropic import AnthropicError, APIConnectionError, APIStatusError, transform_schema

    model = settings.anthropic_model
    started = time.monotonic()
    try:
        reply: Any = _client(settings).messages.create(
            model=model,
            max_tokens=max_tokens,
            system=system,
            messages=_dialogue(turns),
            output_config={"format": {"type": "json_schema", "schema": transform_schema(output)}},
            timeout=time_left(),
        )
    except APIStatusError as error:
        helps = error.status_code in RETRIED or error.status_code >= 500
        again = _retry_after(error.response.headers) if helps else None
        failure = f"{type(error).__name__} {error.status_code}"
        return None, Call(model, failure, latency_ms=_milliseconds_since(started)), again
    except (AnthropicError, ValueError) as error:  # ValueError: a body that is not JSON
        again = 0.0 if isinstance(error, APIConnectionError | ValueError) else None
        return None, Call(model, type(error).__name__, latency_ms=_milliseconds_since(started)), again
    try:
        return _read(reply, output, model, started)
    except (AttributeError, TypeError):  # JSON, but no message: the SDK checks nothing
        return None, Call(model, "invalid answer", latency_ms=_milliseconds_since(started)), 0.0


def _read(reply: Any, output: type[Output], model: str, started: float) -> tuple[Output | None, Call, float | None]:
    said, problem = _parse(reply, output)
    usage = reply.usage
    cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    call = Call(
        model=model,
        error=problem,
        input_tokens=usage.input_tokens + cached + written,
        cached_tokens=cached,
        output_tokens=usage.output_tokens,
        cost_usd=cost(model, usage.input_tokens, usage.output_tokens, cached, written),
        latency_ms=_milliseconds_since(started),
    )
    # A refusal stands; what was cut off or malformed may come out whole the next time.
    return said, call, None if reply.stop_reason == "refusal" else 0.0


def _dialogue(turns: Sequence[str]) -> "list[MessageParam]":
    """Ours and Claude's words in turn."""
    ours: list[MessageParam] = [{"role": "user", "content": turn} for turn in turns[::2]]
    theirs: list[MessageParam] = [{"role": "assistant", "content": turn} for turn in turns[1::2]]
    return [turn for pair in zip_longest(ours, theirs) for turn in pair if turn is not None]


def _parse(reply: Any, output: type[Output]) -> tuple[Output | None, str | None]:
    if reply.stop_reason != "end_turn":  # refused, or cut off
        return None, f"stopped: {reply.stop_reason}"
    text = "".join(block.text for block in reply.content if block.type == "text")
    try:
        return output.model_validate_json(text), None
    except ValidationError:
        return None, "invalid output"


def _retry_after(headers: Any) -> float:
    try:
        return max(0.0, float(headers.get("retry-after", 0)))
    except ValueError:
        return 0.0


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _client(settings: WriterSettings) -> "Anthropic":
    assert settings.anthropic_api_key is not None  # without a key nobody asks
    return _client_for(settings.anthropic_api_key.get_secret_value())


@cache
def _client_for(api_key: str) -> "Anthropic":
    import anthropic

    # Its own retries and its timeout of ten minutes know nothing of our deadline.
    return anthropic.Anthropic(api_key=api_key, max_retries=0)
