"""Invoked by agents: answers what became of their messages, what people wrote, and what may still be sent."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.guard import guard
from orchestrator.aws.telemetry import new_logger, publish_report
from orchestrator.clock import clock_from_environment
from orchestrator.jurisdictions import read_law
from orchestrator.query.answer import answer_event
from orchestrator.query.settings import QuerySettings
from orchestrator.settings import load
from orchestrator.store.database import Database

logger = new_logger("query")
settings = load(QuerySettings)
clock = clock_from_environment()
database = Database(settings, clock)
read_law(settings.law_file)  # a broken file of the law stops the function at its start


@guard(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one question, for the scope of the alias that was invoked."""
    report = answer_event(event, context.invoked_function_arn, database.connection, settings, clock)
    publish_report(logger, "asked", report)
    return report.answer
