"""Asking Claude: how often, after which pauses, with how many tokens, and what each call is recorded as."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from anthropic import APIConnectionError, APIStatusError
from pydantic import BaseModel, Field

from orchestrator.settings import WriterSettings
from orchestrator.wording import claude
from orchestrator.wording.answer_length import longest_answer
from orchestrator.wording.claude import Question, ask, side_by_side


class Words(BaseModel):
    """The shape of an answer."""

    text: Annotated[str, Field(max_length=20)]


QUESTION = Question("Write.", ["ours", "theirs", "ours again"], Words)


def reply(text: str, stop_reason: str = "end_turn") -> Any:
    usage = SimpleNamespace(
        input_tokens=100, output_tokens=10, cache_read_input_tokens=1_000, cache_creation_input_tokens=200
    )
    blocks = [SimpleNamespace(type="thinking", text="no"), SimpleNamespace(type="text", text=text)]
    return SimpleNamespace(stop_reason=stop_reason, content=blocks, usage=usage)


def status(code: int, **headers: str) -> APIStatusError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response: Any = SimpleNamespace(status_code=code, headers=named, request=None)
    return APIStatusError("no", response=response, body=None)


ANSWER = reply('{"text": "Hi"}')
CUT_OFF = reply("{", "max_tokens")
NO_REQUEST: Any = None
LOST = APIConnectionError(request=NO_REQUEST)


class Claude:
    """Gives what is next in a list, and keeps what it was asked, on a clock of its own."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.pauses: list[float] = []
        self.now = 0.0
        self.messages = self

    def create(self, **parameters: Any) -> Any:
        self.asked.append(parameters)
        self.now += 0.25
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Claude:
    stand_in = Claude()
    monkeypatch.setattr(claude, "_client", lambda settings: stand_in)  # noqa: ARG005
    monkeypatch.setattr(claude, "time", SimpleNamespace(sleep=stand_in.sleep, monotonic=lambda: stand_in.now))
    return stand_in


def answer_to(model: Claude, *answers: Any, seconds: float = 60.0) -> claude.ClaudeAnswer[Words]:
    model.answers = [*answers]
    return ask(WriterSettings(), QUESTION, lambda: seconds - model.now)


def test_an_answer_is_recorded_with_its_tokens_its_price_and_its_time(model: Claude) -> None:
    answer = answer_to(model, ANSWER)
    assert answer.output == Words(text="Hi")
    (call,) = answer.calls
    assert (call.outcome, call.error, call.latency_ms) == ("answered", None, 250)
    assert (call.input_tokens, call.cached_tokens, call.output_tokens) == (1_300, 1_000, 10)
    # 100 tokens, 1,000 at a tenth and 200 at five quarters make 450 at $0.10 a million; 10 cost $0.50 a million.
    assert call.cost_usd == Decimal("0.000050")


def test_a_failed_call_is_recorded_with_its_time(model: Claude) -> None:
    (call,) = answer_to(model, status(401)).calls
    assert (call.outcome, call.error, call.latency_ms) == ("rejected", "APIStatusError 401", 250)


@pytest.mark.parametrize(
    ("answers", "outcomes", "pauses"),
    [
        ([ANSWER], ["answered"], []),
        ([CUT_OFF, ANSWER], ["cut_off", "answered"], [0.3]),
        ([CUT_OFF, CUT_OFF, CUT_OFF], ["cut_off"] * 3, [0.3, 0.6, 1.2]),
        ([status(429), status(529), ANSWER], ["busy", "busy", "answered"], [0.3, 0.6]),
        ([status(429, retry_after="2"), ANSWER], ["busy", "answered"], [2.0]),
        ([status(429, retry_after="0.1"), ANSWER], ["busy", "answered"], [0.3]),
        ([status(429, retry_after="-1"), ANSWER], ["busy", "answered"], [0.3]),
        ([status(429, retry_after="soon"), ANSWER], ["busy", "answered"], [0.3]),
        ([status(429, retry_after="60")], ["busy"], []),
        ([status(408), status(409), status(500)], ["unavailable"] * 3, [0.3, 0.6, 1.2]),
        ([status(499)], ["rejected"], []),
        ([LOST, ANSWER], ["unavailable", "answered"], [0.3]),
        ([ValueError(), ANSWER], ["malformed", "answered"], [0.3]),
        ([reply("", "refusal")], ["refused"], []),
        ([reply(" "), reply("no"), reply('{"text": 5}')], ["empty", "malformed", "malformed"], [0.3, 0.6, 1.2]),
        ([reply('{"text": "' + "x" * 21 + '"}'), ANSWER], ["overlong", "answered"], [0.3]),
        ([reply('{"text": "Hi"}', "tool_use"), ANSWER], ["malformed", "answered"], [0.3]),
    ],
)
def test_tries_and_pauses(model: Claude, answers: list[Any], outcomes: list[str], pauses: list[float]) -> None:
    answer = answer_to(model, *answers)
    assert [call.outcome for call in answer.calls] == outcomes
    assert model.pauses == pauses
    assert (answer.output is not None) == (outcomes[-1] == "answered")


def test_an_answer_that_was_cut_off_gets_twice_the_room(model: Claude) -> None:
    answer_to(model, CUT_OFF, CUT_OFF, CUT_OFF)
    room = longest_answer(Words, 0)
    assert [asked["max_tokens"] for asked in model.asked] == [room, 2 * room, 4 * room]
    assert {asked["timeout"] for asked in model.asked} == {60.0, 60 - 0.25 - 0.3, 60 - 0.5 - 0.9}


def test_the_longest_answer_counts_names_texts_and_marks() -> None:
    # Braces; the name with its marks; the text with its marks.
    assert longest_answer(Words, 0) == 10 + (4 + 10) + (20 + 10)


@pytest.mark.parametrize(("seconds", "calls"), [(0.5, 0), (0.51, 1), (0.76, 1), (1.0, 1), (1.06, 2)])
def test_no_call_starts_near_the_deadline(model: Claude, seconds: float, calls: int) -> None:
    answer = answer_to(model, LOST, status(401), seconds=seconds)
    assert len(model.asked) == calls
    assert len(answer.calls) == max(1, calls)
    assert calls or (answer.calls[0].outcome, answer.calls[0].error) == ("too_late", "deadline")


def test_turns_alternate(model: Claude) -> None:
    answer_to(model, ANSWER)
    assert [(turn["role"], turn["content"]) for turn in model.asked[0]["messages"]] == [
        ("user", "ours"),
        ("assistant", "theirs"),
        ("user", "ours again"),
    ]


def test_questions_side_by_side_keep_their_places() -> None:
    assert side_by_side([lambda: 1, lambda: 2, lambda: 3], lambda place: -place, 5) == [1, 2, 3]
    assert side_by_side([], lambda place: -place, 5) == []
