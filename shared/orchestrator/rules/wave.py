"""Decides on several messages at once: each message that goes counts for those after it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from orchestrator.agents import AgentHour
from orchestrator.people import Person
from orchestrator.rules.decision import decide
from orchestrator.rules.decision_values import Decision, Hold, Send
from orchestrator.rules.lanes import effective_lane
from orchestrator.rules.law import Law
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import Delivery, MessageState
from orchestrator.settings import PolicySettings

# How many texts a person gets in one wave (R6).
TEXTS_PER_WAVE = 2


def decide_wave(
    deliveries: Sequence[Delivery], policy: PolicySettings, law: Law, now: datetime
) -> Mapping[UUID, Decision]:
    """Decide on a wave: by lane, then due time, then age (R6).

    A text in this wave counts against the limits of its person and of its agents at once. Messages that an hourly limit
    holds become due one after the other (R2, R13).

    Returns:
        The decisions by message id, in the order in which the messages may go.
    """
    people: dict[str, Person] = {}  # by number: people who share a phone share its limits
    hours: dict[str, AgentHour] = {}  # by group of agents
    asked: defaultdict[UUID, set[str]] = defaultdict(set)  # the agents that ask each person something
    decisions: dict[UUID, Decision] = {}
    texts_to = Counter(delivery.person.phone_number for delivery in deliveries)
    # Messages of one instant go in the order of their ids, which is the order in which they were published.
    for delivery in sorted(deliveries, key=lambda delivery: (*order(delivery.state, now), delivery.message_id)):
        person = _with_counts_of(people.get(delivery.person.phone_number), delivery.person)
        state = _with_hour(delivery.state, hours)
        if asked[person.user_id] - {delivery.agent_id}:
            state = replace(state, question_at=now)
        decision = decide(state, person, paused=delivery.paused, policy=policy, law=law, now=now)
        decisions[delivery.message_id] = decision
        if texts_to[person.phone_number] > 1:
            people[person.phone_number] = _after(person, decision, now)
        if isinstance(decision, Send) and state.asks:
            asked[person.user_id].add(delivery.agent_id)
        if state.agent_hour:
            hours[state.agent_hour.group] = _hour_after(state.agent_hour, state.parts, decision, now)
    return decisions


def split_by_person(
    sendable: Sequence[tuple[Delivery, Send]],
) -> tuple[list[tuple[Delivery, Send]], list[UUID]]:
    """Limit how many texts a person gets in one wave (R6): their calls are made one after the other.

    People who share a phone count as one.

    Returns:
        The messages of this wave, in their order, and those that wait for the next one.
    """
    first: list[tuple[Delivery, Send]] = []
    later: list[UUID] = []
    texts: Counter[str] = Counter()
    for delivery, decision in sendable:
        texts[delivery.person.phone_number] += 1
        if texts[delivery.person.phone_number] <= TEXTS_PER_WAVE:
            first.append((delivery, decision))
        else:
            later.append(delivery.message_id)
    return first, later


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
                law_sends=(*person.law_sends, *[now] * decision.law.texts),
                texts_while_active=person.texts_while_active + decision.active_texts,
                active_texts_this_hour=person.active_texts_this_hour + decision.active_texts,
                active_texts_by_day={
                    **person.active_texts_by_day,
                    day: person.active_texts_by_day.get(day, 0) + decision.active_texts,
                },
            )
        case Send(reply_to=answered) if answered is not None:
            day = decision.local_date
            return replace(
                person,
                law_sends=(*person.law_sends, *[now] * decision.law.texts),
                replies_to_text=person.replies_to_text + 1,
                replies_this_hour=person.replies_this_hour + 1,
                replies_by_day={**person.replies_by_day, day: person.replies_by_day.get(day, 0) + 1},
            )
        case Hold(until, Reason.HOURLY_LIMIT):
            return replace(person, planned_sends=(*person.planned_sends, until))
    return person


def _with_counts_of(earlier: Person | None, person: Person) -> Person:
    """The person with the counts that the wave's earlier messages to the same number left."""
    if earlier is None:
        return person
    return replace(
        person,
        sent_by_day=earlier.sent_by_day,
        recent_sends=earlier.recent_sends,
        law_sends=earlier.law_sends,
        planned_sends=earlier.planned_sends,
        texts_while_active=(earlier if earlier.user_id == person.user_id else person).texts_while_active,
        active_texts_this_hour=earlier.active_texts_this_hour,
        active_texts_by_day=earlier.active_texts_by_day,
        replies_to_text=(earlier if earlier.user_id == person.user_id else person).replies_to_text,
        replies_this_hour=earlier.replies_this_hour,
        replies_by_day=earlier.replies_by_day,
    )


def _with_hour(message: MessageState, hours: Mapping[str, AgentHour]) -> MessageState:
    """The message with what the wave's earlier messages left of the hour of its agents."""
    own = message.agent_hour
    earlier = hours.get(own.group) if own else None
    if own is None or earlier is None:
        return message
    # Which sequence is older, and waits, differs from message to message.
    return replace(message, agent_hour=replace(earlier, sequence_due=own.sequence_due))


def _hour_after(hour: AgentHour, parts: int, decision: Decision, now: datetime) -> AgentHour:
    """The hour of a group of agents as the next message of the wave finds it."""
    match decision:
        case Send(agent_texts=texts):
            return replace(hour, texts=(*hour.texts, *[now] * texts))
        case Hold(until, Reason.AGENT_LIMIT):
            return replace(hour, planned=(*hour.planned, *[until] * parts))
    return hour
