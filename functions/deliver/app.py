"""SQS: approved messages are put into words and sent once."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.clock import clock_from_environment
from orchestrator.deliver import deliver, message_ids_of
from orchestrator.settings import DeliverSettings, load
from orchestrator.sms.sender import TwilioSender
from orchestrator.store.database import Database
from orchestrator.telemetry import count, new_logger

logger = new_logger("deliver")
settings = load(DeliverSettings)
database = Database(settings)
sender = TwilioSender(settings)
clock = clock_from_environment()
if settings.anthropic_api_key is None:
    logger.warning("ANTHROPIC_API_KEY is not set: structured messages go out as plain sentences")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver a batch; the records that must come back are returned as failures."""
    records, unreadable = message_ids_of(event)
    report = deliver(
        database,
        list(records),
        sender,
        settings,
        clock,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    count("Calls", report.outcomes, by="outcome")
    count("Held", report.held, by="reason")
    count("Ended", report.ended, by="reason")
    logger.info(
        "batch delivered",
        outcomes=dict(report.outcomes),
        held=dict(report.held),
        ended=dict(report.ended),
        undecided=[str(message_id) for message_id in report.undecided],
        errors=dict(report.errors),
        unreadable=unreadable,
    )
    back = [*(records[message_id] for message_id in report.undecided), *unreadable]
    return {"batchItemFailures": [{"itemIdentifier": sqs_message_id} for sqs_message_id in back]}
