"""What Twilio told us: the delivery status of texts, which is also the best evidence that they were sent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from psycopg import Connection
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from orchestrator.clock import Clock
from orchestrator.queues import DeadLetter, QueueRecord
from orchestrator.store.settlement import StatusTold, settle_and_move


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


class _Ids(BaseModel):
    message_id: UUID
    attempt_id: UUID


class _StatusForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sid: str = Field(alias="MessageSid", min_length=1)
    status: str = Field(alias="MessageStatus", min_length=1)
    error_code: Annotated[int | None, BeforeValidator(_empty_is_none)] = Field(default=None, alias="ErrorCode")


class StatusCallback(BaseModel):
    """A verified call to `/twilio/status`, as `webhook` put it on the queue."""

    path: Literal["/twilio/status"]
    query: _Ids
    form: _StatusForm
    received_at: datetime


@dataclass(frozen=True, slots=True)
class InboundReport:
    """What a batch told.

    Attributes:
        statuses: callbacks by Twilio's word.
        undelivered: texts that Twilio took and could not deliver, by its error code.
    """

    statuses: Counter[str]
    undelivered: Counter[str]


def read_requests(records: Sequence[QueueRecord]) -> tuple[list[StatusCallback], list[DeadLetter]]:
    """What the records of a batch say, and those that say nothing we know, each with its reason."""
    callbacks: list[StatusCallback] = []
    unreadable: list[DeadLetter] = []
    for record in records:
        try:
            callbacks.append(StatusCallback.model_validate_json(record.body))
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"]) or "body"
            unreadable.append(DeadLetter(record, "unreadable", field, error.errors()[0]["msg"]))
    return callbacks, unreadable


def inbound(connection: Connection, callbacks: Sequence[StatusCallback], clock: Clock) -> InboundReport:
    """Take in one batch, in one round trip. Repeated callbacks, in any order, change nothing.

    Raises:
        psycopg.Error: nothing was taken in; the batch comes back.
    """
    told = [StatusTold(c.query.attempt_id, c.form.status, c.form.error_code) for c in callbacks]
    if told:
        settle_and_move(connection, told, [c.form.sid for c in callbacks], clock())
    failed = [c.form for c in callbacks if c.form.status in ("failed", "undelivered")]
    return InboundReport(
        statuses=Counter(c.form.status for c in callbacks),
        undelivered=Counter(str(form.error_code or "unknown") for form in failed),
    )
