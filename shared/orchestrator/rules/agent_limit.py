"""The hourly limit of agents (R13): whether a group of agents has room for a message, and when it will have."""

from datetime import datetime, timedelta

from orchestrator.agents import AgentHour
from orchestrator.rules.limits import hour_frees_at, hour_is_full

# With a limit of zero a message is decided on again after this; an owner may have raised the limit by then.
RECHECK_AFTER = timedelta(days=1)
# An older sequence of the group that waits for room goes first; this is how long it takes to be handed over.
SEQUENCE_GOES_WITHIN = timedelta(minutes=1)


def room_from(hour: AgentHour | None, texts: int, now: datetime) -> datetime | None:
    """From when the limit may have room for a message; None when it has room now.

    A sequence needs room for all of its parts. One with more parts than the limit needs an hour without a text of the
    group, so that it goes too. While a sequence waits for room, younger messages of its group wait for it, so that they
    do not take the room again and again.

    Args:
        hour: None where no limit applies.
        texts: what the message counts for: 1, or the parts of a sequence.
    """
    if hour is None:
        return None
    if hour.limit <= 0:
        return now + RECHECK_AFTER
    if hour.sequence_due is not None:
        return max(hour.sequence_due, now) + SEQUENCE_GOES_WITHIN
    # Room for `texts` is room for one where so many texts fewer are in the hour.
    cap = hour.limit - min(texts, hour.limit) + 1
    if not hour_is_full(hour.texts, now, cap):
        return None
    return hour_frees_at(hour.texts, hour.planned, now, cap)
