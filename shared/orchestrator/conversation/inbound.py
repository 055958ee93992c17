"""What Twilio told us: what people write, and what became of texts."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.aws.queues import OutgoingMessage, QueueRecord, send_all
from orchestrator.clock import Clock, countdown
from orchestrator.events import LEASED_AT_ONCE, publish_events
from orchestrator.ids import uuid7
from orchestrator.number_hash import number_hash
from orchestrator.relevance_check import calls_of, person_in_question, relevance_rows
from orchestrator.rules.intents import ClassifiedBy, Intent, intent_of
from orchestrator.settings import InboundSettings
from orchestrator.sms import outcomes
from orchestrator.sms.requests import InboundText, Requests, StatusCallback
from orchestrator.store import conversation as store
from orchestrator.store.conversation import ClassifiedText, ReceivedText, StoredText
from orchestrator.store.database import Database
from orchestrator.store.opt_outs import OptIn, OptOut
from orchestrator.store.relevance import read_in_question
from orchestrator.store.settlement import StatusReport, settle_and_move
from orchestrator.wording.classification import Classification, classify


@dataclass(slots=True)
class InboundReport:
    """What a batch told.

    Attributes:
        statuses: callbacks by Twilio's word.
        undelivered: texts that Twilio took and could not deliver, by its error code.
        filtered: those of them that a carrier blocked or filtered, by code.
        texts: inbound texts by what they were taken for; `unknown_sender` for those of nobody.
        opted_out: STOP by how it was said.
        handed_over: messages that came forward.
        unjudged: records of texts that nobody could judge; they must come back.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    undelivered: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    opted_out: Counter[str] = field(default_factory=Counter)
    handed_over: int = 0
    unjudged: list[QueueRecord] = field(default_factory=list)


def inbound(database: Database, requests: Requests, settings: InboundSettings, clock: Clock) -> InboundReport:
    """Take in one batch; repeated requests, in any order, change nothing.

    STOP and START are written first, before anybody is asked anything. What may be a wish to stop in free words is then
    read by Claude, with no transaction open (G4); until it is judged, nothing goes to its person. What waits for the
    others comes forward (R4).

    Raises:
        psycopg.Error: what was not written comes back with the batch.
    """
    report = InboundReport()
    _take_in_statuses(database, requests.callbacks, clock(), report)
    if requests.texts:
        taken = _take_in_texts(database, [text for _, text in requests.texts], settings, clock(), report)
        heard = _read_unjudged(database, taken, settings, clock)
        handed_over = _come_forward(database, taken, heard, settings, clock(), report)
        # One that SQS does not take is due again when its lease runs out.
        send_all(
            settings.urgent_queue_url,
            [OutgoingMessage(json.dumps({"message_id": str(found)})) for found in handed_over],
        )
        report.handed_over = len(handed_over)
        with database.connection() as connection:
            # At once: an agent waits for what the person wrote. What is not told now is told with the next minute.
            publish_events(connection, settings.event_bus_name, clock, most=LEASED_AT_ONCE)
        settled = {reading.inbound_id for reading in heard.readings}
        waiting = {text.inbound_id for text in taken if text.kind == Intent.UNJUDGED} - settled
        report.unjudged = [record for record, text in requests.texts if text.inbound_id in waiting]
    return report


def _take_in_statuses(
    database: Database, callbacks: Sequence[StatusCallback], now: datetime, report: InboundReport
) -> None:
    if callbacks:
        told = [_told(callback) for callback in callbacks]
        with database.connection() as connection:
            settle_and_move(connection, told, [callback.form.sid for callback in callbacks], now)
    # What Twilio repeats in one breath counts once.
    forms = {(callback.form.sid, callback.form.status): callback.form for callback in callbacks}.values()
    failed = [form for form in forms if form.status in ("failed", "undelivered")]
    report.statuses.update(form.status for form in forms)
    report.undelivered.update(str(form.error_code or "unknown") for form in failed)
    report.filtered.update(str(form.error_code) for form in failed if form.error_code in outcomes.FILTERED)


def _told(callback: StatusCallback) -> StatusReport:
    code = callback.form.error_code
    return StatusReport(
        attempt_id=callback.query.attempt_id,
        status=callback.form.status,
        error_code=code,
        opts_out=code in outcomes.OPTED_OUT,
        is_dead=code in outcomes.DEAD_NUMBER,
        is_unreachable=code in outcomes.UNREACHABLE,
        is_configuration=code in outcomes.CARRIER_CONFIGURATION,
    )


