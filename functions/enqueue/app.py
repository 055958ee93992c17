"""SQS: agents' messages, withdrawals and mistakes become rows."""

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws import telemetry
from orchestrator.aws.batches import answer_batch
from orchestrator.aws.queues import QueueRecord, records_of
from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import count, log_message_ids, new_logger, total
from orchestrator.clock import clock_from_environment
from orchestrator.intake.enqueue import enqueue
from orchestrator.settings import EnqueueSettings, load
from orchestrator.store.database import Database

logger = new_logger("enqueue")
settings = load(EnqueueSettings)
database = Database(settings)
clock = clock_from_environment()
preload("boto3")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Accept a batch; the records that must come back are returned as failures."""
    return answer_batch(records_of(event), accept, settings.enqueue_queue_url, settings.enqueue_dlq_url, logger)


def accept(records: Sequence[QueueRecord]) -> list[str]:
    """Accept records together; returns those that must come back."""
    with database.connection() as connection:
        report = enqueue(connection, records, settings, clock)
    count(telemetry.PUBLISHED, report.accepted)
    count(telemetry.REJECTED, report.rejected)
    total(telemetry.BRAKED, len(report.braked))
    log_message_ids(logger, "accepted", report.message_ids)
    logger.info(
        "batch accepted",
        accepted=report.accepted.total(),
        repeated=report.repeated,
        withdrawn=report.withdrawn,
        rejected=dict(report.rejected),
        braked=report.braked,
        retry=len(report.retry),
    )
    return report.retry
