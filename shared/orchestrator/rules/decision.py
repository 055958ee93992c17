"""The verdict on one message at one time: send it now, hold it until a time, or end it; always with the reason."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.messages import Lane
from orchestrator.people import Person, country_of
from orchestrator.rules.activity import active_until, live_until, may_come_forward
from orchestrator.rules.best_time import best_time, read_pattern
from orchestrator.rules.lanes import (
    YIELD_STEP,
    effective_lane,
    ignores_hours,
    matters,
    waits_for_best_time,
)
from orchestrator.rules.limits import NO_CAPS, Caps, caps, hour_frees_at, hour_is_full
from orchestrator.rules.local_time import local_date, next_midnight
from orchestrator.rules.quiet_hours import QuietHours, next_open, open_until, quiet_hours_for
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.relevance import Relevance
from orchestrator.settings import PolicySettings

# What cannot be determined is looked at again after this, in case somebody corrected it.
LOOK_AGAIN = timedelta(hours=1)
# What the person just wrote is judged in seconds; whoever judges it hands over at once what waited for that.
JUDGED_WITHIN = timedelta(minutes=1)
# How long a message waits for a verdict on its relevance that does not come.
RELEVANCE_WAIT = timedelta(hours=24)
# A sequence does not start when its person's quiet hours are this near: its later parts would wait all night.
SEQUENCE_NEEDS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MessageState:
    """What the rules need to know of a message.

    Attributes:
        not_before, best_at: its own scheduled_for, and the person's best time for it; None where there is none.
        withdrawn: a withdrawal of it, or of its topic, has arrived (R9).
        superseded_by: the newer message that takes its place (R9).
        higher_is_due: another message of a higher lane waits for the same person and is due (R6).
        in_sequence: it is part of a sequence; `continues` when an earlier part has been sent, `broken` when another
            part has ended otherwise, `complete` when all parts are there (R8).
        is_reply: an agent's answer, which a live conversation lets through (R12).
        relevance: what is known since the person last wrote, and `judged_at` since when (R10).
    """

    lane: Lane
    can_delay: bool
    due: datetime
    not_before: datetime | None
    expires_at: datetime
    accepted_at: datetime
    best_at: datetime | None = None
    spread: float = 0.0
    requires_fresh_context: bool = False
    withdrawn: bool = False
    superseded_by: UUID | None = None
    higher_is_due: bool = False
    in_sequence: bool = False
    continues: bool = False
    broken: bool = False
    is_reply: bool = False
    relevance: Relevance = Relevance.UNASKED
    judged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """It may go now.

    Attributes:
        local_date: the budget day whose slot it takes.
        open_until: it may not leave, or lie at Twilio, after this.
        caps: what must still hold when the slot is reserved.
        takes_slot: a sequence takes one slot, with its first part (R8).
        active_since: the inbound message on whose strength it goes; None when the ordinary rules allow it (R4).
    """

    local_date: date
    open_until: datetime
    caps: Caps
    takes_slot: bool = True
    active_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits until a time, when it is looked at again."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class End:
    """It will never be sent; `superseded_by` names what takes its place."""

    status: Status
    reason: Reason
    superseded_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class CheckRelevance:
    """It may go now if it still makes sense: the person wrote since it was queued, and nobody has judged it (R10)."""


Decision = Send | Hold | End | CheckRelevance


def decide(message: MessageState, person: Person, *, paused: bool, policy: PolicySettings, now: datetime) -> Decision:
    """Decide on one message (R1 to R13).

    The order of the checks is the order in which an operator would want to be told: what ends it, what stops it
    whoever it is for, then the clock, then the limits, and last what costs money: whether it still makes sense. A
    person who is there may be answered although the clock or a limit says wait (R4). A hold never reaches past the
    expiry, so that the message ends there.
    """
    end = _end(message, person, policy, now) or _end_by_relevance(message, person, policy, now)
    if end:
        return end
    hold = _hold_for_anybody(message, paused, now) or _hold_for_the_phone(person, now)
    if hold is None and message.is_reply and live_until(person, now) > now:
        return _send_reply(message, person, now)
    to_active = False
    if hold is None:
        hold = _hold_for_this_person(message, person, policy, now)
        # A lower lane never overtakes a higher one, not even to somebody who is there.
        to_active = hold is not None and hold.reason is not Reason.YIELDS and may_come_forward(person, now)
        hold = None if to_active else hold
    hold = hold or _hold_by_relevance(message, person, policy, now)
    if hold:
        return Hold(min(hold.until, message.expires_at), hold.reason)
    if message.relevance is Relevance.UNASKED and _is_in_question(message, person):
        return CheckRelevance()
    return _send_to_active(message, person, now) if to_active else _send(message, person, policy, now)


def first_due(
    message: MessageState, person: Person, policy: PolicySettings, now: datetime
) -> tuple[datetime, Reason | None]:
    """When a message that just arrived is due, and why not at once (R6, R7).

    Quiet hours and limits are looked at when it is due: by then they may have changed.
    """
    earliest = max(message.not_before or now, now)
    if waits_for_best_time(message.lane, message.can_delay):
        best = best_time_of(message, person, policy, earliest)
        if best > earliest:
            return best, Reason.BEST_TIME
    return earliest, Reason.SCHEDULED if earliest > now else None


def best_time_of(message: MessageState, person: Person, policy: PolicySettings, earliest: datetime) -> datetime:
    """The person's best time for a message, from `earliest` on (R7)."""
    quiet = quiet_hours_of(message, person, policy)
    pattern = read_pattern(person.response_pattern)
    return best_time(earliest, message.expires_at, person.zones, quiet, pattern, message.spread)


