"""On deploy: the database is brought up to date, before any new code meets it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.custom_resource import fulfil, is_request
from orchestrator.aws.telemetry import new_logger
from orchestrator.settings import MigrationSettings, load
from orchestrator.store.migrate import migrate

logger = new_logger("migrate")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Apply what is pending; a second run does nothing. CloudFormation is answered, a person gets the answer."""
    applied = fulfil(event, bring_up_to_date) if is_request(event) else bring_up_to_date()
    return {"applied": applied}


def bring_up_to_date() -> list[str]:
    """Apply what is pending; returns the names."""
    # Read here rather than at the start: a missing setting is told to CloudFormation, too.
    try:
        applied = migrate(load(MigrationSettings).url)
    except Exception as error:
        logger.error("not migrated", error=type(error).__name__)  # noqa: TRY400  (its text may quote a row, G10)
        raise
    logger.info("migrated", applied=applied)
    return applied
