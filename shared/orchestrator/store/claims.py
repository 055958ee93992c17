"""Messages taken under a lease, to be handed over to the deliver function."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message taken under a lease.

    Attributes:
        user_id: the person it is for.
        leaves_at: when it leaves for Twilio: when it is due, or later by the sender's pace; None means at once.
    """

    message_id: UUID
    user_id: UUID
    leaves_at: datetime | None = None


def claims_of(rows: Iterable[tuple[UUID, UUID]]) -> list[ClaimedMessage]:
    """Make claims of rows of message id and user id; they leave at once."""
    return [ClaimedMessage(message_id, user_id) for message_id, user_id in rows]
