"""Publishes what functions did: log lines and metrics with counts and ids, never a number or a message body (G10)."""

import json
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aws_lambda_powertools import Logger

from orchestrator.aws.failures import place_of, text_of
from orchestrator.aws.metrics import COUNT, SURROUNDING_FAULTS, Metric, Target, publications

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# An event of CloudWatch Logs takes 256 KB; an id takes some 40 bytes.
IDS_IN_A_LINE = 1_000
# A line of CloudWatch's embedded metric format takes so many values of a metric:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
VALUES_IN_A_LINE = 100


# Libraries whose own warnings quote errors of Postgres, and addresses with numbers in them.
_LIBRARIES = ("psycopg", "urllib3", "twilio", "botocore", "anthropic", "httpx")


def new_logger(function: str) -> Logger:
    """The structured logger of one function. Lambda would also print what libraries log; they log nothing (G10)."""
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)
    return Logger(service=function)


def publish_report(logger: Logger, event: str, report: "DataclassInstance", **also: object) -> dict[str, Any]:
    """Publish the report of a procedure: its metrics, and one log line.

    The fields of the report describe themselves (`publish_as`).

    Args:
        event: what the log line is called.
        also: further values for the log line.

    Returns:
        The values of the log line, by name.
    """
    line: dict[str, Any] = {}
    for name, publication in publications(type(report)).items():
        value = getattr(report, name)
        _publish_to(publication.metrics, value)
        for part, metrics in publication.parts.items():
            if value is not None:
                _publish_to(metrics, getattr(value, part))
        if publication.in_log:
            line |= _log_values(publication.log_as or name, publication.show(value))
    line |= also
    logger.info(event, **line)
    return line


def log_message_ids(logger: Logger, message_ids: Mapping[str, Sequence[UUID]]) -> None:
    """Log the ids of messages by what happened to them, so that each message can be followed through the functions."""
    for happened, ids in message_ids.items():
        for start in range(0, len(ids), IDS_IN_A_LINE):
            logger.info("messages", happened=happened, message_ids=_plain(ids[start : start + IDS_IN_A_LINE]))


def publish_fault(logger: Logger, cause: str, error: Exception, records: int | None = None) -> None:
    """Publish a fault of the surroundings: the metric that names its cause, and one log line.

    Args:
        records: how many records come back; None where the function received none.
    """
    logger.warning(
        "fault of the surroundings",
        cause=cause,
        error=type(error).__name__,
        sqlstate=getattr(error, "sqlstate", None),
        # The text of an error of Postgres may quote a row (G10).
        problem=text_of(error),
        where=place_of(error),
        records=records,
    )
    publish_metric(SURROUNDING_FAULTS, str(cause))


def publish_metric(metric: Metric, value: object, split: str | None = None) -> None:
    """Publish one value of a metric.

    Args:
        value: a number; a value of the metric's dimension, which counts once; numbers by such values; or a sequence, of
            which a count takes the length and any other metric each number. A count of zero is not published, a
            measurement of zero is.
        split: the value of the metric's dimension.
    """
    match value:
        case int() | float() | Decimal():
            _write(metric, [value], split)
        case str():
            _write(metric, [1], value)
        case Mapping():
            for name, part in {**dict.fromkeys(metric.always, 0), **value}.items():
                publish_metric(metric, part, name)
        case Sequence():
            _write(metric, [len(value)] if metric.unit == COUNT else value, split)
        case _:
            raise TypeError(f"{metric.name} takes no {type(value).__name__}")


def _publish_to(targets: Iterable[Target], value: object) -> None:
    for target in targets:
        metric, split = target if isinstance(target, tuple) else (target, None)
        publish_metric(metric, value, split)


def _write(metric: Metric, values: Sequence[Any], split: str | None) -> None:
    numbers = [float(value) for value in values if value or metric.unit != COUNT]
    if not numbers:
        return
    dimensions = {metric.by: split} if metric.by and split is not None else {}
    directive = {
        # One namespace for each stack, so that stages in one account do not add up.
        "Namespace": os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "MessageOrchestrator"),
        "Dimensions": [[], *([name] for name in dimensions)],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit}],
    }
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    for start in range(0, len(numbers), VALUES_IN_A_LINE):
        line = {"_aws": metadata, **dimensions, metric.name: numbers[start : start + VALUES_IN_A_LINE]}
        print(json.dumps(line, separators=(",", ":")))


def _log_values(name: str, value: object) -> dict[str, object]:
    """The value under its name; a value with fields of its own under the names of those."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return {name: _plain(value)}


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return dict(value)
        case str():
            return value
        case Sequence():
            return [str(item) for item in value]
    return value
