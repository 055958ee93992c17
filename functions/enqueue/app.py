"""SQS: accepts what agents publish: messages, replies and withdrawals."""

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.batches import Processed, answer_batch
from orchestrator.aws.guard import guard
from orchestrator.aws.queues import QueueRecord, records_of
from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import log_message_ids, new_logger, publish_report
from orchestrator.clock import clock_from_environment
from orchestrator.intake.enqueue import enqueue
from orchestrator.settings import EnqueueSettings, load
from orchestrator.store.database import Database

logger = new_logger("enqueue")
settings = load(EnqueueSettings)
clock = clock_from_environment()
database = Database(settings, clock)
preload("boto3")


@guard(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Accept a batch; the answer names the records that must come back."""
    queue_url, dlq_url = settings.enqueue_queue_url, settings.enqueue_dlq_url
    return answer_batch(records_of(event), process, queue_url, dlq_url, logger, clock())


def process(records: Sequence[QueueRecord]) -> Processed:
    """Accept records together; returns those that must come back, and those that were stored."""
    with database.connection() as connection:
        report = enqueue(connection, records, settings, clock)
    log_message_ids(logger, report.message_ids)
    publish_report(logger, "batch accepted", report)
    return Processed(report.retry, report.stored)
