"""Settles open outcomes by Twilio's message list: a text that is found there was sent (G2)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.sms.message_list import CLOCK_SKEW, ListedText, MessageList, words_key
from orchestrator.store import settlement as store
from orchestrator.store.settlement import Evidence, OpenAttempt, Settlement

# Longer than a call may take, and than Twilio's list usually lags: a younger attempt may still get its answer.
YOUNGEST = timedelta(seconds=90)
# The most attempts that one tick looks up; the next tick looks up the others.
MOST_ATTEMPTS = 50


def settle_by_message_list(connection: Connection, message_list: MessageList, clock: Clock) -> int:
    """Look open attempts up in Twilio's message list, and settle those whose text is found there as sent.

    An attempt whose text is missing stays open: absence proves nothing.

    Returns:
        How many attempts were settled.

    Raises:
        NotListed: Twilio's list cannot be read now; nothing has changed.
    """
    now = clock()
    open_attempts = store.read_open_attempts(connection, now - YOUNGEST, now, MOST_ATTEMPTS)
    if not open_attempts:
        return 0
    texts = message_list.texts_to(sorted({attempt.phone_number for attempt in open_attempts}))
    known = store.find_settled_sids(connection, [text.sid for text in texts])
    proofs = match_attempts(open_attempts, texts, known)
    if proofs:
        settlements = [
            Settlement.of_sent_text(attempt_id, sid, Evidence.MESSAGE_LIST) for attempt_id, sid in proofs.items()
        ]
        store.settle_by_evidence(connection, settlements, clock())
    return len(proofs)


def match_attempts(
    attempts: Sequence[OpenAttempt], texts: Sequence[ListedText], known: Collection[str]
) -> dict[UUID, str]:
    """Find the text that each attempt sent: same number, same words, not created before the attempt.

    Several attempts with the same words to one number are proven only when there is a text for each of them: one text
    for two attempts does not show which of them sent it.

    Args:
        texts: what Twilio lists for the numbers of these attempts.
        known: the ids of texts that belong to settled attempts.

    Returns:
        Twilio's id of the text, by attempt; an attempt without proof is missing.
    """
    alike: dict[tuple[str, str], list[OpenAttempt]] = defaultdict(list)
    for attempt in attempts:
        alike[attempt.phone_number, words_key(attempt.words)].append(attempt)
    proofs: dict[UUID, str] = {}
    for (number, words), group in alike.items():
        since = _earliest(group) - CLOCK_SKEW
        found = [
            text
            for text in texts
            if text.person == number
            and words_key(text.body) == words
            and text.created_at >= since
            and text.sid not in known
        ]
        if len(found) >= len(group):
            by_creation = sorted(found, key=lambda text: text.created_at)
            by_start = sorted(group, key=lambda attempt: attempt.started_at)
            proofs.update({attempt.attempt_id: text.sid for attempt, text in zip(by_start, by_creation, strict=False)})
    return proofs


def _earliest(attempts: Sequence[OpenAttempt]) -> datetime:
    return min(attempt.started_at for attempt in attempts)
