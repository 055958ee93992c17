"""Statements of inbound texts: store them, write what they were taken for, claim what comes forward (R4, R11, R12)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from orchestrator.leases import URGENT_LEASE
from orchestrator.messages import Lane
from orchestrator.rules.activity import ACTIVE_FOR
from orchestrator.rules.inbound_marker import FRESH_FOR, READ_AFTER_GAP
from orchestrator.rules.intents import ClassifiedBy, Intent
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.questions import OPEN_FOR
from orchestrator.rules.reasons import Status
from orchestrator.settings import ActivitySettings
from orchestrator.store.calls import LoggedCall, log_calls
from orchestrator.store.claims import ClaimedMessage, claims_of
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.opt_outs import OptIn, OptOut, write_opt_ins, write_opt_outs
from orchestrator.store.relevance import RelevanceRow, write_verdicts


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """An inbound text, to be stored.

    Attributes:
        sid: Twilio's id of the text.
        body: the text as written.
        content: what its `messages` row holds: the body, or the kinds of media where there is none.
        media: a JSON array of objects with `url` and `content_type`.
        kind, judged_by: what a rule took it for, and which rule.
        is_sms: False for a text over another channel, such as WhatsApp.
        confirm_until: until when our confirmation of an opt-out may go; None where we send none.
        number_hash: the keyed hash by which the opt-out of a deleted person is found; None without a key.
        received_at: when SQS first received it. It orders STOP and START.
        new_conversation_id: used where the person has no open conversation on this number.
    """

    inbound_id: UUID
    sid: str
    phone_number: str
    body: str
    content: str
    media: str
    kind: Intent
    judged_by: ClassifiedBy
    is_sms: bool
    confirm_until: datetime | None
    number_hash: str | None
    received_at: datetime
    new_conversation_id: UUID

    @property
    def opt_out(self) -> OptOut | None:
        """What STOP, or "wrong number", opts out; None for any other text."""
        return opt_out_of(self.kind, self.judged_by, self.phone_number, self.received_at, self.confirm_until)

    @property
    def opt_in(self) -> OptIn | None:
        """What START opts in; None for any other text."""
        if self.kind not in (Intent.START, Intent.YES):
            return None
        return OptIn(self.phone_number, self.received_at, self.number_hash)


@dataclass(frozen=True, slots=True)
class HelpAnswer:
    """An answer to HELP, and the text that it answers."""

    message_id: UUID
    inbound_id: UUID
    words: str


@dataclass(frozen=True, slots=True)
class StoredText:
    """An inbound text as it is stored.

    Attributes:
        user_id: None where the number belongs to no person.
        kind: what it is taken for; None where the number belongs to no person.
        is_new: False for a text that came before.
    """

    inbound_id: UUID
    user_id: UUID | None
    phone_number: str
    kind: str | None
    received_at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class NewestMarker:
    """The newest marker of the inbound queue: its age, and whether nothing is sent for that reason (R11)."""

    age: timedelta
    holds_everything: bool


@dataclass(frozen=True, slots=True)
class UnreadText:
    """An inbound text that may be a wish to stop and is not read yet."""

    inbound_id: UUID
    user_id: UUID
    phone_number: str
    received_at: datetime
    content: str


@dataclass(frozen=True, slots=True)
class ClassifiedText:
    """A stored text that a reader has classified since."""

    inbound_id: UUID
    user_id: UUID
    phone_number: str
    kind: Intent
    judged_by: ClassifiedBy
    received_at: datetime
    confirm_until: datetime | None = None

    @property
    def opt_out(self) -> OptOut | None:
        """What the text opts out, where it was taken for a wish to stop or for "wrong number"."""
        source = "free_words" if self.judged_by is ClassifiedBy.CLAUDE else self.judged_by
        return opt_out_of(self.kind, source, self.phone_number, self.received_at, self.confirm_until)


def opt_out_of(
    kind: Intent, source: str, phone_number: str, at: datetime, confirm_until: datetime | None
) -> OptOut | None:
    """What a text opts out: its number, where it is STOP or says that the number belongs to another person (R11).

    Args:
        confirm_until: until when our confirmation may go; None where we send none.
    """
    if kind not in (Intent.STOP, Intent.WRONG_PERSON):
        return None
    return OptOut(phone_number, kind if kind is Intent.WRONG_PERSON else source, at, confirm_until)


def store_inbound_texts(connection: Connection, texts: Sequence[ReceivedText], now: datetime) -> list[StoredText]:
    """Store inbound texts, with the STOP and START among them, in one transaction of two round trips.

    A text whose id came before changes nothing, however much later it comes again. Only the time of a START moves to
    that of its first request, where a repetition of it was taken in before.
    """
    with connection.transaction():
        with one_round_trip(connection):
            registered = connection.execute(sql("register_inbound_texts"), columns(texts, "inbound_id", "received_at"))
        is_new: dict[UUID, bool] = dict(registered.fetchall())
        new = [text for text in texts if is_new.get(text.inbound_id)]
        earlier = [text for text in texts if is_new.get(text.inbound_id) is False]
        opt_outs = [opt_out for text in new if (opt_out := text.opt_out)]
        opt_ins = [opt_in for text in new if (opt_in := text.opt_in)]
        clear_words = [*opt_outs, *(text.opt_in for text in new if text.opt_in and text.kind is Intent.START)]
        rows = columns(texts, *ReceivedText.__slots__)
        rows["is_new"] = "{" + ",".join("t" if is_new.get(text.inbound_id) else "f" for text in texts) + "}"
        with connection.cursor(row_factory=class_row(StoredText)) as cursor:
            with one_round_trip(connection):
                connection.execute(sql("lock_users_by_number"), rows)
                if earlier:
                    connection.execute(sql("correct_start_times"), columns(earlier, "inbound_id", "received_at"))
                # Before the texts: `store_inbound_texts` takes YES for START only where it ended an opt-out.
                write_opt_outs(connection, opt_outs, now)
                write_opt_ins(connection, opt_ins)
                if opt_ins:
                    connection.execute(sql("reopen_texts"), columns(opt_ins, "phone_number", "at"))
                linked = {"not_conversation": NOT_CONVERSATION, "open_for": OPEN_FOR}
                cursor.execute(sql("store_inbound_texts"), {**rows, **linked, "now": now})
                if clear_words:
                    connection.execute(sql("resolve_unread_texts"), columns(clear_words, "phone_number", "at"))
            return cursor.fetchall()


def add_unknown_senders(connection: Connection, numbers: Mapping[UUID, str]) -> int:
    """Add a person for each number that no person has; one round trip. A text that came before adds none.

    Args:
        numbers: the senders of texts, by the ids of these.

    Returns:
        How many were added.

    Raises:
        psycopg.Error: the table `users` refuses them, or asks for more than a number.
    """
    parameters = {"inbound_id": list(numbers), "phone_number": list(numbers.values())}
    with one_round_trip(connection):
        added = connection.execute(sql("add_unknown_senders"), parameters)
    return added.rowcount


def insert_help_answers(
    connection: Connection, answers: Sequence[HelpAnswer], expires_at: datetime, now: datetime
) -> list[ClaimedMessage]:
    """Accept answers to HELP; one round trip. A repetition changes nothing.

    Returns:
        The answers that were accepted, under a lease, to be handed over.
    """
    with one_round_trip(connection):
        accepted = connection.execute(
            sql("insert_help_answers"),
            {
                **columns(answers, *HelpAnswer.__slots__),
                "expires_at": expires_at,
                "lease_until": now + URGENT_LEASE,
                "now": now,
            },
        )
    return claims_of(accepted)


def pull_forward(
    connection: Connection,
    user_ids: Sequence[UUID],
    classified: Sequence[ClassifiedText],
    verdicts: Sequence[RelevanceRow],
    calls: Sequence[LoggedCall],
    ceilings: ActivitySettings,
    reformulated_within: timedelta,
    now: datetime,
) -> list[ClaimedMessage]:
    """Write what texts were taken for, and claim what comes forward for their people (R4); one round trip.

    A text that was taken for a wish to stop, or says that the number is another person's, opts out (R11). Nothing comes
    forward for a person who has an unread text.

    Args:
        user_ids: the people who wrote.
        classified: texts that Claude has read.
        verdicts: what Claude found of the relevance of messages in the same call (R10).
        ceilings: of the texts that activity lets through (R4).

    Returns:
        The messages to be handed over now.
    """
    opt_outs = [opt_out for text in classified if (opt_out := text.opt_out)]
    parameters = {
        "user_ids": list(user_ids),
        "now": now,
        "lease_until": now + URGENT_LEASE,
        "active_after": now - ACTIVE_FOR,
        "not_conversation": NOT_CONVERSATION,
        "texts_per_inbound": ceilings.active_texts_per_inbound,
        "texts_per_hour": ceilings.active_texts_per_hour,
        "lanes": [*Lane],
    }
    with one_round_trip(connection):
        connection.execute(sql("lock_users"), parameters)
        connection.execute(sql("store_classifications"), columns(classified, "inbound_id", "kind", "judged_by"))
        write_opt_outs(connection, opt_outs, now)
        write_verdicts(connection, verdicts, reformulated_within, now)
        log_calls(connection, calls, now)
        released = connection.execute(sql("release_after_classification"), parameters)
        pulled = connection.execute(sql("pull_forward"), parameters)
        replies = connection.execute(sql("approve_replies"), parameters)
    return [*_approved(released), *_approved(pulled), *claims_of(replies)]


def record_inbound_marker(connection: Connection) -> None:
    """Record by the database's clock that a fresh marker of the inbound queue was read; one round trip."""
    with one_round_trip(connection):
        connection.execute(sql("record_inbound_marker"), {"fresh_for": FRESH_FOR})


