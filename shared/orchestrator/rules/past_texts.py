"""What the texts that people wrote before we took over ask of us (R11): the rules of live texts, without a reader."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.rules.intents import ClassifiedBy, Intent, intent_of

_STOPS = (Intent.STOP, Intent.WRONG_PERSON)


@dataclass(frozen=True, slots=True)
class PastText:
    """A text of the history.

    Attributes:
        phone_number: the number that its person has now.
        written_at: when it was written, or found where that is not known.
        kind: what it was taken for when it came; None for a text that another system received.
        is_dated: whether it is known when it was written.
    """

    inbound_id: UUID
    user_id: UUID
    phone_number: str
    content: str
    written_at: datetime
    kind: str | None
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class PastWishes:
    """What the history holds for a number, one text each.

    Attributes:
        stops: the last clear word is STOP, or says that the number belongs to another person.
        unread: the person's last text may be a wish to stop, and no rule can decide it.
    """

    stops: Sequence[PastText]
    unread: Sequence[PastText]


def wishes_of(texts: Iterable[PastText]) -> PastWishes:
    """Find what holds at the end of the history: the last STOP or START of each number, and last texts to be read.

    A later text of the person shows that the conversation went on after one that needs reading. At equal times STOP
    wins.

    Args:
        texts: those of one person in the order of time. People who share a number share its wishes.
    """
    words: dict[str, tuple[datetime, bool, PastText]] = {}
    last: dict[str, tuple[datetime, bool, PastText]] = {}
    for text in texts:
        number = text.phone_number
        intent = _intent_of(text, is_stopped=number in words and words[number][1])
        if intent in (Intent.AUTOMATIC, Intent.HELP):
            continue
        if intent in (*_STOPS, Intent.START):
            words[number] = _later(words.get(number), (text.written_at, intent in _STOPS, text))
        last[number] = _later(last.get(number), (text.written_at, intent is Intent.UNREAD, text))
    stops = {number: text for number, (_, is_stop, text) in words.items() if is_stop}
    unread = [text for number, (_, is_unread, text) in last.items() if is_unread and number not in stops]
    return PastWishes(list(stops.values()), unread)


def intent_without_reader(text: PastText) -> tuple[Intent, ClassifiedBy]:
    """Classify a text that a former webhook wrote, without Claude.

    A text without a time may be older than a STOP that is known: START in it ends nothing. STOP in it, and what may be
    a wish to stop, counts from when it was found, which is never too late.
    """
    intent, classified_by = intent_of(text.content, has_reader=False)
    if not text.is_dated and intent in (Intent.START, Intent.YES):
        return Intent.CONVERSATION, classified_by
    return intent, classified_by


def _intent_of(text: PastText, *, is_stopped: bool) -> Intent:
    intent = Intent(text.kind) if text.kind else intent_of(text.content, has_reader=False)[0]
    if intent is Intent.YES:
        return Intent.START if is_stopped else Intent.CONVERSATION
    return intent


def _later(
    known: tuple[datetime, bool, PastText] | None, found: tuple[datetime, bool, PastText]
) -> tuple[datetime, bool, PastText]:
    return found if known is None or found[:2] > known[:2] else known
