"""Answers HELP with who writes and how to reach them, where Twilio does not (R15)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from orchestrator.rules.intents import ClassifiedBy, Intent
from orchestrator.sender_settings import ConfirmationSettings
from orchestrator.store.claims import ClaimedMessage
from orchestrator.store.conversation import HelpAnswer, ReceivedText, StoredText, insert_help_answers
from orchestrator.store.database import Database
from orchestrator.wording.introductions import help_words

# An answer that comes later answers nothing any more.
ANSWERED_WITHIN = timedelta(hours=1)
# The namespace of the answers' ids, which are derived from the ids of the texts.
_FROM_TEXT = UUID("0b7f0a3e-5a52-5c58-9a8c-8a4c6f2e9d10")


def accept_help_answers(
    database: Database,
    received: Sequence[ReceivedText],
    stored: Sequence[StoredText],
    settings: ConfirmationSettings,
    now: datetime,
) -> list[ClaimedMessage]:
    """Accept an answer to each new HELP that Twilio did not answer itself: once, as an urgent message of `system`.

    Returns:
        The answers, to be handed over. One that SQS does not take is due again when its lease runs out.
    """
    if settings.help_answer != "on":
        return []
    new = {text.inbound_id for text in stored if text.is_new and text.user_id is not None}
    answers = [
        HelpAnswer(uuid5(_FROM_TEXT, str(text.inbound_id)), text.inbound_id, help_words(text.body, settings))
        for text in received
        # Advanced Opt-Out says that it took a text for HELP, and has answered it then.
        if text.kind is Intent.HELP and text.judged_by is not ClassifiedBy.OPT_OUT_TYPE
        if text.is_sms and text.inbound_id in new
    ]
    if not answers:
        return []
    with database.connection() as connection:
        return insert_help_answers(connection, answers, now + ANSWERED_WITHIN, now)
