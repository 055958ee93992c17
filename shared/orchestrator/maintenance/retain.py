"""The night: words that are older than the retention are deleted, batch by batch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from psycopg import Connection

from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.clock import Clock
from orchestrator.settings import RetainSettings
from orchestrator.store.privacy import clear_old_words

# Rows of a table in one transaction: short enough that nobody waits for it.
BATCH = 1_000
SPARE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class RetainReport:
    """What a night did; `finished` is False when the next one has to go on."""

    forgotten: int = field(metadata=publish_as((metrics.RETENTION, "forgotten")))
    finished: bool


def retain(
    connection: Connection, settings: RetainSettings, clock: Clock, seconds_left: Callable[[], float]
) -> RetainReport:
    """Forget the words of what is older than `RETENTION_DAYS`; counters, costs and outcomes stay.

    Raises:
        psycopg.Error: the batches before are done; the next night goes on.
    """
    before = clock() - timedelta(days=settings.retention_days)
    forgotten = 0
    while seconds_left() > SPARE_SECONDS:
        batch = clear_old_words(connection, before, BATCH)
        forgotten += batch
        if batch == 0:
            return RetainReport(forgotten, finished=True)
    return RetainReport(forgotten, finished=False)
