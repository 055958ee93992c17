"""Runs the dispatcher's tick, each minute: upkeep, then what falls due soon is handed over, lane by lane."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg import Connection

from orchestrator.aws import metrics
from orchestrator.aws.metrics import publish_as
from orchestrator.aws.queues import OutgoingMessage, send_all
from orchestrator.clock import Clock, countdown
from orchestrator.conversation.former_webhook import classify_former_webhook
from orchestrator.delivery.evidence import settle_by_message_list
from orchestrator.delivery.handover import hand_over
from orchestrator.delivery.outage import probe_twilio
from orchestrator.delivery.outcome_brake import brake_by_outcome
from orchestrator.events import publish_events
from orchestrator.leases import DELIVERY_LEASE
from orchestrator.messages import Lane
from orchestrator.rules.limits import limits_by_default
from orchestrator.settings import DispatchSettings, UnknownOutcome
from orchestrator.sms.message_list import MessageList, NotListed
from orchestrator.sms.requests import MARKER_PATH
from orchestrator.store import schedule
from orchestrator.store.claims import ClaimedMessage
from orchestrator.store.gauges import Gauges, read_gauges
from orchestrator.store.schedule import Pace, Upkeep

# A schedule of one minute drifts within its minute: what falls due before the tick after the next goes now.
HORIZON = timedelta(seconds=150)
# The most messages of one claim.
CLAIM_SIZE = 1_000
# In the first ticks of a UTC day, people for whom something is due on it get its budget row.
NEW_DAY = timedelta(minutes=15)
# How often a text that may have been sent is sent at most, where its owner prefers a second text to none.
MOST_SENDS = 3
# How long a tick lasts at most, and what must be left for one more step: a claim, or a read of Twilio's message list.
TICK_SECONDS = 60.0
SPARE_SECONDS = 17.0
# For the calls to the targets of events; what is left follows in the next minute.
EVENT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """What a tick did.

    Attributes:
        handed_over: messages by lane.
        message_ids: the ids of those, under `handed_over`.
        not_taken: messages that SQS did not take; they are due as before.
        upkeep: what was done before anything was claimed.
        proven: texts of unknown outcome that Twilio's message list showed to have been sent.
        events_published: events that their targets took.
        gauges: what is waiting, overdue and spent; None where the tick had no time left to read it.
        finished: whether nothing due was left.
        probes: texts that went although an outage of Twilio pauses delivery.
        paused_by_outcome: agents and message types that paused themselves now, by scope.
        texts: texts that a former webhook wrote, by what they were taken for.
    """

    handed_over: Counter[str] = field(metadata=publish_as(metrics.HANDED_OVER))
    message_ids: Mapping[str, Sequence[UUID]] = field(metadata=publish_as(in_log=False))
    not_taken: int
    upkeep: Upkeep = field(
        metadata=publish_as(
            parts={
                "expired": ((metrics.ENDED, "expired"),),
                "unknown": ((metrics.ENDED, "unknown_outcome"), metrics.UNKNOWN_OUTCOMES),
                "incomplete": ((metrics.ENDED, "sequence_incomplete"),),
            }
        )
    )
    proven: int = field(metadata=publish_as((metrics.PROVEN, "message_list")))
    events_published: int = field(metadata=publish_as(log_as="told"))
    gauges: Gauges | None = field(
        metadata=publish_as(
            parts={
                "overdue": (metrics.OLDEST_DUE,),
                "waiting": (metrics.WAITING,),
                "oldest_unread": (metrics.OLDEST_UNREAD,),
                "claude_usd": (metrics.CLAUDE_SPENT,),
                "twilio_usd": (metrics.TWILIO_SPENT,),
                "cost_ceilings": (metrics.COST_CEILING,),
                "old_senders": (metrics.OLD_SENDERS,),
                "outcome_pauses": (metrics.OUTCOME_PAUSES,),
                "oldest_pause": (metrics.OLDEST_PAUSE,),
                "oldest_events": (metrics.OLDEST_EVENT,),
                "connections": (metrics.DATABASE_CONNECTIONS,),
            },
            in_log=False,
        )
    )
    finished: bool
    probes: int = 0
    paused_by_outcome: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(
        default_factory=Counter, metadata=publish_as(metrics.TEXTS, log_as="texts_of_former_webhook")
    )


@dataclass(frozen=True, slots=True)
class LaneHandover:
    """What was handed over of one lane; `in_time` is false where the tick ended before the lane was done."""

    lane: Lane
    message_ids: Sequence[UUID]
    not_taken: int
    in_time: bool = True


def dispatch(
    connection: Connection,
    settings: DispatchSettings,
    clock: Clock,
    message_list: MessageList | None = None,
    seconds_left: Callable[[], float] | None = None,
) -> DispatchReport:
    """Run one tick. Two ticks at once hand over no message twice; a backlog too large for one goes on in the next.

    Args:
        message_list: where open outcomes are looked up; None leaves them to status callbacks.
        seconds_left: what remains of the invocation; None means a minute.

    Raises:
        psycopg.Error: what was claimed and not handed over is due again when its lease runs out.
    """
    seconds_left = seconds_left or countdown(TICK_SECONDS)
    if settings.inbound_queue_url:
        # A marker that SQS does not take is missed after three minutes, like the next one and the very first.
        schedule.expect_inbound_markers(connection)
        send_all(settings.inbound_queue_url, [OutgoingMessage(json.dumps({"path": MARKER_PATH}))])
    upkeep = schedule.keep_up(
        connection,
        sends=MOST_SENDS if settings.unknown_outcome is UnknownOutcome.SEND_AGAIN else 1,
        lifetime=timedelta(days=settings.message_lifetime_days),
        events=settings,
        ceilings=settings,
        now=clock(),
        limit=CLAIM_SIZE,
    )
    # Before the claims: what is paused now is not handed over any more, and what came now may be a STOP.
    paused_by_outcome = brake_by_outcome(connection, settings, clock())
    texts = classify_former_webhook(connection, clock())
    handovers = [_hand_over_replies(connection, settings, clock)]
    handovers += [_hand_over_lane(connection, lane, settings, clock, seconds_left) for lane in Lane]
    in_time = all(handover.in_time for handover in handovers)
    if in_time and is_new_day(clock()):
        schedule.add_budget_rows(connection, limits_by_default(settings), clock())
    gauges = read_gauges(connection, clock()) if in_time else None
    # Last, because targets of events and Twilio may answer slowly, and what is due must not wait for them.
    events = publish_events(connection, settings, clock, EVENT_SECONDS) if seconds_left() > SPARE_SECONDS else 0
    proven = _settle_open_outcomes(connection, message_list, clock) if seconds_left() > SPARE_SECONDS else 0
    probes = _probe_twilio(connection, message_list, settings, clock, seconds_left) if upkeep.twilio_is_out else 0
    not_taken = sum(handover.not_taken for handover in handovers)
    return DispatchReport(
        handed_over=_count_by_lane(handovers),
        message_ids={"handed_over": [message_id for handover in handovers for message_id in handover.message_ids]},
        not_taken=not_taken,
        upkeep=upkeep,
        proven=proven,
        events_published=events,
        gauges=gauges,
        finished=in_time and not not_taken,
        probes=probes,
        paused_by_outcome=paused_by_outcome,
        texts=texts,
    )


def _probe_twilio(
    connection: Connection,
    message_list: MessageList | None,
    settings: DispatchSettings,
    clock: Clock,
    seconds_left: Callable[[], float],
) -> int:
    # Through the urgent queue, which has no backlog.
    return probe_twilio(
        connection, message_list, settings.urgent_queue_url, clock, lambda: seconds_left() > SPARE_SECONDS
    )


def is_new_day(now: datetime) -> bool:
    """Whether the UTC day has just begun."""
    return timedelta(hours=now.astimezone(UTC).hour, minutes=now.minute) < NEW_DAY


def _hand_over_replies(connection: Connection, settings: DispatchSettings, clock: Clock) -> LaneHandover:
    now = clock()
    claimed = schedule.claim_replies(connection, now)
    taken = _hand_over(connection, settings.urgent_queue_url, claimed, now)
    return LaneHandover(Lane.URGENT, taken, len(claimed) - len(taken))


def _hand_over_lane(
    connection: Connection, lane: Lane, settings: DispatchSettings, clock: Clock, seconds_left: Callable[[], float]
) -> LaneHandover:
    """Hand over what falls due in a lane, claim by claim, until nothing is left, SQS refuses, or the tick ends."""
    is_urgent = lane is Lane.URGENT
    queue_url = settings.urgent_queue_url if is_urgent else settings.delivery_queue_url
    limits = limits_by_default(settings)
    pace = None if is_urgent else Pace(settings.sender_messages_per_second, limits, settings.agent_start_limit)
    message_ids: list[UUID] = []
    not_taken = 0
    while seconds_left() >= SPARE_SECONDS:
        now = clock()
        claimed = schedule.claim_due(connection, lane, now, now + HORIZON, now + DELIVERY_LEASE, pace, CLAIM_SIZE)
        taken = _hand_over(connection, queue_url, claimed, now)
        message_ids += taken
        not_taken += len(claimed) - len(taken)
        if len(claimed) < CLAIM_SIZE or not_taken:
            return LaneHandover(lane, message_ids, not_taken)
    return LaneHandover(lane, message_ids, not_taken, in_time=False)


def _hand_over(connection: Connection, queue_url: str, claimed: Sequence[ClaimedMessage], now: datetime) -> list[UUID]:
    """Hand messages over, and make those that SQS did not take due as before.

    Returns:
        The messages that SQS took.
    """
    not_taken = set(hand_over(queue_url, claimed, now))
    if not_taken:
        schedule.put_back(connection, sorted(not_taken))
    return [message.message_id for message in claimed if message.message_id not in not_taken]


def _count_by_lane(handovers: Sequence[LaneHandover]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for handover in handovers:
        counts[handover.lane] += len(handover.message_ids)
    return counts


def _settle_open_outcomes(connection: Connection, message_list: MessageList | None, clock: Clock) -> int:
    """Settle open outcomes by Twilio's message list; where it cannot be read now, the next tick does it."""
    if message_list is None:
        return 0
    try:
        return settle_by_message_list(connection, message_list, clock)
    except NotListed:
        return 0
