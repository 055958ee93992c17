"""The same words (R14): which texts are the same, and since when the same one must not have gone to its person."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.purpose import Purpose
from orchestrator.rules.state import MessageState

# For so long the same words do not go to a person again.
SAME_FOR = timedelta(hours=20)
# A code or a receipt may be asked for again at once.
SAME_FOR_TRANSACTIONAL = timedelta(seconds=60)
# What joins letters and emoji, and selects how they are drawn.
_JOINERS = re.compile("[\u200c\u200d\ufe00-\ufe0f]")
_DIGEST_BYTES = 16


def compared_since(message: MessageState, reply_to: datetime | None, now: datetime) -> datetime | None:
    """Find since when the same words, or the same data, must not have gone to the person.

    Args:
        reply_to: when the person wrote what a reply answers; None for a text that is no reply (R12).

    Returns:
        None where the text may be the same: a reply, a part after the first, or a text that is repeated on purpose.
    """
    if message.allow_repeat or message.continues or reply_to is not None:
        return None
    return now - (SAME_FOR_TRANSACTIONAL if message.purpose is Purpose.TRANSACTIONAL else SAME_FOR)


def fold_words(text: str) -> str:
    """Return what is compared of a text: NFKC, casefolded, white space folded, without joiners of letters and emoji.

    The order of steps is that of a compatibility caseless match (The Unicode Standard, section 3.13, D146).
    """
    if text.isascii():  # has one form alone
        return " ".join(text.casefold().split())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", _JOINERS.sub("", text)).casefold())
    return " ".join(unicodedata.normalize("NFKC", folded.casefold()).split())


def digest_words(user_id: UUID, text: str) -> str:
    """Digest the words of a text to a person; texts with the same words have the same digest."""
    return _digest(user_id, fold_words(text))


def digest_data(user_id: UUID, data: Mapping[str, Any]) -> str:
    """Digest the data of a text to a person; the order of its keys makes no difference."""
    return _digest(user_id, json.dumps(data, sort_keys=True))


def _digest(user_id: UUID, text: str) -> str:
    """A digest with the person's id as its key, so that digests of different people are not compared."""
    return hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"), key=user_id.bytes, digest_size=_DIGEST_BYTES
    ).hexdigest()
