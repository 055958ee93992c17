"""A wave: what each text that goes counts for, among people who share a phone too."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.jurisdictions import read_law
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.decision_values import Send
from orchestrator.rules.state import Delivery, MessageState
from orchestrator.rules.wave import decide_wave
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


def sent(deliveries: list[tuple[Person, MessageState]], policy: PolicySettings) -> list[bool]:
    """Which messages of a wave go, in the order in which they were published."""
    wave = [delivery(number, person, state) for number, (person, state) in enumerate(deliveries)]
    decisions = decide_wave(wave, policy, LAW, NIGHT)
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
