"""EventBridge, each minute: what falls due is handed over to delivery."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.clock import clock_from_environment
from orchestrator.dispatch import dispatch
from orchestrator.settings import DispatchSettings, load
from orchestrator.store.database import Database
from orchestrator.telemetry import count, new_logger

logger = new_logger("dispatch")
settings = load(DispatchSettings)
database = Database(settings)
clock = clock_from_environment()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one tick."""
    with database.connection() as connection:
        report = dispatch(connection, settings, clock)
    count("HandedOver", report.handed_over, by="lane")
    upkeep = report.upkeep
    ended = {
        "expired": upkeep.expired,
        "unknown_outcome": upkeep.unknown,
        "sequence_incomplete": upkeep.incomplete,
    }
    count("Ended", ended, by="reason")
    result: dict[str, Any] = {
        "handed_over": dict(report.handed_over),
        "not_taken": report.not_taken,
        **asdict(upkeep),
        "finished": report.finished,
    }
    logger.info("tick", **result)
    return result
