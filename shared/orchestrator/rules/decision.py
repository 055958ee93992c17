"""Decides on one message at one time: send it now, hold it until a time, end it, or check its relevance first."""

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.messages import Lane
from orchestrator.people import Person, country_of, is_e164
from orchestrator.purpose import Purpose
from orchestrator.rules.activity import active_until, live_until, may_come_forward, may_reply
from orchestrator.rules.agent_limit import room_from
from orchestrator.rules.consent import CONSENT_RECHECK, has_needed_consent, waits_for_consent
from orchestrator.rules.decision_values import CheckRelevance, Decision, End, Hold, Send
from orchestrator.rules.first_due import best_time_of, quiet_hours_of
from orchestrator.rules.lanes import YIELD_STEP, effective_lane, is_important, waits_for_best_time
from orchestrator.rules.law import Law, LawfulTimes
from orchestrator.rules.law_decision import (
    RECHECK_AFTER,
    hold_by_law,
    law_limit,
    lawful_times_of,
    next_opening,
)
from orchestrator.rules.limits import NO_CAPS, budget_day, calendar_zone, caps, hour_frees_at, hour_is_full
from orchestrator.rules.local_time import next_midnight
from orchestrator.rules.questions import held_by_question_until
from orchestrator.rules.quiet_hours import next_open, open_until
from orchestrator.rules.reasons import Reason, Status
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings

# Reading an inbound text takes seconds; the inbound function then hands over what waited for it.
READ_WITHIN = timedelta(minutes=1)
# How long a message waits for Claude to check its relevance (R10).
RELEVANCE_WAIT = timedelta(hours=24)
# A sequence does not start this shortly before the person's quiet hours: its later parts would wait all night.
SEQUENCE_DURATION = timedelta(minutes=1)


def decide(  # noqa: PLR0911
    message: MessageState, person: Person, *, paused: bool, policy: PolicySettings, law: Law, now: datetime
) -> Decision:
    """Decide on one message (R1 to R15).

    The checks run in the order in which an operator wants the reasons: what ends the message, what holds it for
    everyone, the clock, the limits, and last the check that costs money, its relevance. To a person who is active, a
    message may go although the clock or a limit holds it (R4), marketing excepted, and never against the law of the
    place (R15). A hold ends at the latest when the message expires, so that the message ends then.
    """
    end = (
        _end(message, person, policy, now)
        or _end_without_consent(message, policy, now)
        or _end_by_relevance(message, person, policy, now)
    )
    if end:
        return end
    hold = (
        _hold_by_pause_or_schedule(message, paused, now)
        or _hold_for_consent(message, policy, now)
        or _hold_for_the_phone(person, now)
    )
    if hold:
        return _until_expiry(hold, message)
    lawful = lawful_times_of(message, person, law)
    against_law = _hold_by_law(message, person, lawful, policy, now)
    if message.is_reply and live_until(person, now) > now:
        may_go = may_reply(person, budget_day(person, now), policy) and _hold_by_agent_limit(message, now) is None
        above = None if may_go else Hold(now, Reason.REPLY_LIMIT)
        hold = above or against_law or _hold_after_an_outage(message, now)
        return _until_expiry(hold, message) if hold else _send_reply(message, person, lawful, now)
    hold = _hold_by_hours_and_limits(message, person, lawful, policy, now)
    comes_forward = hold is not None and _may_be_lifted(hold) and _may_come_forward(message, person, policy, now)
    hold = (None if comes_forward else hold) or against_law or _hold_by_agent_limit(message, now)
    hold = hold or _hold_by_question(message, now)
    hold = hold or _hold_by_relevance(message, person, policy, now)
    hold = hold or _hold_after_an_outage(message, now)
    if hold:
        return _until_expiry(hold, message)
    if message.relevance is Relevance.UNASKED and _is_in_question(message, person):
        return CheckRelevance()
    if comes_forward:
        return _send_to_active(message, person, lawful, now)
    return _send(message, person, lawful, policy, now)


# What ends a message --------------------------------------------------------------------------------------------------


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
    if not is_e164(person.phone_number):
        return None  # the owner may correct it: it is held below
    if country_of(person.phone_number) not in policy.allowed_countries:
        return End(Status.FAILED, Reason.COUNTRY_NOT_ALLOWED)
    if not policy.may_text(person.phone_number):
        return End(Status.FAILED, Reason.NOT_ON_ALLOWLIST)
    return None


def _end_without_consent(message: MessageState, policy: PolicySettings, now: datetime) -> End | None:
    if has_needed_consent(message, policy) or waits_for_consent(message, now):
        return None
    return End(Status.CANCELLED, Reason.NO_CONSENT)


