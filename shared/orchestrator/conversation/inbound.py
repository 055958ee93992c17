"""Takes in what Twilio reported: what people write, and what became of texts."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.aws.queues import QueueRecord
from orchestrator.claude_calls import ClaudeUse, count_calls, count_unasked_questions
from orchestrator.clock import Clock, countdown
from orchestrator.conversation.help_answers import accept_help_answers
from orchestrator.delivery.confirmations import confirms_opt_outs, hand_over_confirmations
from orchestrator.delivery.handover import hand_over
from orchestrator.delivery.settlements import status_report_of
from orchestrator.events import LEASED_AT_ONCE, publish_events
from orchestrator.ids import uuid7
from orchestrator.number_hash import number_hash
from orchestrator.relevance_check import calls_of, person_in_question, relevance_rows
from orchestrator.rules.inbound_marker import FRESH_FOR
from orchestrator.rules.intents import ClassifiedBy, Intent, intent_of
from orchestrator.rules.keywords import STOP_WORDS
from orchestrator.settings import InboundSettings
from orchestrator.sms import outcomes
from orchestrator.sms.requests import InboundText, Requests, StatusCallback
from orchestrator.store import conversation as store
from orchestrator.store.claims import ClaimedMessage
from orchestrator.store.conversation import ClassifiedText, ReceivedText, StoredText
from orchestrator.store.database import Database
from orchestrator.store.opt_outs import list_due_confirmations
from orchestrator.store.relevance import read_relevance_questions
from orchestrator.store.settlement import StatusReport, write_status_reports
from orchestrator.wording.classification import Classification, classify

# How long after a STOP our confirmation may go (47 CFR 64.1200(a)(12)).
CONFIRMED_WITHIN = timedelta(minutes=5)
# What an unknown sender may write to become a person; `yes` is START only of a person who is opted out.
_OF_A_PERSON = (Intent.CONVERSATION, Intent.UNREAD, Intent.YES)
# For the calls to the targets of events: the next batch, which may hold a STOP, waits for them.
EVENT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class InboundReport:
    """What a batch brought.

    Attributes:
        statuses: status callbacks by status; what Twilio repeats within a batch counts once.
        delivered: those that report a delivery.
        undelivered: texts that Twilio took and could not deliver, by its error code.
        filtered: those of them that a carrier blocked or filtered, by code.
        texts: inbound texts by what they were taken for; `unknown_sender` for those of numbers that no person has.
        opted_out: opt-outs by what recognised them: a keyword, a phrase, Twilio, or Claude (`free_words`); or
            `wrong_person`.
        claude_calls: calls to Claude by use and outcome.
        handed_over: messages that came forward.
        unread: records of texts that Claude did not read in time; they must come back. Without a key for Claude none
            does: an operator reads the text, or the person's next STOP or START resolves it.
        message_ids: the messages of status callbacks, by status.
        unknown_senders: unknown senders who were `added` as people; what was not added, by the database's SQLSTATE.
    """

    statuses: Counter[str]
    delivered: int = field(metadata=publish_as(metrics.DELIVERED, in_log=False))
    undelivered: Counter[str] = field(metadata=publish_as(metrics.UNDELIVERED))
    filtered: Counter[str] = field(metadata=publish_as(metrics.CARRIER_FILTERED, in_log=False))
    texts: Counter[str] = field(metadata=publish_as(metrics.TEXTS))
    opted_out: Counter[str] = field(metadata=publish_as(metrics.OPT_OUTS))
    claude_calls: Counter[str] = field(metadata=publish_as(metrics.CLAUDE_CALLS))
    handed_over: int
    unread: Sequence[QueueRecord] = field(metadata=publish_as(metrics.UNREAD_TEXTS, log_as="unjudged", show=len))
    message_ids: Mapping[str, Sequence[UUID]] = field(metadata=publish_as(in_log=False))
    unknown_senders: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _TextResult:
    """What a batch of inbound texts led to: as `InboundReport` has it."""

    texts: Counter[str] = field(default_factory=Counter)
    opted_out: Counter[str] = field(default_factory=Counter)
    claude_calls: Counter[str] = field(default_factory=Counter)
    handed_over: int = 0
    unread: Sequence[QueueRecord] = ()
    unknown_senders: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What Claude read: the texts that it classified, its answers, and the calls by use and outcome."""

    texts: Sequence[ClassifiedText] = ()
    answers: Sequence[Classification] = ()
    claude_calls: Counter[str] = field(default_factory=Counter)


