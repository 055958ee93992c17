"""HTTP: verifies what Twilio calls, and puts it on the inbound queue."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.guard import guard
from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import new_logger, publish_report
from orchestrator.clock import clock_from_environment
from orchestrator.conversation.webhook import receive
from orchestrator.settings import WebhookSettings, load, refresh

logger = new_logger("webhook")
settings = load(WebhookSettings)
clock = clock_from_environment()
preload("boto3")


@guard(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    answer = receive(event, refresh(settings), clock)
    publish_report(logger, "called", answer)
    return {"statusCode": int(answer.status), "body": answer.body, "headers": dict(answer.headers)}