def _take_in_texts(
    database: Database, texts: Sequence[InboundText], settings: InboundSettings, now: datetime, report: InboundReport
) -> list[StoredText]:
    # The same text twice in one batch is one text.
    rows = {text.inbound_id: _received(text, settings, now) for text in texts}
    stops = [row for row in rows.values() if row.kind is Intent.STOP]
    starts = [row for row in rows.values() if row.kind in (Intent.START, Intent.YES)]
    opt_outs = [OptOut(row.phone_number, row.judged_by, row.received_at) for row in stops]
    opt_ins = [
        OptIn(row.phone_number, row.received_at, number_hash(row.phone_number, settings.privacy_key)) for row in starts
    ]
    with database.connection() as connection:
        taken = store.take_in(connection, list(rows.values()), opt_outs, opt_ins, now)
    report.opted_out.update(row.judged_by.value for row in stops)
    report.texts.update("unknown_sender" if t.user_id is None else str(t.kind) for t in taken)
    return taken


def _received(text: InboundText, settings: InboundSettings, now: datetime) -> ReceivedText:
    wish, judged_by = intent_of(text.body, text.form.opt_out_type)
    if wish is Intent.UNJUDGED and settings.anthropic_api_key is None:
        wish = Intent.CONVERSATION  # there is nobody to ask: the rules alone decide
    media = text.media
    kinds = ", ".join(medium["content_type"] or "media" for medium in media)
    return ReceivedText(
        inbound_id=text.inbound_id,
        sid=text.form.sid,
        phone_number=text.form.sender,
        body=text.body,
        content=text.body or (f"[{kinds}]" if media else ""),
        media=json.dumps(media),
        kind=wish,
        judged_by=judged_by,
        received_at=min(text.received_at, now),
        new_conversation_id=uuid7(now),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What Claude said: the readings of texts, and everything it was heard to say."""

    readings: Sequence[ClassifiedText] = ()
    heard: Sequence[Classification] = ()


def _read_unjudged(database: Database, taken: Sequence[StoredText], settings: InboundSettings, clock: Clock) -> _Read:
    """Ask about everybody with a text that no rule could judge; the daily ceiling does not count here (R11)."""
    unjudged = [text for text in taken if text.kind == Intent.UNJUDGED and text.user_id is not None]
    if not unjudged or settings.anthropic_api_key is None:
        return _Read()
    now = clock()
    with database.connection() as connection:
        people = sorted({text.user_id for text in unjudged if text.user_id})
        rows = read_in_question(connection, people, now, also_idle=True)
    heard = classify([person_in_question(row) for row in rows], settings, countdown(settings.claude_deadline_seconds))
    # Whoever reads a text reads those before it; one that came meanwhile was not read, and stays unjudged.
    read_ids = {row["user_id"]: row["said_ids"] for row in rows}
    newest = {text.user_id: text for text in sorted(unjudged, key=lambda text: text.received_at)}
    readings = [
        ClassifiedText(
            inbound_id=inbound_id,
            user_id=user_id,
            phone_number=newest[user_id].phone_number,
            kind=Intent.STOP if said.wants_no_more_texts else Intent.CONVERSATION,
            judged_by=ClassifiedBy.CLAUDE,
            received_at=newest[user_id].received_at,
        )
        for said in heard
        if said.wants_no_more_texts is not None
        for user_id in (said.judgement.subject.user_id,)
        for inbound_id in read_ids[user_id]
    ]
    return _Read(readings, heard)


def _come_forward(
    database: Database,
    taken: Sequence[StoredText],
    read: _Read,
    settings: InboundSettings,
    now: datetime,
    report: InboundReport,
) -> list[UUID]:
    people = sorted({text.user_id for text in taken if text.user_id is not None})
    if not people:
        return []
    with database.connection() as connection:
        handed_over = store.come_forward(
            connection,
            people,
            read.readings,
            [verdict for said in read.heard for verdict in relevance_rows(said.judgement)],
            [call for said in read.heard for call in calls_of(said.judgement, "read_reply")],
            timedelta(minutes=settings.reformulation_minutes),
            now,
        )
    stopped = {reading.user_id for reading in read.readings if reading.kind is Intent.STOP}
    report.opted_out.update({"free_words": len(stopped)} if stopped else {})
    return handed_over