def inbound(database: Database, requests: Requests, settings: InboundSettings, clock: Clock) -> InboundReport:
    """Take in one batch. Repeated requests, in any order, change nothing.

    Raises:
        psycopg.Error: what was not written comes back with the batch.
    """
    _write_statuses(database, requests.callbacks, clock())
    texts = _take_in_texts(database, requests.texts, settings, clock) if requests.texts else _TextResult()
    # Last: the marker counts once what people wrote beside it is stored.
    _record_marker(database, requests.markers, clock())
    # Twilio may repeat a callback within a batch.
    forms = {(callback.form.sid, callback.form.status): callback.form for callback in requests.callbacks}.values()
    statuses = Counter(form.status for form in forms)
    failed = [form for form in forms if form.status in ("failed", "undelivered")]
    return InboundReport(
        statuses=statuses,
        delivered=statuses["delivered"],
        undelivered=Counter(str(form.error_code or "unknown") for form in failed),
        filtered=Counter(str(form.error_code) for form in failed if form.error_code in outcomes.FILTERED),
        texts=texts.texts,
        opted_out=texts.opted_out,
        claude_calls=texts.claude_calls,
        handed_over=texts.handed_over,
        unread=texts.unread,
        unknown_senders=texts.unknown_senders,
        message_ids=_message_ids(requests.callbacks),
    )


def _write_statuses(database: Database, callbacks: Sequence[StatusCallback], now: datetime) -> None:
    if callbacks:
        with database.connection() as connection:
            write_status_reports(connection, [_status_report(callback, now) for callback in callbacks], now)


def _record_marker(database: Database, markers: Sequence[QueueRecord], now: datetime) -> None:
    """Record that the inbound queue is read. An old marker, which an outage left in the queue, shows nothing."""
    if any(now - marker.sent_at <= FRESH_FOR for marker in markers):
        with database.connection() as connection:
            store.record_inbound_marker(connection)


def _status_report(callback: StatusCallback, now: datetime) -> StatusReport:
    form = callback.form
    return status_report_of(callback.query.attempt_id, form.sid, form.status, form.error_code, form.phone_number, now)


def _message_ids(callbacks: Sequence[StatusCallback]) -> Mapping[str, Sequence[UUID]]:
    by_status: defaultdict[str, list[UUID]] = defaultdict(list)
    for callback in callbacks:
        by_status[callback.form.status].append(callback.query.message_id)
    return by_status


