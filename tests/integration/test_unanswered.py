"""Which texts of an agent a person has not answered."""

from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from orchestrator.rules.local_time import start_of_day
from orchestrator.rules.unanswered import UnansweredTexts
from orchestrator.store.unanswered import count_unanswered_texts
from orchestrator_local.stand_ins.phones import twilio_error
from tests.integration.test_replies import reply
from tests.integration.test_sequences import part
from tests.world import World


def unanswered(world: World, agent_id: str = "concierge_main") -> tuple[int, int]:
    """Texts sent, and messages that wait."""
    ((ada,),) = world.all("SELECT id FROM users WHERE external_id = 'ada'")
    began_at = start_of_day(world.now, ZoneInfo("America/New_York"))
    found: UnansweredTexts = count_unanswered_texts(world.connection, ada, agent_id, began_at, world.now)
    return found.sent, found.waiting


def text(world: World, **fields: Any) -> None:
    world.wait(seconds=1)
    world.message(**{"can_delay": False, **fields})
    world.minute()


def test_what_went_and_what_waits_counts_for_its_agent_until_the_person_answers(world: World) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    assert unanswered(world) == (0, 0)
    for _ in range(3):
        text(world)
    text(world, user="ben")
    assert unanswered(world) == (2, 1), "the third waits for the hourly limit"
    assert unanswered(world, "saga") == (0, 0)
    world.wait(minutes=1)
    world.writes("HELP")
    assert unanswered(world)[0] == 2
    world.writes("Thanks")
    assert unanswered(world) == (0, 1), "what waits is still to come"


def test_a_new_day_begins_at_the_persons_midnight(world: World) -> None:
    world.person(quiet_hours_enabled=False)
    world.travel_to("2026-03-03T23:58:00-05:00")
    text(world)
    assert unanswered(world) == (1, 0)
    world.wait(minutes=2)
    assert unanswered(world) == (0, 0)


def test_what_does_not_count(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: twilio_error(400, 21617, "too long")
    text(world)
    world.phones.misbehave = None
    text(world, scheduled_for="2026-03-04T15:00:00Z")
    world.writes("Who are you?")
    world.wait(seconds=1)
    reply(world, "The concierge", agent_id="concierge_main")
    world.deliver()
    assert world.texts() == ["The concierge"]
    assert unanswered(world) == (0, 0), "nothing refused, planned for later, or answered in a live conversation"


def test_a_sequence_counts_once(world: World) -> None:
    world.person()
    sequence = uuid4()
    world.publish(*[part(sequence, position) for position in (1, 2, 3)])
    assert unanswered(world) == (0, 1)
    world.minute()
    assert unanswered(world) == (1, 0)
