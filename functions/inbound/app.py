"""SQS: what Twilio told the webhook: what people write, and what became of texts."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws import telemetry
from orchestrator.aws.batches import answer_batch, backoff
from orchestrator.aws.queues import QueueRecord, dead_letter, records_of, retry_later
from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import count, log_message_ids, new_logger, total
from orchestrator.clock import clock_from_environment
from orchestrator.conversation.inbound import inbound
from orchestrator.settings import InboundSettings, load, refresh
from orchestrator.sms.requests import read_requests
from orchestrator.store.database import Database

logger = new_logger("inbound")
settings = load(InboundSettings)
database = Database(settings)
clock = clock_from_environment()
preload("anthropic", "boto3")
if settings.anthropic_api_key is None:
    logger.warning("ANTHROPIC_API_KEY is not set: only keywords and clear phrases are taken for a wish to stop")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take in a batch; the records that must come back are returned as failures."""
    return answer_batch(records_of(event), take_in, settings.inbound_queue_url, settings.inbound_dlq_url, logger)


def take_in(records: Sequence[QueueRecord]) -> list[str]:
    """Take in records together; returns those that must come back."""
    requests = read_requests(records)
    report = inbound(database, requests, refresh(settings), clock)
    retry_later(settings.inbound_queue_url, {record: backoff(record) for record in report.unjudged})
    not_put_aside = dead_letter(settings.inbound_dlq_url, requests.unreadable)
    total(telemetry.DELIVERED, report.statuses["delivered"])
    count(telemetry.UNDELIVERED, report.undelivered)
    count(telemetry.CARRIER_FILTERED, report.filtered)
    count(telemetry.TEXTS, report.texts)
    count(telemetry.OPT_OUTS, report.opted_out)
    total(telemetry.UNJUDGED, len(report.unjudged))
    told: defaultdict[str, list[UUID]] = defaultdict(list)
    for callback in requests.callbacks:
        told[callback.form.status].append(callback.query.message_id)
    for status, message_ids in told.items():
        log_message_ids(logger, status, message_ids)
    logger.info(
        "batch taken in",
        statuses=dict(report.statuses),
        undelivered=dict(report.undelivered),
        texts=dict(report.texts),
        opted_out=dict(report.opted_out),
        handed_over=report.handed_over,
        unjudged=len(report.unjudged),
        unreadable=len(requests.unreadable),
    )
    return [record.sqs_message_id for record in (*report.unjudged, *not_put_aside)]
