"""EventBridge, each minute: what falls due is handed over to delivery."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws import telemetry
from orchestrator.aws.telemetry import count, log_message_ids, new_logger, observe, total
from orchestrator.clock import clock_from_environment
from orchestrator.delivery.dispatch import dispatch
from orchestrator.messages import Lane
from orchestrator.settings import DispatchSettings, SenderSettings, load, load_where_set
from orchestrator.sms.message_list import TwilioMessageList
from orchestrator.store.database import Database
from orchestrator.store.gauges import Gauges

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
    total(telemetry.TICKS, 1)
    count(telemetry.HANDED_OVER, report.handed_over)
    log_message_ids(logger, "handed_over", report.message_ids)
    upkeep = report.upkeep
    ended = {
        "expired": upkeep.expired,
        "unknown_outcome": upkeep.unknown,
        "sequence_incomplete": upkeep.incomplete,
    }
    count(telemetry.ENDED, ended)
    total(telemetry.UNKNOWN_OUTCOMES, upkeep.unknown)
    count(telemetry.PROVEN, {"message_list": report.proven})
    if report.levels:
        record_levels(report.levels)
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


def record_levels(levels: Gauges) -> None:
    """How full everything is, as metrics."""
    for lane in Lane:
        observe(telemetry.OLDEST_DUE, [levels.overdue.get(lane, 0.0)], lane)
    for reason, messages in levels.waiting.items():
        observe(telemetry.WAITING, [messages], reason)
    observe(telemetry.CLAUDE_SPENT, [levels.claude_usd])
    observe(telemetry.TWILIO_SPENT, [levels.twilio_usd])
    observe(telemetry.DATABASE_CONNECTIONS, [levels.connections])
