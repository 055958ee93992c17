"""The way out: a batch in delivery is judged, put into words, reserved, sent once, and settled."""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from orchestrator.attempts import logged_calls, new_words, ready_to_send, settlements_of
from orchestrator.clock import Clock
from orchestrator.rules.reasons import Status
from orchestrator.rules.verdict import End, Hold, Send
from orchestrator.rules.wave import Case, decide_wave
from orchestrator.settings import DeliverSettings
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.sms.sender import Sender
from orchestrator.store import delivery as store
from orchestrator.store.database import Database
from orchestrator.store.delivery import Delivery, Ruling, Settlement
from orchestrator.store.schedule import put_back
from orchestrator.wording.render import Brief, write_words

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
        ready = ready_to_send(sendable, words, rulings, sender, settings, now)
        with database.connection() as connection:
            reserved = store.write_and_reserve(
                connection,
                rulings,
                new_words(words),
                [message.candidate for message in ready],
                logged_calls(sendable, words),
                now,
                lease_until=now + SENDING_LEASE,
            )
        wave = [message for message in ready if message.candidate.attempt_id in reserved]
        following: list[UUID] = []
        if wave:
            outcomes = sender.send_wave([message.sms for message in wave])
            now = clock()
            parts = [message.delivery.message_id for message in wave if message.delivery.waiting.in_sequence]
            following = _settle(database, settlements_of(wave, outcomes, now), parts, now)
            _count_outcomes(report, outcomes)
        _count_rulings(report, rulings)
        lost = [message.delivery.message_id for message in ready if message.candidate.attempt_id not in reserved]
        rounds_lost += bool(lost)
        if rounds_lost >= ROUNDS:
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


def _count_outcomes(report: DeliverReport, outcomes: Sequence[Outcome]) -> None:
    report.outcomes.update(outcome.kind.value for outcome in outcomes)
    report.errors.update(
        outcome.error for outcome in outcomes if outcome.kind is not OutcomeKind.ACCEPTED and outcome.error
    )


def _count_rulings(report: DeliverReport, rulings: Sequence[Ruling]) -> None:
    for ruling in rulings:
        (report.held if ruling.status is Status.QUEUED else report.ended)[ruling.reason.value] += 1
