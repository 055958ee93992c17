"""Classifies the texts that a former webhook still writes, each minute, by the rules of live texts (R11).

Until Twilio calls our webhook, and while one of several numbers still has the former one, a STOP arrives as a row of
`messages` that we did not write. Afterwards there are no such rows, and the reading finds none.
"""

from collections import Counter
from datetime import datetime

from psycopg import Connection

from orchestrator.rules.past_texts import PastText, intent_without_reader
from orchestrator.store.conversation import ClassifiedText
from orchestrator.store.former_webhook import classify_texts_of_former_webhook, read_texts_of_former_webhook

# Texts of one tick; the rest follow in the next.
MOST_TEXTS = 1_000


def classify_former_webhook(connection: Connection, now: datetime) -> Counter[str]:
    """Record the opt-outs and opt-ins among new texts of a former webhook, as for the adoption: without Claude.

    A text that may be a wish to stop, and that no rule decides, stays unread: nothing goes to its person until an
    operator reads it, or the person's next STOP or START.

    Returns:
        The texts that are classified now, by kind.
    """
    texts = read_texts_of_former_webhook(connection, now, MOST_TEXTS)
    if not texts:
        return Counter()
    return classify_texts_of_former_webhook(connection, [_classified_text(text) for text in texts], now)


def _classified_text(text: PastText) -> ClassifiedText:
    kind, judged_by = intent_without_reader(text)
    return ClassifiedText(text.inbound_id, text.user_id, text.phone_number, kind, judged_by, text.written_at)
