"""What Anthropic documents of its Messages API, and that our calls live with it; one test for each behaviour.

Pages are below platform.claude.com/docs/en.
"""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import anthropic
import pytest
from pydantic import SecretStr

from orchestrator.clock import countdown
from orchestrator.rules.relevance import Relevance
from orchestrator.settings import Effort, WriterSettings
from orchestrator.wording.classification import classify
from orchestrator.wording.claude import Call, CallOutcome
from orchestrator.wording.relevance import check_relevance
from orchestrator.wording.render import Brief, Words, write_words
from orchestrator.wording.trial import _DATA, _SUBJECT
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.claude_requests import MODELS
from orchestrator_local.stand_ins.http import HttpAnswer, serve


@pytest.fixture(scope="module")
def _served() -> Iterator[tuple[Claude, str]]:
    claude = Claude()
    with serve(claude) as address:
        yield claude, address


@pytest.fixture
def claude(_served: tuple[Claude, str], monkeypatch: pytest.MonkeyPatch) -> Claude:
    from orchestrator.wording import claude as module

    claude, address = _served
    claude.reset()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.01)
    return claude


def settings_for(model: str = "claude-haiku-5-5", effort: Effort = Effort.OFF) -> WriterSettings:
    return WriterSettings(anthropic_api_key=SecretStr(API_KEY), anthropic_model=model, anthropic_effort=effort)


def render(settings: WriterSettings, seconds: float = 5) -> Words:
    brief = Brief(UUID(int=1), "concierge_main", _DATA, "Ada")
    return write_words([brief], settings, countdown(seconds), may_ask=True)[UUID(int=1)]


def all_three(settings: WriterSettings) -> list[tuple[Call, ...]]:
    (relevance,) = check_relevance([_SUBJECT], settings, countdown(5))
    (classification,) = classify([_SUBJECT], settings, countdown(5))
    assert relevance.verdicts
    assert classification.wants_no_more_texts is False
    return [render(settings).calls, relevance.calls, classification.judgement.calls]


def raw_client() -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key=API_KEY, max_retries=0)


def ask_raw(**parameters: Any) -> anthropic.types.Message:
    schema = {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    }
    given = {
        "model": "claude-haiku-5-5",
        "max_tokens": 20_000,
        "system": "Write.",
        "messages": [{"role": "user", "content": f"<data>\n{json.dumps({'message_data': _DATA})}\n</data>"}],
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
        **parameters,
    }
    reply: anthropic.types.Message = raw_client().messages.create(timeout=5, **given)
    return reply


# Thinking (build-with-claude/thinking, build-with-claude/thinking-troubleshooting) ---------------------------------------


@pytest.mark.parametrize("effort", Effort)
@pytest.mark.parametrize("model", MODELS)
def test_all_three_uses_work_with_every_model_and_effort(claude: Claude, model: str, effort: Effort) -> None:
    calls = all_three(settings_for(model, effort))
    assert [call.outcome for made in calls for call in made] == [CallOutcome.ANSWERED] * 3
    assert claude.rejected == []


def test_thinking_counts_towards_max_tokens(claude: Claude) -> None:
    reply = ask_raw(max_tokens=500)
    assert (reply.stop_reason, reply.usage.output_tokens) == ("max_tokens", 500)


def test_an_answer_may_begin_with_a_thinking_block(claude: Claude) -> None:
    assert [block.type for block in ask_raw().content] == ["thinking", "text"]
    assert render(settings_for(effort=Effort.LOW)).source == "claude"


def test_haiku_does_not_think_when_thinking_is_disabled(claude: Claude) -> None:
    (call,) = render(settings_for()).calls
    assert claude.requests[0]["thinking"] == {"type": "disabled"}
    assert call.output_tokens < 100


def test_sonnet_takes_between_tools_in_place_of_disabled(claude: Claude) -> None:
    with pytest.raises(anthropic.BadRequestError):
        ask_raw(model="claude-sonnet-5-5", thinking={"type": "disabled"})
    render(settings_for("claude-sonnet-5-5"))
    assert claude.requests[0]["thinking"] == {"type": "between_tools"}


def test_opus_cannot_switch_thinking_off_so_its_effort_is_low(claude: Claude) -> None:
    with pytest.raises(anthropic.BadRequestError):
        ask_raw(model="claude-opus-5-5", thinking={"type": "disabled"})
    (call,) = render(settings_for("claude-opus-5-5")).calls
    assert claude.requests[0]["output_config"]["effort"] == "low"
    assert call.output_tokens > 900, "tokens of thinking are paid for"
    assert call.cost_usd > Decimal("0.018")


def test_a_model_that_is_not_listed_gets_no_parameter_that_it_might_reject(claude: Claude) -> None:
    render(settings_for("claude-haiku-6"))
    assert "thinking" not in claude.requests[0]
    assert "effort" not in claude.requests[0]["output_config"]
    assert claude.requests[0]["max_tokens"] > 10_000


