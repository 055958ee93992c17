"""Recovery after a restore: reads from Twilio what the restored database lacks, and records it before any send."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.ids import uuid7
from orchestrator.people import Person
from orchestrator.rules.intents import Intent, intent_of
from orchestrator.rules.limits import budget_day
from orchestrator.sms.message_list import CLOCK_SKEW, ListedText, MessageList, words_key
from orchestrator.sms.requests import inbound_id_of
from orchestrator.store import recovery as store
from orchestrator.store.conversation import ReceivedText, store_inbound_texts
from orchestrator.store.pauses import list_pauses, pause, resume
from orchestrator.store.recovery import LastIntent, RestoredText, UnsentMessage
from orchestrator.store.settlement import Evidence, Settlement

# The note of the pause that lasts during a recovery.
NOTE = "recovery after a restore"
# Texts of people that are stored at once.
BATCH = 1_000
# Twilio's statuses of texts that it never sent.
NEVER_SENT = ("canceled", "scheduled")


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a recovery found; unless it was a dry run, all of it is recorded.

    Attributes:
        sent: messages that a text of Twilio's list explains; they are marked as sent.
        doubtful: messages that one of the unmatched texts may have been; they end as `unknown_outcome`.
        unmatched: texts without a message; their slots count against their people's limits.
        received: texts of people that the database did not hold; they are part of the conversation again.
        unread: those of them that may be a wish to stop: an operator has to read them.
        opted_out, opted_in: numbers that last wrote STOP, or START.
        resumed: False where an operator had paused everything before, and after a dry run.
    """

    sent: int
    doubtful: int
    unmatched: int
    received: int
    unread: int
    opted_out: int
    opted_in: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class TextMatch:
    """Texts of Twilio's list compared with the messages that wait.

    Attributes:
        sent: messages, each with the text that it was.
        unmatched: texts without a message.
        doubtful: messages that may have been one of these: they were due, or their words were not stored.
    """

    sent: Mapping[UUID, ListedText]
    unmatched: Sequence[ListedText]
    doubtful: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """What a recovery will record.

    Attributes:
        restored: texts that need an attempt of their own.
        proofs: settlements of open attempts.
        received: texts of people that the database does not hold, in the order of time.
        last_words: the last STOP or START of each number.
    """

    match: TextMatch
    restored: Sequence[RestoredText]
    proofs: Sequence[Settlement]
    received: Sequence[ReceivedText]
    last_words: Sequence[LastIntent]


def recover(
    connection: Connection,
    message_list: MessageList,
    since: datetime,
    clock: Clock,
    *,
    apply: bool,
    on_text: Callable[[], None] = lambda: None,
) -> Recovery:
    """Pause everything, record what Twilio sent and received since a time, and resume.

    Args:
        since: the moment to which the database was restored, or an earlier one.
        apply: False only reports what a recovery would record.
        on_text: called for each text read.

    Raises:
        NotListed: Twilio's list cannot be read now; sending stays paused.
    """
    if not apply:
        return _report(plan_recovery(connection, message_list, since, on_text), resumed=False)
    is_ours = _pause_everything(connection, clock())
    plan = plan_recovery(connection, message_list, since, on_text)
    for start in range(0, len(plan.received), BATCH):
        store_inbound_texts(connection, plan.received[start : start + BATCH], clock())
    store.write_recovery(connection, plan.restored, plan.proofs, plan.match.doubtful, plan.last_words, clock())
    if is_ours:
        resume(connection, "everything", "")
    return _report(plan, resumed=is_ours)


def plan_recovery(
    connection: Connection, message_list: MessageList, since: datetime, on_text: Callable[[], None]
) -> RecoveryPlan:
    """Compare Twilio's list with the database; changes nothing."""
    texts = list(_count_texts(message_list.texts_since(since), on_text))
    people = store.find_people_by_number(connection, {text.person for text in texts})
    of_people = [text for text in texts if text.person in people]
    recorded = store.find_known_sids(connection, [text.sid for text in of_people])
    unrecorded = [
        text for text in of_people if text.sid not in recorded and not text.inbound and text.status not in NEVER_SENT
    ]
    waiting = store.read_unsent_messages(connection, {text.person for text in unrecorded})
    match = match_texts(unrecorded, waiting)
    restored, proofs = _records_of(match, waiting, people)
    inbound = [text for text in of_people if text.inbound and text.sid not in recorded]
    received = [_received_text(text) for text in sorted(inbound, key=lambda text: text.created_at)]
    return RecoveryPlan(match, restored, proofs, received, last_words(texts))


