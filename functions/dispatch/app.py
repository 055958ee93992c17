"""EventBridge, each minute: what falls due is handed over to delivery."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.clock import clock_from_environment
from orchestrator.dispatch import dispatch
from orchestrator.settings import DispatchSettings, SenderSettings, load, load_where_set
from orchestrator.sms.message_list import TwilioMessageList
from orchestrator.store.database import Database
from orchestrator.telemetry import count, new_logger

logger = new_logger("dispatch")
settings = load(DispatchSettings)
database = Database(settings)
twilio = load_where_set(SenderSettings, "TWILIO_ACCOUNT_SID")
message_list = TwilioMessageList(twilio) if twilio else None
clock = clock_from_environment()
if message_list is None:
    logger.warning("TWILIO_ACCOUNT_SID is not set: open outcomes are settled by status callbacks alone")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one tick."""
    with database.connection() as connection:
        report = dispatch(
            connection,
            settings,
            clock,
            message_list,
            seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        )
    count("HandedOver", report.handed_over, by="lane")
    upkeep = report.upkeep
    ended = {
        "expired": upkeep.expired,
        "unknown_outcome": upkeep.unknown,
        "sequence_incomplete": upkeep.incomplete,
    }
    count("Ended", ended, by="reason")
    count("Proven", {"message_list": report.proven}, by="evidence")
    result: dict[str, Any] = {
        "handed_over": dict(report.handed_over),
        "not_taken": report.not_taken,
        **asdict(upkeep),
        "proven": report.proven,
        "told": report.told,
        "finished": report.finished,
    }
    logger.info("tick", **result)
    return result
