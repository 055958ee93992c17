"""The metrics that the functions publish, and how the fields of a report describe what is published of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from orchestrator.messages import Lane

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# CloudWatch's names of the units (API reference of MetricDatum).
COUNT, SECONDS, PERCENT, NO_UNIT = "Count", "Seconds", "Percent", "None"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Each value is published twice: with the dimension, and without any. Alarms look at the second.

    Attributes:
        by: the dimension that splits the metric; None where nothing does.
        always: values of the dimension that are published as zero where a report does not hold them.
    """

    name: str
    unit: str = COUNT
    by: str | None = None
    always: tuple[str, ...] = ()


# Intake.
PUBLISHED = Metric("Published", by="lane")
REJECTED = Metric("Rejected", by="reason")
BRAKED = Metric("Braked")
# Messages that a ceiling of agents, replies or sequences stopped, at intake or in delivery.
CEILINGS = Metric("Ceilings", by="of")
# Agents and message types that paused themselves, by what their texts brought, and are paused still.
OUTCOME_PAUSES = Metric("OutcomePauses", by="of")
# Seconds since the oldest pause in force began.
OLDEST_PAUSE = Metric("OldestPause", SECONDS)
# The dispatcher: what each tick found and did.
TICKS = Metric("Ticks")
WAITING = Metric("Waiting", by="reason")
# What still hands rows to another sender: 1 for each, by its kind and name.
OLD_SENDERS = Metric("OldSenders", by="sender")
# How long the oldest event has waited for its target.
OLDEST_EVENT = Metric("OldestEvent", SECONDS, by="target")
OLDEST_DUE = Metric("OldestDue", SECONDS, by="lane", always=tuple(Lane))
HANDED_OVER = Metric("HandedOver", by="lane")
# Delivery.
HELD = Metric("Held", by="reason")
ENDED = Metric("Ended", by="reason")
SENT = Metric("Sent", by="lane")
SENT_FOR = Metric("SentFor", by="purpose")
CALLS = Metric("Calls", by="outcome")
REFUSED = Metric("Refused", by="consequence")
PROVIDER_FAULTS = Metric("ProviderFaults")
UNKNOWN_OUTCOMES = Metric("UnknownOutcomes")
PROVEN = Metric("Proven", by="evidence")
WAIT = Metric("Wait", SECONDS, by="lane")
LATENESS = Metric("Lateness", SECONDS, by="lane")
RELEVANCE = Metric("Relevance", by="verdict")
# Calls to Claude, such as `render_message refused`: the action in `agent_actions_log`, and its outcome.
CLAUDE_CALLS = Metric("ClaudeCalls", by="use_and_outcome")
# Twilio's requests to us.
WEBHOOK = Metric("Webhook", by="verdict")
DELIVERED = Metric("Delivered")
UNDELIVERED = Metric("Undelivered", by="code")
CARRIER_FILTERED = Metric("CarrierFiltered", by="code")
TEXTS = Metric("Texts", by="kind")
OPT_OUTS = Metric("OptOuts", by="source")
UNREAD_TEXTS = Metric("Unjudged")
OLDEST_UNREAD = Metric("OldestUnread", SECONDS)
# Questions of agents, and those without an answer.
QUERIES = Metric("Queries", by="action")
QUERIES_REFUSED = Metric("QueriesRefused", by="code")
# Costs: US dollars on the UTC day, as each tick finds them; billed segments; waves that a ceiling kept from Claude.
CLAUDE_SPENT = Metric("ClaudeSpentToday", NO_UNIT)
TWILIO_SPENT = Metric("TwilioSpentToday", NO_UNIT)
SEGMENTS = Metric("Segments")
NUMBERS_ASKED = Metric("NumbersAsked", by="answer")
COST_CEILING = Metric("CostCeiling", by="of")
# The platform.
SURROUNDING_FAULTS = Metric("SurroundingFaults", by="cause")
DATABASE_CONNECTIONS = Metric("DatabaseConnections", PERCENT)
FAILED = Metric("Failed", by="error")
RETENTION = Metric("Retention", by="what")
# What `learn` read each night: texts whose hour was chosen, the share of them that was answered, and those that a STOP
# followed, by arm of the comparison; people whose hours were computed; and whether something is left.
CHOSEN_HOURS = Metric("ChosenHours", by="arm")
ANSWER_RATE = Metric("AnswerRate", PERCENT, by="arm")
CHOSEN_HOURS_STOPPED = Metric("ChosenHoursStopped", by="arm")
LEARNED_PEOPLE = Metric("LearnedPeople")
LEARNING_LEFT = Metric("LearningLeft")


# A metric, or a metric with the one value of its dimension that something counts for.
Target = Metric | tuple[Metric, str]


@dataclass(frozen=True, slots=True)
class Publication:
    """How the value of one field of a report is published.

    Attributes:
        metrics: the metrics that take the value.
        parts: for a value with fields of its own, the metrics that take those.
        in_log: whether the log line holds the value.
        log_as: its name there; None means the field's own.
        show: makes of the value what the log line holds.
    """

    metrics: tuple[Target, ...] = ()
    parts: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    in_log: bool = True
    log_as: str | None = None
    show: Callable[[Any], object] = lambda value: value


def publish_as(
    *metrics: Target,
    parts: Mapping[str, tuple[Target, ...]] | None = None,
    in_log: bool = True,
    log_as: str | None = None,
    show: Callable[[Any], object] = lambda value: value,
) -> dict[str, Publication]:
    """Describe, as the metadata of a dataclass field, how the field is published.

    A field without this is logged under its own name and feeds no metric.

    Example:
        >>> @dataclass(frozen=True)
        ... class Report:
        ...     held: Counter[str] = field(metadata=publish_as(HELD))
        ...     finished: bool
    """
    return {_KEY: Publication(metrics, parts or {}, in_log, log_as, show)}


@cache
def publications(report: type["DataclassInstance"]) -> Mapping[str, Publication]:
    """Read how the fields of a report are published, by their names."""
    return {described.name: described.metadata.get(_KEY, Publication()) for described in fields(report)}


_KEY = "publication"
