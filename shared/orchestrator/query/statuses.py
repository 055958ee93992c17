"""What became of messages, for the agent that asks."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.queries import DeliveryOutcome, MessageStatus, Progress
from orchestrator.query.moments import in_words, moment_of, without_numbers
from orchestrator.query.scope import CallerScope
from orchestrator.rules.explanations import explain
from orchestrator.rules.next_steps import (
    MAY_BE_SENT,
    NOT_SEEN_YET,
    ON_ITS_WAY,
    WAITS_FOR_USER,
    WAS_REJECTED,
    WAS_SENT,
    step_of_end,
    step_of_hold,
)
from orchestrator.store.query import StatusRow, read_statuses


def statuses_of(
    connection: Connection, message_ids: Sequence[UUID], scope: CallerScope, now: datetime
) -> list[MessageStatus]:
    """The status of each message, in the order of the ids; one out of the scope is as unknown as one not stored."""
    rows = read_statuses(connection, message_ids, scope.agent_prefix, now)
    return [status_of(message_id, rows.get(message_id)) for message_id in message_ids]


def status_of(message_id: UUID, row: StatusRow | None) -> MessageStatus:
    """The status of one message; `row` is None where the database knows nothing of it."""
    if row is None:
        return MessageStatus(message_id=message_id, state=Progress.NOT_SEEN_YET, next_step=NOT_SEEN_YET)
    if row.status is None:
        return _status_without_row(row)
    state = Progress(row.status)
    waits = state is Progress.QUEUED
    due = moment_of(row.due, row.timezone, row.phone_number) if waits and row.due else None
    why = explain(row.reason, row.note) if row.reason else None
    delivery = _delivery_of(row)
    return MessageStatus(
        message_id=row.message_id,
        state=state,
        reason=row.reason,
        why=without_numbers(why) if why else None,
        due=due,
        next_step=_next_step(state, row, in_words(due)),
        sent_at=row.sent_at,
        delivery=delivery,
        delivered_at=row.delivered_at,
        undelivered_code=row.undelivered_code,
        superseded_by=row.superseded_by,
    )


def _status_without_row(row: StatusRow) -> MessageStatus:
    """The status of a message that was rejected, or whose user is not known yet: the wait is the newer of both."""
    if row.waits_for_user_until is not None:
        due = moment_of(row.waits_for_user_until, None, None)
        return MessageStatus(
            message_id=row.message_id,
            state=Progress.WAITS_FOR_USER,
            reason="unknown_user",
            why="its user is not known yet",
            due=due,
            next_step=WAITS_FOR_USER,
        )
    return MessageStatus(
        message_id=row.message_id,
        state=Progress.REJECTED,
        reason=row.rejected_reason,
        why=without_numbers(row.problem or ""),
        next_step=WAS_REJECTED,
    )


def _next_step(state: Progress, row: StatusRow, due_in_words: str | None) -> str:
    match state:
        case Progress.QUEUED:
            return step_of_hold(row.reason, due_in_words)
        case Progress.APPROVED | Progress.SENDING:
            return ON_ITS_WAY
        case Progress.SENT:
            return WAS_SENT if row.undelivered_at is None else "The text did not arrive. Do not send it again at once."
    return MAY_BE_SENT if row.outcome == "unknown" else step_of_end(row.reason)


def _delivery_of(row: StatusRow) -> DeliveryOutcome | None:
    if row.undelivered_at is not None:
        return "undelivered"
    if row.delivered_at is not None:
        return "delivered"
    if row.outcome == "accepted":
        return "accepted"
    return "unknown" if row.outcome == "unknown" else None
