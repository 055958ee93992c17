"""Logs and metrics of the functions: counts and ids, never a number or a message body (G10)."""

from collections.abc import Mapping

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "MessageOrchestrator"


def new_logger(function: str) -> Logger:
    """The structured logger of one function."""
    return Logger(service=function)


def count(metric: str, numbers: Mapping[str, int], by: str) -> None:
    """Record the counts of one metric, split by one dimension, such as Held by reason."""
    for value, number in numbers.items():
        if number:
            with single_metric(metric, unit=MetricUnit.Count, value=number, namespace=NAMESPACE) as split:
                split.add_dimension(name=by, value=value)
