"""Verdicts on several messages at once: what goes first counts for what comes after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from orchestrator.people import Person
from orchestrator.rules.decision import Decision, Hold, MessageState, Send, decide
from orchestrator.rules.lanes import effective_lane
from orchestrator.rules.reasons import Reason
from orchestrator.settings import PolicySettings


@dataclass(frozen=True, slots=True)
class Case:
    """One message of a wave, with its person and whether a pause stops it."""

    message_id: UUID
    message: MessageState
    person: Person
    paused: bool


def decide_wave(cases: Sequence[Case], policy: PolicySettings, now: datetime) -> Mapping[UUID, Decision]:
    """Decide on a wave: by lane, then due time, then age (R6).

    What a person is sent in this wave counts against their limits at once, and what the hourly limit holds is due one
    after the other (R2).

    Returns:
        The verdicts by message id, in the order in which the messages may go.
    """
    people: dict[UUID, Person] = {}
    verdicts: dict[UUID, Decision] = {}
    # What came in the same instant goes in the order of its ids, which is that of its publisher.
    for case in sorted(cases, key=lambda case: (*order(case.message, now), case.message_id)):
        person = people.get(case.person.user_id, case.person)
        verdict = decide(case.message, person, paused=case.paused, policy=policy, now=now)
        verdicts[case.message_id] = verdict
        people[person.user_id] = _after(person, verdict, now)
    return verdicts


def order(message: MessageState, now: datetime) -> tuple[int, datetime, datetime]:
    """The place of a message among those that may go: lane, due time, age; never the spelling of the lane (R6)."""
    lane = effective_lane(message.lane, message.accepted_at, message.expires_at, now)
    return lane.rank, message.due, message.accepted_at


def _after(person: Person, verdict: Decision, now: datetime) -> Person:
    """The person as the next message of the wave meets them."""
    match verdict:
        case Send(takes_slot=True):
            day = verdict.local_date
            return replace(
                person,
                sent_by_day={**person.sent_by_day, day: person.sent_by_day.get(day, 0) + 1},
                recent_sends=(*person.recent_sends, now),
                texts_while_active=person.texts_while_active + (verdict.active_since is not None),
            )
        case Hold(until, Reason.HOURLY_LIMIT):
            return replace(person, planned_sends=(*person.planned_sends, until))
    return person
