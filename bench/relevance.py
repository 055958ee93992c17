"""Compares one relevance check for each person with one for each message: calls, tokens and cost.

Claude's stand-in answers; it counts about three characters as a token and finds nothing stale. A person with a stale
message costs one more call.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from evaluation.cases import relevance_cases
from orchestrator.clock import countdown
from orchestrator.settings import WriterSettings
from orchestrator.wording.relevance import ConversationText, MessageInQuestion, PersonInQuestion, check_relevance
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.http import serve

PEOPLE, MESSAGES_EACH, REPLIES_EACH = 100, 10, 3
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def people_in_question() -> list[PersonInQuestion]:
    """`PEOPLE` people, each with `MESSAGES_EACH` waiting messages and `REPLIES_EACH` replies from the labelled set."""
    cases = relevance_cases()
    return [
        PersonInQuestion(
            uuid4(),
            uuid4(),
            [
                ConversationText(cases[(person + n) % len(cases)].texts[-1], NOON + timedelta(hours=n))
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


def split_by_message(people: Sequence[PersonInQuestion]) -> list[PersonInQuestion]:
    """The same messages, with one request to Claude for each."""
    return [
        PersonInQuestion(person.user_id, person.inbound_id, person.conversation, [message])
        for person in people
        for message in person.messages
    ]


def measure(people: Sequence[PersonInQuestion], settings: WriterSettings) -> tuple[int, int, int, int, Decimal]:
    """Check relevance; returns calls, input tokens, output tokens, verdicts and US dollars."""
    results = check_relevance(people, settings, countdown(120))
    calls = [call for result in results for call in result.calls]
    return (
        len(calls),
        sum(call.input_tokens for call in calls),
        sum(call.output_tokens for call in calls),
        sum(len(result.verdicts) for result in results),
        sum((call.cost_usd for call in calls), Decimal(0)),
    )


def show_relevance_costs(console: Console) -> int:
    """Measure both ways, and print them as a table; returns the calls of one call a person."""
    claude = Claude()
    claude.check_relevance = lambda *_: {"verdict": "RELEVANT", "should_reformulate": False, "why": "still fits"}
    with serve(claude) as address:
        os.environ["ANTHROPIC_BASE_URL"] = address
        settings = WriterSettings(anthropic_api_key=SecretStr(API_KEY))
        people = people_in_question()
        by_person = measure(people, settings)
        by_message = measure(split_by_message(people), settings)
    table = Table("", "calls", "input tokens", "output tokens", "verdicts", "USD", title_justify="left")
    table.title = f"{PEOPLE * MESSAGES_EACH:,} waiting messages of {PEOPLE} people, {settings.anthropic_model}"
    for name, measured in (("one call a person", by_person), ("one call a message", by_message)):
        calls, sent, received, verdicts, dollars = measured
        table.add_row(name, f"{calls:,}", f"{sent:,}", f"{received:,}", f"{verdicts:,}", f"{dollars:.4f}")
    console.print(table)
    calls_saved, tokens_saved, cost_saved = (float(by_message[place] / by_person[place]) for place in (0, 1, 4))
    console.print(f"Calls {calls_saved:.1f} : 1, input tokens {tokens_saved:.1f} : 1, cost {cost_saved:.1f} : 1.")
    assert by_person[3] == by_message[3] == PEOPLE * MESSAGES_EACH, "not every message got a verdict"
    return by_person[0]


if __name__ == "__main__":
    show_relevance_costs(Console())
