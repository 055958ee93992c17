"""Lanes (R5, R6): which go first, which may ignore the hour, and when the last one stops waiting."""

from datetime import datetime, timedelta

from orchestrator.messages import Lane

# A low message yields for no longer than this, and not when it has only this long to live: then it goes as medium.
YIELDS_FOR = timedelta(hours=72)
LAST_CALL = timedelta(hours=4)
# When it is looked at again while something higher is due.
YIELD_STEP = timedelta(minutes=5)


def effective_lane(lane: Lane, accepted_at: datetime, expires_at: datetime, now: datetime) -> Lane:
    """The lane a message counts in now: a low one that has waited long, or has little time left, is medium (R6)."""
    if lane is Lane.LOW and (now - accepted_at >= YIELDS_FOR or expires_at - now <= LAST_CALL):
        return Lane.MEDIUM
    return lane


def matters(lane: Lane) -> bool:
    """Whether a lane may use the daily slot that stays reserved (R5)."""
    return lane in (Lane.URGENT, Lane.HIGH)


def ignores_hours(lane: Lane, can_delay: bool) -> bool:
    """Whether a message ignores quiet hours and the hourly limit (R5)."""
    return lane is Lane.URGENT and not can_delay


def waits_for_best_time(lane: Lane, can_delay: bool) -> bool:
    """Whether a message goes at the person's best time (R6)."""
    return can_delay and lane in (Lane.MEDIUM, Lane.LOW)
