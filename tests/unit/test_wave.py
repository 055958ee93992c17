"""A wave: what each text that goes counts for, among people who share a phone too."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.agents import AgentHour
from orchestrator.jurisdictions import read_law
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.purpose import Purpose
from orchestrator.rules.decision_values import Hold, Send
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import Delivery, MessageState
from orchestrator.rules.wave import decide_wave, split_by_person
from orchestrator.settings import PolicySettings

LAW = read_law()
NIGHT = datetime(2026, 3, 4, 4, tzinfo=UTC)
TODAY = date(2026, 3, 3)
ONE = Person(UUID(int=1), "+12125550101", timezone="America/New_York", last_inbound_at=NIGHT - timedelta(minutes=1))
OTHER = replace(ONE, user_id=UUID(int=2))
PLAIN = MessageState(
    lane=Lane.MEDIUM,
    can_delay=True,
    due=NIGHT,
    not_before=None,
    expires_at=NIGHT + timedelta(days=7),
    accepted_at=NIGHT - timedelta(hours=1),
)
REPLY = replace(PLAIN, is_reply=True)
LOW = PolicySettings(active_texts_per_inbound=1, replies_per_inbound=1)


def delivery(number: int, person: Person, state: MessageState) -> Delivery:
    """One message in delivery."""
    return Delivery(
        message_id=UUID(int=number),
        agent_id="wellness",
        data={},
        words=None,
        words_source=None,
        words_on=None,
        tries=0,
        state=state,
        person=person,
        paused=False,
    )


def sent(deliveries: list[tuple[Person, MessageState]], policy: PolicySettings, now: datetime = NIGHT) -> list[bool]:
    """Which messages of a wave go, in the order in which they were published."""
    wave = [delivery(number, person, state) for number, (person, state) in enumerate(deliveries)]
    decisions = decide_wave(wave, policy, LAW, now)
    return [isinstance(decisions[one.message_id], Send) for one in wave]


@pytest.mark.parametrize("message", [PLAIN, REPLY], ids=["while active", "replies"])
@pytest.mark.parametrize(("first", "second"), [(ONE, OTHER), (OTHER, ONE)], ids=["older first", "younger first"])
def test_what_a_person_wrote_lets_texts_through_to_that_person_alone(
    first: Person, second: Person, message: MessageState
) -> None:
    assert sent([(first, message), (second, message)], LOW) == [True, True]
    assert sent([(first, message), (first, message)], LOW) == [True, False]


@pytest.mark.parametrize(
    ("message", "policy"),
    [
        (PLAIN, PolicySettings(active_texts_per_hour=1)),
        (PLAIN, PolicySettings(active_texts_per_day=1)),
        (REPLY, PolicySettings(replies_per_hour=1)),
        (REPLY, PolicySettings(replies_per_day=1)),
    ],
)
@pytest.mark.parametrize(("first", "second"), [(ONE, OTHER), (OTHER, ONE)], ids=["older first", "younger first"])
def test_people_who_share_a_phone_share_what_it_gets_in_an_hour_and_on_a_day(
    first: Person, second: Person, message: MessageState, policy: PolicySettings
) -> None:
    assert sent([(first, message), (second, message)], policy) == [True, False]


@pytest.mark.parametrize(
    ("lane", "at"),
    [
        (Lane.MEDIUM, NIGHT + timedelta(hours=13)),
        (Lane.LOW, NIGHT + timedelta(hours=13)),
        (Lane.URGENT, NIGHT),
        (Lane.MEDIUM, NIGHT - timedelta(hours=2, seconds=30)),  # half a minute before the quiet hours
    ],
)
def test_a_message_of_which_nothing_else_is_known_goes_as_one_text(lane: Lane, at: datetime) -> None:
    message = replace(PLAIN, lane=lane, can_delay=lane is not Lane.URGENT, due=at)
    person = replace(ONE, last_inbound_at=at - timedelta(minutes=30))
    (decision,) = decide_wave([delivery(1, person, message)], PolicySettings(), LAW, at).values()
    assert isinstance(decision, Send)
    assert decision.takes_slot
    assert decision.agent_texts == 1


NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
QUIET_PERSON = replace(ONE, last_inbound_at=None)
HIGH = replace(PLAIN, lane=Lane.HIGH, due=NOON)


@pytest.mark.parametrize(
    ("message", "policy"),
    [
        (PLAIN, PolicySettings(active_texts_per_inbound=2)),
        (PLAIN, PolicySettings(active_texts_per_hour=2)),
        (PLAIN, PolicySettings(active_texts_per_day=2)),
        (REPLY, PolicySettings(replies_per_inbound=2)),
        (REPLY, PolicySettings(replies_per_hour=2)),
        (REPLY, PolicySettings(replies_per_day=2)),
    ],
)
def test_each_text_to_a_person_who_wrote_counts_once(message: MessageState, policy: PolicySettings) -> None:
    assert sent([(ONE, message)] * 4, policy) == [True, True, False, False]


def test_a_sequence_counts_for_an_active_person_with_all_its_parts() -> None:
    of_two = replace(PLAIN, in_sequence=True, parts=2)
    assert sent([(ONE, of_two), (ONE, PLAIN), (ONE, PLAIN)], PolicySettings()) == [True, True, False]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (PolicySettings(daily_limit=2, hourly_limit=9), Reason.DAILY_LIMIT),
        (PolicySettings(daily_limit=9, hourly_limit=2), Reason.HOURLY_LIMIT),
    ],
)
def test_each_text_takes_one_slot_of_the_day_and_of_the_hour(policy: PolicySettings, reason: Reason) -> None:
    wave = [delivery(number, QUIET_PERSON, HIGH) for number in range(4)]
    first, second, third, fourth = decide_wave(wave, policy, LAW, NOON).values()
    assert isinstance(first, Send)
    assert isinstance(second, Send)
    for held in (third, fourth):
        assert isinstance(held, Hold)
        assert held.reason is reason


def test_what_the_hour_holds_falls_due_one_after_the_other() -> None:
    person = replace(QUIET_PERSON, recent_sends=(NOON - timedelta(minutes=40), NOON - timedelta(minutes=10)))
    wave = [delivery(number, person, HIGH) for number in range(3)]
    held = [one for one in decide_wave(wave, PolicySettings(), LAW, NOON).values() if isinstance(one, Hold)]
    assert [(one.until - NOON) // timedelta(minutes=1) for one in held] == [20, 50, 80]


@pytest.mark.parametrize(
    ("first", "goes"),
    [
        (replace(HIGH, purpose=Purpose.MARKETING), True),
        (replace(HIGH, purpose=Purpose.MARKETING, in_sequence=True, parts=2), False),
        (replace(HIGH, purpose=Purpose.MARKETING, is_reply=True), True),
        (replace(HIGH, purpose=Purpose.MARKETING, is_reply=True, in_sequence=True, parts=2), False),
        (HIGH, True),
    ],
    ids=["a text", "a sequence of two", "a reply", "a reply of two parts", "a text that the law does not cap"],
)
def test_what_went_in_a_wave_counts_toward_the_cap_of_the_law(first: MessageState, goes: bool) -> None:
    """Florida allows three marketing texts in a day, and one went: a text leaves room for one more, two leave none."""
    person = replace(
        ONE,
        phone_number="+13055550101",
        last_inbound_at=NOON - timedelta(minutes=30),
        law_sends=(NOON,),
        hourly_limit=9,
    )
    marketing = replace(HIGH, purpose=Purpose.MARKETING)
    assert sent([(person, first), (person, marketing)], PolicySettings(), NOON) == [True, goes]


@pytest.mark.parametrize(
    ("limit", "parts", "minutes"),
    [
        (2, 1, [0, 30, 60]),
        (1, 1, [30, 90, 150]),
        (5, 2, [0, 0, 60]),
        (3, 2, [0, 60, 120]),
    ],
)
def test_each_text_counts_against_the_hourly_limit_of_its_agents(limit: int, parts: int, minutes: list[int]) -> None:
    """One text of the group went half an hour ago; each message is for another person."""
    hour = AgentHour("bulk", limit, [NOON - timedelta(minutes=30)])
    state = replace(HIGH, in_sequence=parts > 1, parts=parts, agent_hour=hour)
    people = [replace(QUIET_PERSON, user_id=UUID(int=n), phone_number=f"+1212555010{n}") for n in range(3)]
    wave = [delivery(number, person, state) for number, person in enumerate(people)]
    decisions = decide_wave(wave, PolicySettings(), LAW, NOON).values()
    found = [(one.until - NOON) // timedelta(minutes=1) if isinstance(one, Hold) else 0 for one in decisions]
    assert found == minutes


def test_of_two_agents_that_ask_a_person_something_one_waits() -> None:
    asks = replace(HIGH, asks=True)
    first, second, third = (delivery(number, QUIET_PERSON, asks) for number in range(3))
    wave = [first, second, replace(third, agent_id="coach")]
    decisions = list(decide_wave(wave, PolicySettings(hourly_limit=9), LAW, NOON).values())
    assert [isinstance(decision, Send) for decision in decisions] == [True, True, False]
    assert decisions[2] == Hold(NOON + timedelta(hours=2), Reason.QUESTION_OPEN)
    plain = [replace(one, state=HIGH) for one in wave]
    assert all(isinstance(one, Send) for one in decide_wave(plain, PolicySettings(hourly_limit=9), LAW, NOON).values())


def test_a_phone_gets_two_texts_in_a_wave() -> None:
    policy = PolicySettings(hourly_limit=9)
    wave = [delivery(number, person, HIGH) for number, person in enumerate([ONE, OTHER, OTHER, ONE])]
    apart = delivery(4, replace(ONE, user_id=UUID(int=3), phone_number="+12125550102"), HIGH)
    decisions = decide_wave([*wave, apart], policy, LAW, NOON)
    sendable = [(one, decisions[one.message_id]) for one in [*wave, apart]]
    first, later = split_by_person([(one, found) for one, found in sendable if isinstance(found, Send)])
    assert [one.message_id.int for one, _ in first] == [0, 1, 4]
    assert [message_id.int for message_id in later] == [2, 3]


@pytest.mark.parametrize(
    "first",
    [HIGH, replace(HIGH, asks=True, not_before=NOON + timedelta(hours=1))],
    ids=["one that asks nothing", "one that is held"],
)
def test_only_a_question_that_goes_holds_those_of_other_agents(first: MessageState) -> None:
    coach = replace(delivery(1, QUIET_PERSON, replace(HIGH, asks=True)), agent_id="coach")
    decisions = decide_wave([delivery(0, QUIET_PERSON, first), coach], PolicySettings(), LAW, NOON)
    assert isinstance(decisions[coach.message_id], Send)
