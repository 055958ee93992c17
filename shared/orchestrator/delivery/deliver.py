"""Delivers a batch: decides on its messages, puts them into words, reserves, sends each once, and settles."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import psycopg
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

from orchestrator.aws.faults import cause_of
from orchestrator.clock import Clock, Countdown, countdown
from orchestrator.delivery.attempts import (
    PreparedSend,
    call_log_entries,
    count_calls_for_words,
    ends_of_repeats,
    limited_groups_of,
    prepare_sends,
    split_repeats,
)
from orchestrator.delivery.number_check import asks_about_numbers, check_numbers
from orchestrator.delivery.report import AttemptResult, DeliverReport, WaveResult, count_ceilings, report_of
from orchestrator.delivery.settlements import settlement_of, settlement_without_call
from orchestrator.delivery.words import find_words, names_sender, stored_words_of
from orchestrator.jurisdictions import read_law
from orchestrator.relevance_check import KnownRelevance, RelevanceCheck, check_people
from orchestrator.rules.decision_values import CheckRelevance, End, Hold, Send
from orchestrator.rules.law_decision import RECHECK_AFTER
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.state import Delivery
from orchestrator.rules.wave import decide_wave, split_by_person
from orchestrator.settings import DeliverSettings
from orchestrator.sms.sender import HasTime, Sender
from orchestrator.store import delivery as store
from orchestrator.store.claims import ClaimedMessage
from orchestrator.store.database import Database
from orchestrator.store.schedule import put_back
from orchestrator.store.settlement import Settlement
from orchestrator.store.wave_plan import DecisionRow, Reservation, WavePlan

# A failover of Postgres takes seconds; an outcome that cannot be written by then is settled by later evidence.
SETTLE_TRIES = 6
# For the round trips to Postgres around the calls of a wave, and for the one that settles them.
SPARE_SECONDS = 5.0
SETTLE_SECONDS = 2.0
# In so many waves, messages that lost their place are decided on again; after that their records come back.
ROUNDS = 4


def deliver(
    database: Database,
    message_ids: Sequence[UUID],
    sender: Sender,
    settings: DeliverSettings,
    clock: Clock,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> DeliverReport:
    """Deliver one batch, wave by wave.

    The first wave holds the batch, and at most two texts of a person; the rest of theirs follows in later waves
    (R6). Each part of a sequence follows once Twilio took the part before it (R8); so does each further reply
    (R12). A message that is not `approved` is with another worker, or has ended: a repeated record changes nothing.

    Args:
        seconds_left: what remains of the invocation. A wave that might not end in it is not begun, and its messages are
            due as before.

    Raises:
        psycopg.Error: what was not reserved is due again when its lease runs out; what was, is settled by evidence.
    """
    waves: list[WaveResult] = []
    undecided: list[UUID] = []
    pending = list(message_ids)
    # Twilio may be asked about the numbers, too, before it gets the texts.
    twilio_seconds = settings.twilio_timeout_seconds * (2 if asks_about_numbers(settings) else 1)
    while pending:
        if seconds_left() < twilio_seconds + settings.claude_deadline_seconds + SPARE_SECONDS:
            with database.connection() as connection:
                put_back(connection, pending)
            break
        wave = deliver_wave(database, pending, sender, settings, clock, seconds_left)
        waves.append(wave)
        pending = [*wave.following]
        if sum(bool(earlier.lost) for earlier in waves) < ROUNDS:
            pending += wave.lost
        else:
            undecided += wave.lost
    return report_of(waves, undecided)


def deliver_wave(
    database: Database,
    message_ids: Sequence[UUID],
    sender: Sender,
    settings: DeliverSettings,
    clock: Clock,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> WaveResult:
    """Deliver these messages as far as the rules let them go, in three round trips to Postgres (G1, G2, G5).

    No transaction is open during a call to Claude or Twilio (G4).
    """

    def has_time() -> bool:
        """Whether one more call to Twilio ends within the invocation: fifty calls may take several turns."""
        return seconds_left() >= settings.twilio_timeout_seconds + SETTLE_SECONDS

    def has_time_to_ask() -> bool:
        """Whether one more question about a number leaves time for the words and the first texts."""
        needed = 2 * settings.twilio_timeout_seconds + settings.claude_deadline_seconds
        return seconds_left() >= needed + SETTLE_SECONDS

    with database.connection() as connection:
        state = store.read_state(
            connection, message_ids, settings.agent_start_limit, clock(), names_sender=settings.sender_name is not None
        )
    if not state.deliveries:
        return WaveResult()
    time_left = countdown(settings.claude_deadline_seconds)
    may_ask = state.claude_usd_today < settings.claude_daily_ceiling_usd
    has_key = settings.anthropic_api_key is not None
    check = _check_relevance(database, state.deliveries, settings, clock, time_left, may_ask=may_ask)
    allowed, decisions = _split_by_decision(_with_relevance(state.deliveries, check.by_message), settings, clock())
    sendable, later = split_by_person(allowed)
    numbers = check_numbers(database, sendable, settings, clock, has_time_to_ask)
    sendable = [*numbers.sendable]
    words = find_words(sendable, settings, time_left, clock(), may_ask=may_ask)

    # Claude may have taken seconds, and the person may have sent STOP meanwhile: nothing waits after this line.
    now = clock()
    sends, wordless = prepare_sends(sendable, words, sender, settings, now)
    sends, repeats = split_repeats(sends)
    plan = WavePlan(
        decisions=[*decisions, *numbers.decisions, *wordless],
        words=stored_words_of(
            sendable, words, {send.delivery.message_id for send in sends if send.candidate.new_words is not None}
        ),
        claude_calls=call_log_entries(sendable, words),
        reused=[d.message_id for d in state.deliveries if d.state.relevance is not Relevance.UNASKED],
        candidates=[send.candidate for send in sends],
        agent_groups=limited_groups_of(sends),
    )
    reservation = _reserve(database, plan, settings, clock, now)
    reserved = [send for send in sends if send.candidate.attempt_id in reservation.attempts]
    attempts = _call_twilio(reserved, sender, clock, has_time)
    following = [*later, *repeats, *_settle_attempts(database, attempts)]
    ends = _end_repeats(database, sends, reservation, clock())
    return WaveResult(
        decisions=[*plan.decisions, *ends],
        relevance=[known.relevance for known in check.by_message.values()],
        claude_calls=check.calls + count_calls_for_words(words, may_ask=may_ask and has_key),
        over_ceiling=not may_ask,
        ceilings=count_ceilings(plan.decisions, state.deliveries),
        numbers_asked=numbers.asked,
        account_faults=numbers.account_faults,
        attempts=attempts,
        following=following,
        lost=[send.delivery.message_id for send in sends if send.candidate.attempt_id not in reservation.attempt_ids],
    )


def _check_relevance(
    database: Database,
    deliveries: Sequence[Delivery],
    settings: DeliverSettings,
    clock: Clock,
    time_left: Countdown,
    *,
    may_ask: bool,
) -> RelevanceCheck:
    """Check the relevance of the messages that could go now if they still make sense (R10)."""
    if not any(delivery.state.requires_fresh_context for delivery in deliveries):
        return RelevanceCheck()
    decisions = decide_wave(deliveries, settings, read_law(settings.law_file), clock())
    in_question = {
        delivery.message_id: delivery.person.user_id
        for delivery in deliveries
        if isinstance(decisions[delivery.message_id], CheckRelevance)
    }
    if not in_question:
        return RelevanceCheck()
    return check_people(database, in_question, settings, clock, time_left, may_ask=may_ask)


def _with_relevance(deliveries: Sequence[Delivery], relevance: Mapping[UUID, KnownRelevance]) -> list[Delivery]:
    return [
        replace(delivery, state=replace(delivery.state, relevance=known.relevance, checked_at=known.checked_at))
        if (known := relevance.get(delivery.message_id))
        else delivery
        for delivery in deliveries
    ]


def _split_by_decision(
    deliveries: Sequence[Delivery], settings: DeliverSettings, now: datetime
) -> tuple[list[tuple[Delivery, Send]], list[DecisionRow]]:
    """Decide on a wave.

    Returns:
        The messages that may go, in the order in which they go, and the holds and ends of the others.
    """
    by_id = {delivery.message_id: delivery for delivery in deliveries}
    sendable: list[tuple[Delivery, Send]] = []
    rows: list[DecisionRow] = []
    for message_id, decision in decide_wave(deliveries, settings, read_law(settings.law_file), now).items():
        match decision:
            case Send() if not names_sender(by_id[message_id], settings, now):
                rows.append(DecisionRow(message_id, Status.QUEUED, Reason.SENDER_UNNAMED, now + RECHECK_AFTER))
            case Send():
                sendable.append((by_id[message_id], decision))
            case Hold(until, reason, note):
                rows.append(DecisionRow(message_id, Status.QUEUED, reason, until, note=note))
            case End(status, reason, superseded_by):
                rows.append(DecisionRow(message_id, status, reason, None, superseded_by))
            case CheckRelevance():
                # Something else held it when the wave's relevance was checked; the next wave checks it.
                rows.append(DecisionRow(message_id, Status.QUEUED, Reason.RELEVANCE_UNKNOWN, now))
    return sendable, rows


def _reserve(database: Database, plan: WavePlan, settings: DeliverSettings, clock: Clock, now: datetime) -> Reservation:
    try:
        with database.connection() as connection:
            ceiling_usd = settings.twilio_daily_ceiling_usd
            return store.reserve_wave(connection, plan, settings, ceiling_usd, settings.urgent_ceiling_usd, now)
    except psycopg.Error:
        # The commit may have succeeded. Twilio was not called, so record these attempts as not sent.
        now = clock()
        lost = "the reservation's own answer was lost"
        unsent = [settlement_without_call(candidate.attempt_id, now, lost) for candidate in plan.candidates]
        _settle(database, unsent, parts=[], answered=[], now=now)
        raise


def _end_repeats(
    database: Database, sends: Sequence[PreparedSend], reservation: Reservation, now: datetime
) -> list[DecisionRow]:
    """End the messages that say again what the person got, after the calls: a fault here leaves no attempt uncalled."""
    ends = ends_of_repeats(sends, reservation.repeats)
    if ends:
        of_repeats = {repeat.attempt_id for repeat in reservation.repeats}
        candidates = [send.candidate for send in sends if send.candidate.attempt_id in of_repeats]
        with database.connection() as connection:
            store.end_repeats(connection, candidates, ends, now)
    return ends


def _call_twilio(sends: Sequence[PreparedSend], sender: Sender, clock: Clock, has_time: HasTime) -> list[AttemptResult]:
    outcomes = sender.send_wave([send.sms for send in sends], has_time) if sends else []
    now = clock()
    return [AttemptResult(send, outcome, now) for send, outcome in zip(sends, outcomes, strict=True)]


def _settle_attempts(database: Database, attempts: Sequence[AttemptResult]) -> list[UUID]:
    """Write the outcomes of a wave's calls.

    Returns:
        The parts and the replies that come next.
    """
    if not attempts:
        return []
    settlements = [
        settlement_of(
            attempt.send.candidate.attempt_id,
            attempt.outcome,
            attempt.send.delivery.tries,
            attempt.send.delivery.state.expires_at,
            attempt.send.sms.to,
            attempt.at,
        )
        for attempt in attempts
    ]
    deliveries = [attempt.send.delivery for attempt in attempts]
    following = _settle(
        database,
        settlements,
        parts=[delivery.message_id for delivery in deliveries if delivery.state.in_sequence],
        answered=[delivery.person.user_id for delivery in deliveries if delivery.state.is_reply],
        now=attempts[0].at,
    )
    return [message.message_id for message in following]


# Twilio gives each outcome once: where the connection breaks, it is written over a new one.
@retry(
    retry=retry_if_exception(lambda error: isinstance(error, psycopg.Error) and cause_of(error) is not None),
    stop=stop_after_attempt(SETTLE_TRIES),
    wait=wait_exponential(multiplier=0.1, max=2),
    reraise=True,
)
def _settle(
    database: Database, settlements: list[Settlement], parts: list[UUID], answered: list[UUID], now: datetime
) -> list[ClaimedMessage]:
    with database.connection() as connection:
        return store.settle_wave(connection, settlements, parts, answered, now)
