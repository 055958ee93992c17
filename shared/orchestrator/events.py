"""Publishes the events of the outbox, at least once each, to the targets of the owner's choice (docs/events.md)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from psycopg import Connection

from orchestrator.clock import Clock, Countdown, countdown
from orchestrator.event_settings import EventSettings, EventTarget
from orchestrator.event_targets.answers import TargetAnswer
from orchestrator.event_targets.bus import publish_on_bus
from orchestrator.event_targets.function import invoke_function
from orchestrator.event_targets.queue import put_on_queue
from orchestrator.event_targets.table import write_rows
from orchestrator.store.events import Event, EventFailure, lease_events, settle_events

# Events for one target published in one run; the rest follow in the next minute.
MOST_EVENTS = 1_000
LEASED_AT_ONCE = 100
# When an event that its target did not take is tried again: the wait doubles from the first to the longest.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=10)

_Publish = Callable[[Sequence[Event]], TargetAnswer]


def publish_events(
    connection: Connection,
    settings: EventSettings,
    clock: Clock,
    seconds: float,
    most: int = MOST_EVENTS,
    *,
    first_tries: bool = False,
) -> int:
    """Publish events of the outbox, oldest first, to each target by itself, with no transaction open (G4).

    A fault of a target puts its events off, and concerns no message and no other target: each has an equal share of the
    time that those before it left.

    Args:
        seconds: for the calls to all targets.
        most: the most events to publish to one target.
        first_tries: publish only what was not tried before, and nothing to a target that is failing.

    Returns:
        How many events the targets took. The others are published again.
    """
    time_left = countdown(seconds)
    targets = settings.event_targets
    published = 0
    for place, target in enumerate(targets):
        share = countdown(time_left() / (len(targets) - place))
        published += _publish_to(connection, target, settings, clock, share, most, first_tries=first_tries)
    return published


def _publish_to(
    connection: Connection,
    target: EventTarget,
    settings: EventSettings,
    clock: Clock,
    time_left: Countdown,
    most: int,
    *,
    first_tries: bool,
) -> int:
    published = 0
    with_words = target in settings.reply_words_to
    while published < most and time_left() > 0:
        now = clock()
        publish = _publisher(connection, target, settings, now, time_left)
        events = lease_events(connection, target, now, LEASED_AT_ONCE, with_words=with_words, first_tries=first_tries)
        if not events:
            break
        answer = publish(events)
        settle_events(connection, answer.taken, _failures(events, answer, now))
        published += len(answer.taken)
        if len(events) < LEASED_AT_ONCE or len(answer.taken) < len(events):
            break
    return published


def _publisher(
    connection: Connection, target: EventTarget, settings: EventSettings, now: datetime, time_left: Countdown
) -> _Publish:
    """How events reach a target that the settings name."""
    match target:
        case EventTarget.BUS:
            return partial(publish_on_bus, settings.event_bus_name or "")
        case EventTarget.TABLE:
            return partial(write_rows, connection, settings.reply_event_type or "", time_left=time_left)
        case EventTarget.QUEUE:
            return partial(put_on_queue, settings.reply_queue_url or "")
        case EventTarget.FUNCTION:
            return partial(invoke_function, settings.reply_function or "", time_left=time_left)
        case EventTarget.WEBHOOK:
            from orchestrator.event_targets.webhook import post_events  # urllib3 takes 40 ms to import

            return partial(
                post_events,
                settings.reply_webhook_url or "",
                now=now,
                time_left=time_left,
                private_network=settings.reply_webhook_private_network,
            )


def _failures(events: Sequence[Event], answer: TargetAnswer, now: datetime) -> list[EventFailure]:
    """When each refused event is tried again: later each time, and not before its target asked for it."""
    return [
        EventFailure(event.id, refusal.error, now + max(_wait_after(event), timedelta(seconds=refusal.wait_seconds)))
        for event in events
        if (refusal := answer.refused.get(event.id))
    ]


def _wait_after(event: Event) -> timedelta:
    # A year of failures is a power of two that no timedelta holds.
    doublings = min(event.failures, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
