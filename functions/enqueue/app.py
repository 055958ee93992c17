"""SQS: agents' messages, withdrawals and mistakes become rows."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.clock import clock_from_environment
from orchestrator.enqueue import enqueue, records_of
from orchestrator.settings import EnqueueSettings, load
from orchestrator.store.database import Database
from orchestrator.telemetry import count, new_logger

logger = new_logger("enqueue")
settings = load(EnqueueSettings)
database = Database(settings)
clock = clock_from_environment()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Accept a batch; the records that must come back are returned as failures."""
    with database.connection() as connection:
        report = enqueue(connection, records_of(event), settings, clock)
    count("Accepted", report.accepted, by="lane")
    count("Rejected", report.rejected, by="reason")
    count("Braked", dict.fromkeys(report.braked, 1), by="agent")
    logger.info(
        "batch accepted",
        accepted=report.accepted.total(),
        repeated=report.repeated,
        withdrawn=report.withdrawn,
        rejected=dict(report.rejected),
        braked=report.braked,
        retry=len(report.retry),
    )
    return {"batchItemFailures": [{"itemIdentifier": sqs_message_id} for sqs_message_id in report.retry]}