def match_texts(texts: Iterable[ListedText], waiting: Sequence[UnsentMessage]) -> TextMatch:
    """Find the message of each text: same number, same words, accepted before the text; the oldest message first.

    A text that matches no message may have been any message that could go then: Twilio's list may show its words in
    another form, or not at all (redaction).
    """
    by_number: dict[str, list[UnsentMessage]] = defaultdict(list)
    for message in sorted(waiting, key=lambda message: message.accepted_at):
        by_number[message.phone_number].append(message)
    sent: dict[UUID, ListedText] = {}
    unmatched: list[ListedText] = []
    for text in sorted(texts, key=lambda text: text.created_at):
        same = [
            message
            for message in by_number[text.person]
            if message.message_id not in sent and _was_accepted_before(message, text) and _has_words_of(message, text)
        ]
        if same:
            sent[same[0].message_id] = text
        else:
            unmatched.append(text)
    doubtful = [
        message.message_id
        for text in unmatched
        for message in by_number[text.person]
        if message.message_id not in sent and _was_accepted_before(message, text) and _could_go_before(message, text)
    ]
    return TextMatch(sent, unmatched, list(dict.fromkeys(doubtful)))


def _was_accepted_before(message: UnsentMessage, text: ListedText) -> bool:
    return message.accepted_at <= text.created_at + CLOCK_SKEW


def _could_go_before(message: UnsentMessage, text: ListedText) -> bool:
    """Whether a message without a matching text may be this one: it was due, or its words are not known."""
    return message.words is None or message.due <= text.created_at + CLOCK_SKEW


def _has_words_of(message: UnsentMessage, text: ListedText) -> bool:
    return bool(message.words and text.body.strip()) and words_key(message.words or "") == words_key(text.body)


def last_words(texts: Iterable[ListedText]) -> list[LastIntent]:
    """The last STOP or START of each number that wrote one. Twilio lists whole seconds: at equal times STOP wins."""
    words = []
    for text in texts:
        intent, _ = intent_of(text.body)
        if text.inbound and intent in (Intent.STOP, Intent.WRONG_PERSON, Intent.START, Intent.YES):
            is_stop = intent in (Intent.STOP, Intent.WRONG_PERSON)
            words.append(LastIntent(text.person, is_stop, text.created_at))
    return list({word.phone_number: word for word in sorted(words, key=lambda word: (word.at, word.is_stop))}.values())


def _pause_everything(connection: Connection, now: datetime) -> bool:
    """Pause everything; returns whether the pause is a recovery's own, of this run or of one that failed."""
    pause(connection, "everything", "", NOTE, now)
    return ("everything", NOTE) in [(pause.scope, pause.note) for pause in list_pauses(connection, now)]


def _records_of(
    match: TextMatch, waiting: Sequence[UnsentMessage], people: Mapping[str, Person]
) -> tuple[list[RestoredText], list[Settlement]]:
    """The texts that need an attempt of their own, and the settlements of attempts that were open."""
    open_attempts = {message.message_id: message.attempt_id for message in waiting}
    restored = [_restored_text(text, people[text.person], None) for text in match.unmatched]
    proofs = []
    for message_id, text in match.sent.items():
        attempt_id = open_attempts[message_id]
        if attempt_id is None:
            restored.append(_restored_text(text, people[text.person], message_id))
        else:
            proofs.append(Settlement.of_sent_text(attempt_id, text.sid, Evidence.RECOVERY))
    return restored, proofs


def _restored_text(text: ListedText, person: Person, message_id: UUID | None) -> RestoredText:
    return RestoredText(
        attempt_id=uuid7(text.created_at),
        message_id=message_id,
        user_id=person.user_id,
        phone_number=text.person,
        new_conversation_id=uuid7(text.created_at),
        sid=text.sid,
        body=text.body,
        local_date=budget_day(person, text.created_at),
        sent_at=text.created_at,
    )


def _received_text(text: ListedText) -> ReceivedText:
    """A text that a person wrote, read by the rules of live texts, without Claude (R11)."""
    intent, classified_by = intent_of(text.body, has_reader=False)
    return ReceivedText(
        inbound_id=inbound_id_of(text.sid),
        sid=text.sid,
        phone_number=text.person,
        body=text.body,
        content=text.body,
        media="[]",
        kind=intent,
        judged_by=classified_by,
        is_sms=text.is_sms,
        confirm_until=None,
        number_hash=None,
        received_at=text.created_at,
        new_conversation_id=uuid7(text.created_at),
    )


def _report(plan: RecoveryPlan, *, resumed: bool) -> Recovery:
    opted_out = sum(word.is_stop for word in plan.last_words)
    decided_at = {word.phone_number: word.at for word in plan.last_words}
    unread = [
        text
        for text in plan.received
        if text.kind is Intent.UNREAD
        and text.received_at > decided_at.get(text.phone_number, datetime.min.replace(tzinfo=UTC))
    ]
    return Recovery(
        sent=len(plan.match.sent),
        doubtful=len(plan.match.doubtful),
        unmatched=len(plan.match.unmatched),
        received=len(plan.received),
        unread=len(unread),
        opted_out=opted_out,
        opted_in=len(plan.last_words) - opted_out,
        resumed=resumed,
    )


def _count_texts(texts: Iterable[ListedText], on_text: Callable[[], None]) -> Iterable[ListedText]:
    for text in texts:
        on_text()
        yield text
