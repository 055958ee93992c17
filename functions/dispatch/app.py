"""EventBridge, each minute: hands over what falls due."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.guard import guard
from orchestrator.aws.metrics import TICKS
from orchestrator.aws.telemetry import log_message_ids, new_logger, publish_metric, publish_report
from orchestrator.clock import clock_from_environment
from orchestrator.delivery.dispatch import dispatch
from orchestrator.settings import DispatchSettings, SenderSettings, load, load_where_set, refresh
from orchestrator.sms.message_list import TwilioMessageList
from orchestrator.store.database import Database

logger = new_logger("dispatch")
settings = load(DispatchSettings)
clock = clock_from_environment()
database = Database(settings, clock)
twilio = load_where_set(SenderSettings, "TWILIO_ACCOUNT_SID")
message_list = TwilioMessageList(twilio) if twilio else None
if message_list is None:
    logger.warning("TWILIO_ACCOUNT_SID is not set: open outcomes are settled by status callbacks alone")
if settings.old_sender_is_gone:
    logger.warning("OLD_SENDER_IS_GONE is ignored: `orchestrator doctor` names what still sends")


def follow_secrets() -> None:
    """Read Twilio's list with the credentials, and for the sender, that the secret holds now."""
    global twilio, message_list
    current = refresh(twilio) if twilio else None
    if current is not None and current is not twilio:
        twilio, message_list = current, TwilioMessageList(current)


@guard(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one tick; the answer is its log line."""
    with database.connection() as connection:
        follow_secrets()
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
