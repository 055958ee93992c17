"""Settles open outcomes by Twilio's own list of messages: what is found there was sent (G2)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.sms.message_list import CLOCK_SKEW, ListedText, MessageList
from orchestrator.store import settlement as store
from orchestrator.store.settlement import Evidence, OpenAttempt, was_sent

# Longer than a delivery may take, and than Twilio's list usually lags: a younger attempt may still get its answer.
YOUNGEST = timedelta(seconds=90)
# One tick looks up so many; what is left has its turn in the next minute.
LOOKED_UP = 50


def settle_by_message_list(connection: Connection, message_list: MessageList, clock: Clock) -> int:
    """Look open outcomes up in Twilio's list, and mark what is found there as sent.

    A text that is missing from the list is left as it is: absence proves nothing.

    Returns:
        How many were settled.

    Raises:
        NotListed: Twilio cannot be asked now; nothing has changed.
    """
    now = clock()
    open_attempts = store.read_open_attempts(connection, now - YOUNGEST, now, LOOKED_UP)
    if not open_attempts:
        return 0
    texts = message_list.texts_to(sorted({attempt.phone_number for attempt in open_attempts}))
    known = store.known_sids(connection, [text.sid for text in texts])
    proofs = match_attempts(open_attempts, texts, known)
    if proofs:
        settlements = [was_sent(attempt_id, sid, Evidence.MESSAGE_LIST) for attempt_id, sid in proofs.items()]
        store.settle_by_evidence(connection, settlements, clock())
    return len(proofs)


def match_attempts(
    attempts: Sequence[OpenAttempt], texts: Sequence[ListedText], known: Collection[str]
) -> dict[UUID, str]:
    """Find the texts that attempts sent: same number, same words, created when the attempt was made or after.

    Where the same words went to one number in several attempts, they are proven only when there is a text for each: one
    text for two attempts does not say which of them it was.

    Args:
        known: the ids of texts that belong to settled attempts.

    Returns:
        Twilio's id for each attempt that is proven.
    """
    alike: dict[tuple[str, str], list[OpenAttempt]] = defaultdict(list)
    for attempt in attempts:
        alike[attempt.phone_number, attempt.words.strip()].append(attempt)
    proofs: dict[UUID, str] = {}
    for (number, words), group in alike.items():
        since = _earliest(group) - CLOCK_SKEW
        found = [
            text
            for text in texts
            if text.person == number
            and text.body.strip() == words
            and text.created_at >= since
            and text.sid not in known
        ]
        if len(found) >= len(group):
            newest_last = sorted(found, key=lambda text: text.created_at)
            in_order = sorted(group, key=lambda attempt: attempt.started_at)
            proofs.update({attempt.attempt_id: text.sid for attempt, text in zip(in_order, newest_last, strict=False)})
    return proofs


def _earliest(attempts: Sequence[OpenAttempt]) -> datetime:
    return min(attempt.started_at for attempt in attempts)
