"""Runs a procedure on a batch from SQS: a fault of the surroundings returns it, a bad record is put aside (G11)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from orchestrator.aws.failures import place_of
from orchestrator.aws.faults import MET_BY_SOME, Cause, cause_of
from orchestrator.aws.metrics import FAILED
from orchestrator.aws.queues import DeadLetter, QueueRecord, put_again, retry_later, send_dead_letters
from orchestrator.aws.telemetry import publish_fault, publish_metric

# Each return of a batch waits twice as long, up to the longest wait.
FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 900
# What people wrote is read soon after an outage: deliver sends nothing before (R11).
LONGEST_INBOUND_WAIT_SECONDS = 30
# A record that fails by itself goes to the dead-letter queue when it was received this often.
RECEIVES = 5
# SQS deletes a message 14 days after it was sent, however often it was received. Before that, the record is put on its
# queue again.
PUT_AGAIN_AFTER = timedelta(days=7)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of records, by their SQS message ids.

    Attributes:
        back: those that must come back.
        stored: those whose rows the database took. They show that a refusal of the database, as by an owner's trigger,
            meets other records alone.
    """

    back: Sequence[str]
    stored: Collection[str] = ()


# Processes records together.
Process = Callable[[Sequence[QueueRecord]], Processed]
# Lets records come back later; returns the SQS message ids of those that must.
Return = Callable[[Sequence[QueueRecord]], list[str]]

# Of the records that passed in this process, when the newest was first received, by the function's name. A record that
# fails while newer ones pass is at fault itself.
_newest_passes: dict[str, datetime] = {}
# The same of the records that were stored. Where the database refuses each row, a withdrawal may still pass.
_newest_stored: dict[str, datetime] = {}


def answer_batch(
    records: Sequence[QueueRecord],
    process: Process,
    queue_url: str | None,
    dlq_url: str | None,
    logger: Logger,
    now: datetime,
    longest_wait: int = LONGEST_WAIT_SECONDS,
) -> dict[str, Any]:
    """Process a batch so that no record is lost and a bad record does not block the others (G11).

    Args:
        queue_url: the queue that the records came from.
        dlq_url: the queue for a record that fails by itself again and again.
        now: the time by the clock that SQS goes by, which tells the age of a record.
        longest_wait: seconds until a record comes back, at most.

    Returns:
        Lambda's partial batch response: the records that must come back.
    """
    return_later = partial(come_back, queue_url=queue_url, now=now, longest_wait=longest_wait)
    certain = [record for record in records if record.doubt is None]
    doubts = {record: record.doubt for record in records if record.doubt is not None}
    back = _process(certain, process, return_later, dlq_url, logger) if certain else []
    if doubts:
        doubt = next(iter(doubts.values()))
        publish_fault(logger, cause_of(doubt) or Cause.AWS, doubt, records=len(doubts))
        back += return_later(list(doubts))
    return {"batchItemFailures": [{"itemIdentifier": sqs_message_id} for sqs_message_id in back]}


def come_back(
    records: Sequence[QueueRecord], queue_url: str | None, now: datetime, longest_wait: int = LONGEST_WAIT_SECONDS
) -> list[str]:
    """Let records come back later and later, for as long as it takes.

    Args:
        longest_wait: seconds until a record comes back, at most.

    Returns:
        The SQS message ids of those that must come back. An old one is not among them: a new copy comes.
    """
    oldest = now - PUT_AGAIN_AFTER
    old = [record for record in records if record.queued_at < oldest] if queue_url else []
    copied = set(put_again(queue_url, old)) if queue_url else set()
    rest = [record for record in records if record not in copied]
    retry_later(queue_url, {record: min(_backoff(record), longest_wait) for record in rest})
    return [record.sqs_message_id for record in rest]


def _backoff(record: QueueRecord) -> int:
    """Seconds until a record comes back, by how often it was received."""
    return min(FIRST_WAIT_SECONDS << min(record.receive_count, 8), LONGEST_WAIT_SECONDS)


def _process(
    records: Sequence[QueueRecord],
    process: Process,
    return_later: Return,
    dlq_url: str | None,
    logger: Logger,
) -> list[str]:
    try:
        processed = process(records)
    except Exception as error:  # noqa: BLE001  (whatever the error, the other records are processed)
        cause = cause_of(error)
        if len(records) > 1 and (cause is None or cause in MET_BY_SOME):
            return [back for record in records for back in _process([record], process, return_later, dlq_url, logger)]
        if cause is not None:
            publish_fault(logger, cause, error, records=len(records))
            if cause in MET_BY_SOME and _is_refused_alone(records[0], logger):
                return _reject(records[0], error, return_later, dlq_url)
            return return_later(records)
        # The text of the error is not logged: Postgres quotes the row, with number and words (G10).
        logger.error(  # noqa: TRY400
            "a record fails by itself",
            error=type(error).__name__,
            sqlstate=getattr(error, "sqlstate", None),
            where=place_of(error),
            sqs_message_id=records[0].sqs_message_id,
        )
        publish_metric(FAILED, type(error).__name__)
        return _reject_after_receives(records[0], error, return_later, dlq_url, logger)
    back = frozenset(processed.back)
    passed = [record for record in records if record.sqs_message_id not in back]
    stored_ids = frozenset(processed.stored)
    stored = [record for record in passed if record.sqs_message_id in stored_ids]
    for newest, found in ((_newest_passes, passed), (_newest_stored, stored)):
        newest[logger.service] = max([*(r.first_received_at for r in found), newest.get(logger.service, NEVER)])
    return list(processed.back)


def _is_refused_alone(record: QueueRecord, logger: Logger) -> bool:
    """Whether a record that the database refuses came often enough, and the database stored one that came after it."""
    newest = _newest_stored.get(logger.service, NEVER)
    return record.receive_count >= RECEIVES and newest > record.first_received_at


def _reject_after_receives(
    record: QueueRecord, error: Exception, return_later: Return, dlq_url: str | None, logger: Logger
) -> list[str]:
    """Put a record that came often enough, and alone fails, on the dead-letter queue.

    Returns:
        Its id where it must come back.
    """
    if record.receive_count < RECEIVES:
        return [record.sqs_message_id]
    if _newest_passes.get(logger.service, NEVER) < record.first_received_at:
        # No newer record passed: the fault may be everybody's.
        return return_later([record])
    return _reject(record, error, return_later, dlq_url)


def _reject(record: QueueRecord, error: Exception, return_later: Return, dlq_url: str | None) -> list[str]:
    """Put a record on the dead-letter queue; returns its id where SQS does not take it."""
    problem = f"failed {record.receive_count} times: {type(error).__name__} at {place_of(error)}"
    not_taken = send_dead_letters(dlq_url, [DeadLetter(record, "failed", "body", problem)])
    return return_later(not_taken)