def _end_by_relevance(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> End | None:
    if not _is_in_question(message, person):
        return None
    if message.relevance is Relevance.STALE:
        return End(Status.SUPERSEDED, Reason.STALE)
    if message.relevance is Relevance.REFORMULATE and now >= _reformulation_deadline(message, policy, now):
        return End(Status.SUPERSEDED, Reason.REFORMULATION)
    # `urgent` and `high` go although their relevance is unknown; the other lanes wait a day for it and then expire.
    unknown_since = person.last_inbound_at
    if message.relevance is Relevance.UNKNOWN and not is_important(message.lane) and unknown_since is not None:
        return End(Status.EXPIRED, Reason.RELEVANCE_UNKNOWN) if now - unknown_since >= RELEVANCE_WAIT else None
    return None


# What holds a message -------------------------------------------------------------------------------------------------


def _hold_for_consent(message: MessageState, policy: PolicySettings, now: datetime) -> Hold | None:
    until = None if has_needed_consent(message, policy) else waits_for_consent(message, now)
    return Hold(min(until, now + CONSENT_RECHECK), Reason.NO_CONSENT) if until else None


def _hold_by_pause_or_schedule(message: MessageState, paused: bool, now: datetime) -> Hold | None:
    if paused:
        return Hold(max(message.due, now), Reason.PAUSED)
    if message.not_before and message.not_before > now:
        return Hold(message.not_before, Reason.SCHEDULED)
    return None


def _hold_for_the_phone(person: Person, now: datetime) -> Hold | None:
    if not is_e164(person.phone_number):
        return Hold(now + RECHECK_AFTER, Reason.NUMBER_UNREADABLE)
    if person.has_unread_text:
        return Hold(now + READ_WITHIN, Reason.REPLY_UNJUDGED)
    if person.unreachable_until and person.unreachable_until > now:
        return Hold(person.unreachable_until, Reason.PHONE_UNREACHABLE)
    if person.country_paused_until and person.country_paused_until > now:
        return Hold(person.country_paused_until, Reason.PROVIDER_CONFIGURATION)
    return None


def _hold_after_an_outage(message: MessageState, now: datetime) -> Hold | None:
    """Nothing goes before what people wrote during an outage is read, `urgent` and replies included (R11)."""
    if not message.inbound_unread:
        return None
    return _until_expiry(Hold(now + READ_WITHIN, Reason.INBOUND_UNREAD), message)


def _hold_by_law(
    message: MessageState, person: Person, lawful: LawfulTimes | None, policy: PolicySettings, now: datetime
) -> Hold | None:
    held = hold_by_law(message, person, lawful, quiet_hours_of(message, person, policy), SEQUENCE_DURATION, now)
    return Hold(*held) if held else None


def _hold_by_hours_and_limits(
    message: MessageState, person: Person, lawful: LawfulTimes | None, policy: PolicySettings, now: datetime
) -> Hold | None:
    return (
        _hold_in_quiet_hours(message, person, lawful, policy, now)
        or (None if message.continues else _hold_by_limits(message, person, lawful, policy, now))
        or _hold_for_a_better_moment(message, now)
    )


def _hold_in_quiet_hours(
    message: MessageState, person: Person, lawful: LawfulTimes | None, policy: PolicySettings, now: datetime
) -> Hold | None:
    quiet = quiet_hours_of(message, person, policy)
    if quiet is None:
        return None
    zones = person.zones
    opens = next_open(now, zones, quiet)
    if opens is None:
        return Hold(now + RECHECK_AFTER, Reason.ZONE_UNKNOWN)
    if opens > now:
        return Hold(next_opening(opens, person, quiet, lawful), Reason.QUIET_HOURS)
    closes = open_until(now, zones, quiet) if message.in_sequence and not message.continues else None
    if closes and closes - now < SEQUENCE_DURATION:
        return Hold(next_opening(closes, person, quiet, lawful), Reason.QUIET_HOURS)
    return None


def _hold_by_limits(
    message: MessageState, person: Person, lawful: LawfulTimes | None, policy: PolicySettings, now: datetime
) -> Hold | None:
    limits = caps(_lane(message, now), message.can_delay, person, policy)
    quiet = quiet_hours_of(message, person, policy)
    if limits.day is not None and person.sent_by_day.get(budget_day(person, now), 0) >= limits.day:
        opens = next_opening(next_midnight(now, calendar_zone(person)), person, quiet, lawful)
        if waits_for_best_time(message.lane, message.can_delay):
            opens = best_time_of(message, person, policy, opens).at
        return Hold(opens, Reason.DAILY_LIMIT)
    if limits.hour is not None and hour_is_full(person.recent_sends, now, limits.hour):
        frees = hour_frees_at(person.recent_sends, person.planned_sends, now, limits.hour)
        return Hold(next_opening(frees, person, quiet, lawful), Reason.HOURLY_LIMIT)
    return None


def _hold_for_a_better_moment(message: MessageState, now: datetime) -> Hold | None:
    if message.best_at and message.best_at > now:
        return Hold(message.best_at, Reason.BEST_TIME)
    if _lane(message, now) is Lane.LOW and message.higher_is_due and not message.continues:
        return Hold(now + YIELD_STEP, Reason.YIELDS)
    return None


def _hold_by_agent_limit(message: MessageState, now: datetime) -> Hold | None:
    """A person's activity does not lift the limit of an agent; a sequence that has begun goes on (R8, R13)."""
    room = None if message.continues else room_from(message.agent_hour, message.parts, now)
    return Hold(room, Reason.AGENT_LIMIT) if room else None


def _hold_by_question(message: MessageState, now: datetime) -> Hold | None:
    """A person's activity does not lift it: what they wrote last came before the question that is open."""
    until = held_by_question_until(message, now)
    return Hold(until, Reason.QUESTION_OPEN) if until else None


def _hold_by_relevance(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> Hold | None:
    if not _is_in_question(message, person):
        return None
    if message.relevance is Relevance.REFORMULATE:
        return Hold(_reformulation_deadline(message, policy, now), Reason.REFORMULATION)
    if message.relevance is Relevance.UNKNOWN and not is_important(message.lane):
        return Hold(now + RECHECK_AFTER, Reason.RELEVANCE_UNKNOWN)
    return None


def _may_be_lifted(hold: Hold) -> bool:
    """Whether a person's activity lifts a hold (R4). A lower lane never overtakes a higher one, not even then."""
    return hold.reason is not Reason.YIELDS


def _may_come_forward(message: MessageState, person: Person, policy: PolicySettings, now: datetime) -> bool:
    if message.purpose is Purpose.MARKETING:
        return False
    return may_come_forward(person, _new_texts(message), budget_day(person, now), policy, now)


def _until_expiry(hold: Hold, message: MessageState) -> Hold:
    return replace(hold, until=min(hold.until, message.expires_at))


# What lets a message go -----------------------------------------------------------------------------------------------


def _send_reply(message: MessageState, person: Person, lawful: LawfulTimes | None, now: datetime) -> Send:
    """A reply counts against no limit, and its text ends with the live conversation (R12)."""
    return Send(
        local_date=budget_day(person, now),
        open_until=_earliest(now, lawful, live_until(person, now), message.expires_at),
        caps=NO_CAPS,
        takes_slot=False,
        reply_to=person.last_inbound_at,
        law=law_limit(message, lawful, now),
        agent_texts=1,
    )


def _send_to_active(message: MessageState, person: Person, lawful: LawfulTimes | None, now: datetime) -> Send:
    """The text may wait, here and at Twilio, no longer than the person is active (R4)."""
    return Send(
        local_date=budget_day(person, now),
        open_until=_earliest(now, lawful, active_until(person, now), message.expires_at),
        caps=NO_CAPS,
        takes_slot=not message.continues,
        active_since=person.last_inbound_at,
        active_texts=_new_texts(message),
        agent_texts=_new_texts(message),
        law=law_limit(message, lawful, now),
    )


def _send(
    message: MessageState, person: Person, lawful: LawfulTimes | None, policy: PolicySettings, now: datetime
) -> Send:
    quiet = quiet_hours_of(message, person, policy)
    closes = open_until(now, person.zones, quiet) if quiet else None
    return Send(
        local_date=budget_day(person, now),
        open_until=_earliest(now, lawful, closes, message.expires_at),
        caps=NO_CAPS if message.continues else caps(_lane(message, now), message.can_delay, person, policy),
        takes_slot=not message.continues,
        law=law_limit(message, lawful, now),
        agent_texts=_new_texts(message),
    )


# What several of them need --------------------------------------------------------------------------------------------


def _is_in_question(message: MessageState, person: Person) -> bool:
    """Whether the person wrote after the message was accepted; else it is relevant without a call to Claude (R10).

    The first part of a sequence is checked for all of it: a sequence that has begun is sent to its end (R8).
    """
    if not message.requires_fresh_context or person.last_inbound_at is None:
        return False
    return not message.continues and person.last_inbound_at > message.accepted_at


def _reformulation_deadline(message: MessageState, policy: PolicySettings, now: datetime) -> datetime:
    return (message.checked_at or now) + timedelta(minutes=policy.reformulation_minutes)


def _new_texts(message: MessageState) -> int:
    """What a message counts for: a sequence counts as a whole with its first part."""
    return 0 if message.continues else message.parts


def _lane(message: MessageState, now: datetime) -> Lane:
    return effective_lane(message.lane, message.accepted_at, message.expires_at, now)


def _earliest(now: datetime, lawful: LawfulTimes | None, *ends: datetime | None) -> datetime:
    """The first of some ends, the end of what the law allows among them."""
    return min(end for end in (*ends, lawful.lawful_until(now) if lawful else None) if end)
