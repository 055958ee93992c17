"""Relevance (R10): whether a waiting message still makes sense."""

from enum import StrEnum


class Relevance(StrEnum):
    """Claude's verdict on a message since its person last wrote."""

    UNASKED = "unasked"
    RELEVANT = "relevant"
    STALE = "stale"  # it no longer makes sense
    REFORMULATE = "reformulate"  # it still matters, but its agent must reformulate it
    UNKNOWN = "unknown"  # Claude gave no verdict in time
