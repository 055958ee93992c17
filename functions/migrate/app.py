"""On deploy: the database is brought up to date."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.settings import MigrationSettings, load
from orchestrator.store.migrate import migrate
from orchestrator.telemetry import new_logger

logger = new_logger("migrate")
settings = load(MigrationSettings)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Apply what is pending; a second run does nothing."""
    applied = migrate(settings.url)
    logger.info("migrated", applied=applied)
    return {"applied": applied}
