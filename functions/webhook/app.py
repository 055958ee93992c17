"""HTTP: what Twilio calls is verified and put on the inbound queue."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import WEBHOOK, count, new_logger
from orchestrator.clock import clock_from_environment
from orchestrator.conversation.webhook import receive
from orchestrator.settings import WebhookSettings, load, refresh

logger = new_logger("webhook")
settings = load(WebhookSettings)
clock = clock_from_environment()
preload("boto3")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one call."""
    answer = receive(event, refresh(settings), clock)
    count(WEBHOOK, {answer.verdict: 1})
    logger.info("called", verdict=answer.verdict, message_ids=[answer.message_id] if answer.message_id else [])
    return {"statusCode": int(answer.status), "body": answer.body, "headers": dict(answer.headers)}