def test_a_model_of_the_4_5_generation_knows_no_effort(claude: Claude) -> None:
    render(settings_for("claude-haiku-4-5", Effort.HIGH))
    assert "effort" not in claude.requests[0]["output_config"]


# Parameters that are errors (models/haiku-5-5/migration-guide) -----------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        {"temperature": 0.2},
        {"top_p": 0.9},
        {"top_k": 5},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"thinking": {"type": "adaptive", "budget_tokens": 1024}},
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "{"}]},
        {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
        {"output_config": {"effort": "extreme"}},
    ],
    ids=str,
)
def test_the_service_rejects(claude: Claude, parameters: dict[str, Any]) -> None:
    with pytest.raises(anthropic.BadRequestError):
        ask_raw(extra_body=parameters)


def test_a_rejected_request_is_made_once(claude: Claude) -> None:
    words = render(settings_for("claude-no-such-model"))
    assert [call.outcome for call in words.calls] == [CallOutcome.REJECTED]
    assert words.source == "plain"


@pytest.mark.parametrize("keyword", ["maxLength", "minimum", "minItems", "pattern"])
def test_a_schema_with_limits_is_an_error(claude: Claude, keyword: str) -> None:
    """build-with-claude/structured-outputs, "JSON Schema limitations": ours go as descriptions, and we check them."""
    schema = {"type": "string", keyword: 1}
    with pytest.raises(anthropic.BadRequestError):
        ask_raw(output_config={"format": {"type": "json_schema", "schema": schema}})


# Tools (agents-and-tools/tool-use/define-tools, agents-and-tools/tool-use/handle-tool-calls) -----------------------------

TOOL = {"name": "look_up", "description": "Looks up.", "input_schema": {"type": "object", "properties": {}}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "found"}
NOTE = {"type": "text", "text": "Here it is:"}


def ask_with_tools(*turns: list[dict[str, Any]], tools: Sequence[Any] = (TOOL,)) -> anthropic.types.Message:
    """Ask with turns after the first one, which alternate between the model's and the user's."""
    roles = ("assistant", "user")
    messages: Any = [{"role": roles[number % 2], "content": turn} for number, turn in enumerate(turns)]
    return raw_client().messages.create(
        model="claude-haiku-5-5",
        max_tokens=20_000,
        messages=[{"role": "user", "content": "Look it up."}, *messages],
        tools=list(tools),
    )


def test_a_call_of_a_tool_stops_the_turn_and_its_result_continues_it(claude: Claude) -> None:
    claude.tool_script = [lambda _: [("look_up", {})]]
    reply = ask_with_tools()
    assert (reply.stop_reason, [block.type for block in reply.content]) == ("tool_use", ["thinking", "tool_use"])
    assert ask_with_tools([CALL], [RESULT, NOTE]).stop_reason == "end_turn"
    assert claude.rejected == []


@pytest.mark.parametrize(
    "turns",
    [
        ([CALL], [NOTE]),
        ([CALL], [NOTE, RESULT]),
        ([CALL], [RESULT, RESULT]),
        ([CALL], [{**RESULT, "tool_use_id": "toolu_2"}]),
        ([CALL, {**CALL, "id": "toolu_2"}], [RESULT]),
        ([NOTE], [RESULT]),
    ],
    ids=["no result", "after text", "twice", "of another call", "one of two", "without a call"],
)
def test_a_result_that_does_not_answer_its_call_is_an_error(claude: Claude, turns: tuple[Any, ...]) -> None:
    with pytest.raises(anthropic.BadRequestError):
        ask_with_tools(*turns)


@pytest.mark.parametrize(
    "tools",
    [
        [{**TOOL, "name": "look up"}],
        [{**TOOL, "name": "x" * 65}],
        [{**TOOL, "input_schema": {"type": "string"}}],
        [{"name": "look_up"}],
        [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}],
        [TOOL, TOOL],
    ],
    ids=str,
)
def test_a_malformed_tool_is_an_error(claude: Claude, tools: list[Any]) -> None:
    with pytest.raises(anthropic.BadRequestError):
        ask_with_tools(tools=tools)


# Stop reasons (build-with-claude/handling-stop-reasons) ------------------------------------------------------------------


def outcomes(words: Words) -> list[CallOutcome]:
    return [call.outcome for call in words.calls]


def test_a_refusal_is_a_normal_answer_without_content_and_stands(claude: Claude) -> None:
    """build-with-claude/refusals-and-fallback"""
    claude.refuses = True
    words = render(settings_for())
    assert (outcomes(words), words.source) == ([CallOutcome.REFUSED], "plain")