def _take_in_texts(
    database: Database, texts: Sequence[tuple[QueueRecord, InboundText]], settings: InboundSettings, clock: Clock
) -> _TextResult:
    """Take in the texts of a batch.

    STOP and START are written first, before any call. Claude then reads the texts that may hold a wish to stop in free
    words, with no transaction open (G4); until a text is read, nothing goes to its person. What waits for the people of
    the other texts comes forward (R4).
    """
    now = clock()
    # Of the same text twice in one batch, the request that SQS received first counts.
    records = sorted(texts, key=lambda text: text[0].sent_at, reverse=True)
    received = list({text.inbound_id: _received_text(record, text, settings) for record, text in records}.values())
    added = _add_unknown_senders(database, received) if settings.create_unknown_senders else Counter()
    with database.connection() as connection:
        stored = store.store_inbound_texts(connection, received, now)
    reading = _read_unread_texts(database, stored, settings, clock)
    claimed = _pull_forward(database, stored, reading, settings, clock())
    claimed += accept_help_answers(database, received, stored, settings, clock())
    _confirm_opt_outs(database, [*received, *reading.texts], settings, clock())
    # A message that SQS does not take is due again when its lease runs out.
    hand_over(settings.urgent_queue_url, claimed, clock())
    with database.connection() as connection:
        # At once, because agents wait for what the person wrote; the dispatcher publishes what is left or was refused.
        publish_events(connection, settings, clock, EVENT_SECONDS, most=LEASED_AT_ONCE, first_tries=True)
    return _TextResult(
        texts=Counter("unknown_sender" if text.user_id is None else str(text.kind) for text in stored if text.is_new),
        opted_out=_count_opt_outs(received, stored, reading),
        claude_calls=reading.claude_calls,
        handed_over=len(claimed),
        unread=_unread_records(texts, stored, reading) if settings.anthropic_api_key else [],
        unknown_senders=added,
    )


def _add_unknown_senders(database: Database, received: Sequence[ReceivedText]) -> Counter[str]:
    """Add the people of whom only the number is known, where the owner wants that.

    STOP, START and HELP add none: they are words to us, not to an agent. Where the database refuses, the texts are kept
    aside as those of other unknown senders, because no fault here may hold up a STOP.

    Returns:
        How many were `added`, or were not, by SQLSTATE.
    """
    numbers = {text.inbound_id: text.phone_number for text in received if text.is_sms and text.kind in _OF_A_PERSON}
    if not numbers:
        return Counter()
    with database.connection() as connection:
        try:
            return Counter(added=store.add_unknown_senders(connection, numbers))
        except psycopg.Error as error:
            if connection.closed:
                raise
            return Counter({str(error.sqlstate): len(numbers)})


def _confirm_opt_outs(
    database: Database, texts: Sequence[ReceivedText | ClassifiedText], settings: InboundSettings, now: datetime
) -> None:
    """Hand over the confirmations that are due (R11); the deliver function claims each once."""
    opt_outs = [opt_out for text in texts if (opt_out := text.opt_out) and opt_out.confirm_until]
    if opt_outs:
        with database.connection() as connection:
            due = list_due_confirmations(connection, opt_outs, now)
        hand_over_confirmations(settings.urgent_queue_url, due)


def _count_opt_outs(received: Sequence[ReceivedText], stored: Sequence[StoredText], reading: _Reading) -> Counter[str]:
    new = {text.inbound_id for text in stored if text.is_new}
    opt_outs = [text.opt_out for text in received if text.inbound_id in new]
    free_words = {(text.user_id, str(text.kind)) for text in reading.texts if text.kind is not Intent.CONVERSATION}
    return Counter(
        [
            *(opt_out.source for opt_out in opt_outs if opt_out),
            *("free_words" if kind == Intent.STOP else kind for _, kind in free_words),
        ]
    )


def _unread_records(
    texts: Sequence[tuple[QueueRecord, InboundText]], stored: Sequence[StoredText], reading: _Reading
) -> list[QueueRecord]:
    unread = {text.inbound_id for text in stored if text.kind == Intent.UNREAD}
    unread -= {text.inbound_id for text in reading.texts}
    return [record for record, text in texts if text.inbound_id in unread]


def _received_text(record: QueueRecord, text: InboundText, settings: InboundSettings) -> ReceivedText:
    has_reader = settings.anthropic_api_key is not None
    intent, classified_by = intent_of(
        text.body, text.form.opt_out_type, has_reader=has_reader, to_toll_free=text.is_to_toll_free
    )
    content_types = ", ".join(medium["content_type"] or "media" for medium in text.media)
    return ReceivedText(
        inbound_id=text.inbound_id,
        sid=text.form.sid,
        phone_number=text.phone_number,
        body=text.body,
        content=text.body or (f"[{content_types}]" if text.media else ""),
        media=json.dumps(text.media),
        kind=intent,
        judged_by=classified_by,
        is_sms=text.is_sms,
        confirm_until=None if _twilio_confirms(text) or not text.is_sms else _confirm_until(record.sent_at, settings),
        number_hash=number_hash(text.phone_number, settings.privacy_key),
        received_at=_received_at(record, text, intent),
        new_conversation_id=uuid7(record.sent_at),
    )


