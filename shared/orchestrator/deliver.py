"""The way out: a batch in delivery is judged, put into words, reserved, sent once, and settled."""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from orchestrator.clock import Clock
from orchestrator.ids import uuid7
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.verdict import End, Hold, Send
from orchestrator.rules.wave import Case, decide_wave
from orchestrator.settings import DeliverSettings
from orchestrator.sms.aftermath import aftermath
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.sms.sender import Sms
from orchestrator.store import delivery as store
from orchestrator.store.database import Database
from orchestrator.store.delivery import Candidate, Delivery, LoggedCall, Ruling, Settlement, StoredWords
from orchestrator.store.schedule import put_back
from orchestrator.wording.render import Brief, Words, write_words

# After this a message under way counts as maybe sent: longer than any call can take.
SENDING_LEASE = timedelta(minutes=10)
# A failover takes seconds; an outcome that cannot be written by then is settled by evidence.
SETTLE_TRIES = 6
# For the round trips to Postgres around the calls of a wave.
SPARE_SECONDS = 5.0
# How long the next part of a sequence may take to be reserved, before it counts as left behind.
PART_LEASE = timedelta(minutes=5)
# A candidate that lost its place between verdict and reservation is judged anew, this often.
ROUNDS = 4
# The roles that the `messages` table knows; other agents speak through the concierge.
ROLES = ("concierge", "bouncer", "innovator")


class Sender(Protocol):
    """What sends texts: Twilio, or in a benchmark nothing at all."""

    def send_wave(self, texts: Sequence[Sms]) -> list[Outcome]: ...

    def fingerprint(self, sms: Sms) -> str: ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that may go: its verdict, its text, and the attempt to be made."""

    delivery: Delivery
    verdict: Send
    sms: Sms
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of a batch.

    Attributes:
        outcomes: calls by what came of them.
        held, ended: messages by reason.
        undecided: messages that kept losing their place; they must come back.
        errors: what Twilio or the network said, by text, without numbers or words.
    """

    outcomes: Counter[str]
    held: Counter[str]
    ended: Counter[str]
    undecided: list[UUID]
    errors: Counter[str]


def message_ids_of(event: Mapping[str, Any]) -> tuple[dict[UUID, str], list[str]]:
    """What an SQS event brings.

    Returns:
        The message ids, each with the id of its SQS record; and the records that name no message, which go back until
        the dead-letter queue takes them.
    """
    records: dict[UUID, str] = {}
    unreadable: list[str] = []
    for record in event["Records"]:
        try:
            records[UUID(json.loads(record["body"])["message_id"])] = record["messageId"]
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable.append(record["messageId"])
    return records, unreadable


