"""Turns verdicts and words into attempts to reserve, and outcomes into what is settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.ids import uuid7
from orchestrator.rules.limits import limits_of
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.verdict import Send
from orchestrator.settings import DeliverSettings
from orchestrator.sms.aftermath import aftermath
from orchestrator.sms.outcomes import Outcome
from orchestrator.sms.sender import Sender, Sms
from orchestrator.store.delivery import Candidate, Delivery, LoggedCall, Ruling, Settlement, StoredWords
from orchestrator.wording.render import Words

# The roles that the `messages` table knows; other agents speak through the concierge.
ROLES = ("concierge", "bouncer", "innovator")


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that may go: its verdict, its text, and the attempt to be made."""

    delivery: Delivery
    verdict: Send
    sms: Sms
    candidate: Candidate


def ready_to_send(
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
        limits = limits_of(person, settings)
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
            daily_limit=limits.daily,
            hourly_limit=limits.hourly,
            quiet_hours_enabled=person.quiet_hours_enabled is not False,
        )
        ready.append(Ready(delivery, verdict, sms, candidate))
    return ready


def new_words(words: Mapping[UUID, Words]) -> list[StoredWords]:
    """The words to be stored before any of them is sent."""
    return [StoredWords(message_id, found.text, found.source) for message_id, found in words.items() if found.text]


def logged_calls(sendable: Sequence[tuple[Delivery, Send]], words: Mapping[UUID, Words]) -> list[LoggedCall]:
    """The calls to Claude that the words took."""
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


def settlements_of(wave: Sequence[Ready], outcomes: Sequence[Outcome], now: datetime) -> list[Settlement]:
    """What becomes of a wave whose outcomes came in the same order."""
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
