"""Prepares attempts: turns messages that may go, and their words, into what is stored, reserved and sent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from orchestrator.claude_calls import ClaudeUse, call_log_entry, count_calls, count_unasked_questions
from orchestrator.clean_text import clean_json
from orchestrator.delivery.words import OF_OTHERS, WRITTEN, end_of_words, fault_of_words
from orchestrator.ids import uuid7
from orchestrator.messages import verbatim_text
from orchestrator.number_hash import number_hash
from orchestrator.people import country_of
from orchestrator.rules.approval import waits_for_approval
from orchestrator.rules.consent import needs_consent
from orchestrator.rules.decision_values import Send
from orchestrator.rules.limits import limits_of
from orchestrator.rules.local_time import format_time
from orchestrator.rules.questions import HOLDS_FOR, is_held_by_questions
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.same_words import compared_since, digest_data, digest_words
from orchestrator.rules.state import Delivery
from orchestrator.segments import segments_of
from orchestrator.settings import DeliverSettings
from orchestrator.sms.prices import price
from orchestrator.sms.sender import Sender, Sms
from orchestrator.store.calls import LoggedCall
from orchestrator.store.wave_plan import Candidate, DecisionRow, Repeat
from orchestrator.wording.render import Words


@dataclass(frozen=True, slots=True)
class PreparedSend:
    """A message that may go: its text, and the attempt to be reserved."""

    delivery: Delivery
    sms: Sms
    candidate: Candidate


def prepare_sends(
    sendable: Sequence[tuple[Delivery, Send]],
    words: Mapping[UUID, Words],
    sender: Sender,
    settings: DeliverSettings,
    now: datetime,
) -> tuple[list[PreparedSend], list[DecisionRow]]:
    """Prepare an attempt for each message that has words, and where they need it an operator's approval of them.

    Args:
        words: by message id, for the messages that had none that hold today.

    Returns:
        The attempts; and the ends of the messages whose data makes no words, or whose words must not be sent, and the
        holds of those whose words are not approved yet.
    """
    sends: list[PreparedSend] = []
    wordless: list[DecisionRow] = []
    new_conversations: dict[UUID, UUID] = {}
    for delivery, decision in sendable:
        found = words.get(delivery.message_id)
        text, source = (found.text, found.source) if found else (delivery.words, delivery.words_source)
        if fault := fault_of_words(text):
            wordless.append(DecisionRow(delivery.message_id, Status.FAILED, fault, None))
        elif text is not None and waits_for_approval(delivery, text):
            until = delivery.state.expires_at
            wordless.append(DecisionRow(delivery.message_id, Status.QUEUED, Reason.APPROVAL, until))
        else:
            assert text is not None  # words that are missing are at fault
            new_conversation_id = new_conversations.setdefault(delivery.person.user_id, uuid7(now))
            until = end_of_words(delivery, decision, text, source, now)
            in_time = decision if until == decision.open_until else replace(decision, open_until=until)
            sends.append(_prepare_send(delivery, in_time, text, source, new_conversation_id, sender, settings, now))
    return sends, wordless


def split_repeats(sends: Sequence[PreparedSend]) -> tuple[list[PreparedSend], list[UUID]]:
    """Split off the messages with the words, or the data, of an earlier one of the wave to the same person (R14).

    The next wave compares them with what became of the earlier one.
    """
    first: list[PreparedSend] = []
    repeats: list[UUID] = []
    digests: set[str] = set()
    for send in sends:
        own = {digest for digest in (send.candidate.words_digest, send.candidate.data_digest) if digest}
        if send.candidate.compared_since and own & digests:
            repeats.append(send.delivery.message_id)
        else:
            first.append(send)
            digests |= own
    return first, repeats


def ends_of_repeats(sends: Sequence[PreparedSend], repeats: Sequence[Repeat]) -> list[DecisionRow]:
    """The ends of the messages whose words went to the person before; each names the earlier text (R14)."""
    message_ids = {send.candidate.attempt_id: send.delivery.message_id for send in sends}
    return [
        DecisionRow(
            message_ids[repeat.attempt_id],
            Status.CANCELLED,
            Reason.SAME_WORDS,
            None,
            note=f"message {repeat.earlier_message_id}, sent {format_time(repeat.earlier_at)}",
        )
        for repeat in repeats
    ]


def limited_groups_of(sends: Sequence[PreparedSend]) -> list[str]:
    """The groups of agents with an hourly limit (R13)."""
    return sorted({hour.group for send in sends if (hour := send.delivery.state.agent_hour)})


def call_log_entries(sendable: Sequence[tuple[Delivery, Send]], words: Mapping[UUID, Words]) -> list[LoggedCall]:
    """Collect the calls to Claude that the words took, those that wrote them and those that read them once more.

    The entry of the last call that wrote holds what became of the words.
    """
    return [
        call_log_entry(
            call,
            use=use,
            user_id=delivery.person.user_id,
            message_id=delivery.message_id,
            agent_id=delivery.agent_id,
            outcome="failed" if call.error else outcome,
            messages=1,
        )
        for delivery, _ in sendable
        if (found := words.get(delivery.message_id))
        for use, call, outcome in (
            *((ClaudeUse.RENDER_MESSAGE, call, "ungrounded") for call in found.calls[:-1]),
            *((ClaudeUse.RENDER_MESSAGE, call, found.outcome) for call in found.calls[-1:]),
            *((ClaudeUse.CHECK_WORDS, call, "read") for call in found.readings),
        )
    ]


def count_calls_for_words(words: Mapping[UUID, Words], *, may_ask: bool) -> Counter[str]:
    """Count the calls to Claude that the words took, by use and outcome.

    Args:
        may_ask: whether Claude could be asked; if not, each plain sentence stands for a question that was not asked.
    """
    not_asked = 0 if may_ask else sum(bool(found.text) and found.source == "plain" for found in words.values())
    return (
        count_calls(ClaudeUse.RENDER_MESSAGE, [call for found in words.values() for call in found.calls])
        + count_calls(ClaudeUse.CHECK_WORDS, [call for found in words.values() for call in found.readings])
        + count_unasked_questions(ClaudeUse.RENDER_MESSAGE, not_asked)
    )


def _prepare_send(
    delivery: Delivery,
    decision: Send,
    text: str,
    source: str | None,
    new_conversation_id: UUID,
    sender: Sender,
    settings: DeliverSettings,
    now: datetime,
) -> PreparedSend:
    person, agent_hour = delivery.person, delivery.state.agent_hour
    limits = limits_of(person, settings)
    size = segments_of(text)
    # Words that cost nothing to find again are stored with the reservation.
    are_new = source in OF_OTHERS or (source not in WRITTEN and text != delivery.words)
    words_digest, data_digest = digests_of(delivery, text, source)
    sms = Sms(
        to=person.phone_number,
        body=text,
        valid_for=int((decision.open_until - now).total_seconds()),
        message_id=delivery.message_id,
        attempt_id=uuid7(now),
    )
    candidate = Candidate(
        attempt_id=sms.attempt_id,
        message_id=delivery.message_id,
        user_id=person.user_id,
        new_conversation_id=new_conversation_id,
        phone_number=person.phone_number,
        fingerprint=sender.fingerprint(sms),
        local_date=decision.local_date,
        open_until=decision.open_until,
        day_cap=decision.caps.day,
        hour_cap=decision.caps.hour,
        takes_slot=decision.takes_slot,
        active_since=decision.active_since,
        active_texts=decision.active_texts,
        reply_to=decision.reply_to,
        law_texts=decision.law.texts,
        law_cap=decision.law.most,
        law_hours=decision.law.hours,
        law_note=decision.law.note,
        needs_consent=needs_consent(delivery.state.purpose, settings),
        daily_limit=limits.daily,
        hourly_limit=limits.hourly,
        quiet_hours_enabled=person.quiet_hours_enabled is not False,
        number_hash=number_hash(person.phone_number, settings.privacy_key),
        segments=size.number,
        price_usd=price(size.number, country_of(person.phone_number)),
        agent_group=agent_hour.group if agent_hour else None,
        agent_cap=agent_hour.limit if agent_hour else None,
        agent_texts=decision.agent_texts,
        words_digest=words_digest,
        data_digest=data_digest,
        compared_since=compared_since(delivery.state, decision.reply_to, now),
        questions_since=now - HOLDS_FOR if is_held_by_questions(delivery.state) else None,
        new_words=text if are_new else None,
        words_source=source if are_new else None,
        encoding=size.encoding if are_new else None,
    )
    return PreparedSend(delivery, sms, candidate)


def digests_of(delivery: Delivery, text: str, source: str | None) -> tuple[str, str | None]:
    """The digests of the words and of the data, from which only words that we write are made.

    An introduction, which a text carries once in 30 days, makes verbatim words no other words.
    """
    user_id = delivery.person.user_id
    if source in WRITTEN:
        return digest_words(user_id, text), digest_data(user_id, delivery.data)
    own_words = verbatim_text(clean_json(delivery.data)) if source == "verbatim" else None
    return digest_words(user_id, own_words or text), None
