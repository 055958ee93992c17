"""What a wave writes before its calls to Twilio: holds, ends, words, and the candidates of the reservation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.calls import LoggedCall


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A hold or an end, to be written.

    Attributes:
        until: when a held message is due again; None for an end.
        superseded_by: the message that takes its place.
        note: what the reason rests on, in words, such as the row of the law.
    """

    message_id: UUID
    status: Status
    reason: Reason
    until: datetime | None
    superseded_by: UUID | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class StoredWords:
    """The words of a message, to be stored.

    Attributes:
        source: verbatim, claude, plain, row or adopted.
        words_on: the person's local date.
        segments, encoding: what carriers bill.
    """

    message_id: UUID
    text: str
    source: str
    words_on: date
    segments: int
    encoding: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may go, with everything that the reserving statement compares.

    Attributes:
        new_conversation_id: used where the person has no open conversation on this number.
        fingerprint: a digest of sender, number and words.
        local_date: the budget day whose slot it takes.
        open_until: the text may not leave after this.
        day_cap, hour_cap: how many texts there may be, this one included; None where a limit does not apply.
        active_since: the inbound message that lets it through (R4).
        reply_to: when the person wrote what it answers; None for a text that is no reply (R12).
        law_texts, law_cap, law_hours: what it counts for toward the caps of the law, and the most texts in so many
            hours; None without a cap (R15).
        needs_consent: whether it goes only to people who agreed to its purpose.
        law_note: the rows of the law that bind it, in words; None where none does.
        daily_limit, hourly_limit, quiet_hours_enabled: what a new budget row of the person inherits.
        words_digest, data_digest: of the words, and of the data from which they were written; None for words that were
            written from none (R14).
        compared_since: since when no text to the person may have had one of the digests; None where it may.
        questions_since: since when no other agent may have asked the person what is not answered; None where it may.
        agent_group, agent_cap, agent_texts: the agents whose hourly limit it counts against, that limit, and what it
            counts for; None where they have no limit (R13).
        new_words, words_source, encoding: the words, where the statement that reserves stores them; None where they are
            stored already.
        number_hash: the keyed hash by which the opt-out of a deleted person is found; None without a key.
    """

    attempt_id: UUID
    message_id: UUID
    user_id: UUID
    new_conversation_id: UUID
    phone_number: str
    fingerprint: str
    local_date: date
    open_until: datetime
    day_cap: int | None
    hour_cap: int | None
    takes_slot: bool
    active_since: datetime | None
    active_texts: int
    reply_to: datetime | None
    law_texts: int
    law_cap: int | None
    law_hours: int
    law_note: str | None
    needs_consent: bool
    daily_limit: int
    hourly_limit: int
    quiet_hours_enabled: bool
    number_hash: str | None
    segments: int
    price_usd: Decimal
    agent_group: str | None
    agent_cap: int | None
    agent_texts: int
    words_digest: str
    data_digest: str | None
    compared_since: datetime | None
    questions_since: datetime | None
    new_words: str | None
    words_source: str | None
    encoding: str | None


@dataclass(frozen=True, slots=True)
class WavePlan:
    """What a wave writes before its calls to Twilio.

    Attributes:
        decisions: holds and ends.
        words: texts that Claude wrote for this wave, and those that an operator is to read.
        claude_calls: the calls to Claude that the words took.
        reused: messages whose relevance was known before the wave.
        candidates: messages that may go, in the order in which they go.
        agent_groups: groups of agents with an hourly limit, whose waves are reserved one after the other (R13).
    """

    decisions: Sequence[DecisionRow]
    words: Sequence[StoredWords]
    claude_calls: Sequence[LoggedCall]
    reused: Sequence[UUID]
    candidates: Sequence[Candidate]
    agent_groups: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """A candidate that was not reserved because the same words went to its person: in which message, and when."""

    attempt_id: UUID
    earlier_message_id: UUID
    earlier_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """What came of a wave's candidates. A candidate in neither was stopped between decision and reservation.

    Attributes:
        attempts: the attempts that may be made, now and once.
        repeats: the candidates whose message is to end, because it says again what the person got (R14).
    """

    attempts: set[UUID]
    repeats: Sequence[Repeat] = ()

    @property
    def attempt_ids(self) -> set[UUID]:
        """The candidates of which it is known what becomes of them."""
        return {*self.attempts, *(repeat.attempt_id for repeat in self.repeats)}
