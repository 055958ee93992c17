"""Whether a waiting message still makes sense (R10): what is known of it, and what follows."""

from enum import StrEnum


class Relevance(StrEnum):
    """What Claude said of a message since its person last wrote."""

    UNASKED = "unasked"
    RELEVANT = "relevant"
    STALE = "stale"  # what it says is over
    REFORMULATE = "reformulate"  # it still matters, but its agent must say it anew
    UNKNOWN = "unknown"  # Claude was asked and had no answer in time
