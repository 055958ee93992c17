"""What the rules decide on: the state of one message, and a message in delivery with the person it is for."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from orchestrator.agents import AgentHour
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.relevance import Relevance


@dataclass(frozen=True, slots=True)
class MessageState:
    """What the rules need to know of a message.

    Attributes:
        not_before, best_at: its own scheduled_for, and the person's best time for it; None where it has none.
        spread: 0 to 1, the message's place in a spread of times (R7).
        draw: 0 to 1, fixed for the message: it decides among the hours at which the person may answer (R7).
        withdrawn: a withdrawal of the message, or of its topic, has arrived (R9).
        superseded_by: the newer message that takes its place (R9).
        higher_is_due: another message of a higher lane for the same person is due (R6).
        in_sequence: the message is part of a sequence. `continues` is true when an earlier part was sent, `broken` when
            another part ended without being sent (R8).
        parts: how many texts the message brings: the whole sequence with its first part, none with a later one (R8).
        asks: the text, or a part of its sequence, expects a reply.
        question_at: when another agent asked the person what they have not answered; None where nothing is open.
        allow_repeat: the same words may have gone to the person lately (R14).
        is_reply: the message is an agent's answer, which a live conversation lets through (R12).
        purpose: what its agent's texts are for: transactional, informational or marketing (R15).
        has_consent: the person agreed to texts of this purpose; revoked: the person wants none of it, or of its topic.
        urgent_at_night: its agent may use `urgent` in quiet hours (R5).
        agent_hour: what counts against the hourly limit of its agents; None where they have no limit (R13).
        inbound_unread: texts of people may lie unread in the inbound queue, and a STOP among them (R11).
        relevance, checked_at: what is known since the person last wrote, and since when (R10).
    """

    lane: Lane
    can_delay: bool
    due: datetime
    not_before: datetime | None
    expires_at: datetime
    accepted_at: datetime
    best_at: datetime | None = None
    spread: float = 0.0
    draw: float = 0.5
    requires_fresh_context: bool = False
    withdrawn: bool = False
    superseded_by: UUID | None = None
    higher_is_due: bool = False
    in_sequence: bool = False
    continues: bool = False
    broken: bool = False
    parts: int = 1
    is_reply: bool = False
    allow_repeat: bool = False
    asks: bool = False
    question_at: datetime | None = None
    purpose: Purpose = Purpose.INFORMATIONAL
    has_consent: bool = True
    revoked: bool = False
    urgent_at_night: bool = True
    agent_hour: AgentHour | None = None
    inbound_unread: bool = False
    relevance: Relevance = Relevance.UNASKED
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message in delivery: its data and words, its state, and the person it is for.

    Attributes:
        words, words_source: its text, and where that came from; None until the words are written.
        words_on: the person's local date when they were written; None where that is not known.
        tries: how many calls to Twilio failed before the request left.
        paused: a pause stops the message now (R13).
        needs_approval: whether an operator approves the words of its agent's texts; approved_digest: a digest of the
            words that were approved, None before that.
    """

    message_id: UUID
    agent_id: str
    data: dict[str, Any]
    words: str | None
    words_source: str | None
    words_on: date | None
    tries: int
    state: MessageState
    person: Person
    paused: bool
    needs_approval: bool = False
    approved_digest: str | None = None
