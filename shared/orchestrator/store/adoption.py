"""Adoption: takes over waiting messages that another sender or a person wrote, and what past texts ask of us."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg import Connection

from orchestrator.messages import SEQUENCE_LIMIT, Lane
from orchestrator.people import zones_for
from orchestrator.rules.day_words import speaks_of_the_day
from orchestrator.rules.local_time import next_midnight
from orchestrator.rules.past_texts import PastText, wishes_of
from orchestrator.store.database import columns, only_row, sql
from orchestrator.store.old_senders import OldSender, list_old_senders

# Texts of the history that are read at once.
BATCH = 5_000
# How many texts and messages of each kind a report quotes.
MOST_QUOTED = 5
# It orders before each text.
_BEFORE_ALL = PastText(UUID(int=0), UUID(int=0), "", "", datetime(1, 1, 1, tzinfo=UTC), None)


@dataclass(frozen=True, slots=True)
class QuotedText:
    """A text of the history, for an operator to judge what was made of it."""

    user_id: UUID
    written_at: datetime
    content: str


@dataclass(frozen=True, slots=True)
class MessageGroup:
    """Messages of which one thing holds, and the ids of some of them."""

    messages: int
    message_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Adoption:
    """What an adoption changed, or would change.

    Attributes:
        adopted: messages taken over: `due`, or `planned` for later.
        left: waiting messages that are not taken over, by cause.
        rows_left_alone: pending rows of `messages` that are never sent: another sender may have sent them, or they are
            older than a day.
        opt_outs: numbers whose last clear word is STOP.
        unread: people whose last text may be a wish to stop: an operator has to read it.
        stop_examples, unread_examples: some of these texts.
        old_senders: what still hands rows to another sender.
    """

    adopted: Mapping[str, MessageGroup]
    left: Mapping[str, MessageGroup]
    rows_left_alone: MessageGroup
    opt_outs: int
    unread: int
    stop_examples: Sequence[QuotedText]
    unread_examples: Sequence[QuotedText]
    old_senders: Sequence[OldSender]

    @property
    def changes(self) -> int:
        """How many messages, opt-outs and texts to read it stored, or would store."""
        return sum(group.messages for group in self.adopted.values()) + self.opt_outs + self.unread


def adopt(connection: Connection, max_age: timedelta, lifetime: timedelta, now: datetime, *, apply: bool) -> Adoption:
    """Take over waiting messages that are not ours, and store what the history of texts asks of us (R11).

    The history is read by the rules of live texts. What no rule can decide is stored as unread, and holds everything to
    its person.

    Args:
        max_age: messages that were due before it stay untouched, because their texts are out of date.
        lifetime: how long an adopted message may wait beyond the time for which it was planned.
        apply: False changes nothing and reports what would change.
    """
    parameters = {
        "now": now,
        "oldest": now - max_age,
        "lifetime": lifetime,
        "lanes": [*Lane],
        "most_parts": SEQUENCE_LIMIT,
        "quoted": MOST_QUOTED,
    }
    with connection.transaction(force_rollback=not apply):
        # Past wishes first: no message is ours before it is known whether its person wants it.
        wishes = wishes_of(_read_past_texts(connection))
        stopped = connection.execute(sql("adopt_opt_outs"), _columns(wishes.stops)).fetchall()
        unread = connection.execute(sql("adopt_unread_texts"), _columns(wishes.unread)).fetchall()
        day_ends = columns(_read_day_ends(connection, now - max_age), "message_id", "ends_at")
        groups = connection.execute(sql("adopt_messages"), {**parameters, **day_ends}).fetchall()
        rows_left_alone = only_row(connection.execute(sql("count_rows_left_alone"), parameters))
        senders = list_old_senders(connection)
    return Adoption(
        adopted={kind: MessageGroup(*group) for kind, is_adopted, *group in groups if is_adopted},
        left={kind: MessageGroup(*group) for kind, is_adopted, *group in groups if not is_adopted},
        rows_left_alone=MessageGroup(*rows_left_alone),
        opt_outs=len(stopped),
        unread=len(unread),
        stop_examples=_quotes(wishes.stops, {user_id for (user_id,) in stopped}),
        unread_examples=_quotes(wishes.unread, {user_id for (user_id,) in unread}),
        old_senders=senders,
    )


def count_unadopted_messages(connection: Connection) -> int:
    """Count the waiting rows of `message_queue` that are not ours to send."""
    return int(only_row(connection.execute(sql("count_unadopted_messages")))[0])


@dataclass(frozen=True, slots=True)
class DayEnd:
    """When the day is over of which a message speaks (R9)."""

    message_id: UUID
    ends_at: datetime


def _read_day_ends(connection: Connection, oldest: datetime) -> list[DayEnd]:
    """Find the waiting messages that speak of their day: the one for which they were planned, or else written."""
    ends = []
    for message_id, data, words, meant_for, zone_name, number in connection.execute(
        sql("read_waiting_words"), {"oldest": oldest}
    ):
        zones = zones_for(zone_name, number)
        if zones and speaks_of_the_day({"message": words} if words else data):
            # Where the person's zone is one of several, the day that ends first counts.
            ends.append(DayEnd(message_id, min(next_midnight(meant_for, zone) for zone in zones)))
    return ends


def _read_past_texts(connection: Connection) -> Iterator[PastText]:
    """Read what people wrote, in batches."""
    last = _BEFORE_ALL
    while True:
        after = {"user_id": last.user_id, "written_at": last.written_at, "inbound_id": last.inbound_id}
        rows = connection.execute(sql("read_past_texts"), {**after, "limit": BATCH}).fetchall()
        texts = [PastText(*row) for row in rows]
        yield from texts
        if len(texts) < BATCH:
            return
        last = texts[-1]


def _columns(texts: Sequence[PastText]) -> dict[str, str]:
    return columns(texts, "inbound_id", "user_id", "phone_number", "written_at")


def _quotes(texts: Sequence[PastText], people: set[UUID]) -> list[QuotedText]:
    found = [QuotedText(text.user_id, text.written_at, text.content) for text in texts if text.user_id in people]
    return found[:MOST_QUOTED]
