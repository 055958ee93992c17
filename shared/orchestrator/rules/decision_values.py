"""What a decision on a message is: send it now, hold it until a time, end it, or check its relevance first."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from orchestrator.rules.law_decision import UNBOUND, LawLimit
from orchestrator.rules.limits import Caps
from orchestrator.rules.reasons import Reason, Status


@dataclass(frozen=True, slots=True)
class Send:
    """The message may go now.

    Attributes:
        local_date: the budget day whose slot it takes.
        open_until: the text may neither leave nor wait at Twilio after this.
        caps: the limits that must still hold when the slot is reserved.
        takes_slot: true for all but replies and later parts; a sequence takes one slot, with its first part (R8).
        agent_texts: what it counts for against the hourly limit of its agents: a sequence as a whole, with its first
            part (R13).
        active_since: the inbound message that lets it through; None when the ordinary rules allow it (R4).
        reply_to: when the person wrote what a reply answers; None for every other message (R12).
        active_texts: what it counts for while the person is active: a sequence as a whole with its first part (R4).
        law: what the law of the place caps, and the rows that bind the text (R15).
    """

    local_date: date
    open_until: datetime
    caps: Caps
    takes_slot: bool
    agent_texts: int
    active_since: datetime | None = None
    active_texts: int = 0
    reply_to: datetime | None = None
    law: LawLimit = UNBOUND


@dataclass(frozen=True, slots=True)
class Hold:
    """The message waits until a time, when it is decided on again; `note` cites what the reason rests on."""

    until: datetime
    reason: Reason
    note: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The message will never be sent; `superseded_by` names the message that takes its place."""

    status: Status
    reason: Reason
    superseded_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class CheckRelevance:
    """The message may go now if it still makes sense: the person wrote after it was published (R10)."""


Decision = Send | Hold | End | CheckRelevance
