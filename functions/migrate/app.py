"""On deploy: brings the database up to date before new code uses it."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orchestrator.aws.custom_resource import fulfil, is_request
from orchestrator.aws.guard import guard, report_failure
from orchestrator.aws.telemetry import new_logger
from orchestrator.settings import MigrationSettings, load
from orchestrator.store.migrate import migrate

logger = new_logger("migrate")


# Left of the function's time for the answer to CloudFormation.
ANSWER_SECONDS = 45


@guard(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Apply pending migrations; a second run does nothing. CloudFormation gets its answer over HTTP."""
    bring_up_to_date = partial(migrate_in_time, context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS)
    report = partial(report_failure, logger)
    applied = fulfil(event, bring_up_to_date, report) if is_request(event) else bring_up_to_date()
    return {"applied": applied}


def migrate_in_time(seconds: float) -> list[str]:
    """Apply pending migrations within these seconds; returns their names."""
    # Settings are read here and not at import, so that CloudFormation learns of a missing one too.
    applied = migrate(load(MigrationSettings).url, seconds)
    logger.info("migrated", applied=applied)
    return applied