def test_an_answer_that_is_cut_off_is_asked_for_again_with_twice_the_tokens(claude: Claude) -> None:
    cut = [True, False]
    claude.misbehave = lambda request: (
        claude.reply(request, '{"text": "Hi A', stop_reason="max_tokens") if cut.pop(0) else None
    )
    words = render(settings_for())
    assert outcomes(words) == [CallOutcome.CUT_OFF, CallOutcome.ANSWERED]
    first, second = (request["max_tokens"] for request in claude.requests)
    assert second == 2 * first
    assert words.calls[0].cost_usd > 0, "what was cut off is paid for"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("", CallOutcome.EMPTY),
        ("  \n", CallOutcome.EMPTY),
        ("Hi Ada", CallOutcome.MALFORMED),
        ('{"words": "Hi Ada"}', CallOutcome.MALFORMED),
        ('{"text": 5}', CallOutcome.MALFORMED),
        ('["Hi Ada"]', CallOutcome.MALFORMED),
        ("[" * 2_500, CallOutcome.MALFORMED),
        (json.dumps({"text": "Acme " * 300}), CallOutcome.OVERLONG),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_answer_of_another_shape_has_a_name_and_another_try(
    claude: Claude, answer: str, outcome: CallOutcome
) -> None:
    bad = [True, False]
    claude.misbehave = lambda request: claude.reply(request, answer) if bad.pop(0) else None
    words = render(settings_for())
    assert outcomes(words) == [outcome, CallOutcome.ANSWERED]
    assert words.source == "claude"


@pytest.mark.parametrize("stop_reason", ["pause_turn", "tool_use", "model_context_window_exceeded", "of_next_year"])
def test_any_other_stop_reason_is_no_answer(claude: Claude, stop_reason: str) -> None:
    claude.misbehave = lambda request: claude.reply(request, '{"text": "Hi"}', stop_reason=stop_reason)
    assert set(outcomes(render(settings_for()))) == {CallOutcome.MALFORMED}


# Errors (api/errors) -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, CallOutcome.REJECTED), (401, CallOutcome.REJECTED), (403, CallOutcome.REJECTED),
        (404, CallOutcome.REJECTED), (413, CallOutcome.REJECTED), (429, CallOutcome.BUSY),
        (500, CallOutcome.UNAVAILABLE), (504, CallOutcome.UNAVAILABLE), (529, CallOutcome.BUSY),
    ],
)  # fmt: skip
def test_each_http_status_has_its_consequence(claude: Claude, status: int, outcome: CallOutcome) -> None:
    claude.misbehave = lambda _request: HttpAnswer(status, {"type": "error", "error": {"type": "x", "message": "x"}})
    made = outcomes(render(settings_for()))
    assert made == [outcome] * (1 if outcome is CallOutcome.REJECTED else 3)


def test_retry_after_is_kept_within_the_deadline(claude: Claude) -> None:
    busy = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    claude.misbehave = lambda _request: HttpAnswer(429, busy, {"Retry-After": "60"})
    assert outcomes(render(settings_for())) == [CallOutcome.BUSY]


# Tokens (models/haiku-5-5/whats-new-haiku-5-5) ---------------------------------------------------------------------------


def test_the_longest_answer_fits_into_max_tokens(claude: Claude) -> None:
    """On a tokenizer that counts 30 % more, after thinking, for a hundred verdicts with the longest reasons."""
    from dataclasses import replace

    claude.check_relevance = lambda *_: {"verdict": "CONTEXTUAL", "should_reformulate": False, "why": "w" * 200}
    message = _SUBJECT.messages[0]
    many = replace(_SUBJECT, messages=[replace(message, message_id=UUID(int=n)) for n in range(100)])
    (result,) = check_relevance([many], settings_for(effort=Effort.HIGH), countdown(20))
    assert [call.outcome for call in result.calls] == [CallOutcome.ANSWERED]
    assert len(result.verdicts) == 100


# What a model may do at any time -----------------------------------------------------------------------------------------


def test_control_characters_of_an_answer_reach_no_phone(claude: Claude) -> None:
    claude.noise = "\x00\x07\x1b[31m\u2028\u202e\ue000"
    words = render(settings_for())
    assert words.source == "claude"
    assert words.text is not None
    assert words.text.replace("\n", "").isprintable()


def test_a_verdict_that_depends_on_its_place_ends_no_message(claude: Claude) -> None:
    """A verdict on several items depends on their order (BatchPrompt, arXiv 2309.00384)."""
    from dataclasses import replace

    claude.last_is_stale = True
    message = _SUBJECT.messages[0]
    two = replace(_SUBJECT, messages=[message, replace(message, message_id=UUID(int=2))])
    (result,) = check_relevance([two], settings_for(), countdown(5))
    assert {verdict.relevance for verdict in result.verdicts.values()} == {Relevance.RELEVANT}
    assert len(result.calls) == 2
