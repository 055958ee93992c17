"""The labelled set, and what measures with it, run without a key."""

import subprocess
import sys
from collections import Counter

from evaluation.cases import LABELS, pleas, renderings, situations
from orchestrator.rules.intents import Intent, intent_of
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.http import serve
from orchestrator_local.template import ROOT
from tests.end_to_end.test_local_stack import ENVIRONMENT


def run(module: str, **extra: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module],
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
    labels = Counter(situation.label for situation in situations())
    assert labels.total() >= 120
    assert set(labels) == set(LABELS)
    assert min(labels.values()) >= 15
    assert len({(situation.message, situation.said) for situation in situations()}) == labels.total(), "none twice"
    assert len(renderings()) >= 60


def test_the_set_of_wishes_holds_what_no_rule_decides() -> None:
    decided = [plea.said[-1] for plea in pleas() if intent_of(plea.said[-1])[0] is not Intent.UNJUDGED]
    assert decided == []
    assert min(Counter(plea.wants_no_more for plea in pleas()).values()) >= 20


def test_without_a_key_it_says_plainly_that_the_model_was_not_run() -> None:
    said = run("evaluation")
    assert "The model itself was NOT run" in said
    assert "100% as labelled by a stand-in" in said
    assert "(0 misheard)" in said


def test_with_a_key_it_tells_how_well_the_model_judged_and_wrote() -> None:
    """A stand-in that understands little stands for the model."""
    with serve(Claude()) as address:
        said = run("evaluation", ANTHROPIC_API_KEY=API_KEY, ANTHROPIC_BASE_URL=address)
    assert "claude-haiku-5-5: accuracy" in said
    assert "labelled" in said
    assert "Segments:" in said
    assert "Wishes to stop:" in said
    assert "stale, judged go: Two CRM vendors match" in said, "what was judged wrongly is shown"
    assert "Cost: relevance 0.0" in said
    assert "NOT run" not in said


def test_one_call_for_each_person_is_a_tenth_of_the_calls() -> None:
    assert "Calls 10.0 : 1" in run("bench.relevance")