def read_inbound_marker(connection: Connection) -> NewestMarker | None:
    """Read the newest marker of the inbound queue; None before the first (R11)."""
    parameters = {"fresh_for": FRESH_FOR, "read_after_gap": READ_AFTER_GAP}
    with connection.cursor(row_factory=class_row(NewestMarker)) as cursor:
        return cursor.execute(sql("read_inbound_marker"), parameters).fetchone()


def list_unread_texts(connection: Connection, user_id: UUID | None, limit: int) -> list[UnreadText]:
    """List the unread texts of a person, oldest first; of everyone where `user_id` is None."""
    with connection.cursor(row_factory=class_row(UnreadText)) as cursor:
        return cursor.execute(sql("list_unread_texts"), {"user_id": user_id, "limit": limit}).fetchall()


def classify_by_operator(connection: Connection, texts: Sequence[UnreadText], kind: Intent, now: datetime) -> None:
    """Write what an operator took unread texts for; one round trip. STOP opts the person out.

    What waited for it is due again within a minute (`READ_WITHIN`).
    """
    classified = [
        ClassifiedText(text.inbound_id, text.user_id, text.phone_number, kind, ClassifiedBy.OPERATOR, text.received_at)
        for text in texts
    ]
    opt_outs = [opt_out for text in classified if (opt_out := text.opt_out)]
    with one_round_trip(connection):
        connection.execute(sql("lock_users"), {"user_ids": [text.user_id for text in texts]})
        connection.execute(sql("store_classifications"), columns(classified, "inbound_id", "kind", "judged_by"))
        write_opt_outs(connection, opt_outs, now)


def read_unknown_senders(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Read the newest texts of numbers that belong to no person.

    Returns:
        Rows with `sid`, `phone_number`, `body`, `media` and `received_at`.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("read_unknown_senders"), {"limit": limit}).fetchall()


def _approved(rows: Iterable[tuple[UUID, UUID, str]]) -> list[ClaimedMessage]:
    """The messages that are handed over now; a reply stays queued and follows in the order of replies."""
    return [ClaimedMessage(message_id, user_id) for message_id, user_id, status in rows if status == Status.APPROVED]
