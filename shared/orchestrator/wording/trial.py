"""One real call of each kind that we make to Claude, on invented data: proves that key, model and settings work."""

from datetime import UTC, datetime
from uuid import UUID

from orchestrator.clock import countdown
from orchestrator.settings import WriterSettings
from orchestrator.wording.classification import classify
from orchestrator.wording.claude import Call, ask
from orchestrator.wording.relevance import ConversationText, MessageInQuestion, PersonInQuestion, check_relevance
from orchestrator.wording.render import Brief, second_reading_of, write_words

_NO_ID = UUID(int=0)
_NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
_DATA = {"type": "solution_update", "findings": {"vendors": ["Acme", "Borealis"]}}
_BRIEF = Brief(_NO_ID, "concierge_main", _DATA, "Ada")
_TEXT = "Hi Ada, two vendors match: Acme and Borealis."
_SUBJECT = PersonInQuestion(
    user_id=_NO_ID,
    inbound_id=_NO_ID,
    conversation=[ConversationText("Thanks, I will look at them tomorrow.", _NOON)],
    messages=[MessageInQuestion(_NO_ID, "concierge_main", _DATA, None, None, _NOON)],
)


def call_once_each(settings: WriterSettings, seconds: float) -> dict[str, tuple[Call, ...]]:
    """Ask for words, for a second reading of words, for relevance and for a classification, one after the other.

    Args:
        settings: with a key.
        seconds: the deadline of each kind.

    Returns:
        The calls of each kind, by its name.
    """
    (words,) = write_words([_BRIEF], settings, countdown(seconds), may_ask=True).values()
    reading = ask(settings, second_reading_of(_BRIEF, _TEXT), countdown(seconds))
    (relevance,) = check_relevance([_SUBJECT], settings, countdown(seconds))
    (classification,) = classify([_SUBJECT], settings, countdown(seconds))
    return {
        "words": words.calls,
        "second reading": reading.calls,
        "relevance": relevance.calls,
        "classification": classification.judgement.calls,
    }
