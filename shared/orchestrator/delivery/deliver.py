"""The way out: a batch in delivery is judged, put into words, reserved, sent once, and settled."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from orchestrator.aws.queues import DeadLetter, QueueRecord
from orchestrator.clock import Clock, Countdown, countdown
from orchestrator.delivery.attempts import (
    PreparedSend,
    call_log_entries,
    new_words,
    prepare_sends,
    settlements_of,
    settlements_without_call,
)
from orchestrator.leases import PART_LEASE, SENDING_LEASE
from orchestrator.messages import Lane
from orchestrator.relevance_check import check_people
from orchestrator.rules.decision import CheckRelevance, End, Hold, Send
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.wave import Case, decide_wave
from orchestrator.settings import DeliverSettings
from orchestrator.sms.outcomes import Outcome, OutcomeKind, consequence
from orchestrator.sms.sender import Sender
from orchestrator.store import delivery as store
from orchestrator.store.database import Database
from orchestrator.store.delivery import DecisionRow, Delivery
from orchestrator.store.schedule import put_back
from orchestrator.store.settlement import Settlement
from orchestrator.wording.render import Brief, write_words

# A failover takes seconds; an outcome that cannot be written by then is settled by evidence.
SETTLE_TRIES = 6
# For the round trips to Postgres around the calls of a wave.
SPARE_SECONDS = 5.0
# A candidate that lost its place between verdict and reservation is judged anew, this often.
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class SentText:
    """A text that Twilio took.

    Attributes:
        wait: seconds since the message was accepted.
        lateness: seconds since it was due.
    """

    lane: Lane
    wait: float
    lateness: float
    segments: int


@dataclass(slots=True)
class DeliverReport:
    """What became of a batch.

    Attributes:
        sent: the texts that Twilio took.
        message_ids: every message of the batch, by what became of it.
        outcomes: calls by what came of them.
        held, ended: messages by reason.
        undecided: messages that kept losing their place; they must come back.
        judged: verdicts on relevance.
        refused: calls that Twilio refused, by what follows; `configuration` is a fault of our account.
        over_ceiling: waves in which nobody was asked because Claude had cost enough for today.
        errors: what Twilio or the network said, by text, without numbers or words.
    """

    sent: list[SentText] = field(default_factory=list)
    message_ids: defaultdict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    outcomes: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    undecided: list[UUID] = field(default_factory=list)
    judged: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    over_ceiling: int = 0


def message_ids_of(records: Sequence[QueueRecord]) -> tuple[dict[UUID, str], list[DeadLetter]]:
    """The messages that a batch names, each with the id of its SQS record; and the records that name none."""
    named: dict[UUID, str] = {}
    unreadable: list[DeadLetter] = []
    for record in records:
        try:
            named[UUID(json.loads(record.body)["message_id"])] = record.sqs_message_id
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable.append(DeadLetter(record, "unreadable", "message_id", "the body names no message"))
    return named, unreadable


def deliver(
    database: Database,
    message_ids: Sequence[UUID],
    sender: Sender,
    settings: DeliverSettings,
    clock: Clock,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> DeliverReport:
    """Deliver one batch, in three round trips to Postgres (G1, G2, G5).

    The parts of a sequence follow each other, each reserved once the one before was accepted (R8), and so do replies to
    one person (R12).
    No transaction is open while Claude or Twilio is called (G4). A message that is not `approved` any more is in other
    hands, or has ended: a repeated record changes nothing.

    Args:
        seconds_left: what remains of the invocation; a wave that might not end in it is not begun, and its messages are
            due as before.

    Raises:
        psycopg.Error: what was not reserved is due again when its lease runs out; what was, is settled by evidence.
    """
    report = DeliverReport()
    undecided = list(message_ids)
    rounds_lost = 0
    while undecided:
        if seconds_left() < settings.twilio_timeout_seconds + settings.claude_deadline_seconds + SPARE_SECONDS:
            with database.connection() as connection:
                put_back(connection, undecided)
            return report
        now = clock()
        with database.connection() as connection:
            deliveries = store.read_state(connection, undecided, now)
        if not deliveries:
            return report
        reused = [d.message_id for d in deliveries if d.waiting.relevance is not Relevance.UNASKED]
        time_left = countdown(settings.claude_deadline_seconds)
        may_ask = deliveries[0].spent_today < settings.claude_daily_ceiling_usd
        report.over_ceiling += not may_ask
        deliveries = _judged(database, deliveries, settings, clock, time_left, may_ask=may_ask, report=report)
        sendable, rulings = _decide(deliveries, settings, clock())
        to_write = [_brief(delivery) for delivery, _ in sendable if delivery.words_source is None]
        words = write_words(to_write, settings, time_left, may_ask=may_ask)

        # Claude may have taken seconds, in which the person may have said STOP: from here on nothing waits.
        now = clock()
        ready = prepare_sends(sendable, words, rulings, sender, settings, now)
        try:
            with database.connection() as connection:
                reserved = store.write_and_reserve(
                    connection,
                    rulings,
                    new_words(words),
                    [message.candidate for message in ready],
                    call_log_entries(sendable, words),
                    reused,
                    now,
                    lease_until=now + SENDING_LEASE,
                    ceiling_usd=settings.twilio_daily_ceiling_usd,
                )
        except psycopg.OperationalError:
            # It may have been committed, and its answer lost: no call was made, and nobody needs to wonder.
            _settle(database, settlements_without_call(ready, clock()), [], [], clock())
            raise
        wave = [message for message in ready if message.candidate.attempt_id in reserved]
        following: list[UUID] = []
        if wave:
            outcomes = sender.send_wave([message.sms for message in wave])
            now = clock()
            parts = [message.delivery.message_id for message in wave if message.delivery.waiting.in_sequence]
            answered = [message.candidate.user_id for message in wave if message.delivery.waiting.is_reply]
            following = _settle(database, settlements_of(wave, outcomes, now), parts, answered, now)
            _count_outcomes(report, wave, outcomes, now)
        _count_rulings(report, rulings)
        lost = [message.delivery.message_id for message in ready if message.candidate.attempt_id not in reserved]
        rounds_lost += bool(lost)
        if rounds_lost >= ROUNDS:
            report.undecided.extend(lost)
            lost = []
        undecided = [*following, *lost]
    return report


def _settle(
    database: Database, settlements: list[Settlement], parts: list[UUID], answered: list[UUID], now: datetime
) -> list[UUID]:
    """Write the outcomes, over a new connection if need be: what Twilio just told us is told once."""
    for attempt in Retrying(
        retry=retry_if_exception_type(psycopg.OperationalError),
        stop=stop_after_attempt(SETTLE_TRIES),
        wait=wait_exponential(multiplier=0.1, max=2),
        reraise=True,
    ):
        with attempt, database.connection() as connection:
            return store.settle_wave(connection, settlements, parts, answered, now, now + PART_LEASE)
    raise AssertionError("unreachable: the last try raises")


def _judged(
    database: Database,
    deliveries: list[Delivery],
    settings: DeliverSettings,
    clock: Clock,
    time_left: Countdown,
    *,
    may_ask: bool,
    report: DeliverReport,
) -> list[Delivery]:
    """The deliveries with what is known of their relevance, for those that could go now (R10)."""
    if not any(delivery.waiting.requires_fresh_context for delivery in deliveries):
        return deliveries
    verdicts = decide_wave(_cases(deliveries), settings, clock())
    asked = {d.message_id: d.person.user_id for d in deliveries if isinstance(verdicts[d.message_id], CheckRelevance)}
    if not asked:
        return deliveries
    known = check_people(database, asked, settings, clock, time_left, may_ask=may_ask)
    report.judged.update(found.relevance.value for found in known.values())
    return [
        replace(d, waiting=replace(d.waiting, relevance=found.relevance, judged_at=found.judged_at))
        if (found := known.get(d.message_id))
        else d
        for d in deliveries
    ]


def _decide(
    deliveries: Sequence[Delivery], settings: DeliverSettings, now: datetime
) -> tuple[list[tuple[Delivery, Send]], list[DecisionRow]]:
    by_id = {delivery.message_id: delivery for delivery in deliveries}
    sendable: list[tuple[Delivery, Send]] = []
    rulings: list[DecisionRow] = []
    for message_id, verdict in decide_wave(_cases(deliveries), settings, now).items():
        match verdict:
            case Send():
                sendable.append((by_id[message_id], verdict))
            case Hold(until, reason):
                rulings.append(DecisionRow(message_id, Status.QUEUED, reason, until))
            case End(status, reason, superseded_by):
                rulings.append(DecisionRow(message_id, status, reason, None, superseded_by))
            case CheckRelevance():
                # It became sendable while others were judged: the next round asks.
                rulings.append(DecisionRow(message_id, Status.QUEUED, Reason.RELEVANCE_UNKNOWN, now))
    return sendable, rulings


def _cases(deliveries: Sequence[Delivery]) -> list[Case]:
    return [Case(d.message_id, d.waiting, d.person, d.paused) for d in deliveries]


def _brief(delivery: Delivery) -> Brief:
    person = delivery.person
    return Brief(delivery.message_id, delivery.agent_id, delivery.data, person.first_name)


def _count_outcomes(
    report: DeliverReport, wave: Sequence[PreparedSend], outcomes: Sequence[Outcome], now: datetime
) -> None:
    for message, outcome in zip(wave, outcomes, strict=True):
        report.message_ids[outcome.kind.value].append(message.delivery.message_id)
        if outcome.kind is OutcomeKind.ACCEPTED:
            report.sent.append(_sent_text(message, now))
    report.outcomes.update(outcome.kind.value for outcome in outcomes)
    report.refused.update(
        consequence(outcome.code).value for outcome in outcomes if outcome.kind is OutcomeKind.REFUSED
    )
    report.errors.update(
        outcome.error for outcome in outcomes if outcome.kind is not OutcomeKind.ACCEPTED and outcome.error
    )


def _sent_text(message: PreparedSend, now: datetime) -> SentText:
    waiting = message.delivery.waiting
    return SentText(
        lane=waiting.lane,
        wait=(now - waiting.accepted_at).total_seconds(),
        lateness=max(0.0, (now - max(waiting.due, waiting.accepted_at)).total_seconds()),
        segments=message.candidate.segments,
    )


def _count_rulings(report: DeliverReport, rulings: Sequence[DecisionRow]) -> None:
    for ruling in rulings:
        waits = ruling.status is Status.QUEUED
        (report.held if waits else report.ended)[ruling.reason.value] += 1
        report.message_ids["held" if waits else ruling.status.value].append(ruling.message_id)
