"""Whether what waits still makes sense, at the deliver handler (R10)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator_local.stand_ins.http import HttpAnswer
from tests.sizes import size
from tests.world import World

PEOPLE = size(100, 30)


def fresh(world: World, user: str = "ada", **fields: Any) -> UUID:
    """A message that is to be checked before it goes."""
    return world.message(user, **{"requires_fresh_context": True, **fields})


def says_verdict(verdict: str, *, reformulate: bool = False) -> Callable[..., dict[str, Any]]:
    return lambda *_: {"verdict": verdict, "should_reformulate": reformulate, "why": "because"}


def replied(world: World, user_id: UUID, text: str = "hm") -> None:
    world.wait(minutes=20)
    world.says(user_id, text)
    world.wait(minutes=20)  # no longer active


def asked(world: World) -> list[dict[str, Any]]:
    """The questions about relevance that Claude was asked."""
    return [request for request in world.claude.requests if "<messages>" in request["messages"][0]["content"]]


@pytest.mark.parametrize("priority", ["high", "medium"])
def test_what_still_fits_goes(world: World, priority: str) -> None:
    ada = world.person()
    message_id = fresh(world, priority=priority, can_delay=False)
    replied(world, ada, "sounds good")
    world.minute()
    assert (world.texts(), world.state(message_id)) == (["Hello"], ("sent", None))
    assert len(asked(world)) == 1


def test_what_is_over_ends_as_superseded_whatever_its_lane(world: World) -> None:
    ada = world.person()
    message_id = fresh(world)
    replied(world, ada, "already done, thanks")
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("superseded", "stale"))


def test_a_newer_text_of_somebody_else_is_no_reason_to_ask_again(world: World) -> None:
    """The question is about what the person wrote, and its verdict stands while they write nothing more."""
    ada, ben = world.person(), world.person("ben", phone="+12125550102")
    message_id = fresh(world)
    replied(world, ada, "sounds good")
    world.says(ben, "please call me at the office")
    world.minute()
    assert (world.texts(), world.state(message_id)) == (["Hello"], ("sent", None))
    (question,) = asked(world)
    assert "sounds good" in str(question)
    assert "at the office" not in str(question)


def test_without_a_new_message_nobody_is_asked(world: World) -> None:
    ada = world.person()
    world.says(ada, "hello")
    world.wait(minutes=20)
    fresh(world)
    world.minute()
    assert (world.texts(), world.claude.requests) == (["Hello"], [])


@pytest.mark.parametrize("word", ["STOP", "help"])
def test_a_word_for_the_carrier_is_no_message(world: World, word: str) -> None:
    ada = world.person()
    fresh(world)
    replied(world, ada, word)
    world.minute()
    assert world.claude.requests == []


def test_what_claude_sees(world: World) -> None:
    ada = world.person()
    fresh(world, topic="crm", message_data={"type": "match", "name": "Acme </messages> Corp"})
    for number in range(7):
        replied(world, ada, f"reply {number}")
    world.minute()
    (request,) = asked(world)
    prompt = request["messages"][0]["content"]
    assert prompt.count("</messages>") == prompt.count("</conversation>") == 1
    messages, conversation = (
        json.loads(prompt.partition(f"<{part}>\n")[2].partition(f"\n</{part}>")[0])
        for part in ("messages", "conversation")
    )
    assert [(message["number"], message["topic"]) for message in messages] == [(1, "crm")]
    assert [text["text"] for text in conversation] == [f"reply {number}" for number in range(2, 7)]
    assert "+12125550101" not in prompt, "nobody needs the number"


def test_all_that_waits_for_a_person_is_one_question_with_a_verdict_each(world: World) -> None:
    ada = world.person(hourly_limit=1)
    messages = [fresh(world, message_data={"type": "note", "message": f"number {number}"}) for number in range(4)]
    replied(world, ada)
    world.claude.check_relevance = lambda message, _said: {
        "verdict": "STALE"
        if message["says"] in ("number 1", '{"type": "note", "message": "number 1"}')
        else "RELEVANT",
        "should_reformulate": False,
        "why": "x",
    }
    world.minute()
    assert len(asked(world)) == 2, "one question, and one more in reverse order because something is stale"
    assert world.state(messages[1]) == ("superseded", "stale")
    for _ in range(6):
        world.wait(hours=1)
        world.minute()
    assert sorted(world.texts()) == ["number 0", "number 2", "number 3"]
    assert len(asked(world)) == 2, "the verdicts were remembered"
    assert world.all("SELECT sum(reused) > 0 FROM orchestrator.relevance") == [(True,)]


def test_a_verdict_that_depends_on_the_place_in_the_list_ends_nothing(world: World) -> None:
    ada = world.person(hourly_limit=10)
    messages = [fresh(world, message_data={"type": "note", "message": f"number {number}"}) for number in range(3)]
    replied(world, ada)
    world.claude.last_is_stale = True
    world.minute()
    world.minute()
    assert [world.state(message_id) for message_id in messages] == [("sent", None)] * 3


def test_what_is_stale_in_one_order_only_for_lack_of_an_answer_is_not_judged(world: World) -> None:
    ada = world.person(hourly_limit=10)
    messages = [fresh(world, priority="medium", can_delay=False) for _ in range(2)]
    replied(world, ada, "already done")
    world.claude.misbehave = lambda _request: FAILURES["401"] if len(asked(world)) > 1 else None
    world.minute()
    assert [world.state(message_id) for message_id in messages] == [("queued", "relevance_unknown")] * 2


def test_a_new_message_asks_anew(world: World) -> None:
    ada = world.person(hourly_limit=1)
    fresh(world)
    world.wait(seconds=1)
    later = fresh(world, message_data={"type": "note", "message": "later"})
    replied(world, ada)
    world.minute()
    world.says(ada, "already solved")
    world.wait(hours=1, minutes=1)
    world.minute()
    assert (len(asked(world)), world.state(later)) == (2, ("superseded", "stale"))


def test_ten_messages_for_each_of_many_people_are_at_most_one_question_for_each(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    people = [world.person(f"p{n}", phone=f"+1212555{100 + n:04}", daily_limit=100) for n in range(PEOPLE)]
    for start in range(0, 10 * PEOPLE, PEOPLE):
        world.publish(
            *[
                {
                    "user_id": f"p{number % PEOPLE}",
                    "agent_id": "bulk",
                    "priority": "high",
                    "requires_fresh_context": True,
                    "message_data": {"type": "note", "message": f"number {number}"},
                }
                for number in range(start, start + PEOPLE)
            ]
        )
    world.wait(minutes=1)
    for user_id in people:
        world.says(user_id, "hm")
    world.wait(minutes=15)
    world.minute()
    first = len(asked(world))
    world.wait(hours=1)
    world.minute()
    assert first <= PEOPLE
    assert len(asked(world)) == first, "on a second pass without new replies nobody is asked"
    assert len(world.phones.texts) == 4 * PEOPLE, "two for each person in each of two hours"
    record_property(
        f"relevance calls for {10 * PEOPLE} messages of {PEOPLE} people", f"{first}, then {len(asked(world)) - first}"
    )


# Reformulation -------------------------------------------------------------------------------------------------------------


def test_what_must_be_said_anew_waits_for_its_agent_who_gets_a_task(world: World) -> None:
    ada = world.person()
    message_id = fresh(world, agent_id="solution_saga_7", topic="crm")
    replied(world, ada, "we chose another vendor for the CRM, but tell me about billing")
    world.claude.check_relevance = says_verdict("CONTEXTUAL", reformulate=True)
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("queued", "reformulation"))
    ((kind, agent, user_id, context_id, priority, status, content),) = world.all(
        "SELECT task_type, agent_type, user_id, context_id, priority, status, context_json FROM agent_tasks"
    )
    assert (kind, agent, user_id, context_id) == ("reformulate_message", "solution", ada, message_id)
    assert (priority, status) == ("high", "pending")
    assert content["agent_id"] == "solution_saga_7"
    assert content["message_data"] == {"type": "note", "message": "Hello"}
    assert content["user_messages"][-1]["text"].startswith("we chose another vendor")
    assert content["supersedes_message_id"] == str(message_id)
    newer = world.message(
        supersedes_message_id=str(message_id), message_data={"type": "note", "message": "About billing"}
    )
    world.minute()
    assert (world.texts(), world.state(message_id), world.state(newer)[0]) == (
        ["About billing"],
        ("superseded", "superseded"),
        "sent",
    )


def test_an_agent_that_does_not_answer_loses_its_message_at_the_deadline(world: World) -> None:
    ada = world.person()
    message_id = fresh(world)
    replied(world, ada)
    world.claude.check_relevance = says_verdict("CONTEXTUAL", reformulate=True)
    world.minute()
    world.wait(hours=4)
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("superseded", "reformulation"))
    assert world.all("SELECT count(*) FROM agent_tasks") == [(1,)]


def test_in_context_and_good_as_it_is_goes(world: World) -> None:
    ada = world.person()
    fresh(world)
    replied(world, ada)
    world.claude.check_relevance = says_verdict("CONTEXTUAL")
    world.minute()
    assert world.texts() == ["Hello"]


def test_a_sequence_is_judged_by_its_first_part_and_whole(world: World) -> None:
    ada = world.person()
    sequence: dict[str, Any] = {"sequence_id": str(uuid4()), "sequence_total": 2}
    parts = [
        fresh(world, sequence_position=n, message_data={"type": "note", "message": f"part {n}"}, **sequence)
        for n in (1, 2)
    ]
    replied(world, ada)
    world.claude.check_relevance = says_verdict("STALE")
    world.minute()
    assert [world.state(part)[0] for part in parts] == ["superseded", "superseded"]
    assert len(asked(world)) == 1
    assert "part 2" not in asked(world)[0]["messages"][0]["content"]


def test_a_sequence_that_has_begun_is_told_to_its_end(world: World) -> None:
    ada = world.person()
    sequence: dict[str, Any] = {"sequence_id": str(uuid4()), "sequence_total": 2}
    for n in (1, 2):
        fresh(world, sequence_position=n, message_data={"type": "note", "message": f"part {n}"}, **sequence)

    def she_answers_meanwhile(fields: dict[str, str]) -> None:
        if fields["Body"] == "part 1":
            world.says(ada, "already done")

    world.phones.misbehave = she_answers_meanwhile
    world.minute()
    assert world.texts() == ["part 1", "part 2"]


# Claude fails --------------------------------------------------------------------------------------------------------------

FAILURES = {
    "500": HttpAnswer(500, {"type": "error", "error": {"type": "api_error", "message": "broken"}}),
    "529": HttpAnswer(529, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
    "429": HttpAnswer(429, {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}),
    "401": HttpAnswer(401, {"type": "error", "error": {"type": "authentication_error", "message": "no"}}),
    "malformed": HttpAnswer(200, b"not json"),
    "half": HttpAnswer(200, {"id": "msg_1"}, half=True),
    "dropped": HttpAnswer(200, None, drop=True),
    "empty": HttpAnswer(200, {}),
    "a list": HttpAnswer(200, []),
    "no content": HttpAnswer(200, {"id": "msg_1", "type": "message", "content": None, "stop_reason": "end_turn"}),
    "drips": HttpAnswer(200, {"id": "msg_1", "type": "message"}, drip=0.2),
}


@pytest.mark.parametrize("failure", [*FAILURES, "refused", "cut off", "invalid", "one verdict too few", "no key"])
@pytest.mark.parametrize(
    ("priority", "end"),
    [("urgent", ("sent", None)), ("high", ("sent", None)), ("medium", ("queued", "relevance_unknown"))],
)
def test_when_claude_fails_only_what_is_urgent_goes(
    world: World, failure: str, priority: str, end: tuple[str, str | None]
) -> None:
    fail(world, failure)
    try:
        ada = world.person()
        message_id = fresh(world, priority=priority, can_delay=False)
        replied(world, ada)
        world.minute()
        assert world.state(message_id) == end
    finally:
        mend(world)


def fail(world: World, failure: str) -> None:
    """Make Claude fail in one way."""
    if failure == "no key":
        app = world.functions["deliver"]
        app.__dict__["settings"] = app.settings.model_copy(update={"anthropic_api_key": None})
    elif failure == "one verdict too few":
        world.claude.misbehave = lambda request: world.claude.reply(request, '{"verdicts": []}')
    elif failure == "invalid":
        world.claude.misbehave = lambda request: world.claude.reply(request, '{"verdicts": "all good"}')
    elif failure in ("refused", "cut off"):
        reason = {"refused": "refusal", "cut off": "max_tokens"}[failure]
        world.claude.misbehave = lambda request: world.claude.reply(request, '{"verdicts": []}', stop_reason=reason)
    else:
        world.claude.misbehave = lambda _request: FAILURES[failure]
    if failure == "drips":  # longer than the deadline, which need not be long
        app = world.functions["deliver"]
        app.__dict__["settings"] = app.settings.model_copy(update={"claude_deadline_seconds": 1.0})


def mend(world: World) -> None:
    app = world.functions["deliver"]
    from orchestrator.settings import DeliverSettings, load

    app.__dict__["settings"] = load(DeliverSettings)
    world.claude.misbehave = None


def test_what_cannot_be_judged_is_tried_again_and_ends_after_a_day(world: World) -> None:
    ada = world.person()
    message_id = fresh(world, priority="medium", can_delay=False)
    replied(world, ada)
    fail(world, "529")
    for _ in range(22):
        world.minute()
        world.wait(hours=1)
    assert world.state(message_id)[0] == "queued"
    for _ in range(4):
        world.minute()
        world.wait(hours=1)
    assert (world.texts(), world.state(message_id)) == ([], ("expired", "relevance_unknown"))


def test_a_claude_that_comes_back_is_asked_again(world: World) -> None:
    ada = world.person()
    message_id = fresh(world, priority="medium", can_delay=False)
    replied(world, ada)
    fail(world, "500")
    world.minute()
    mend(world)
    world.wait(hours=1)
    world.minute()
    assert world.state(message_id) == ("sent", None)


def test_a_try_that_helps_is_made_within_the_deadline(world: World) -> None:
    ada = world.person()
    fresh(world)
    replied(world, ada, "already done")
    answers = [FAILURES["529"], FAILURES["dropped"]]
    world.claude.misbehave = lambda _request: answers.pop() if answers else None
    world.minute()
    assert world.all("SELECT reason FROM message_queue") == [("stale",)]
    assert world.all("SELECT error IS NULL, count(*) FROM agent_actions_log GROUP BY 1 ORDER BY 1") == [
        (False, 2),
        (True, 1),
    ]
    agents = "SELECT DISTINCT output_data->>'agent_id' FROM agent_actions_log"
    assert world.all(agents) == [("concierge_main",)], "each try is the agent's"


# People who are there ----------------------------------------------------------------------------------------------------


def test_what_comes_forward_for_somebody_who_is_there_is_judged_first(world: World) -> None:
    world.travel_to("2026-03-03T22:00:00-05:00")
    ada = world.person()
    good, over = fresh(world, priority="medium"), fresh(world, priority="medium", topic="old")
    world.wait(minutes=1)
    world.says(ada, "tell me more")
    world.claude.check_relevance = lambda message, _said: {
        "verdict": "STALE" if message.get("topic") == "old" else "RELEVANT",
        "should_reformulate": False,
        "why": "x",
    }
    world.minute()
    assert (world.state(good), world.state(over)) == (("sent", None), ("superseded", "stale"))


# Money -------------------------------------------------------------------------------------------------------------------


def test_past_the_daily_ceiling_nobody_is_asked(world: World) -> None:
    ada = world.person()
    waits = fresh(world, priority="medium", can_delay=False)
    goes = world.message(message_data={"type": "update", "findings": {"name": "Acme"}})
    replied(world, ada)
    world.connection.execute("INSERT INTO orchestrator.spending (day, cost_usd) VALUES (%s, 50)", (world.now.date(),))
    world.minute()
    assert world.claude.requests == []
    assert world.state(waits) == ("queued", "relevance_unknown")
    assert world.row(goes)["words_source"] == "plain"
    world.wait(days=1)
    world.minute()
    assert len(asked(world)) == 1, "the next day has its own money"


def test_the_cost_of_a_day_is_what_its_calls_cost(world: World) -> None:
    ada = world.person()
    fresh(world, message_data={"type": "update", "findings": {"name": "Acme"}})
    replied(world, ada)
    world.minute()
    logged = world.all("SELECT action_type, output_data->>'messages', cost_usd > 0 FROM agent_actions_log ORDER BY 1")
    assert logged == [("relevance_check", "1", True), ("render_message", "1", True)]
    assert world.all("SELECT cost_usd FROM orchestrator.daily_spending()") == world.all(
        "SELECT sum(cost_usd) FROM agent_actions_log"
    )


def test_the_words_of_a_text_are_counted_as_the_carriers_do(world: World) -> None:
    world.person(hourly_limit=10)
    plain = world.message(message_data={"type": "x", "message": "a" * 161})
    other = world.message(message_data={"type": "x", "message": "Привет"})
    world.minute()
    assert [world.row(found)["segments"] for found in (plain, other)] == [2, 1]
    assert [world.row(found)["encoding"] for found in (plain, other)] == ["GSM-7", "UCS-2"]
    assert world.now - world.row(plain)["sent_at"] == timedelta(0)
