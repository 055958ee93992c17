"""Decides on several messages at once: each message that goes counts for those after it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from orchestrator.people import Person
from orchestrator.rules.decision import Decision, Hold, Send, decide
from orchestrator.rules.lanes import effective_lane
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import Delivery, MessageState
from orchestrator.settings import PolicySettings


def decide_wave(deliveries: Sequence[Delivery], policy: PolicySettings, now: datetime) -> Mapping[UUID, Decision]:
    """Decide on a wave: by lane, then due time, then age (R6).

    A text to a person in this wave counts against their limits at once. Messages that the hourly limit holds become due
    one after the other (R2).

    Returns:
        The decisions by message id, in the order in which the messages may go.
    """
    people: dict[UUID, Person] = {}
    decisions: dict[UUID, Decision] = {}
    # Messages of one instant go in the order of their ids, which is the order in which they were published.
    for delivery in sorted(deliveries, key=lambda delivery: (*order(delivery.state, now), delivery.message_id)):
        person = people.get(delivery.person.user_id, delivery.person)
        decision = decide(delivery.state, person, paused=delivery.paused, policy=policy, now=now)
        decisions[delivery.message_id] = decision
        people[person.user_id] = _after(person, decision, now)
    return decisions


def order(message: MessageState, now: datetime) -> tuple[int, datetime, datetime]:
    """A message's place among those that may go: the rank of its lane, when it is due, when it was accepted (R6)."""
    lane = effective_lane(message.lane, message.accepted_at, message.expires_at, now)
    return lane.rank, message.due, message.accepted_at


def _after(person: Person, decision: Decision, now: datetime) -> Person:
    """The person as the next message of the wave finds them."""
    match decision:
        case Send(takes_slot=True):
            day = decision.local_date
            return replace(
                person,
                sent_by_day={**person.sent_by_day, day: person.sent_by_day.get(day, 0) + 1},
                recent_sends=(*person.recent_sends, now),
                texts_while_active=person.texts_while_active + (decision.active_since is not None),
            )
        case Hold(until, Reason.HOURLY_LIMIT):
            return replace(person, planned_sends=(*person.planned_sends, until))
    return person
