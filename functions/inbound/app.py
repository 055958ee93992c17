"""SQS: takes in what Twilio reported to the webhook: what people write, and what became of texts."""

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.batches import LONGEST_INBOUND_WAIT_SECONDS, Processed, answer_batch, come_back
from orchestrator.aws.guard import guard
from orchestrator.aws.queues import QueueRecord, records_of, send_dead_letters
from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import log_message_ids, new_logger, publish_report
from orchestrator.clock import clock_from_environment
from orchestrator.conversation.inbound import inbound
from orchestrator.settings import InboundSettings, load, refresh
from orchestrator.sms.requests import read_requests
from orchestrator.store.database import Database

logger = new_logger("inbound")
settings = load(InboundSettings)
clock = clock_from_environment()
database = Database(settings, clock)
preload("anthropic", "boto3")
if settings.anthropic_api_key is None:
    logger.warning("ANTHROPIC_API_KEY is not set: what may be a wish to stop stays unread until an operator reads it")


@guard(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take in a batch; the answer names the records that must come back."""
    return answer_batch(
        records_of(event),
        process,
        settings.inbound_queue_url,
        settings.inbound_dlq_url,
        logger,
        clock(),
        longest_wait=LONGEST_INBOUND_WAIT_SECONDS,
    )


def process(records: Sequence[QueueRecord]) -> Processed:
    """Take in records together; returns those that must come back."""
    requests = read_requests(records)
    database.prepare()
    report = inbound(database, requests, refresh(settings), clock)
    not_put_aside = send_dead_letters(settings.inbound_dlq_url, requests.unreadable)
    log_message_ids(logger, report.message_ids)
    publish_report(logger, "batch taken in", report, unreadable=len(requests.unreadable))
    # None counts as stored: a text that the database refuses may be a STOP, and comes back for as long as it takes.
    return Processed(
        come_back([*report.unread, *not_put_aside], settings.inbound_queue_url, clock(), LONGEST_INBOUND_WAIT_SECONDS)
    )
