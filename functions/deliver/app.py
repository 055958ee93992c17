"""SQS: delivers approved messages; each is put into words and sent once."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.batches import Processed, answer_batch
from orchestrator.aws.guard import guard
from orchestrator.aws.queues import QueueRecord, queue_url_of, records_of, send_dead_letters
from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import log_message_ids, new_logger, publish_report
from orchestrator.clock import clock_from_environment
from orchestrator.delivery.confirmations import confirm_opt_out, split_confirmations
from orchestrator.delivery.deliver import deliver
from orchestrator.delivery.handover import message_ids_of
from orchestrator.jurisdictions import read_law
from orchestrator.sender_settings import SendingMode
from orchestrator.settings import DeliverSettings, load, refresh
from orchestrator.sms.shadow import sender_for
from orchestrator.store.database import Database

logger = new_logger("deliver")
settings = load(DeliverSettings)
clock = clock_from_environment()
database = Database(settings, clock)
sender = sender_for(settings)
read_law(settings.law_file)  # a broken file of the law stops the function at its start
preload("anthropic", "boto3", "twilio.rest")
if settings.sending is SendingMode.SHADOW:
    logger.warning("SENDING is shadow: everything is decided and recorded, and no text leaves")
if settings.anthropic_api_key is None:
    logger.warning("ANTHROPIC_API_KEY is not set: structured messages go out as plain sentences")


def follow_secrets() -> None:
    """Take the credentials and the sender that the secrets hold now, both at the same moment."""
    global settings, sender
    current = refresh(settings)
    if current is not settings:
        settings, sender = current, sender_for(current)


@guard(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver a batch; the answer names the records that must come back."""
    records = records_of(event)
    queue_url = queue_url_of(records, settings.delivery_queue_url, settings.urgent_queue_url)
    return answer_batch(records, partial(process, context), queue_url, settings.delivery_dlq_url, logger, clock())


def process(context: LambdaContext, records: Sequence[QueueRecord]) -> Processed:
    """Deliver records together; returns those that must come back."""
    opt_outs, of_messages = split_confirmations(records)
    named, unreadable = message_ids_of(of_messages)
    follow_secrets()
    database.prepare()
    confirmed = sum(confirm_opt_out(database, opt_out_id, sender, settings, clock) for opt_out_id in opt_outs)
    report = deliver(
        database,
        list(named),
        sender,
        settings,
        clock,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    not_put_aside = send_dead_letters(settings.delivery_dlq_url, unreadable)
    log_message_ids(logger, report.message_ids)
    publish_report(logger, "batch delivered", report, unreadable=len(unreadable), opt_outs_confirmed=confirmed)
    undecided = [named[message_id] for message_id in report.undecided if message_id in named]
    return Processed([*undecided, *(record.sqs_message_id for record in not_put_aside)])