def _twilio_confirms(text: InboundText) -> bool:
    """Whether Twilio took a text for STOP: the whole body is its word, or Advanced Opt-Out says so.

    (help.twilio.com, Twilio support for opt-out keywords.)
    """
    return bool(text.form.opt_out_type) or text.body.strip().upper() in STOP_WORDS


def _confirm_until(received_at: datetime, settings: InboundSettings) -> datetime | None:
    return received_at + CONFIRMED_WITHIN if confirms_opt_outs(settings) else None


def _received_at(record: QueueRecord, text: InboundText, intent: Intent) -> datetime:
    """When SQS first received a text.

    A dead letter that an operator sent back has lost that time. STOP then counts as of now, and START as of the time
    of the webhook's host, so that it does not undo a STOP that came after it.
    """
    was_sent_back = record.original_id != record.sqs_message_id and record.sent_at == record.queued_at
    if was_sent_back and intent in (Intent.START, Intent.YES):
        return min(record.sent_at, text.received_at)
    return record.sent_at


def _read_unread_texts(
    database: Database, stored: Sequence[StoredText], settings: InboundSettings, clock: Clock
) -> _Reading:
    """Let Claude read the texts that no rule could classify; its ceiling of the day does not count here (R11)."""
    unread = [text for text in stored if text.kind == Intent.UNREAD and text.user_id is not None]
    people = sorted({text.user_id for text in unread if text.user_id})
    if not people or settings.anthropic_api_key is None:
        return _Reading(claude_calls=count_unasked_questions(ClaudeUse.READ_REPLY, len(people)))
    with database.connection() as connection:
        rows = read_relevance_questions(connection, people, clock(), also_idle=True)
    questions = [person_in_question(row) for row in rows]
    answers = classify(questions, settings, countdown(settings.claude_deadline_seconds))
    # An answer counts for each text that Claude saw. A text that came meanwhile was not seen and stays unread.
    seen = {row["user_id"]: row["text_ids"] for row in rows}
    newest = {text.user_id: text for text in sorted(unread, key=lambda text: text.received_at)}
    classified = [
        ClassifiedText(
            inbound_id=inbound_id,
            user_id=user_id,
            phone_number=newest[user_id].phone_number,
            # START in free words lifts no block that Twilio holds: it is conversation.
            kind=Intent.CONVERSATION if answer.intent is Intent.START else answer.intent,
            judged_by=ClassifiedBy.CLAUDE,
            received_at=newest[user_id].received_at,
            confirm_until=_confirm_until(newest[user_id].received_at, settings),
        )
        for answer in answers
        if answer.intent is not None
        for user_id in (answer.judgement.subject.user_id,)
        for inbound_id in seen[user_id]
    ]
    calls = [call for answer in answers for call in answer.judgement.calls]
    return _Reading(classified, answers, count_calls(ClaudeUse.READ_REPLY, calls))


def _pull_forward(
    database: Database, stored: Sequence[StoredText], reading: _Reading, settings: InboundSettings, now: datetime
) -> list[ClaimedMessage]:
    people = sorted({text.user_id for text in stored if text.user_id is not None})
    if not people:
        return []
    with database.connection() as connection:
        return store.pull_forward(
            connection,
            people,
            reading.texts,
            [row for answer in reading.answers for row in relevance_rows(answer.judgement)],
            [call for answer in reading.answers for call in calls_of(answer.judgement, ClaudeUse.READ_REPLY)],
            settings,
            timedelta(minutes=settings.reformulation_minutes),
            now,
        )
