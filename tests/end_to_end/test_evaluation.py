"""The labelled set, and the programs that measure with it."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from evaluation import cases
from evaluation.cases import LABELS, relevance_cases, rendering_cases, stop_request_cases
from orchestrator.rules.intents import Intent, intent_of
from orchestrator.settings import Effort
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.http import serve
from orchestrator_local.template import ROOT
from tests.end_to_end.test_local_stack import ENVIRONMENT

# `make eval` runs them all.
EFFORTS = (Effort.OFF, Effort.HIGH)


def evaluate(*efforts: Effort, **extra: str) -> str:
    return run("-m", "evaluation", *(f"--effort={effort}" for effort in efforts), **extra)


def run(*arguments: str, **extra: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**ENVIRONMENT, **extra},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def test_the_set_is_large_and_no_label_is_rare() -> None:
    labels = Counter(case.label for case in relevance_cases())
    assert labels.total() >= 120
    assert set(labels) == set(LABELS)
    assert min(labels.values()) >= 15
    assert len({(case.message, case.texts) for case in relevance_cases()}) == labels.total(), "none twice"
    assert len(rendering_cases()) >= 60


def test_no_keyword_or_phrase_decides_a_stop_request() -> None:
    decided = [case.texts[-1] for case in stop_request_cases() if intent_of(case.texts[-1])[0] is not Intent.UNREAD]
    assert decided == []
    assert min(Counter(case.wants_no_more_texts for case in stop_request_cases()).values()) >= 20


@pytest.mark.parametrize(
    ("line", "error"),
    [("halt | please don't", "line 1: unknown label 'halt'"), ("stop", "line 1: 1 fields instead of 2")],
)
def test_a_malformed_case_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, error: str) -> None:
    (tmp_path / "stop_requests.txt").write_text(line)
    monkeypatch.setattr(cases, "HERE", tmp_path)
    with pytest.raises(ValueError, match=error):
        stop_request_cases()


def test_without_a_key_the_output_says_that_the_model_was_not_run() -> None:
    printed = evaluate(*EFFORTS)
    assert "The model itself was NOT run" in printed
    for effort in EFFORTS:
        assert f"as claude-haiku-5-5, effort {effort}: accuracy 100.0%" in printed
    assert printed.count("Cost: relevance 0.") == printed.count("thinking included.") == len(EFFORTS)
    assert "60 of 60 plain sentences pass" in printed


def test_with_a_key_the_model_is_measured() -> None:
    """Claude's stand-in, which understands little, answers in place of the model."""
    with serve(Claude()) as address:
        printed = evaluate(Effort.LOW, ANTHROPIC_API_KEY=API_KEY, ANTHROPIC_BASE_URL=address)
    assert "claude-haiku-5-5, effort low: accuracy" in printed
    assert "labelled" in printed
    assert "Segments:" in printed
    assert "Stop requests:" in printed
    assert "stale, verdict go: Two CRM vendors match" in printed, "wrong verdicts are shown"
    assert "Cost: relevance 0.0" in printed
    assert "NOT run" not in printed


def test_one_call_for_each_person_is_a_tenth_of_the_calls() -> None:
    of_twenty = "from bench import relevance as r; r.PEOPLE = 20; r.show_relevance_costs(r.Console())"
    assert "Calls 10.0 : 1" in run("-c", of_twenty)
