"""The deliver function's report: what one wave did, and the counts of a batch's waves."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from orchestrator.agents import limit_of
from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.delivery.attempts import PreparedSend
from orchestrator.messages import Lane
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.state import Delivery
from orchestrator.sms.outcomes import Consequence, Outcome, OutcomeKind, fault_of
from orchestrator.store.wave_plan import DecisionRow

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """An attempt, the outcome of its call, and when the wave's calls had ended."""

    send: PreparedSend
    outcome: Outcome
    at: datetime

    @property
    def lane(self) -> Lane:
        """The lane of its message."""
        return self.send.delivery.state.lane

    @property
    def wait(self) -> float:
        """Seconds since the message was accepted."""
        return (self.at - self.send.delivery.state.accepted_at).total_seconds()

    @property
    def lateness(self) -> float:
        """Seconds since the message was due, or since it was accepted where that came later."""
        state = self.send.delivery.state
        return max(0.0, (self.at - max(state.due, state.accepted_at)).total_seconds())


@dataclass(frozen=True, slots=True)
class WaveResult:
    """What one wave did.

    Attributes:
        decisions: the holds and ends that were written.
        relevance: what Claude found of each message that was in question.
        claude_calls: calls to Claude by use and outcome.
        over_ceiling: Claude had reached its ceiling of the day, and was not called.
        ceilings: messages that a ceiling of agents or of replies holds, by ceiling.
        numbers_asked: questions to Twilio about numbers, by answer; account_faults: those that our account failed.
        attempts: the calls to Twilio.
        following: what comes next: the rest of a person's messages, parts of sequences, and replies.
        lost: candidates that a STOP, a pause, a withdrawal, the clock or another worker stopped between decision and
            reservation; they must be decided on again.
    """

    decisions: Sequence[DecisionRow] = ()
    relevance: Sequence[Relevance] = ()
    claude_calls: Counter[str] = field(default_factory=Counter)
    over_ceiling: bool = False
    ceilings: Counter[str] = field(default_factory=Counter)
    numbers_asked: Counter[str] = field(default_factory=Counter)
    account_faults: int = 0
    attempts: Sequence[AttemptResult] = ()
    following: Sequence[UUID] = ()
    lost: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of a batch.

    Attributes:
        outcomes: calls to Twilio by outcome.
        relevance: messages in question by what Claude found.
        claude_calls: calls to Claude by use and outcome.
        over_ceiling: waves in which Claude was not called because it had reached its ceiling of the day.
        ceilings: messages that a ceiling of agents or of replies holds, by ceiling.
        numbers_asked: questions to Twilio about numbers, by answer.
        refused: calls that Twilio refused, by consequence.
        provider_faults: those of them, and of the questions, that are a fault of our account.
        held, ended: messages by reason.
        undecided: messages of the batch that lost their place in several waves; their records must come back.
        errors: what Twilio or the network reported, by text, without numbers or words.
        sent, sent_for: texts that Twilio took, by lane and by purpose.
        segments: what carriers bill for them.
        wait, lateness: seconds since each sent message was accepted, and since it was due, by lane.
        message_ids: every message, by what became of it.
    """

    outcomes: Counter[str] = field(metadata=publish_as(metrics.CALLS))
    relevance: Counter[str] = field(metadata=publish_as(metrics.RELEVANCE, log_as="judged"))
    claude_calls: Counter[str] = field(metadata=publish_as(metrics.CLAUDE_CALLS))
    over_ceiling: int = field(metadata=publish_as((metrics.COST_CEILING, "claude")))
    ceilings: Counter[str] = field(metadata=publish_as(metrics.CEILINGS))
    numbers_asked: Counter[str] = field(metadata=publish_as(metrics.NUMBERS_ASKED))
    refused: Counter[str] = field(metadata=publish_as(metrics.REFUSED))
    provider_faults: int = field(metadata=publish_as(metrics.PROVIDER_FAULTS, in_log=False))
    held: Counter[str] = field(metadata=publish_as(metrics.HELD))
    ended: Counter[str] = field(metadata=publish_as(metrics.ENDED))
    undecided: list[UUID]
    errors: Counter[str]
    sent: Counter[str] = field(metadata=publish_as(metrics.SENT, in_log=False))
    sent_for: Counter[str] = field(metadata=publish_as(metrics.SENT_FOR, in_log=False))
    segments: int = field(metadata=publish_as(metrics.SEGMENTS, in_log=False))
    wait: Mapping[str, Sequence[float]] = field(metadata=publish_as(metrics.WAIT, in_log=False))
    lateness: Mapping[str, Sequence[float]] = field(metadata=publish_as(metrics.LATENESS, in_log=False))
    message_ids: Mapping[str, Sequence[UUID]] = field(metadata=publish_as(in_log=False))


def report_of(waves: Sequence[WaveResult], undecided: list[UUID]) -> DeliverReport:
    """Count what the waves of a batch did."""
    attempts = [attempt for wave in waves for attempt in wave.attempts]
    outcomes = [attempt.outcome for attempt in attempts]
    accepted = [attempt for attempt in attempts if attempt.outcome.kind is OutcomeKind.ACCEPTED]
    refused = Counter(
        fault_of(outcome.code, outcome.status).consequence
        for outcome in outcomes
        if outcome.kind is OutcomeKind.REFUSED
    )
    decisions = [row for wave in waves for row in wave.decisions]
    held = [row for row in decisions if row.status is Status.QUEUED]
    ended = [row for row in decisions if row.status is not Status.QUEUED]
    return DeliverReport(
        outcomes=Counter(outcome.kind for outcome in outcomes),
        relevance=Counter(relevance for wave in waves for relevance in wave.relevance),
        claude_calls=sum((wave.claude_calls for wave in waves), Counter()),
        over_ceiling=sum(wave.over_ceiling for wave in waves),
        ceilings=sum((wave.ceilings for wave in waves), Counter()),
        numbers_asked=sum((wave.numbers_asked for wave in waves), Counter()),
        refused=Counter[str](refused),
        provider_faults=refused[Consequence.CONFIGURATION] + sum(wave.account_faults for wave in waves),
        held=Counter(row.reason for row in held),
        ended=Counter(row.reason for row in ended),
        undecided=undecided,
        errors=Counter(outcome.error for outcome in outcomes if outcome.error),
        sent=Counter(attempt.lane for attempt in accepted),
        sent_for=Counter(attempt.send.delivery.state.purpose for attempt in accepted),
        segments=sum(attempt.send.candidate.segments for attempt in accepted),
        wait=_grouped((attempt.lane, attempt.wait) for attempt in accepted),
        lateness=_grouped((attempt.lane, attempt.lateness) for attempt in accepted),
        message_ids=_grouped(
            [
                *((attempt.outcome.kind, attempt.send.delivery.message_id) for attempt in attempts),
                *(("held", row.message_id) for row in held),
                *((row.status, row.message_id) for row in ended),
            ]
        ),
    )


def count_ceilings(decisions: Iterable[DecisionRow], deliveries: Iterable[Delivery]) -> Counter[str]:
    """Count the messages of a wave that a ceiling of agents or of replies holds, by ceiling (R12, R13)."""
    hours = {delivery.message_id: delivery.state.agent_hour for delivery in deliveries}
    counts: Counter[str] = Counter()
    for row in decisions:
        hour = hours[row.message_id]
        if row.reason is Reason.REPLY_LIMIT:
            counts[row.reason] += 1
        elif row.reason is Reason.AGENT_LIMIT and hour:
            counts[limit_of(hour.group)] += 1
    return counts


def _grouped(pairs: Iterable[tuple[str, _Value]]) -> Mapping[str, Sequence[_Value]]:
    groups: defaultdict[str, list[_Value]] = defaultdict(list)
    for name, value in pairs:
        groups[name].append(value)
    return groups
