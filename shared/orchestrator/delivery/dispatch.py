"""The minute: what falls due soon is claimed, lane by lane, and handed over to delivery."""

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from orchestrator.aws.queues import OutgoingMessage, send_all
from orchestrator.clock import Clock, countdown
from orchestrator.delivery.evidence import settle_by_message_list
from orchestrator.events import publish_events
from orchestrator.leases import DELIVERY_LEASE, URGENT_LEASE
from orchestrator.messages import Lane
from orchestrator.settings import DispatchSettings, UnknownOutcome
from orchestrator.sms.aftermath import TRIES
from orchestrator.sms.message_list import MessageList, NotListed
from orchestrator.store import schedule
from orchestrator.store.gauges import Gauges, read_gauges
from orchestrator.store.schedule import ClaimedMessage, Upkeep

# Minute schedules drift inside their minute: what falls due before the tick after the next one is handed over now.
HORIZON = timedelta(seconds=150)
# Messages taken by one statement.
CLAIM_SIZE = 1_000
# A tick lasts this long at the most, and stops with this much left to it: one claim, or one look at Twilio's list.
TICK_SECONDS = 60.0
SPARE_SECONDS = 17.0


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """What a tick did.

    Attributes:
        handed_over: messages by lane; `message_ids` are theirs.
        not_taken: messages that SQS did not take; they are due as before.
        upkeep: what it found before.
        proven: texts of unknown outcome that Twilio's list showed to have been sent.
        told: events that the bus took.
        levels: how full everything is; None where the tick had no time left to look.
        finished: whether nothing due was left.
    """

    handed_over: Counter[str]
    message_ids: list[UUID]
    not_taken: int
    upkeep: Upkeep
    proven: int
    told: int
    levels: Gauges | None
    finished: bool


def dispatch(
    connection: Connection,
    settings: DispatchSettings,
    clock: Clock,
    message_list: MessageList | None = None,
    seconds_left: Callable[[], float] | None = None,
) -> DispatchReport:
    """One tick. Two at once hand over nothing twice, and a backlog too large for one continues in the next.

    Args:
        message_list: where open outcomes are looked up; without it, status callbacks alone settle them.
        seconds_left: what remains of the invocation; a minute when left out.

    Raises:
        psycopg.Error: what was claimed and not handed over is due again when its lease runs out.
    """
    seconds_left = seconds_left or countdown(TICK_SECONDS)
    sends = TRIES if settings.unknown_outcome is UnknownOutcome.SEND_AGAIN else 1
    lifetime = timedelta(days=settings.message_lifetime_days)
    bus = settings.event_bus_name
    upkeep = schedule.keep_up(connection, sends, settings.old_sender_is_gone, lifetime, bus, clock(), CLAIM_SIZE)
    handed_over: Counter[str] = Counter()
    now = clock()
    replies = [ClaimedMessage(reply, now) for reply in schedule.approve_replies(connection, now, now + URGENT_LEASE)]
    message_ids = _hand_over(connection, Lane.URGENT, replies, settings, now)
    handed_over[Lane.URGENT] += len(message_ids)
    not_taken = len(replies) - len(message_ids)
    for lane in Lane:
        while True:
            now = clock()
            if seconds_left() < SPARE_SECONDS:
                return DispatchReport(
                    handed_over, message_ids, not_taken, upkeep, proven=0, told=0, levels=None, finished=False
                )
            pace = None if lane is Lane.URGENT else settings.sender_messages_per_second
            claimed = schedule.claim_due(connection, lane, now, now + HORIZON, now + DELIVERY_LEASE, pace, CLAIM_SIZE)
            taken = _hand_over(connection, lane, claimed, settings, now)
            message_ids += taken
            handed_over[lane] += len(taken)
            not_taken += len(claimed) - len(taken)
            if len(claimed) < CLAIM_SIZE or len(taken) < len(claimed):
                break
    levels = read_gauges(connection, clock())
    # Last, because the bus and Twilio may be slow to answer and what is due must not wait for it.
    told = publish_events(connection, bus, clock) if seconds_left() > SPARE_SECONDS else 0
    proven = 0
    if message_list is not None and seconds_left() > SPARE_SECONDS:
        proven = _look_up_open_outcomes(connection, message_list, clock)
    return DispatchReport(handed_over, message_ids, not_taken, upkeep, proven, told, levels, finished=not not_taken)


def _look_up_open_outcomes(connection: Connection, message_list: MessageList, clock: Clock) -> int:
    try:
        return settle_by_message_list(connection, message_list, clock)
    except NotListed:
        return 0  # Twilio cannot be asked now; the next tick asks again


def _hand_over(
    connection: Connection, lane: Lane, claimed: Sequence[ClaimedMessage], settings: DispatchSettings, now: datetime
) -> list[UUID]:
    """Send messages to their queue, each to arrive when it leaves.

    Returns:
        Those that SQS took; the others are due as before.
    """
    queue_url = settings.urgent_queue_url if lane is Lane.URGENT else settings.delivery_queue_url
    parcels = [
        OutgoingMessage(
            json.dumps({"message_id": str(message.message_id)}),
            delay=_seconds_until(message.leaves_at, now),
            group=str(message.user_id) if message.user_id else None,
        )
        for message in claimed
    ]
    failures = send_all(queue_url, parcels)
    if failures:
        schedule.put_back(connection, [claimed[place].message_id for place in failures])
    return [message.message_id for place, message in enumerate(claimed) if place not in failures]


def _seconds_until(leaves_at: datetime, now: datetime) -> int:
    return max(0, math.ceil((leaves_at - now).total_seconds()))