def deliver(
    database: Database,
    message_ids: Sequence[UUID],
    sender: Sender,
    settings: DeliverSettings,
    clock: Clock,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> DeliverReport:
    """Deliver one batch, in three round trips to Postgres (G1, G2, G5).

    The parts of a sequence follow each other, each reserved once the one before was accepted (R8).
    No transaction is open while Claude or Twilio is called (G4). A message that is not `approved` any more is in other
    hands, or has ended: a repeated record changes nothing.

    Args:
        seconds_left: what remains of the invocation; a wave that might not end in it is not begun, and its messages are
            due as before.

    Raises:
        psycopg.Error: what was not reserved is due again when its lease runs out; what was, is settled by evidence.
    """
    report = DeliverReport(Counter(), Counter(), Counter(), [], Counter())
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
        sendable, rulings = _judge(deliveries, settings, now)
        words = write_words([_brief(delivery) for delivery, _ in sendable if delivery.words_source is None], settings)

        # Claude may have taken seconds, in which the person may have said STOP: from here on nothing waits.
        now = clock()
        ready = _ready(sendable, words, rulings, sender, settings, now)
        with database.connection() as connection:
            reserved = store.write_and_reserve(
                connection,
                rulings,
                _new_words(words),
                [message.candidate for message in ready],
                _logged_calls(sendable, words),
                now,
                lease_until=now + SENDING_LEASE,
            )
        wave = [message for message in ready if message.candidate.attempt_id in reserved]
        following: list[UUID] = []
        if wave:
            outcomes = sender.send_wave([message.sms for message in wave])
            now = clock()
            parts = [message.delivery.message_id for message in wave if message.delivery.waiting.in_sequence]
            following = _settle(database, _settlements(wave, outcomes, now), parts, now)
            _count_outcomes(report, outcomes)
        _count_rulings(report, rulings)
        lost = [message.delivery.message_id for message in ready if message.candidate.attempt_id not in reserved]
        rounds_lost += bool(lost)
        if rounds_lost == ROUNDS:
            report.undecided.extend(lost)
            lost = []
        undecided = [*following, *lost]
    return report


def _settle(database: Database, settlements: list[Settlement], parts: list[UUID], now: datetime) -> list[UUID]:
    """Write the outcomes, over a new connection if need be: what Twilio just told us is told once."""
    for attempt in Retrying(
        retry=retry_if_exception_type(psycopg.OperationalError),
        stop=stop_after_attempt(SETTLE_TRIES),
        wait=wait_exponential(multiplier=0.1, max=2),
        reraise=True,
    ):
        with attempt, database.connection() as connection:
            return store.settle(connection, settlements, parts, now, now + PART_LEASE)
    raise AssertionError("unreachable: the last try raises")


def _judge(
    deliveries: Sequence[Delivery], settings: DeliverSettings, now: datetime
) -> tuple[list[tuple[Delivery, Send]], list[Ruling]]:
    by_id = {delivery.message_id: delivery for delivery in deliveries}
    cases = [Case(d.message_id, d.waiting, d.person, d.paused) for d in deliveries]
    sendable: list[tuple[Delivery, Send]] = []
    rulings: list[Ruling] = []
    for message_id, verdict in decide_wave(cases, settings, now).items():
        match verdict:
            case Send():
                sendable.append((by_id[message_id], verdict))
            case Hold(until, reason):
                rulings.append(Ruling(message_id, Status.QUEUED, reason, until))
            case End(status, reason, superseded_by):
                rulings.append(Ruling(message_id, status, reason, None, superseded_by))
    return sendable, rulings


def _brief(delivery: Delivery) -> Brief:
    person = delivery.person
    return Brief(delivery.message_id, person.user_id, delivery.data, person.first_name)


def _ready(
    sendable: Sequence[tuple[Delivery, Send]],
    words: Mapping[UUID, Words],
    rulings: list[Ruling],
    sender: Sender,
    settings: DeliverSettings,
    now: datetime,
) -> list[Ready]:
    """The attempts to reserve; a message whose data makes no words joins the rulings instead."""
    ready = []
    new_conversations: dict[UUID, UUID] = {}
    for delivery, verdict in sendable:
        text = delivery.words if delivery.words_source else words[delivery.message_id].text
        if text is None:
            rulings.append(Ruling(delivery.message_id, Status.FAILED, Reason.NOTHING_TO_SAY, None))
            continue
        person = delivery.person
        sms = Sms(person.phone_number, text, valid_for=int((verdict.open_until - now).total_seconds()))
        candidate = Candidate(
            attempt_id=uuid7(now),
            message_id=delivery.message_id,
            user_id=person.user_id,
            new_conversation_id=new_conversations.setdefault(person.user_id, uuid7(now)),
            phone_number=person.phone_number,
            fingerprint=sender.fingerprint(sms),
            local_date=verdict.local_date,
            open_until=verdict.open_until,
            day_cap=verdict.caps.day,
            hour_cap=verdict.caps.hour,
            takes_slot=verdict.takes_slot,
            active_since=verdict.active_since,
            daily_limit=settings.daily_limit if person.daily_limit is None else person.daily_limit,
            hourly_limit=settings.hourly_limit if person.hourly_limit is None else person.hourly_limit,
            quiet_hours_enabled=person.quiet_hours_enabled is not False,
        )
        ready.append(Ready(delivery, verdict, sms, candidate))
    return ready


def _new_words(words: Mapping[UUID, Words]) -> list[StoredWords]:
    return [StoredWords(message_id, found.text, found.source) for message_id, found in words.items() if found.text]


def _logged_calls(sendable: Sequence[tuple[Delivery, Send]], words: Mapping[UUID, Words]) -> list[LoggedCall]:
    calls = []
    for delivery, _ in sendable:
        found = words.get(delivery.message_id)
        if found is None or found.answer is None:
            continue
        answer = found.answer
        calls.append(
            LoggedCall(
                action_type="render_message",
                user_id=delivery.person.user_id,
                message_id=delivery.message_id,
                model=answer.model,
                input_tokens=answer.input_tokens,
                output_tokens=answer.output_tokens,
                cost_usd=answer.cost_usd,
                latency_ms=answer.latency_ms,
                outcome=found.outcome,
                error=answer.error,
            )
        )
    return calls


def _settlements(wave: Sequence[Ready], outcomes: Sequence[Outcome], now: datetime) -> list[Settlement]:
    return [_settlement(message, outcome, now) for message, outcome in zip(wave, outcomes, strict=True)]


def _settlement(message: Ready, outcome: Outcome, now: datetime) -> Settlement:
    delivery = message.delivery
    after = aftermath(outcome, delivery.tries, now)
    role = delivery.agent_id.partition("_")[0]
    return Settlement(
        attempt_id=message.candidate.attempt_id,
        user_id=delivery.person.user_id,
        outcome=outcome.kind,
        sid=outcome.sid,
        error_code=outcome.code,
        error=outcome.error,
        status=after.status,
        reason=after.reason,
        until=min(after.until, delivery.waiting.expires_at) if after.until else None,
        tries=after.tries,
        opts_out=after.reason is Reason.OPTED_OUT,
        role=role if role in ROLES else ROLES[0],
    )


def _count_outcomes(report: DeliverReport, outcomes: Sequence[Outcome]) -> None:
    report.outcomes.update(outcome.kind.value for outcome in outcomes)
    report.errors.update(
        outcome.error for outcome in outcomes if outcome.kind is not OutcomeKind.ACCEPTED and outcome.error
    )


def _count_rulings(report: DeliverReport, rulings: Sequence[Ruling]) -> None:
    for ruling in rulings:
        (report.held if ruling.status is Status.QUEUED else report.ended)[ruling.reason.value] += 1
