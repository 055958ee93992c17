"""The verdict on one message at one time: send it now, hold it until a time, or end it; always with the reason."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.messages import Lane
from orchestrator.people import Person, country_of
from orchestrator.rules.limits import Caps, caps, day_is_full, hour_frees_at, ignores_hours
from orchestrator.rules.local_time import local_date, next_midnight
from orchestrator.rules.quiet_hours import QuietHours, next_open, open_until
from orchestrator.rules.reasons import Reason, Status
from orchestrator.settings import PolicySettings

# What cannot be determined is looked at again after this, in case somebody corrected it.
LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the rules need to know of a message."""

    lane: Lane
    can_delay: bool
    due: datetime
    not_before: datetime | None
    expires_at: datetime
    accepted_at: datetime
    requires_fresh_context: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """It may go now.

    Attributes:
        local_date: the budget day whose slot it takes.
        open_until: it may not leave, or lie at Twilio, after this.
        caps: what must still hold when the slot is reserved.
    """

    local_date: date
    open_until: datetime
    caps: Caps


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits until a time, when it is looked at again."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class End:
    """It will never be sent."""

    status: Status
    reason: Reason


Verdict = Send | Hold | End


def decide(message: Waiting, person: Person, *, paused: bool, policy: PolicySettings, now: datetime) -> Verdict:
    """Decide on one message (R1, R2, R3, R5, R9, R11, R13).

    The order of the checks is the order in which an operator would want to be told: what ends it, what stops
    everything, then the clock, then the limits. A hold never reaches past the expiry, so that it ends there.
    """
    verdict = _ended(message, person, policy, now) or _held(message, person, paused, policy, now)
    if isinstance(verdict, Hold):
        return Hold(min(verdict.until, message.expires_at), verdict.reason)
    if verdict:
        return verdict
    zones = person.zones
    quiet = quiet_hours_of(message, person, policy)
    closes = open_until(now, zones, quiet) if quiet else None
    return Send(
        local_date=local_date(now, zones[0]) if zones else now.date(),
        open_until=min(closes, message.expires_at) if closes else message.expires_at,
        caps=caps(message.lane, message.can_delay, person, policy),
    )


def _ended(message: Waiting, person: Person, policy: PolicySettings, now: datetime) -> End | None:
    if message.withdrawn:
        return End(Status.CANCELLED, Reason.WITHDRAWN)
    if person.opted_out:
        return End(Status.CANCELLED, Reason.OPTED_OUT)
    if message.expires_at <= now:
        return End(Status.EXPIRED, Reason.EXPIRED)
    if country_of(person.phone_number) not in policy.allowed_countries:
        return End(Status.FAILED, Reason.COUNTRY_NOT_ALLOWED)
    if policy.recipient_allowlist and person.phone_number not in policy.recipient_allowlist:
        return End(Status.FAILED, Reason.NOT_ON_ALLOWLIST)
    return None


def _held(message: Waiting, person: Person, paused: bool, policy: PolicySettings, now: datetime) -> Hold | None:
    if paused:
        return Hold(max(message.due, now), Reason.PAUSED)
    if message.not_before and message.not_before > now:
        return Hold(message.not_before, Reason.SCHEDULED)
    quiet = quiet_hours_of(message, person, policy)
    zones = person.zones
    opens = next_open(now, zones, quiet) if quiet else now
    if opens is None:
        return Hold(now + LOOK_AGAIN, Reason.ZONE_UNKNOWN)
    if opens > now:
        return Hold(opens, Reason.QUIET_HOURS)
    return _held_by_limits(message, person, policy, zones, quiet, now)


def _held_by_limits(
    message: Waiting,
    person: Person,
    policy: PolicySettings,
    zones: tuple[ZoneInfo, ...],
    quiet: QuietHours | None,
    now: datetime,
) -> Hold | None:
    limits = caps(message.lane, message.can_delay, person, policy)
    today = local_date(now, zones[0]) if zones else now.date()
    if day_is_full(person, today, limits.day):
        midnight = next_midnight(now, zones[0]) if zones else now + LOOK_AGAIN
        return Hold(_next_open(midnight, zones, quiet), Reason.DAILY_LIMIT)
    frees = hour_frees_at(person, now, limits.hour) if limits.hour is not None else None
    if frees:
        return Hold(_next_open(frees, zones, quiet), Reason.HOURLY_LIMIT)
    if _may_be_stale(message, person):
        return Hold(now + LOOK_AGAIN, Reason.RELEVANCE_UNKNOWN)
    return None


def _may_be_stale(message: Waiting, person: Person) -> bool:
    """Whether the person wrote since the message was queued, and it must not go unjudged (R10).

    Nothing judges relevance yet, so it is unknown: `urgent` and `high` go, `medium` and `low` wait.
    """
    if not message.requires_fresh_context or message.lane in (Lane.URGENT, Lane.HIGH):
        return False
    return person.last_inbound_at is not None and person.last_inbound_at > message.accepted_at


def _next_open(earliest: datetime, zones: tuple[ZoneInfo, ...], quiet: QuietHours | None) -> datetime:
    opens = next_open(earliest, zones, quiet) if quiet else earliest
    return opens or earliest


def quiet_hours_of(message: Waiting, person: Person, policy: PolicySettings) -> QuietHours | None:
    """The quiet hours that bind this message; None where none do (R3, R5)."""
    if ignores_hours(message.lane, message.can_delay) or person.quiet_hours_enabled is False:
        return None
    quiet = QuietHours(
        start=policy.quiet_hours_start if person.quiet_hours_start is None else person.quiet_hours_start,
        end=policy.quiet_hours_end if person.quiet_hours_end is None else person.quiet_hours_end,
    )
    return None if quiet.start == quiet.end else quiet
