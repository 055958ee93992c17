"""Counts the calls to Claude by what they were for and what became of them, and makes their log entries."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from orchestrator.rules.relevance import Relevance
from orchestrator.store.calls import LoggedCall
from orchestrator.wording.claude import Call

# The outcome that counts a question which was not asked: there is no key, or the ceiling of the day is reached.
NOT_ASKED = "not_asked"


class ClaudeUse(StrEnum):
    """What a call to Claude is for, as metrics and `orchestrator costs` name it."""

    CHECK_RELEVANCE = "check_relevance"
    RENDER_MESSAGE = "render_message"
    CHECK_WORDS = "check_words"
    READ_REPLY = "read_reply"

    @property
    def action_type(self) -> str:
        """Its name in `agent_actions_log`, where dashboards look for the names of the former system."""
        return "relevance_check" if self is ClaudeUse.CHECK_RELEVANCE else self.value


def count_calls(use: ClaudeUse, calls: Iterable[Call]) -> Counter[str]:
    """Count calls of one use by outcome, as the metric `ClaudeCalls` names them: `render_message refused`."""
    return Counter(f"{use} {call.outcome}" for call in calls)


def count_unasked_questions(use: ClaudeUse, questions: int) -> Counter[str]:
    """Count questions of one use that were not asked."""
    return Counter({f"{use} {NOT_ASKED}": questions} if questions else {})


def call_log_entry(
    call: Call,
    *,
    use: ClaudeUse,
    user_id: UUID,
    message_id: UUID | None,
    agent_id: str,
    outcome: str,
    messages: int,
    verdict: Relevance | None = None,
) -> LoggedCall:
    """Make the log entry of one call to Claude.

    Args:
        message_id: the message that the call was about; None where it was about several.
        outcome: what became of its answer.
        messages: how many messages the call was about.
        verdict: on the relevance of the message.
    """
    return LoggedCall(
        action_type=use.action_type,
        user_id=user_id,
        message_id=message_id,
        agent_id=agent_id,
        model=call.model,
        input_tokens=call.input_tokens,
        cached_tokens=call.cached_tokens,
        output_tokens=call.output_tokens,
        cost_usd=call.cost_usd,
        latency_ms=call.latency_ms,
        outcome=outcome,
        messages=messages,
        error=call.error,
        verdict=verdict,
    )
