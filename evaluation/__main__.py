"""Measures the model with the labelled set; without a key, checks everything around the model (`make eval`)."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from pydantic import SecretStr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from evaluation.cases import (
    LABELS,
    RelevanceCase,
    RenderingCase,
    StopRequestCase,
    relevance_cases,
    rendering_cases,
    stop_request_cases,
)
from orchestrator.clock import countdown
from orchestrator.rules.relevance import Relevance
from orchestrator.segments import segments_of
from orchestrator.settings import Effort, WriterSettings
from orchestrator.wording.classification import classify
from orchestrator.wording.claude import Call
from orchestrator.wording.grounding import check_text
from orchestrator.wording.names import sayable_name
from orchestrator.wording.plain import plain_sentence
from orchestrator.wording.relevance import ConversationText, MessageInQuestion, PersonInQuestion, check_relevance
from orchestrator.wording.render import Brief, Words, write_words
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.http import serve

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
# Cases that are asked side by side, and the seconds that they have.
AT_ONCE = 8
SECONDS = 30.0
LABEL_OF = {Relevance.RELEVANT: "go", Relevance.STALE: "stale", Relevance.REFORMULATE: "reformulate"}


@dataclass
class EvaluationResult:
    """The results of one model.

    Attributes:
        confusion: relevance cases by label and verdict.
        wrong: a line for each case that was not answered as labelled.
        outcomes: renderings by source and outcome.
        left_out: a line for each rendering that lacks a required part.
        segments: renderings by number of segments.
        stop_requests: cases by label (whether the person asks for no more texts) and answer.
        cost: US dollars by kind of request.
        input_tokens, output_tokens: of all calls, tokens of thinking included.
    """

    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)
    segments: Counter[int] = field(default_factory=Counter)
    stop_requests: Counter[tuple[bool, bool | None]] = field(default_factory=Counter)
    cost: dict[str, Decimal] = field(
        default_factory=lambda: dict.fromkeys(("relevance", "stop requests", "words"), Decimal(0))
    )
    input_tokens: int = 0
    output_tokens: int = 0

    def add_calls(self, kind: str, calls: Sequence[Call]) -> None:
        """Count the cost and the tokens of calls."""
        self.cost[kind] += sum((call.cost_usd for call in calls), Decimal(0))
        self.input_tokens += sum(call.input_tokens for call in calls)
        self.output_tokens += sum(call.output_tokens for call in calls)

    @property
    def accuracy(self) -> float:
        """The share of relevance cases with the right verdict."""
        right = sum(number for (label, verdict), number in self.confusion.items() if label == verdict)
        return right / max(self.confusion.total(), 1)


def check_relevance_cases(cases: Sequence[RelevanceCase], settings: WriterSettings, result: EvaluationResult) -> None:
    """Check the relevance of every case, and count the verdicts in `result`."""
    for start in track(range(0, len(cases), AT_ONCE), "relevance", transient=True):
        batch = cases[start : start + AT_ONCE]
        checks = check_relevance([_person_in_question(case) for case in batch], settings, countdown(SECONDS))
        for case, check in zip(batch, checks, strict=True):
            verdict = next((LABEL_OF[verdict.relevance] for verdict in check.verdicts.values()), "unknown")
            result.confusion[case.label, verdict] += 1
            result.add_calls("relevance", check.calls)
            if verdict != case.label:
                result.wrong.append(f"{case.label}, verdict {verdict}: {case.message} <- {case.texts[-1]}")


def _person_in_question(case: RelevanceCase) -> PersonInQuestion:
    message = MessageInQuestion(uuid4(), "concierge_main", {"type": "note"}, case.message, None, NOON)
    return PersonInQuestion(uuid4(), uuid4(), _conversation(case.texts), [message])


def _conversation(texts: Sequence[str]) -> list[ConversationText]:
    return [ConversationText(text, NOON + timedelta(minutes=10 + place)) for place, text in enumerate(texts)]


def classify_stop_requests(
    cases: Sequence[StopRequestCase], settings: WriterSettings, result: EvaluationResult
) -> None:
    """Classify every text that may be a stop request, and count the answers in `result`."""
    for start in track(range(0, len(cases), AT_ONCE), "stop requests", transient=True):
        batch = cases[start : start + AT_ONCE]
        people = [PersonInQuestion(uuid4(), uuid4(), _conversation(case.texts), []) for case in batch]
        for case, answer in zip(batch, classify(people, settings, countdown(SECONDS)), strict=True):
            result.stop_requests[case.wants_no_more_texts, answer.wants_no_more_texts] += 1
            result.add_calls("stop requests", answer.judgement.calls)
            if answer.wants_no_more_texts is not case.wants_no_more_texts:
                label = "stop" if case.wants_no_more_texts else "go"
                result.wrong.append(f"{label}, classified otherwise: {case.texts[-1]}")


def render_cases(cases: Sequence[RenderingCase], settings: WriterSettings, result: EvaluationResult) -> None:
    """Write words for the findings of every case, and count them in `result`."""
    for start in track(range(0, len(cases), AT_ONCE), "words", transient=True):
        batch = {uuid4(): case for case in cases[start : start + AT_ONCE]}
        briefs = [Brief(message_id, case.agent_id, case.data, case.first_name) for message_id, case in batch.items()]
        words = write_words(briefs, settings, countdown(SECONDS), may_ask=True)
        _count_words(batch, words, result)


def _count_words(batch: dict[UUID, RenderingCase], words: dict[UUID, Words], result: EvaluationResult) -> None:
    for message_id, case in batch.items():
        found = words[message_id]
        text = found.text or ""
        result.outcomes[f"{found.source}, {found.outcome}"] += 1
        result.segments[segments_of(text).number] += 1
        result.add_calls("words", (*found.calls, *found.readings))
        missing = [part for part in case.must_contain if part.casefold() not in text.casefold()]
        if missing:
            result.left_out.append(f"{', '.join(missing)}: {text}")


def show_result(console: Console, model: str, result: EvaluationResult) -> None:
    """Print the results of one model."""
    table = Table(
        "labelled", *LABELS, "unknown", title=f"{model}: accuracy {result.accuracy:.1%}", title_justify="left"
    )
    for label in LABELS:
        table.add_row(label, *(str(result.confusion[label, verdict]) for verdict in (*LABELS, "unknown")))
    console.print(table)
    requests = sum(number for (is_request, _), number in result.stop_requests.items() if is_request)
    others = result.stop_requests.total() - requests
    console.print(
        f"Stop requests: {result.stop_requests[True, True]} of {requests} recognized; "
        f"{result.stop_requests[False, True]} false alarms among {others} other texts."
    )
    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in result.outcomes.most_common())
    segments = ", ".join(f"{number} of {count}" for count, number in sorted(result.segments.items()))
    console.print(f"Words: {outcomes}. Segments: {segments}. Texts that lack a required part: {len(result.left_out)}.")
    console.print(f"Cost: {', '.join(f'{part} {usd:.4f} USD' for part, usd in result.cost.items())}.")
    console.print(f"Tokens: {result.input_tokens:,} in, {result.output_tokens:,} out, thinking included.")
    for line in [*result.wrong, *result.left_out][:40]:
        console.print(f"  {line}", markup=False, highlight=False)


def evaluate(settings: WriterSettings) -> EvaluationResult:
    """Run the whole set with one model and effort."""
    result = EvaluationResult()
    check_relevance_cases(relevance_cases(), settings, result)
    classify_stop_requests(stop_request_cases(), settings, result)
    render_cases(rendering_cases(), settings, result)
    return result


def check_without_model(console: Console, models: Sequence[str], efforts: Sequence[Effort]) -> int:
    """Run the set against a stand-in that knows the labels; returns the exit code.

    The stand-in thinks by effort, counts tokens and cuts off as the service does, so that tokens and costs are those of
    the prompts, and each answer must have room.
    """
    console.print("[bold]The model itself was NOT run: ANTHROPIC_API_KEY is not set.[/] The code around it was run:")
    is_right = True
    with serve(_claude_with_labels()) as address:
        os.environ["ANTHROPIC_BASE_URL"] = address
        for model in models:
            for effort in efforts:
                result = evaluate(_settings_for(API_KEY, model, effort))
                show_result(console, f"A stand-in that knows the labels, as {model}, effort {effort}", result)
                misread = [pair for pair in result.stop_requests if pair[0] is not pair[1]]
                failed = [outcome for outcome in result.outcomes if outcome.endswith("failed")]
                is_right &= result.accuracy == 1 and not misread and not failed
    renderings = rendering_cases()
    plain = [plain_sentence(case.data, case.first_name) for case in renderings]
    bad = [text for text, case in zip(plain, renderings, strict=True) if _is_bad(text, case)]
    console.print(f"{len(renderings) - len(bad)} of {len(renderings)} plain sentences pass.")
    for text in bad:
        console.print(f"  {text}", markup=False, highlight=False)
    return 0 if is_right and not bad else 1


def _claude_with_labels() -> Claude:
    labels = {case.message + case.texts[-1]: case.label for case in relevance_cases()}
    verdicts = {"go": "RELEVANT", "stale": "STALE", "reformulate": "CONTEXTUAL"}
    asks_to_stop = {case.texts[-1]: case.wants_no_more_texts for case in stop_request_cases()}
    claude = Claude()
    claude.check_relevance = lambda message, conversation: {
        "verdict": verdicts[label := labels[message["says"] + conversation[-1]["text"]]],
        "should_reformulate": label == "reformulate",
        "why": "as labelled",
    }
    claude.wants_no_more = lambda conversation: asks_to_stop[conversation[-1]["text"]]
    return claude


def _settings_for(key: str, model: str, effort: Effort) -> WriterSettings:
    return WriterSettings(anthropic_api_key=SecretStr(key), anthropic_model=model, anthropic_effort=effort)


def _is_bad(text: str | None, case: RenderingCase) -> bool:
    if text is None:
        return bool(case.must_contain)
    found = check_text(text, case.data, sayable_name(case.first_name)).problems
    return segments_of(text).number > 2 or any("JSON" in problem or "markup" in problem for problem in found)


def main() -> int:
    """Evaluate the models of the command line; returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--model", action="append", help="a model to evaluate, repeatable; without it, the model of the settings"
    )
    arguments.add_argument(
        "--effort", action="append", choices=list(Effort), help="an effort to evaluate, repeatable; without it, all"
    )
    options = arguments.parse_args()
    console = Console()
    models = options.model or [WriterSettings().anthropic_model]
    efforts = [Effort(effort) for effort in options.effort or Effort]
    key = os.environ.get("ANTHROPIC_API_KEY")
    if not key:
        return check_without_model(console, models, efforts)
    for model in models:
        for effort in efforts:
            show_result(console, f"{model}, effort {effort}", evaluate(_settings_for(key, model, effort)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
