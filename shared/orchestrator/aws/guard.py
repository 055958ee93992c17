"""Guards a handler: whatever goes wrong leaves it as an error of ours, without text from outside (G10)."""

import functools
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.failures import describe_failure, place_of
from orchestrator.aws.telemetry import publish_fault
from orchestrator.errors import InvocationFailed

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def guard(logger: Logger) -> Callable[[Handler], Handler]:
    """Guard a handler, and give its log lines Lambda's context.

    Lambda's runtime prints the text of what a handler raises. Postgres quotes the row that a constraint refused, an
    owner's trigger writes what it likes, and libpq quotes a part of the URL that it cannot read.

    Args:
        logger: the function's logger.

    Returns:
        The decorator. The guarded handler raises InvocationFailed for every exception.
    """

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def guarded_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            try:
                return handler(event, context)
            except Exception as error:  # noqa: BLE001  (whatever it is, its text stays here)
                failure = InvocationFailed(report_failure(logger, error))
            # After the handler of the exception, so that it is neither cause nor context of ours.
            raise failure

        # The variable POWERTOOLS_LOGGER_LOG_EVENT would log the event, and with it what people and agents wrote.
        with_context: Handler = logger.inject_lambda_context(guarded_handler, log_event=False)
        return with_context

    return decorate


def report_failure(logger: Logger, error: Exception) -> str:
    """Log what ended an invocation, and publish a fault of the surroundings.

    Returns:
        What may be shown of it: type, SQLSTATE and place, and the text of an error of ours.
    """
    from orchestrator.aws.faults import cause_of  # it brings the driver of Postgres

    if (cause := cause_of(error)) is not None:
        publish_fault(logger, cause, error)
    else:
        logger.error(
            "the function failed",
            error=type(error).__name__,
            sqlstate=getattr(error, "sqlstate", None),
            where=place_of(error),
        )
    return describe_failure(error)
