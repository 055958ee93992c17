"""Lanes (R5, R6): which ignore quiet hours, which wait for the best time, and how long a low message yields."""

from datetime import datetime, timedelta

from orchestrator.messages import Lane

# A low message counts as medium once it has waited this long, or has only this long until it expires.
YIELDS_FOR = timedelta(hours=72)
BEFORE_EXPIRY = timedelta(hours=4)
# When a low message is decided again while a higher lane is due.
YIELD_STEP = timedelta(minutes=5)


def effective_lane(lane: Lane, accepted_at: datetime, expires_at: datetime, now: datetime) -> Lane:
    """The lane that counts now: a low message that has waited long, or expires soon, is medium (R6)."""
    if lane is Lane.LOW and (now - accepted_at >= YIELDS_FOR or expires_at - now <= BEFORE_EXPIRY):
        return Lane.MEDIUM
    return lane


def is_important(lane: Lane) -> bool:
    """Whether a lane may use the daily slot that is reserved for urgent and high messages (R5)."""
    return lane in (Lane.URGENT, Lane.HIGH)


def ignores_hours(lane: Lane, can_delay: bool) -> bool:
    """Whether a message ignores the hourly limit, and quiet hours where its agent may text at night (R5)."""
    return lane is Lane.URGENT and not can_delay


def waits_for_best_time(lane: Lane, can_delay: bool) -> bool:
    """Whether a message waits for the person's best time (R6)."""
    return can_delay and lane in (Lane.MEDIUM, Lane.LOW)
