"""Which text an inbound text answers, and questions that wait while another agent's question is open."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.store.database import connect
from tests.integration.test_events import bus, heard
from tests.integration.test_replies import reply
from tests.integration.test_reserve_under_race import CountingSender, run_workers
from tests.integration.test_sequences import part
from tests.world import World

__all__ = ["bus"]  # a fixture
NO_LINK: tuple[str | None, list[str]] = (None, [])


def ask(world: World, words: str = "Shall I introduce you?", agent_id: str = "crm", **fields: Any) -> UUID:
    """A message that expects a reply, or with `expects_reply=False` one that does not."""
    data = {"type": "note", "message": words}
    return world.message(message_data=data, agent_id=agent_id, **{"expects_reply": True, "can_delay": False, **fields})


def links(world: World) -> list[tuple[str | None, list[str]]]:
    """For each inbound text the words of the message that it answers, and of those that it may answer."""
    rows = world.all(
        "SELECT answered.final_message, coalesce((SELECT array_agg(m.final_message ORDER BY c.place)"
        "   FROM unnest(r.may_answer) WITH ORDINALITY AS c (id, place) JOIN message_queue m ON m.id = c.id), '{}')"
        " FROM orchestrator.readings r LEFT JOIN message_queue answered ON answered.id = r.in_reply_to"
        " ORDER BY r.received_at, r.inbound_id"
    )
    return [(answered, found) for answered, found in rows]


STORIES = {
    "the question that is open": (["crm? Q", "ada: Yes"], [("Q", [])]),
    "the question, although a text came after it": (["crm? Q", "crm: News", "ada: Yes"], [("Q", [])]),
    "the question, although another agent's text came after it": (["crm? Q", "bank: News", "ada: Yes"], [("Q", [])]),
    "the question, although another person wrote": (
        ["crm? Q", "crm: News", "ben: Hello", "ada: Yes"],
        [NO_LINK, ("Q", [])],
    ),
    "the newest of one agent's questions": (["crm? Q", "crm? R", "ada: Yes"], [("R", [])]),
    "the last text, where nothing was asked": (["crm: News", "bank: More", "ada: Thanks"], [("More", [])]),
    "nothing, where no text went": (["ada: Hello"], [NO_LINK]),
    "what is answered is no longer open": (
        ["crm? Q", "crm: News", "ada: Yes", "ada: At ten"],
        [("Q", []), ("News", [])],
    ),
    "a question after the answer is open": (["crm? Q", "ada: Yes", "crm? R", "ada: No"], [("Q", []), ("R", [])]),
    "both questions of two agents": (["crm? Q", "2 hours", "bank? R", "ada: Yes"], [(None, ["R", "Q"])]),
    "the newest question of each of two agents": (
        ["crm? Q", "crm? Q2", "2 hours", "bank? R", "ada: Yes"],
        [(None, ["R", "Q2"])],
    ),
    "after an answer to both, the last text": (
        ["crm? Q", "2 hours", "bank? R", "ada: Yes", "ada: To both"],
        [(None, ["R", "Q"]), ("R", [])],
    ),
    "a question of a week ago is no longer open": (["crm? Q", "crm: News", "168 hours", "ada: Yes"], [("News", [])]),
    "a question of less than a week is": (["crm? Q", "crm: News", "167 hours", "ada: Yes"], [("Q", [])]),
    "HELP answers nothing, and leaves the question open": (["crm? Q", "ada: HELP", "ada: Yes"], [NO_LINK, ("Q", [])]),
    "STOP answers nothing": (["crm? Q", "ada: STOP"], [NO_LINK]),
    "a wish to stop in free words answers nothing": (["crm? Q", "ada: please stop texting me"], [NO_LINK]),
    "words that come again are an automatic answer": (
        ["crm? Q", "ada: I am away", "bank? R", "ada: I am away", "ada: Yes"],
        [("Q", []), NO_LINK, ("R", [])],
    ),
}


@pytest.mark.parametrize(("steps", "expected"), STORIES.values(), ids=STORIES)
def test_an_inbound_text_is_linked_to(
    world: World, steps: list[str], expected: list[tuple[str | None, list[str]]]
) -> None:
    world.person(hourly_limit=50, daily_limit=50, quiet_hours_enabled=False)
    world.person("ben", phone="+12125550102")
    for step in steps:
        world.wait(minutes=1)
        who, _, words = step.partition(" ")
        if who == "ada:":
            world.writes(words)
        elif who == "ben:":
            world.writes(words, "+12125550102")
        elif words == "hours":
            world.wait(hours=int(who))
        else:
            ask(world, words, agent_id=who[:-1], expects_reply=who.endswith("?"), priority="high")
            world.minute()
    assert links(world) == expected


def test_two_texts_of_one_batch_are_linked_in_their_order(world: World) -> None:
    world.person(hourly_limit=50)
    ask(world, "Q")
    ask(world, "News", expects_reply=False)
    world.minute()
    world.wait(minutes=1)
    for words in ("Yes", "At ten"):
        world.wait(seconds=1)
        assert world.twilio_calls(world.phones.write("+12125550101", words, "https://hooks.example.com/twilio/inbound"))
    world.take_in()
    assert links(world) == [("Q", []), ("News", [])]


def test_what_twilio_did_not_deliver_is_not_answered(world: World) -> None:
    world.person(hourly_limit=50)
    ask(world, "News", expects_reply=False)
    world.minute()
    world.wait(minutes=1)
    lost = ask(world, "Q")
    world.minute()
    world.connection.execute("UPDATE orchestrator.attempts SET undelivered_at = now() WHERE message_id = %s", (lost,))
    world.wait(minutes=1)
    world.writes("Yes")
    assert links(world) == [("News", [])]


def test_a_part_of_a_sequence_that_asks_is_answered(world: World) -> None:
    world.person()
    sequence = uuid4()
    world.publish(*[part(sequence, position, expects_reply=position == 2) for position in (1, 2, 3)])
    world.minute()
    world.wait(minutes=1)
    world.writes("Yes")
    assert links(world) == [("part 2", [])]


def test_the_event_names_the_message_and_its_agent_or_every_candidate(world: World, bus: str) -> None:
    world.person(hourly_limit=50)
    first = ask(world, "Q")
    world.minute()
    world.wait(minutes=1)
    world.writes("Yes")
    world.wait(minutes=1)
    second = ask(world, "R")
    world.minute()
    world.wait(hours=2)
    third = ask(world, "S", agent_id="bank")
    world.minute()
    world.wait(minutes=1)
    world.writes("Maybe")
    world.writes("STOP")
    world.dispatch()
    replies = [event for kind, event in heard(bus) if kind == "reply.received"]
    assert [(event.in_reply_to, event.agent_id, event.candidates) for event in replies] == [
        (str(first), "crm", None),
        (None, None, [{"message_id": str(third), "agent_id": "bank"}, {"message_id": str(second), "agent_id": "crm"}]),
        (None, None, None),
    ]


def test_a_second_agents_question_waits_up_to_two_hours(world: World) -> None:
    world.person(hourly_limit=50)
    ask(world, "Q")
    world.minute()
    second = ask(world, "R", agent_id="bank")
    world.minute()
    assert world.state(second) == ("queued", "question_open")
    world.wait(hours=1, minutes=59)
    world.minute()
    assert world.texts() == ["Q"]
    world.wait(minutes=1)
    world.minute()
    assert world.texts() == ["Q", "R"]


def test_a_held_question_comes_forward_once_the_open_one_is_answered(world: World) -> None:
    world.person(hourly_limit=50)
    ask(world, "Q")
    world.minute()
    held = [ask(world, words, agent_id=agent) for words, agent in (("R", "bank"), ("S", "saga"))]
    world.minute()
    world.wait(minutes=1)
    world.writes("HELP")
    world.deliver()
    assert world.texts() == ["Q"]
    world.writes("Yes")
    world.deliver()
    assert world.texts() == ["Q", "R"], "one question at a time"
    assert [world.state(message_id) for message_id in held] == [("sent", None), ("queued", "question_open")]
    world.wait(minutes=1)
    world.writes("No")
    world.deliver()
    assert world.texts() == ["Q", "R", "S"]


@pytest.mark.parametrize(
    "fields",
    [
        {"agent_id": "crm"},
        {"agent_id": "bank", "expects_reply": False},
        {"agent_id": "bank", "priority": "urgent"},
    ],
    ids=["of the same agent", "that asks nothing", "that is urgent"],
)
def test_a_text_is_not_held_by_an_open_question(world: World, fields: dict[str, Any]) -> None:
    world.person(hourly_limit=50)
    ask(world, "Q")
    world.minute()
    ask(world, "R", **fields)
    world.minute()
    assert world.texts() == ["Q", "R"]


def test_a_reply_is_not_held_by_an_open_question(world: World) -> None:
    world.person(hourly_limit=50)
    world.writes("Who are you?")
    world.wait(minutes=1)
    ask(world, "Q")
    world.minute()
    reply(world, "The bank", agent_id="bank")
    world.deliver()
    assert world.texts() == ["Q", "The bank"]


def test_of_two_questions_in_one_wave_one_goes(world: World) -> None:
    world.person(hourly_limit=50)
    first, second = ask(world, "Q"), ask(world, "R", agent_id="bank")
    world.minute()
    assert sorted([world.state(first), world.state(second)]) == [("queued", "question_open"), ("sent", None)]


def test_of_two_workers_at_once_one_asks(world: World, database_url: str) -> None:
    """Both have decided, and wait for the lock on the person."""
    ada = world.person(hourly_limit=50)
    messages = [ask(world, "Q"), ask(world, "R", agent_id="bank")]
    world.connection.execute(
        "UPDATE message_queue SET status = 'approved', lease_until = %s + interval '15 minutes'", (world.now,)
    )
    sender = CountingSender()
    with ThreadPoolExecutor(1) as pool, connect(database_url) as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM users WHERE id = %s FOR NO KEY UPDATE", (ada,))
        workers = pool.submit(run_workers, database_url, [[message] for message in messages], sender, world.now)
        assert world.has_waiting_sessions(2)
        other.execute("COMMIT")
        workers.result()
    assert sender.sent.total() == 1
    assert sorted(map(world.state, messages)) == [("queued", "question_open"), ("sent", None)]
