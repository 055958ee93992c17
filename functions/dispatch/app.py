"""EventBridge, each minute: hands over what falls due."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.metrics import TICKS
from orchestrator.aws.telemetry import log_message_ids, new_logger, publish_metric, publish_report, report_faults
from orchestrator.clock import clock_from_environment
from orchestrator.delivery.dispatch import dispatch
from orchestrator.settings import DispatchSettings, SenderSettings, load, load_where_set
from orchestrator.sms.message_list import TwilioMessageList
from orchestrator.store.database import Database

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
    """Run one tick; the answer is its log line."""
    with report_faults(logger), database.connection() as connection:
        report = dispatch(
            connection,
            settings,
            clock,
            message_list,
            seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        )
    publish_metric(TICKS, 1)
    log_message_ids(logger, report.message_ids)
    return publish_report(logger, "tick", report)
