"""What `orchestrator doctor` reports of Claude: one call of each kind that we make, and what they cost."""

import re
from collections.abc import Iterator

import pytest

from orchestrator.settings import Effort
from orchestrator_cli.check_results import CheckResult, Grade
from orchestrator_cli.service_checks import check_claude
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.claude_requests import MODELS
from orchestrator_local.stand_ins.http import HttpAnswer, serve


@pytest.fixture
def claude(monkeypatch: pytest.MonkeyPatch) -> Iterator[Claude]:
    """The stand-in, which the environment names."""
    stand_in = Claude()
    with serve(stand_in) as address:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
        monkeypatch.setenv("ANTHROPIC_API_KEY", API_KEY)
        yield stand_in


def check(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[CheckResult]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return list(check_claude())


@pytest.mark.parametrize("effort", Effort)
def test_doctor_makes_one_call_of_each_kind_and_names_the_cost(
    claude: Claude, monkeypatch: pytest.MonkeyPatch, effort: Effort
) -> None:
    (result,) = check(monkeypatch, ANTHROPIC_EFFORT=effort)
    assert result.grade is Grade.GOOD
    kinds = [list(request["output_config"]["format"]["schema"]["properties"]) for request in claude.requests]
    assert kinds == [["text"], ["is_faithful", "fault"], ["verdicts"], ["intent", "verdicts"]]
    told = re.fullmatch(
        r"claude-haiku-5-5 answers \(words, second reading, relevance, classification; effort (\w+)\): ([\d.]+) USD",
        result.detail,
    )
    assert told, result.detail
    assert told[1] == effort
    assert float(told[2]) > 0


@pytest.mark.parametrize("model", MODELS)
def test_doctor_finds_every_model_working(claude: Claude, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    (result,) = check(monkeypatch, ANTHROPIC_MODEL=model)
    assert (result.grade, claude.rejected) == (Grade.GOOD, [])
    assert result.detail.startswith(model)


@pytest.mark.parametrize(
    ("variables", "detail", "fix"),
    [
        ({"ANTHROPIC_API_KEY": "wrong"}, "words: rejected, AuthenticationError 401", "Correct ANTHROPIC_API_KEY"),
        (
            {"ANTHROPIC_MODEL": "claude-none"},
            "words: rejected, NotFoundError 404",
            "Correct ANTHROPIC_MODEL (claude-none)",
        ),
        ({"ANTHROPIC_EFFORT": "extreme"}, "ANTHROPIC_EFFORT", "Correct it"),
        ({"ANTHROPIC_API_KEY": ""}, "no key", "Set ANTHROPIC_API_KEY"),
    ],
)
def test_doctor_names_what_is_wrong_and_how_to_correct_it(
    claude: Claude, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], detail: str, fix: str
) -> None:
    (result,) = check(monkeypatch, **variables)
    assert result.grade is not Grade.GOOD
    assert detail in result.detail
    assert result.fix.startswith(fix)
    assert len(claude.requests) == 0


def test_doctor_reports_each_kind_that_fails(claude: Claude, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = claude.refusal
    claude.misbehave = lambda request: (
        refused(request) if "verdicts" in request["output_config"]["format"]["schema"]["properties"] else None
    )
    results = check(monkeypatch)
    assert [result.detail for result in results] == [
        "relevance: refused, stopped: refusal",
        "classification: refused, stopped: refusal",
    ]


def test_doctor_waits_no_longer_than_the_deadline_of_each_kind(claude: Claude, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    claude.misbehave = lambda _request: HttpAnswer(529, busy, {"Retry-After": "60"})
    results = check(monkeypatch, CLAUDE_DEADLINE_SECONDS="1")
    assert {result.grade for result in results} == {Grade.BAD}
    assert len(claude.requests) == 4, "one call of each kind"
