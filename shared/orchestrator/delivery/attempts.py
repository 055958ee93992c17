"""Turns verdicts and words into attempts to reserve, and outcomes into what is settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.ids import spread_of, uuid7
from orchestrator.messages import is_json_structure
from orchestrator.number_hash import number_hash
from orchestrator.people import country_of
from orchestrator.relevance_check import call_log_entry
from orchestrator.rules.decision import Send
from orchestrator.rules.limits import limits_of
from orchestrator.rules.reasons import Reason, Status
from orchestrator.segments import segments_of
from orchestrator.settings import DeliverSettings
from orchestrator.sms.aftermath import aftermath
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.sms.prices import price
from orchestrator.sms.sender import Sender, Sms
from orchestrator.store.calls import LoggedCall
from orchestrator.store.delivery import Candidate, DecisionRow, Delivery, StoredWords
from orchestrator.store.settlement import Evidence, Settlement
from orchestrator.wording.render import Words


@dataclass(frozen=True, slots=True)
class PreparedSend:
    """A message that may go: its verdict, its text, and the attempt to be made."""

    delivery: Delivery
    verdict: Send
    sms: Sms
    candidate: Candidate


def prepare_sends(
    sendable: Sequence[tuple[Delivery, Send]],
    words: Mapping[UUID, Words],
    rulings: list[DecisionRow],
    sender: Sender,
    settings: DeliverSettings,
    now: datetime,
) -> list[PreparedSend]:
    """The attempts to reserve; a message whose data makes no words joins the rulings instead."""
    ready = []
    new_conversations: dict[UUID, UUID] = {}
    for delivery, verdict in sendable:
        text = delivery.words if delivery.words_source else words[delivery.message_id].text
        # An agent's own row was checked by nobody before.
        if text is None or not text.strip() or is_json_structure(text):
            rulings.append(DecisionRow(delivery.message_id, Status.FAILED, Reason.NOTHING_TO_SAY, None))
            continue
        person = delivery.person
        limits = limits_of(person, settings)
        attempt_id = uuid7(now)
        segments = segments_of(text).number
        sms = Sms(
            to=person.phone_number,
            body=text,
            valid_for=int((verdict.open_until - now).total_seconds()),
            message_id=delivery.message_id,
            attempt_id=attempt_id,
        )
        candidate = Candidate(
            attempt_id=attempt_id,
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
            daily_limit=limits.daily,
            hourly_limit=limits.hourly,
            quiet_hours_enabled=person.quiet_hours_enabled is not False,
            number_hash=number_hash(person.phone_number, settings.privacy_key),
            segments=segments,
            price_usd=price(segments, country_of(person.phone_number)),
        )
        ready.append(PreparedSend(delivery, verdict, sms, candidate))
    return ready


def new_words(words: Mapping[UUID, Words]) -> list[StoredWords]:
    """The words to be stored before any of them is sent."""
    stored = []
    for message_id, found in words.items():
        if found.text:
            segments = segments_of(found.text)
            stored.append(StoredWords(message_id, found.text, found.source, segments.number, segments.encoding))
    return stored


def call_log_entries(sendable: Sequence[tuple[Delivery, Send]], words: Mapping[UUID, Words]) -> list[LoggedCall]:
    """The calls to Claude that the words took; the last one says what became of them."""
    return [
        call_log_entry(
            call,
            action_type="render_message",
            user_id=delivery.person.user_id,
            message_id=delivery.message_id,
            agent_id=delivery.agent_id,
            outcome=found.outcome if call is found.calls[-1] else "failed" if call.error else "ungrounded",
            messages=1,
        )
        for delivery, _ in sendable
        if (found := words.get(delivery.message_id))
        for call in found.calls
    ]


def settlements_of(wave: Sequence[PreparedSend], outcomes: Sequence[Outcome], now: datetime) -> list[Settlement]:
    """What becomes of a wave whose outcomes came in the same order."""
    return [_settlement(message, outcome, now) for message, outcome in zip(wave, outcomes, strict=True)]


def settlements_without_call(ready: Sequence[PreparedSend], now: datetime) -> list[Settlement]:
    """The settlements of attempts that may have been reserved, and whose calls were certainly not made."""
    return [
        Settlement(
            attempt_id=message.candidate.attempt_id,
            outcome=OutcomeKind.NOT_SENT,
            evidence=Evidence.NO_CALL,
            sid=None,
            error_code=None,
            error="the reservation's own answer was lost",
            status=Status.QUEUED,
            reason=None,
            until=now,
            tries=None,
            opts_out=False,
        )
        for message in ready
    ]


def _settlement(message: PreparedSend, outcome: Outcome, now: datetime) -> Settlement:
    delivery = message.delivery
    attempt_id = message.candidate.attempt_id
    after = aftermath(outcome, delivery.tries, spread_of(attempt_id), now)
    return Settlement(
        attempt_id=attempt_id,
        outcome=outcome.kind,
        # A crash leaves none, and an unknown outcome waits for better evidence than its answer.
        evidence=None if outcome.kind is OutcomeKind.UNKNOWN else Evidence.ANSWER,
        sid=outcome.sid,
        error_code=outcome.code,
        error=outcome.error,
        status=after.status,
        reason=after.reason,
        until=min(after.until, delivery.waiting.expires_at) if after.until else None,
        tries=after.tries,
        opts_out=after.reason is Reason.OPTED_OUT,
    )
