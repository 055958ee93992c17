"""EventBridge, each night: learns the hours at which people answer."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.guard import guard
from orchestrator.aws.telemetry import new_logger, publish_report
from orchestrator.clock import clock_from_environment
from orchestrator.maintenance.learn import learn
from orchestrator.settings import LearnSettings, load
from orchestrator.store.database import Database

logger = new_logger("learn")
settings = load(LearnSettings)
clock = clock_from_environment()
database = Database(settings, clock)


@guard(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one night; the answer is its log line."""
    with database.connection() as connection:
        report = learn(connection, settings, clock, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
    return publish_report(logger, "night", report)
