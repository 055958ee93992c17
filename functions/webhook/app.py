"""HTTP: verifies what Twilio calls, and puts it on the inbound queue."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.snapstart import preload
from orchestrator.aws.telemetry import new_logger, publish_report, report_faults
from orchestrator.clock import clock_from_environment
from orchestrator.conversation.webhook import receive
from orchestrator.settings import WebhookSettings, load, refresh

logger = new_logger("webhook")
settings = load(WebhookSettings)
clock = clock_from_environment()
preload("boto3")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    with report_faults(logger):
        answer = receive(event, refresh(settings), clock)
    publish_report(logger, "called", answer)
    return {"statusCode": int(answer.status), "body": answer.body, "headers": dict(answer.headers)}
