"""Relevance asked once for each person, against once for each message: calls, tokens, cost.

The model is a stand-in on this machine that counts four characters as a token. What is compared is what is sent.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from evaluation.cases import situations
from orchestrator.clock import countdown
from orchestrator.settings import WriterSettings
from orchestrator.wording.relevance import ConversationText, MessageInQuestion, PersonInQuestion, check_relevance
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.http import serve

PEOPLE, MESSAGES_EACH, REPLIES_EACH = 100, 10, 3
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def people() -> list[PersonInQuestion]:
    """A hundred people, each with ten waiting messages and a few replies, out of the labelled set."""
    cases = situations()
    return [
        PersonInQuestion(
            uuid4(),
            uuid4(),
            [
                ConversationText(cases[(person + n) % len(cases)].said[-1], NOON + timedelta(hours=n))
                for n in range(REPLIES_EACH)
            ],
            [
                MessageInQuestion(
                    uuid4(), "saga_1", {"type": "note"}, cases[(7 * person + n) % len(cases)].message, None, NOON
                )
                for n in range(MESSAGES_EACH)
            ],
        )
        for person in range(PEOPLE)
    ]


def one_by_one(subjects: Sequence[PersonInQuestion]) -> list[PersonInQuestion]:
    """The same work, one question for each message."""
    return [
        PersonInQuestion(subject.user_id, subject.inbound_id, subject.said, [message])
        for subject in subjects
        for message in subject.messages
    ]


def measure(subjects: Sequence[PersonInQuestion], settings: WriterSettings) -> tuple[int, int, int, int, Decimal]:
    """Calls, input tokens, output tokens, verdicts and dollars."""
    judgements = check_relevance(subjects, settings, countdown(120))
    calls = [call for judgement in judgements for call in judgement.calls]
    return (
        len(calls),
        sum(call.input_tokens for call in calls),
        sum(call.output_tokens for call in calls),
        sum(len(judgement.verdicts) for judgement in judgements),
        sum((call.cost_usd for call in calls), Decimal(0)),
    )


def show(console: Console) -> None:
    """Measure both ways, and show them."""
    with serve(Claude()) as address:
        os.environ["ANTHROPIC_BASE_URL"] = address
        settings = WriterSettings(anthropic_api_key=SecretStr(API_KEY))
        subjects = people()
        together = measure(subjects, settings)
        alone = measure(one_by_one(subjects), settings)
    table = Table("", "calls", "input tokens", "output tokens", "verdicts", "USD", title_justify="left")
    table.title = f"{PEOPLE * MESSAGES_EACH:,} waiting messages of {PEOPLE} people, {settings.anthropic_model}"
    for name, measured in (("one call a person", together), ("one call a message", alone)):
        calls, sent, received, verdicts, dollars = measured
        table.add_row(name, f"{calls:,}", f"{sent:,}", f"{received:,}", f"{verdicts:,}", f"{dollars:.4f}")
    console.print(table)
    calls_saved, tokens_saved, cost_saved = (float(alone[place] / together[place]) for place in (0, 1, 4))
    console.print(f"Calls {calls_saved:.1f} : 1, input tokens {tokens_saved:.1f} : 1, cost {cost_saved:.1f} : 1.")
    assert together[3] == alone[3] == PEOPLE * MESSAGES_EACH, "not every message got a verdict"


if __name__ == "__main__":
    show(Console())
