"""Nightly retention: deletes the words of messages older than `RETENTION_DAYS`, in batches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from psycopg import Connection

from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.clock import Clock
from orchestrator.settings import RetainSettings
from orchestrator.store.privacy import clear_old_words, delete_expired_records

# Rows of each table in one transaction, so that its locks are short.
BATCH = 1_000
# Rejections, withdrawals and agents' rates are kept for so many days. SQS keeps a message that a withdrawal overtook
# for 14 days, and the usual rate of an agent is that of its last 7.
RECORD_DAYS = 90
# A batch starts only while this much of the invocation is left.
SPARE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class RetainReport:
    """What one run did.

    Attributes:
        forgotten: rows whose words were deleted.
        finished: False when old words are left for the next night.
    """

    forgotten: int = field(metadata=publish_as((metrics.RETENTION, "forgotten")))
    finished: bool


def retain(
    connection: Connection, settings: RetainSettings, clock: Clock, seconds_left: Callable[[], float]
) -> RetainReport:
    """Delete the words of what is older than `RETENTION_DAYS`; counters, costs and outcomes stay.

    Rejections, withdrawals and agents' rates are deleted after `RECORD_DAYS`. The words of our texts and of wishes to
    stop go to a table of their own, and from there after `EVIDENCE_DAYS`. People under a legal hold keep everything.

    Raises:
        psycopg.Error: earlier batches are deleted; the next night continues.
    """
    now = clock()
    before = now - timedelta(days=settings.retention_days)
    keep_since = now - timedelta(days=settings.evidence_days)
    forgotten = 0
    while seconds_left() > SPARE_SECONDS:
        batch = clear_old_words(connection, before, keep_since, BATCH)
        expired = delete_expired_records(connection, now - timedelta(days=RECORD_DAYS), keep_since, BATCH)
        forgotten += batch
        if batch == 0 and expired == 0:
            return RetainReport(forgotten, finished=True)
    return RetainReport(forgotten, finished=False)
