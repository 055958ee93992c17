"""Which messages of a wave need words now, and the words: written, written again on another day, or cleaned (R9)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from orchestrator.clean_text import clean_json, shows_nothing, visible_text
from orchestrator.clock import Countdown
from orchestrator.jurisdictions import read_law
from orchestrator.rules.approval import has_approved_words
from orchestrator.rules.day_words import speaks_of_the_day
from orchestrator.rules.decision_values import Send
from orchestrator.rules.introductions import Introduction, introduction_of
from orchestrator.rules.local_time import next_midnight
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import Delivery
from orchestrator.rules.stop_answers import offered_stop_word
from orchestrator.segments import segments_of
from orchestrator.settings import WordsSettings
from orchestrator.store.wave_plan import StoredWords
from orchestrator.unsendable import is_json, unfilled_placeholder
from orchestrator.wording.introductions import can_introduce, introduce
from orchestrator.wording.render import Brief, Words, write_words

# Sources of words that we write from findings (`message_queue.words_source`).
WRITTEN = frozenset({"claude", "plain"})
# Sources of words that stand in the owner's tables, which our intake did not check.
OF_OTHERS = frozenset({"row", "adopted"})


def find_words(
    sendable: Sequence[tuple[Delivery, Send]],
    settings: WordsSettings,
    time_left: Countdown,
    now: datetime,
    *,
    may_ask: bool,
) -> dict[UUID, Words]:
    """Find the words of the messages that may go and have none that hold today.

    Args:
        may_ask: False when Claude has reached its ceiling of the day.

    Returns:
        Words by message id; a message that keeps its words is missing.
    """
    briefs = [_brief(delivery, now) for delivery, decision in sendable if _needs_words(delivery, decision.local_date)]
    of_others = {
        delivery.message_id: Words(_text_of_others(delivery.words or ""), delivery.words_source)
        for delivery, _ in sendable
        if delivery.words_source in OF_OTHERS
    }
    words = of_others | write_words(briefs, settings, time_left, may_ask=may_ask)
    return words | _introductions(sendable, words, settings, now)


def names_sender(delivery: Delivery, settings: WordsSettings, now: datetime) -> bool:
    """Whether a message can say of its sender what it must (R15). Where only its name is missing, it goes without."""
    introduction = introduction_of(delivery.state, delivery.person, read_law(settings.law_file), now)
    return introduction is not Introduction.CONTACT or can_introduce(introduction, settings)


def fault_of_words(text: str | None) -> Reason | None:
    """Why words must not be sent; None where they may. Rows of another sender were not checked when they came."""
    if text is None or shows_nothing(text) or is_json(text):
        return Reason.NOTHING_TO_SAY
    return Reason.OFFERS_STOP_WORD if offered_stop_word(text) else None


def stored_words_of(
    sendable: Sequence[tuple[Delivery, Send]], words: Mapping[UUID, Words], with_reservation: Collection[UUID]
) -> list[StoredWords]:
    """Collect the words that are stored whether or not their message is reserved.

    Args:
        with_reservation: the messages whose words the statement that reserves stores.
    """
    stored = []
    for delivery, decision in sendable:
        found = None if delivery.message_id in with_reservation else words.get(delivery.message_id)
        if found and found.text:
            segments = segments_of(found.text)
            row = (delivery.message_id, found.text, found.source, decision.local_date)
            stored.append(StoredWords(*row, segments.number, segments.encoding))
    return stored


def end_of_words(delivery: Delivery, decision: Send, text: str, source: str | None, now: datetime) -> datetime:
    """Find until when a text may leave: words that we wrote and that speak of the day end with it (R9).

    Where the person's zone is one of several, the day that ends first counts.
    """
    if source not in WRITTEN or not speaks_of_the_day({"text": text}):
        return decision.open_until
    return min([decision.open_until, *(next_midnight(now, zone) for zone in delivery.person.zones)])


def _introductions(
    sendable: Sequence[tuple[Delivery, Send]], words: Mapping[UUID, Words], settings: WordsSettings, now: datetime
) -> dict[UUID, Words]:
    """The words of the messages that must say who writes and how to stop, and do not yet (R15)."""
    introduced: dict[UUID, Words] = {}
    if settings.sender_name is None:
        return introduced
    for delivery, _ in sendable:
        found = words.get(delivery.message_id) or Words(delivery.words, delivery.words_source or "")
        introduction = introduction_of(delivery.state, delivery.person, read_law(settings.law_file), now)
        if found.text is not None and (text := introduce(found.text, introduction, settings)) != found.text:
            introduced[delivery.message_id] = replace(found, text=text)
    return introduced


def _needs_words(delivery: Delivery, today: date) -> bool:
    if delivery.words_source is None:
        return True
    if has_approved_words(delivery):
        return delivery.words_on != today and speaks_of_the_day({"text": delivery.words})
    return delivery.words_source in WRITTEN and delivery.words_on != today


def _text_of_others(text: str) -> str | None:
    """The cleaned text; None where it is a template that was not filled (G7)."""
    cleaned = visible_text(text)
    return None if unfilled_placeholder(cleaned) else cleaned


def _brief(delivery: Delivery, now: datetime) -> Brief:
    """What there is to say; the person's clock only where their zone is certain."""
    zones = delivery.person.zones
    local = now.astimezone(zones[0]) if len(zones) == 1 else None
    return Brief(delivery.message_id, delivery.agent_id, clean_json(delivery.data), delivery.person.first_name, local)
