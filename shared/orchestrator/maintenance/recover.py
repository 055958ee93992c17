"""After a restore: a database brought back from an older state has forgotten what it sent, and who said STOP."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.ids import uuid7
from orchestrator.people import Person
from orchestrator.rules.decision import budget_day
from orchestrator.rules.intents import Intent, intent_of
from orchestrator.sms.message_list import CLOCK_SKEW, ListedText, MessageList
from orchestrator.store import recovery as store
from orchestrator.store.pauses import list_pauses, pause, resume
from orchestrator.store.recovery import LastIntent, RestoredText, UnsentMessage
from orchestrator.store.settlement import Evidence, Settlement

# Why everything is paused meanwhile.
NOTE = "recovery after a restore"
# Twilio's statuses of a text that it never sent.
NEVER_SENT = ("canceled", "scheduled")


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a recovery found, and did unless it was a dry run.

    Attributes:
        sent: messages that had been sent, and are marked so.
        doubtful: messages whose words were not known yet, for people who got a text that no message explains: they may
            have been sent, and end as `unknown_outcome`.
        forgotten: texts that no message explains; their slots are counted again.
        opted_out, opted_in: numbers whose last word was STOP, or START.
        resumed: False where an operator had paused everything before.
    """

    sent: int
    doubtful: int
    forgotten: int
    opted_out: int
    opted_in: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class Match:
    """Texts held against what waits.

    Attributes:
        sent: the message that each of these texts was.
        forgotten: texts that no message explains.
        doubtful: messages that one of those may have been.
    """

    sent: Mapping[UUID, ListedText]
    forgotten: Sequence[ListedText]
    doubtful: Sequence[UUID]


def recover(
    connection: Connection,
    message_list: MessageList,
    since: datetime,
    clock: Clock,
    *,
    apply: bool,
    on_text: Callable[[], None] = lambda: None,
) -> Recovery:
    """Read what Twilio sent since a time, mark it, and only then let sending go on.

    Args:
        since: the moment to which the database was brought back, or before.
        apply: False changes nothing and tells what would happen.
        on_text: called for each text read.

    Raises:
        NotListed: Twilio cannot be asked now; sending stays paused.
    """
    others_pause = False
    if apply:
        pause(connection, "everything", "", NOTE, clock())
        # A recovery that could not ask Twilio left its own pause behind; somebody else's stays.
        others_pause = ("everything", NOTE) not in [(scope, note) for scope, _, note, _, _ in list_pauses(connection)]
    texts = list(_counted(message_list.texts_since(since), on_text))
    people = store.find_people_by_number(connection, {text.person for text in texts})
    outbound = [text for text in texts if text.person in people and not text.inbound and text.status not in NEVER_SENT]
    remembered = store.find_known_sids(connection, [text.sid for text in outbound])
    unknown = [text for text in outbound if text.sid not in remembered]
    waiting = store.read_unsent_messages(connection, {text.person for text in unknown})
    match = match_texts(unknown, waiting)
    words = [LastIntent(number, said is Intent.STOP, at) for number, (said, at) in last_words(texts).items()]
    if apply:
        store.write_recovery(connection, *_settled(match, waiting, people), match.doubtful, words, clock())
        if not others_pause:
            resume(connection, "everything", "")
    return Recovery(
        sent=len(match.sent),
        doubtful=len(match.doubtful),
        forgotten=len(match.forgotten),
        opted_out=sum(word.is_stop for word in words),
        opted_in=sum(not word.is_stop for word in words),
        resumed=apply and not others_pause,
    )


def match_texts(texts: Iterable[ListedText], waiting: Sequence[UnsentMessage]) -> Match:
    """Find the message that each text was: same number, same words, accepted before; the oldest one first."""
    open_by_number: dict[str, list[UnsentMessage]] = defaultdict(list)
    for message in sorted(waiting, key=lambda message: message.accepted_at):
        open_by_number[message.phone_number].append(message)
    sent: dict[UUID, ListedText] = {}
    forgotten: list[ListedText] = []
    doubtful: list[UUID] = []
    for text in sorted(texts, key=lambda text: text.created_at):
        candidates = [
            message
            for message in open_by_number[text.person]
            if message.message_id not in sent and message.accepted_at <= text.created_at + CLOCK_SKEW
        ]
        same = [message for message in candidates if message.words and message.words.strip() == text.body.strip()]
        if same:
            sent[same[0].message_id] = text
        else:
            forgotten.append(text)
            doubtful.extend(message.message_id for message in candidates if message.words is None)
    return Match(sent, forgotten, list(dict.fromkeys(doubtful)))


def last_words(texts: Iterable[ListedText]) -> dict[str, tuple[Intent, datetime]]:
    """The last STOP or START of each number that said one, and when."""
    words: dict[str, tuple[Intent, datetime]] = {}
    for text in sorted(texts, key=lambda text: text.created_at):
        wish, _ = intent_of(text.body)
        if text.inbound and wish in (Intent.STOP, Intent.START, Intent.YES):
            words[text.person] = wish, text.created_at
    return words


def _settled(
    match: Match, waiting: Sequence[UnsentMessage], people: Mapping[str, Person]
) -> tuple[list[RestoredText], list[Settlement]]:
    """The texts that need an attempt of their own, and what settles the others."""
    open_attempts = {message.message_id: message.attempt_id for message in waiting}
    forgotten = [_forgotten(text, people[text.person], None) for text in match.forgotten]
    proofs = []
    for message_id, text in match.sent.items():
        attempt_id = open_attempts[message_id]
        if attempt_id is None:
            forgotten.append(_forgotten(text, people[text.person], message_id))
        else:
            proofs.append(Settlement.of_sent_text(attempt_id, text.sid, Evidence.RECOVERY))
    return forgotten, proofs


def _forgotten(text: ListedText, person: Person, message_id: UUID | None) -> RestoredText:
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


def _counted(texts: Iterable[ListedText], on_text: Callable[[], None]) -> Iterable[ListedText]:
    for text in texts:
        on_text()
        yield text
