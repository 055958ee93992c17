"""SQS: approved messages are put into words and sent once."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws import telemetry
from orchestrator.aws.batches import answer_batch
from orchestrator.aws.queues import QueueRecord, dead_letter, queue_url_of, records_of
from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import count, log_message_ids, new_logger, observe, total
from orchestrator.clock import clock_from_environment
from orchestrator.delivery.deliver import DeliverReport, deliver, message_ids_of
from orchestrator.messages import Lane
from orchestrator.settings import DeliverSettings, Sending, load, refresh
from orchestrator.sms.shadow import sender_for
from orchestrator.store.database import Database

logger = new_logger("deliver")
settings = load(DeliverSettings)
database = Database(settings)
sender = sender_for(settings)
clock = clock_from_environment()
preload("anthropic", "boto3", "twilio.rest")
if settings.sending is Sending.SHADOW:
    logger.warning("SENDING is shadow: everything is decided and recorded, and no text leaves")
if settings.anthropic_api_key is None:
    logger.warning("ANTHROPIC_API_KEY is not set: structured messages go out as plain sentences")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver a batch; the records that must come back are returned as failures."""
    records = records_of(event)
    queue_url = queue_url_of(records, settings.delivery_queue_url, settings.urgent_queue_url)
    return answer_batch(records, partial(send, context), queue_url, settings.delivery_dlq_url, logger)


def send(context: LambdaContext, records: Sequence[QueueRecord]) -> list[str]:
    """Deliver records together; returns those that must come back."""
    named, unreadable = message_ids_of(records)
    report = deliver(
        database,
        list(named),
        sender,
        refresh(settings),
        clock,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    not_put_aside = dead_letter(settings.delivery_dlq_url, unreadable)
    record(report)
    for happened, message_ids in report.message_ids.items():
        log_message_ids(logger, happened, message_ids)
    logger.info(
        "batch delivered",
        outcomes=dict(report.outcomes),
        judged=dict(report.judged),
        over_ceiling=report.over_ceiling,
        refused=dict(report.refused),
        held=dict(report.held),
        ended=dict(report.ended),
        undecided=[str(message_id) for message_id in report.undecided],
        errors=dict(report.errors),
        unreadable=len(unreadable),
    )
    back = [named[message_id] for message_id in report.undecided]
    return [*back, *(record.sqs_message_id for record in not_put_aside)]


def record(report: DeliverReport) -> None:
    """The metrics of a batch."""
    count(telemetry.CALLS, report.outcomes)
    count(telemetry.REFUSED, report.refused)
    count(telemetry.HELD, report.held)
    count(telemetry.ENDED, report.ended)
    count(telemetry.RELEVANCE, report.judged)
    count(telemetry.COST_CEILING, {"claude": report.over_ceiling})
    total(telemetry.PROVIDER_FAULTS, report.refused["configuration"])
    count(telemetry.SENT, Counter(text.lane for text in report.sent))
    total(telemetry.SEGMENTS, sum(text.segments for text in report.sent))
    for lane in Lane:
        observe(telemetry.WAIT, [text.wait for text in report.sent if text.lane is lane], lane)
        observe(telemetry.LATENESS, [text.lateness for text in report.sent if text.lane is lane], lane)
