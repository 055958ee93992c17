"""A batch from SQS: what happens to it when the database is away, or when one record spoils it for the others."""

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from aws_lambda_powertools import Logger

from orchestrator.aws.metrics import DATABASE_AWAY, FAILED
from orchestrator.aws.queues import DeadLetter, QueueRecord, dead_letter, retry_later
from orchestrator.aws.telemetry import publish_metric

# While the database is away, a batch comes back later and later; SQS counts each time against its redrive policy.
FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 900
# A record that fails by itself, for no outage, is put aside with its reason when it has come this often.
RECEIVES = 5

# Takes records in together; returns the ids of those that must come back.
Process = Callable[[Sequence[QueueRecord]], list[str]]


def answer_batch(
    records: Sequence[QueueRecord], process: Process, queue_url: str | None, dlq_url: str | None, logger: Logger
) -> dict[str, Any]:
    """Process a batch so that nothing of it is lost and no poison message blocks another.

    Args:
        queue_url: where the records came from.
        dlq_url: where a record goes that fails by itself again and again.

    Returns:
        Lambda's partial batch response: the records that must come back.
    """
    back = _process(records, process, queue_url, dlq_url, logger)
    return {"batchItemFailures": [{"itemIdentifier": sqs_message_id} for sqs_message_id in back]}


def _process(
    records: Sequence[QueueRecord], process: Process, queue_url: str | None, dlq_url: str | None, logger: Logger
) -> list[str]:
    try:
        return process(records)
    except psycopg.OperationalError as error:
        # Refused, killed, failed over, out of connections, timed out, deadlocked: nothing is wrong with the records.
        logger.warning("the database is away", error=type(error).__name__, records=len(records))
        publish_metric(DATABASE_AWAY, type(error).__name__)
        retry_later(queue_url, {record: backoff(record) for record in records})
        return [record.sqs_message_id for record in records]
    except Exception as error:  # noqa: BLE001  (whatever it is, the others go on)
        if len(records) > 1:
            return [back for record in records for back in _process([record], process, queue_url, dlq_url, logger)]
        # Never its text: a database quotes the row that it did not like, number and words included (G10).
        logger.error(  # noqa: TRY400
            "a record fails by itself",
            error=type(error).__name__,
            where=_where(error),
            sqs_message_id=records[0].sqs_message_id,
        )
        publish_metric(FAILED, type(error).__name__)
        return _put_aside(records[0], error, dlq_url)


def _where(error: Exception) -> str:
    """File, line and function of our own in which it happened."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}" if ours else "nowhere"


def backoff(record: QueueRecord) -> int:
    """Seconds until a record that came this often comes again."""
    return min(FIRST_WAIT_SECONDS << min(record.receives, 10), LONGEST_WAIT_SECONDS)


def _put_aside(record: QueueRecord, error: Exception, dlq_url: str | None) -> list[str]:
    if record.receives < RECEIVES:
        return [record.sqs_message_id]
    problem = f"failed {record.receives} times: {type(error).__name__} at {_where(error)}"
    failed = dead_letter(dlq_url, [DeadLetter(record, "failed", "body", problem)])
    return [found.sqs_message_id for found in failed]
