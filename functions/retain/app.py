"""EventBridge, each night: words that are older than the retention are deleted."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.telemetry import RETENTION, count, new_logger
from orchestrator.clock import clock_from_environment
from orchestrator.maintenance.retain import retain
from orchestrator.settings import RetainSettings, load
from orchestrator.store.database import Database

logger = new_logger("retain")
settings = load(RetainSettings)
database = Database(settings)
clock = clock_from_environment()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one night."""
    with database.connection() as connection:
        report = retain(connection, settings, clock, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
    count(RETENTION, {"forgotten": report.forgotten})
    logger.info("night", **asdict(report))
    return asdict(report)