def quiet_hours_of(message: MessageState, person: Person, policy: PolicySettings) -> QuietHours | None:
    """The quiet hours that bind this message; None where none do (R3, R5)."""
    return None if ignores_hours(message.lane, message.can_delay) else quiet_hours_for(person, policy)


def _end(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> End | None:  # noqa: PLR0911
    if message.withdrawn:
        return End(Status.CANCELLED, Reason.WITHDRAWN)
    if message.superseded_by:
        return End(Status.SUPERSEDED, Reason.SUPERSEDED, message.superseded_by)
    if person.opted_out:
        return End(Status.CANCELLED, Reason.OPTED_OUT)
    if message.broken:
        return End(Status.CANCELLED, Reason.SEQUENCE_STOPPED)
    if message.expires_at <= now:
        return End(Status.EXPIRED, Reason.EXPIRED)
    if person.number_is_dead:
        return End(Status.FAILED, Reason.BAD_NUMBER)
    if country_of(person.phone_number) not in policy.allowed_countries:
        return End(Status.FAILED, Reason.COUNTRY_NOT_ALLOWED)
    if not policy.may_text(person.phone_number):
        return End(Status.FAILED, Reason.NOT_ON_ALLOWLIST)
    return None


def _hold_for_anybody(message: MessageState, paused: bool, now: datetime) -> Hold | None:
    if paused:
        return Hold(max(message.due, now), Reason.PAUSED)
    if message.not_before and message.not_before > now:
        return Hold(message.not_before, Reason.SCHEDULED)
    return None


def _hold_for_the_phone(person: Person, now: datetime) -> Hold | None:
    if person.has_unjudged_text:
        return Hold(now + JUDGED_WITHIN, Reason.REPLY_UNJUDGED)
    if person.unreachable_until and person.unreachable_until > now:
        return Hold(person.unreachable_until, Reason.PHONE_UNREACHABLE)
    return None


def _hold_for_this_person(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> Hold | None:
    return (
        _hold_in_quiet_hours(message, person, policy, now)
        or (None if message.continues else _hold_by_limits(message, person, policy, now))
        or _hold_for_a_better_moment(message, now)
    )


def _hold_in_quiet_hours(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> Hold | None:
    quiet = quiet_hours_of(message, person, policy)
    if quiet is None:
        return None
    zones = person.zones
    opens = next_open(now, zones, quiet)
    if opens is None:
        return Hold(now + LOOK_AGAIN, Reason.ZONE_UNKNOWN)
    if opens == now and message.in_sequence and not message.continues:
        closes = open_until(now, zones, quiet)
        if closes and closes - now < SEQUENCE_NEEDS:
            opens = next_open(closes, zones, quiet) or now + LOOK_AGAIN
    return Hold(opens, Reason.QUIET_HOURS) if opens > now else None


def _hold_by_limits(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> Hold | None:
    limits = caps(_lane(message, now), message.can_delay, person, policy)
    quiet = quiet_hours_of(message, person, policy)
    if limits.day is not None and person.sent_by_day.get(budget_day(person, now), 0) >= limits.day:
        opens = _next_open(next_midnight(now, _zone(person)), person, quiet)
        if waits_for_best_time(message.lane, message.can_delay):
            opens = best_time_of(message, person, policy, opens)
        return Hold(opens, Reason.DAILY_LIMIT)
    if limits.hour is not None and hour_is_full(person.recent_sends, now, limits.hour):
        frees = hour_frees_at(person.recent_sends, person.planned_sends, now, limits.hour)
        return Hold(_next_open(frees, person, quiet), Reason.HOURLY_LIMIT)
    return None


def _hold_for_a_better_moment(message: MessageState, now: datetime) -> Hold | None:
    if message.best_at and message.best_at > now:
        return Hold(message.best_at, Reason.BEST_TIME)
    if _lane(message, now) is Lane.LOW and message.higher_is_due and not message.continues:
        return Hold(now + YIELD_STEP, Reason.YIELDS)
    return None


def _is_in_question(message: MessageState, person: Person) -> bool:
    """Whether the person wrote since the message was queued; without that it is relevant, and nobody is asked."""
    if not message.requires_fresh_context or person.last_inbound_at is None:
        return False
    # The first part of a sequence is judged for all of it: what has begun is told to its end (R8).
    return not message.continues and person.last_inbound_at > message.accepted_at


def _end_by_relevance(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> End | None:
    if not _is_in_question(message, person):
        return None
    if message.relevance is Relevance.STALE:
        return End(Status.SUPERSEDED, Reason.STALE)
    if message.relevance is Relevance.REFORMULATE and now >= _reformulated_by(message, policy, now):
        return End(Status.SUPERSEDED, Reason.REFORMULATION)
    # Relevance may fail open, but only for `urgent` and `high`; the others do not wait for it for ever.
    unknown_since = person.last_inbound_at
    if message.relevance is Relevance.UNKNOWN and not matters(message.lane) and unknown_since is not None:
        return End(Status.EXPIRED, Reason.RELEVANCE_UNKNOWN) if now - unknown_since >= RELEVANCE_WAIT else None
    return None


def _hold_by_relevance(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> Hold | None:
    if not _is_in_question(message, person):
        return None
    if message.relevance is Relevance.REFORMULATE:
        return Hold(_reformulated_by(message, policy, now), Reason.REFORMULATION)
    if message.relevance is Relevance.UNKNOWN and not matters(message.lane):
        return Hold(now + LOOK_AGAIN, Reason.RELEVANCE_UNKNOWN)
    return None


def _reformulated_by(message: MessageState, policy: PolicySettings, now: datetime) -> datetime:
    return (message.judged_at or now) + timedelta(minutes=policy.reformulation_minutes)


def _send(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> Send:
    quiet = quiet_hours_of(message, person, policy)
    closes = open_until(now, person.zones, quiet) if quiet else None
    return Send(
        local_date=budget_day(person, now),
        open_until=min(closes, message.expires_at) if closes else message.expires_at,
        caps=NO_CAPS if message.continues else caps(_lane(message, now), message.can_delay, person, policy),
        takes_slot=not message.continues,
    )


def _send_to_active(message: MessageState, person: Person, now: datetime) -> Send:
    # Neither here nor at Twilio may it outlast the minutes for which the person is there.
    return Send(
        local_date=budget_day(person, now),
        open_until=min(active_until(person, now), message.expires_at),
        caps=NO_CAPS,
        takes_slot=not message.continues,
        active_since=person.last_inbound_at,
    )


def _send_reply(message: MessageState, person: Person, now: datetime) -> Send:
    # It counts against no limit, and does not outlast the conversation.
    return Send(
        local_date=budget_day(person, now),
        open_until=min(live_until(person, now), message.expires_at),
        caps=NO_CAPS,
        takes_slot=False,
    )


def _lane(message: MessageState, now: datetime) -> Lane:
    return effective_lane(message.lane, message.accepted_at, message.expires_at, now)


def budget_day(person: Person, now: datetime) -> date:
    return local_date(now, _zone(person))


def _zone(person: Person) -> ZoneInfo:
    """The zone whose calendar counts; UTC's where none is known, which only an urgent text can meet."""
    zones = person.zones
    return zones[0] if zones else ZoneInfo("UTC")


def _next_open(earliest: datetime, person: Person, quiet: QuietHours | None) -> datetime:
    opens = next_open(earliest, person.zones, quiet) if quiet else earliest
    return opens or earliest
