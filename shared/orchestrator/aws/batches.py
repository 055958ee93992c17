"""Runs a procedure on a batch from SQS, whether the database is unavailable or one record fails by itself (G11)."""

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from aws_lambda_powertools import Logger

from orchestrator.aws.metrics import DATABASE_AWAY, FAILED
from orchestrator.aws.queues import DeadLetter, QueueRecord, retry_later, send_dead_letters
from orchestrator.aws.telemetry import publish_metric

# While the database is unavailable, each return of a batch waits twice as long, up to the longest wait.
FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 900
# A record that fails by itself goes to the dead-letter queue when it was received this often.
RECEIVES = 5

# Processes records together; returns the SQS message ids of those that must come back.
Process = Callable[[Sequence[QueueRecord]], list[str]]


def answer_batch(
    records: Sequence[QueueRecord], process: Process, queue_url: str | None, dlq_url: str | None, logger: Logger
) -> dict[str, Any]:
    """Process a batch so that no record is lost and a bad record does not block the others.

    Args:
        queue_url: the queue that the records came from.
        dlq_url: the queue for a record that fails by itself again and again.

    Returns:
        Lambda's partial batch response: the records that must come back.
    """
    back = _process(records, process, queue_url, dlq_url, logger)
    return {"batchItemFailures": [{"itemIdentifier": sqs_message_id} for sqs_message_id in back]}


def backoff(record: QueueRecord) -> int:
    """Seconds until a record comes back, by how often it was received."""
    return min(FIRST_WAIT_SECONDS << min(record.receive_count, 10), LONGEST_WAIT_SECONDS)


def _process(
    records: Sequence[QueueRecord], process: Process, queue_url: str | None, dlq_url: str | None, logger: Logger
) -> list[str]:
    try:
        return process(records)
    except psycopg.OperationalError as error:
        # Refused, terminated, failed over, out of connections, timed out, deadlocked: no fault of the records.
        logger.warning("database unavailable", error=type(error).__name__, records=len(records))
        publish_metric(DATABASE_AWAY, type(error).__name__)
        retry_later(queue_url, {record: backoff(record) for record in records})
        return [record.sqs_message_id for record in records]
    except Exception as error:  # noqa: BLE001  (whatever the error, the other records are processed)
        if len(records) > 1:
            return [back for record in records for back in _process([record], process, queue_url, dlq_url, logger)]
        # The text of the error is not logged: Postgres quotes the row, with number and words (G10).
        logger.error(  # noqa: TRY400
            "a record fails by itself",
            error=type(error).__name__,
            where=_where(error),
            sqs_message_id=records[0].sqs_message_id,
        )
        publish_metric(FAILED, type(error).__name__)
        return _reject_after_receives(records[0], error, dlq_url)


def _reject_after_receives(record: QueueRecord, error: Exception, dlq_url: str | None) -> list[str]:
    """Put a record that came often enough on the dead-letter queue; returns its id where it must come back."""
    if record.receive_count < RECEIVES:
        return [record.sqs_message_id]
    problem = f"failed {record.receive_count} times: {type(error).__name__} at {_where(error)}"
    not_taken = send_dead_letters(dlq_url, [DeadLetter(record, "failed", "body", problem)])
    return [record.sqs_message_id for record in not_taken]


def _where(error: Exception) -> str:
    """The file, line and function of this package in which an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}" if ours else "nowhere"
