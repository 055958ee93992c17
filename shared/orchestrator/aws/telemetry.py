"""Logs and metrics of the functions: counts and ids, never a number or a message body (G10)."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

# CloudWatch takes this many values of one metric in one line.
VALUES_IN_A_LINE = 100
# A line of the log takes 256 KB.
IDS_IN_A_LINE = 1_000


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, its unit, and the one dimension that splits it.

    Each is recorded twice: by the values of its dimension, and without any, which is what alarms look at.
    """

    name: str
    unit: MetricUnit = MetricUnit.Count
    by: str | None = None


# The way in.
PUBLISHED = Metric("Published", by="lane")
REJECTED = Metric("Rejected", by="reason")
BRAKED = Metric("Braked")
# What waits, as each minute finds it.
TICKS = Metric("Ticks")
WAITING = Metric("Waiting", by="reason")
OLDEST_DUE = Metric("OldestDue", MetricUnit.Seconds, by="lane")
HANDED_OVER = Metric("HandedOver", by="lane")
# The way out.
HELD = Metric("Held", by="reason")
ENDED = Metric("Ended", by="reason")
SENT = Metric("Sent", by="lane")
CALLS = Metric("Calls", by="outcome")
REFUSED = Metric("Refused", by="consequence")
PROVIDER_FAULTS = Metric("ProviderFaults")
UNKNOWN_OUTCOMES = Metric("UnknownOutcomes")
PROVEN = Metric("Proven", by="evidence")
WAIT = Metric("Wait", MetricUnit.Seconds, by="lane")
LATENESS = Metric("Lateness", MetricUnit.Seconds, by="lane")
RELEVANCE = Metric("Relevance", by="verdict")
# What Twilio tells.
WEBHOOK = Metric("Webhook", by="verdict")
DELIVERED = Metric("Delivered")
UNDELIVERED = Metric("Undelivered", by="code")
CARRIER_FILTERED = Metric("CarrierFiltered", by="code")
TEXTS = Metric("Texts", by="kind")
OPT_OUTS = Metric("OptOuts", by="source")
UNJUDGED = Metric("Unjudged")
# What it costs: as each minute finds the UTC day, in US dollars.
CLAUDE_SPENT = Metric("ClaudeSpentToday", MetricUnit.NoUnit)
TWILIO_SPENT = Metric("TwilioSpentToday", MetricUnit.NoUnit)
SEGMENTS = Metric("Segments")
COST_CEILING = Metric("CostCeiling", by="of")
# The machinery.
DATABASE_AWAY = Metric("DatabaseAway", by="error")
DATABASE_CONNECTIONS = Metric("DatabaseConnections", MetricUnit.Percent)
FAILED = Metric("Failed", by="error")
RETENTION = Metric("Retention", by="what")


def new_logger(function: str) -> Logger:
    """The structured logger of one function."""
    return Logger(service=function)


def log_message_ids(logger: Logger, happened: str, message_ids: Sequence[UUID]) -> None:
    """Leave the ids of messages in the log, by which each is followed from its publisher to the phone and back."""
    for start in range(0, len(message_ids), IDS_IN_A_LINE):
        ids = [str(message_id) for message_id in message_ids[start : start + IDS_IN_A_LINE]]
        logger.info("messages", happened=happened, message_ids=ids)


def count(metric: Metric, numbers: Mapping[str, int]) -> None:
    """Record counts, split by the metric's dimension, such as held messages by reason. A count of zero says nothing."""
    for value, number in numbers.items():
        if number:
            _record(metric, [number], value)


def total(metric: Metric, number: int) -> None:
    """Record a count that nothing splits. A count of zero says nothing."""
    if number:
        _record(metric, [number], None)


def observe(metric: Metric, values: Iterable[float | Decimal], split: str | None = None) -> None:
    """Record measurements, zeros too: seconds waited, dollars spent, a level that each minute finds."""
    numbers = [float(value) for value in values]
    for start in range(0, len(numbers), VALUES_IN_A_LINE):
        _record(metric, numbers[start : start + VALUES_IN_A_LINE], split)


def _record(metric: Metric, values: Iterable[float], split: str | None) -> None:
    # One namespace for each stack, so that stages of one account do not add up.
    line = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "MessageOrchestrator"))
    for value in values:
        line.add_metric(metric.name, metric.unit, value)
    if metric.by and split is not None:
        line.add_dimensions(**{metric.by: split})
    line.flush_metrics()
