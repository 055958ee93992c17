"""One real call of each kind that we make to Claude, on invented data: proves that key, model and settings work."""

from datetime import UTC, datetime
from uuid import UUID

from orchestrator.clock import countdown
from orchestrator.settings import WriterSettings
from orchestrator.wording.classification import classify
from orchestrator.wording.claude import Call
from orchestrator.wording.relevance import ConversationText, MessageInQuestion, PersonInQuestion, check_relevance
from orchestrator.wording.render import Brief, write_words

_NO_ID = UUID(int=0)
_NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
_DATA = {"type": "solution_update", "findings": {"vendors": ["Acme", "Borealis"]}}
_SUBJECT = PersonInQuestion(
    user_id=_NO_ID,
    inbound_id=_NO_ID,
    conversation=[ConversationText("Thanks, I will look at them tomorrow.", _NOON)],
    messages=[MessageInQuestion(_NO_ID, "concierge_main", _DATA, None, None, _NOON)],
)


def call_once_each(settings: WriterSettings, seconds: float) -> dict[str, tuple[Call, ...]]:
    """Ask for words, for relevance and for a classification, one after the other.

    Args:
        settings: with a key.
        seconds: the deadline of each kind.

    Returns:
        The calls of each kind, by its name.
    """
    (words,) = write_words(
        [Brief(_NO_ID, "concierge_main", _DATA, "Ada")], settings, countdown(seconds), may_ask=True
    ).values()
    (relevance,) = check_relevance([_SUBJECT], settings, countdown(seconds))
    (classification,) = classify([_SUBJECT], settings, countdown(seconds))
    return {
        "words": words.calls,
        "relevance": relevance.calls,
        "classification": classification.judgement.calls,
    }
