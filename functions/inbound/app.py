"""SQS: what Twilio told the webhook becomes delivery status and evidence."""

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.batches import answer_batch
from orchestrator.clock import clock_from_environment
from orchestrator.inbound import inbound, read_requests
from orchestrator.queues import QueueRecord, dead_letter, records_of
from orchestrator.settings import InboundSettings, load
from orchestrator.store.database import Database
from orchestrator.telemetry import count, new_logger

logger = new_logger("inbound")
settings = load(InboundSettings)
database = Database(settings)
clock = clock_from_environment()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take in a batch; the records that must come back are returned as failures."""
    return answer_batch(records_of(event), take_in, settings.inbound_queue_url, settings.inbound_dlq_url, logger)


def take_in(records: Sequence[QueueRecord]) -> list[str]:
    """Take in records together; returns those that must come back."""
    callbacks, unreadable = read_requests(records)
    with database.connection() as connection:
        report = inbound(connection, callbacks, clock)
    not_put_aside = dead_letter(settings.inbound_dlq_url, unreadable)
    count("Status", report.statuses, by="status")
    count("Undelivered", report.undelivered, by="code")
    logger.info("batch taken in", statuses=dict(report.statuses), unreadable=len(unreadable))
    return [record.sqs_message_id for record in not_put_aside]
