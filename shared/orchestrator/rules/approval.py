"""Approval (R13): an operator approves the final words of an agent's texts, and nothing but these words goes."""

import hashlib

from orchestrator.rules.state import Delivery

_DIGEST_BYTES = 16


def digest_text(text: str) -> str:
    """Digest the exact words of a text: one that differs in a single character has another digest."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()


def has_approved_words(delivery: Delivery) -> bool:
    """Whether the words that a message has are those that were approved: they are not written again."""
    return delivery.words is not None and delivery.approved_digest == digest_text(delivery.words)


def waits_for_approval(delivery: Delivery, text: str) -> bool:
    """Whether an operator has yet to approve these words of a message."""
    return delivery.needs_approval and delivery.approved_digest != digest_text(text)
