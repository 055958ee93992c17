"""HTTP: what Twilio calls is verified and put on the inbound queue."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.clock import clock_from_environment
from orchestrator.settings import WebhookSettings, load
from orchestrator.telemetry import count, new_logger
from orchestrator.webhook import receive

logger = new_logger("webhook")
settings = load(WebhookSettings)
clock = clock_from_environment()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one call."""
    answer = receive(event, settings, clock)
    count("Webhook", {answer.verdict: 1}, by="verdict")
    logger.info("called", verdict=answer.verdict)
    return {"statusCode": int(answer.status), "body": answer.body, "headers": dict(answer.headers)}
