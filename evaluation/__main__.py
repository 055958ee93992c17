"""`make eval`: how well the model judges and writes; without a key, everything around the model."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from pydantic import SecretStr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from evaluation.cases import LABELS, Plea, Rendering, Situation, pleas, renderings, situations
from orchestrator.clock import countdown
from orchestrator.rules.relevance import Relevance
from orchestrator.segments import segments_of
from orchestrator.settings import WriterSettings
from orchestrator.wording.classification import classify
from orchestrator.wording.grounding import problems
from orchestrator.wording.names import sayable_name
from orchestrator.wording.plain import plain_sentence
from orchestrator.wording.relevance import ConversationText, MessageInQuestion, PersonInQuestion, check_relevance
from orchestrator.wording.render import Brief, Words, write_words
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.http import serve

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
# Asked side by side; each has this long.
AT_ONCE = 8
SECONDS = 30.0
LABEL_OF = {Relevance.RELEVANT: "go", Relevance.STALE: "stale", Relevance.REFORMULATE: "reformulate"}


@dataclass
class EvaluationResult:
    """What one model made of the set."""

    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)
    segments: Counter[int] = field(default_factory=Counter)
    wishes: Counter[tuple[bool, bool | None]] = field(default_factory=Counter)
    cost: dict[str, Decimal] = field(
        default_factory=lambda: dict.fromkeys(("relevance", "wishes", "words"), Decimal(0))
    )

    @property
    def accuracy(self) -> float:
        """The share of situations that were judged as labelled."""
        right = sum(number for (label, said), number in self.confusion.items() if label == said)
        return right / max(self.confusion.total(), 1)


def subject_of(situation: Situation) -> PersonInQuestion:
    """A situation as the orchestrator would ask about it."""
    message = MessageInQuestion(uuid4(), "concierge_main", {"type": "note"}, situation.message, None, NOON)
    return PersonInQuestion(uuid4(), uuid4(), _said(situation.said), [message])


def judge_all(cases: Sequence[Situation], settings: WriterSettings, result: EvaluationResult) -> None:
    """Judge every situation."""
    for start in track(range(0, len(cases), AT_ONCE), "relevance", transient=True):
        batch = cases[start : start + AT_ONCE]
        judgements = check_relevance([subject_of(situation) for situation in batch], settings, countdown(SECONDS))
        for situation, judgement in zip(batch, judgements, strict=True):
            said = next((LABEL_OF[verdict.relevance] for verdict in judgement.verdicts.values()), "unknown")
            result.confusion[situation.label, said] += 1
            result.cost["relevance"] += sum((call.cost_usd for call in judgement.calls), Decimal(0))
            if said != situation.label:
                result.wrong.append(f"{situation.label}, judged {said}: {situation.message} <- {situation.said[-1]}")


def hear_all(cases: Sequence[Plea], settings: WriterSettings, result: EvaluationResult) -> None:
    """Read everything that may be a wish to get no more texts."""
    for start in track(range(0, len(cases), AT_ONCE), "wishes to stop", transient=True):
        batch = cases[start : start + AT_ONCE]
        subjects = [PersonInQuestion(uuid4(), uuid4(), _said(plea.said), []) for plea in batch]
        for plea, heard in zip(batch, classify(subjects, settings, countdown(SECONDS)), strict=True):
            result.wishes[plea.wants_no_more, heard.wants_no_more_texts] += 1
            result.cost["wishes"] += sum((call.cost_usd for call in heard.judgement.calls), Decimal(0))
            if heard.wants_no_more_texts is not plea.wants_no_more:
                result.wrong.append(f"{'stop' if plea.wants_no_more else 'go'}, heard otherwise: {plea.said[-1]}")


def _said(words: Sequence[str]) -> list[ConversationText]:
    return [ConversationText(text, NOON + timedelta(minutes=10 + place)) for place, text in enumerate(words)]


def render_all(cases: Sequence[Rendering], settings: WriterSettings, result: EvaluationResult) -> None:
    """Put every finding into words."""
    for start in track(range(0, len(cases), AT_ONCE), "words", transient=True):
        briefs = {uuid4(): case for case in cases[start : start + AT_ONCE]}
        asked = [Brief(found, case.agent_id, case.data, case.first_name) for found, case in briefs.items()]
        words = write_words(asked, settings, countdown(SECONDS), may_ask=True)
        _count_words(briefs, words, result)


def _count_words(briefs: dict[UUID, Rendering], words: dict[UUID, Words], result: EvaluationResult) -> None:
    for message_id, case in briefs.items():
        found = words[message_id]
        text = found.text or ""
        result.outcomes[f"{found.source}, {found.outcome}"] += 1
        result.segments[segments_of(text).number] += 1
        result.cost["words"] += sum((call.cost_usd for call in found.calls), Decimal(0))
        missing = [part for part in case.must_say if part.casefold() not in text.casefold()]
        if missing:
            result.left_out.append(f"{', '.join(missing)}: {text}")


def show_result(console: Console, model: str, result: EvaluationResult) -> None:
    """Print what came of it."""
    table = Table(
        "labelled", *LABELS, "unknown", title=f"{model}: accuracy {result.accuracy:.1%}", title_justify="left"
    )
    for label in LABELS:
        table.add_row(label, *(str(result.confusion[label, said]) for said in (*LABELS, "unknown")))
    console.print(table)
    caught, missed = result.wishes[True, True], result.wishes[True, False] + result.wishes[True, None]
    console.print(
        f"Wishes to stop: {caught} of {caught + missed} caught; "
        f"{result.wishes[False, True]} of {sum(n for (stop, _), n in result.wishes.items() if not stop)} false alarms."
    )
    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in result.outcomes.most_common())
    segments = ", ".join(f"{number} of {count}" for count, number in sorted(result.segments.items()))
    console.print(f"Words: {outcomes}. Segments: {segments}. Left something out: {len(result.left_out)}.")
    console.print(f"Cost: {', '.join(f'{part} {usd:.4f} USD' for part, usd in result.cost.items())}.")
    for line in [*result.wrong, *result.left_out][:40]:
        console.print(f"  {line}", markup=False, highlight=False)


def check_around(console: Console) -> int:
    """Run the set against a stand-in that knows the labels; returns the exit code."""
    cases, texts, heard = situations(), renderings(), pleas()
    labels = {situation.message + situation.said[-1]: situation.label for situation in cases}
    claude = Claude()
    verdicts = {"go": "RELEVANT", "stale": "STALE", "reformulate": "CONTEXTUAL"}
    claude.judge = lambda message, said: {
        "verdict": verdicts[label := labels[message["says"] + said[-1]["wrote"]]],
        "should_reformulate": label == "reformulate",
        "why": "as labelled",
    }
    wishes = {plea.said[-1]: plea.wants_no_more for plea in heard}
    claude.wants_no_more = lambda said: wishes[said[-1]["wrote"]]
    result = EvaluationResult()
    with serve(claude) as address:
        os.environ["ANTHROPIC_BASE_URL"] = address
        settings = WriterSettings(anthropic_api_key=SecretStr(API_KEY))
        judge_all(cases, settings, result)
        hear_all(heard, settings, result)
        render_all(texts, settings, result)
    misheard = sum(number for (wish, said), number in result.wishes.items() if wish is not said)
    plain = [plain_sentence(case.data, case.first_name) for case in texts]
    bad = [text for text, case in zip(plain, texts, strict=True) if text is None or _is_bad(text, case)]
    console.print("[bold]The model itself was NOT run: ANTHROPIC_API_KEY is not set.[/] What is around it was:")
    console.print(
        f"{len(cases)} questions asked and their verdicts read "
        f"({result.accuracy:.0%} as labelled by a stand-in that knows the labels); "
        f"{len(heard)} texts read for a wish to stop ({misheard} misheard); "
        f"{len(texts)} findings put into words by a stand-in and checked; "
        f"{len(texts) - len(bad)} of {len(texts)} plain sentences pass."
    )
    for text in bad:
        console.print(f"  {text}", markup=False, highlight=False)
    return 0 if result.accuracy == 1 and not misheard and not bad else 1


def _is_bad(text: str, case: Rendering) -> bool:
    found = problems(text, case.data, sayable_name(case.first_name))
    return segments_of(text).number > 2 or any("JSON" in problem or "markup" in problem for problem in found)


def main() -> int:
    """Evaluate; returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", action="append", help="may be given several times; the default model otherwise")
    options = arguments.parse_args()
    console = Console()
    key = os.environ.get("ANTHROPIC_API_KEY")
    if not key:
        return check_around(console)
    steps: tuple[Callable[[WriterSettings, EvaluationResult], None], ...] = (
        lambda settings, result: judge_all(situations(), settings, result),
        lambda settings, result: hear_all(pleas(), settings, result),
        lambda settings, result: render_all(renderings(), settings, result),
    )
    for model in options.model or [WriterSettings().anthropic_model]:
        settings = WriterSettings(anthropic_api_key=SecretStr(key), anthropic_model=model)
        result = EvaluationResult()
        for step in steps:
            step(settings, result)
        show_result(console, model, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
