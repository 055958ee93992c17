"""The query function: what agents may ask, whose messages they see, and that it writes nothing and shows no number."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from pydantic import SecretStr

from orchestrator.agents import Agent
from orchestrator.ids import uuid7
from orchestrator.queries import Budget, MessageStatus, Preview, RepliesPage, StatusAnswer
from orchestrator.query.moments import without_numbers
from orchestrator.query.scope import alias_of
from orchestrator.store.agents import set_agent
from orchestrator.store.database import Database
from orchestrator.store.delivery import read_state
from orchestrator.store.query import read_only
from orchestrator.store.runtime_role import QUERY_RIGHTS, QUERY_ROLE
from tests.integration.test_runtime_role import plan_of, rights_of
from tests.integration.test_small_roles import as_role, login_role
from tests.world import LambdaContext, World

ARN = "arn:aws:lambda:us-east-1:123456789012:function:stack-QueryFunction-abc"
NIGHT = "2026-03-03T23:30:00-05:00"


def ask(world: World, alias: str | None = "live", /, **query: Any) -> dict[str, Any]:
    """Invoke the function as a caller of this alias does; the question and the answer travel as JSON."""
    arn = ARN if alias is None else f"{ARN}:{alias}"
    context = LambdaContext(function_name="query", invoked_function_arn=arn)
    event = json.loads(json.dumps(query, default=str))
    answer: dict[str, Any] = json.loads(json.dumps(world.functions["query"].handler(event, context)))
    return answer


def status(world: World, message_id: UUID, alias: str = "live") -> MessageStatus:
    answer = ask(world, alias, action="status", message_ids=[message_id])
    (found,) = StatusAnswer.model_validate(answer).statuses
    return found


def error_of(answer: dict[str, Any]) -> str:
    return str(answer["error"]["code"])


# Status ---------------------------------------------------------------------------------------------------------------


def waits_for_the_morning(world: World) -> UUID:
    world.travel_to(NIGHT)
    message = world.message()
    world.minute()
    return message


def arrives(world: World) -> UUID:
    message = world.message()
    world.minute()
    world.twilio_calls()
    world.take_in()
    return message


def is_sent(world: World) -> UUID:
    message = world.message()
    world.minute()
    return message


def is_withdrawn(world: World) -> UUID:
    message = world.message(priority="low")
    world.publish({"action": "withdraw", "message_id": str(message)})
    return message


def is_rejected(world: World) -> UUID:
    message = uuid7(world.now)
    world.publish({"message_id": str(message), "user_id": "ada", "agent_id": "concierge_main", "message_data": {}})
    return message


def waits_for_its_user(world: World) -> UUID:
    message = uuid7(world.now)
    fields = {"user_id": "nobody yet", "agent_id": "concierge_main", "message_data": {"type": "x", "message": "Hello"}}
    world.publish({"message_id": str(message), **fields}, sent_at=world.now)
    return message


def is_stopped(world: World) -> UUID:
    message = world.message(priority="low")
    world.writes("STOP")
    return message


def is_paused(world: World) -> UUID:
    world.connection.execute(
        "INSERT INTO orchestrator.pauses (scope, value, paused_at) VALUES ('everything', '', %s)", (world.now,)
    )
    message = world.message()
    world.minute()
    return message


def is_published_a_moment_ago(world: World) -> UUID:
    return uuid7(world.now)


STATES = [
    (waits_for_the_morning, "queued", "quiet_hours", "held until Wed 2026-03-04 08:", None),
    (is_paused, "queued", None, "held", None),
    (is_sent, "sent", None, "Sent. Wait for an answer", "accepted"),
    (arrives, "sent", None, "Sent. Wait for an answer", "delivered"),
    (is_withdrawn, "cancelled", "withdrawn", "It was withdrawn", None),
    (is_stopped, "cancelled", "opted_out", "The person wants no texts", None),
    (is_rejected, "rejected", "invalid_field", "It will not be sent. Correct", None),
    (waits_for_its_user, "waits_for_user", "unknown_user", "Waits up to 15 minutes", None),
    (is_published_a_moment_ago, "not_seen_yet", None, "Not stored yet", None),
]


@pytest.mark.parametrize(
    ("story", "state", "reason", "step", "delivery"), STATES, ids=lambda v: getattr(v, "__name__", "")
)
def test_an_agent_learns_where_its_message_is_and_what_happens_next(
    world: World, story: Any, state: str, reason: str | None, step: str, delivery: str | None
) -> None:
    world.person()
    found = status(world, story(world))
    assert (found.state, found.delivery) == (state, delivery)
    if reason:
        assert found.reason == reason
        assert found.why
    assert found.next_step.startswith(step)


def test_a_held_message_has_its_time_in_utc_and_on_the_persons_clock(world: World) -> None:
    world.person()
    found = status(world, waits_for_the_morning(world))
    assert found.due is not None
    assert (found.due.zone, found.due.at.hour) == ("America/New_York", 13)
    assert (found.due.local or "").startswith("Wed 2026-03-04 08:")
    assert "quiet hours (R3)" in (found.why or "")
    assert "do not resend" in found.next_step


def test_the_status_of_many_is_one_statement_in_the_order_of_the_ids(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    known = world.message()
    ids = [*(uuid4() for _ in range(49)), known, *(uuid4() for _ in range(50))]
    calls: list[str] = []
    original = psycopg.Cursor.execute

    def execute(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        calls.append(str(query))
        return original(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", execute)
    answer = StatusAnswer.model_validate(ask(world, action="status", message_ids=ids))
    assert len(calls) <= 3, "the transaction is read-only, a time limit, and the statement"
    assert [found.message_id for found in answer.statuses] == ids
    assert [found.message_id for found in answer.statuses if found.state != "not_seen_yet"] == [known]


def test_at_most_100_ids_are_in_a_question(world: World) -> None:
    assert error_of(ask(world, action="status", message_ids=[uuid4() for _ in range(101)])) == "invalid_query"


# Whose messages -------------------------------------------------------------------------------------------------------


def test_a_bound_agent_sees_its_own_messages_and_another_is_as_unknown_as_one_that_is_not_there(world: World) -> None:
    world.person()
    own, of_another = world.message(agent_id="billing_1"), world.message(agent_id="travel_1")
    alias = alias_of("billing")
    assert status(world, own, alias).state == "queued"
    hidden, missing = status(world, of_another, alias), status(world, uuid4(), alias)
    assert hidden.model_dump(exclude={"message_id"}) == missing.model_dump(exclude={"message_id"})
    for query in ({"action": "replies", "message_id": of_another}, {"action": "replies", "message_id": uuid4()}):
        page = RepliesPage.model_validate(ask(world, alias, **query))
        assert (page.replies, page.message and page.message.state) == ([], "not_seen_yet")


def test_agents_with_settings_of_their_own_are_others_also_under_the_same_prefix(world: World) -> None:
    world.person()
    world.connection.execute("INSERT INTO orchestrator.agents (prefix) VALUES ('billing'), ('billing_eu')")
    message = world.message(agent_id="billing_eu_1")
    assert status(world, message, alias_of("billing")).state == "not_seen_yet"
    assert status(world, message, alias_of("billing_eu")).state == "queued"


def test_a_rejection_and_a_wait_belong_to_the_agent_that_they_name(world: World) -> None:
    world.person()
    for message in (is_rejected(world), waits_for_its_user(world)):
        assert status(world, message, alias_of("concierge")).state != "not_seen_yet"
        assert status(world, message, alias_of("billing")).state == "not_seen_yet"


def test_a_body_that_names_anothers_message_is_no_oracle(world: World) -> None:
    world.person()
    message = world.message(agent_id="travel_1")
    world.publish({"message_id": str(message), "user_id": "ada", "agent_id": "billing_1", "message_data": {}})
    assert status(world, message, alias_of("billing")).state == "not_seen_yet"


def test_the_reason_of_a_repetition_names_no_message_of_another_agent(world: World) -> None:
    world.person()
    words: dict[str, Any] = {"message_data": {"type": "x", "message": "Hello"}, "allow_repeat": False}
    first = world.message(agent_id="travel_1", **words)
    world.minute()
    again = world.message(agent_id="billing_1", **words)
    world.minute()
    found = status(world, again, alias_of("billing"))
    assert found.reason == "same_words"
    assert str(first) not in (found.why or "")
    assert str(first) in (status(world, again).why or ""), "who sees everything sees the earlier text"


def test_replies_to_another_agent_are_not_a_bound_agents(world: World) -> None:
    world.person()
    world.message(agent_id="travel_1", message_data={"type": "x", "message": "Where to?"})
    world.minute()
    world.wait(minutes=1)
    world.writes("To Rome")
    world.wait(minutes=1)
    question = world.message(agent_id="billing_1", message_data={"type": "x", "message": "Shall we pay?"})
    world.minute()
    world.wait(minutes=1)
    world.writes("Yes please")
    page = RepliesPage.model_validate(ask(world, alias_of("billing"), action="replies", user_id="ada"))
    assert [(reply.words, reply.answers) for reply in page.replies] == [("Yes please", question)]
    everything = RepliesPage.model_validate(ask(world, action="replies", user_id="ada"))
    assert [reply.words for reply in everything.replies] == ["To Rome", "Yes please"]
    assert [reply.agent_id for reply in everything.replies] == ["travel_1", "billing_1"]


def test_a_bound_agent_asks_about_its_own_texts_alone(world: World) -> None:
    world.person()
    alias = alias_of("billing")
    foreign = {"user_id": "ada", "agent_id": "travel_1", "message_data": {"type": "x", "message": "Hello"}}
    assert error_of(ask(world, alias, action="preview", message=foreign)) == "not_allowed"
    assert error_of(ask(world, alias, action="budget", user_id="ada", agent_id="travel_1")) == "not_allowed"
    assert "error" not in ask(world, alias, action="preview", message={**foreign, "agent_id": "billing_7"})


def test_a_preview_does_not_say_whose_a_message_is(world: World) -> None:
    world.person()
    message = world.message(agent_id="travel_1")
    world.connection.execute("UPDATE message_queue SET publisher = 'AROATRAVEL'")
    words = {"type": "x", "message": "Hello"}
    fields = {"user_id": "ada", "agent_id": "billing_1", "priority": "high", "message_data": words}
    previews = [
        ask(world, alias_of("billing"), action="preview", message={**fields, name: str(found)})
        for name in ("message_id", "supersedes_message_id", "supersedesMessageId")
        for found in (message, uuid4())
    ]
    assert all(preview == previews[0] for preview in previews)


@pytest.mark.parametrize(
    "alias", [None, "$LATEST", "7", "agent-", "agent-Billing", "agent-bill_zz", "agent-a_62c", "Live", "live:x"]
)
def test_what_names_no_scope_sees_nothing(world: World, alias: str | None) -> None:
    world.person()
    message = world.message()
    for query in ({"action": "status", "message_ids": [message]}, {"action": "budget", "user_id": "ada"}):
        assert error_of(ask(world, alias, **query)) == "not_allowed"


def test_what_a_caller_sends_widens_no_scope(world: World) -> None:
    world.person()
    message = world.message(agent_id="travel_1")
    for also in ({"scope": None}, {"agent_prefix": "travel"}, {"invoked_function_arn": "live"}):
        assert (
            error_of(ask(world, alias_of("billing"), action="status", message_ids=[message], **also)) == "invalid_query"
        )


# Budget ---------------------------------------------------------------------------------------------------------------


def budget(world: World, **fields: Any) -> Budget:
    return Budget.model_validate(ask(world, action="budget", user_id="ada", **fields))


def test_a_budget_counts_what_was_sent_and_says_when_the_next_text_may_go(world: World) -> None:
    world.person()
    at_first = budget(world)
    assert (at_first.left_today, at_first.left_this_hour, at_first.reason) == (10, 2, None)
    for _ in range(2):
        world.message()
        world.minute()
    spent = budget(world)
    assert (spent.left_today, spent.left_this_hour, spent.reason) == (8, 0, "hourly_limit")
    assert spent.next_allowed is not None
    assert (spent.next_allowed.at - world.now).total_seconds() == pytest.approx(3600, abs=1)


def test_at_night_the_next_text_may_go_in_the_morning(world: World) -> None:
    world.travel_to(NIGHT)
    world.person()
    found = budget(world)
    assert (found.reason, found.is_active, found.is_opted_out) == ("quiet_hours", False, False)
    assert found.next_allowed is not None
    assert found.next_allowed.local == "Wed 2026-03-04 08:00"


def test_a_person_who_wrote_is_active_and_one_who_stopped_gets_nothing(world: World) -> None:
    world.person()
    world.writes("Hello?")
    assert budget(world).is_active
    assert ask(world, action="is_user_active", user_id="ada") == {"is_active": True}
    world.writes("STOP")
    found = budget(world)
    assert (found.is_opted_out, found.reason, found.next_allowed) == (True, "opted_out", None)


def test_an_agents_own_hourly_limit_counts(world: World) -> None:
    world.person()
    world.connection.execute("INSERT INTO orchestrator.agents (prefix, hourly_limit) VALUES ('billing', 0)")
    assert budget(world, agent_id="billing_1").reason == "agent_limit"
    assert budget(world).reason is None


# Replies --------------------------------------------------------------------------------------------------------------


def test_replies_come_in_order_a_page_at_a_time(world: World) -> None:
    world.person()
    question = arrives(world)
    for number in range(5):
        world.wait(seconds=30)
        world.writes(f"Answer {number}")
    words: list[str] = []
    page: str | None = None
    for _ in range(3):
        found = RepliesPage.model_validate(ask(world, action="replies", message_id=question, limit=2, page=page))
        words += [reply.words for reply in found.replies]
        assert {reply.answers for reply in found.replies} == {question}
        assert found.message is not None
        page = found.next_page
    assert (words, page) == ([f"Answer {number}" for number in range(5)], None)


def test_only_what_was_written_since_a_time_and_by_default_in_the_last_week(world: World) -> None:
    world.person()
    world.writes("Long ago")
    world.wait(days=3)
    world.writes("Lately")
    everything = RepliesPage.model_validate(ask(world, action="replies", user_id="ada"))
    assert [(reply.words, reply.answers) for reply in everything.replies] == [("Long ago", None), ("Lately", None)]
    since = everything.replies[0].written_at
    assert len(RepliesPage.model_validate(ask(world, action="replies", user_id="ada", since=since)).replies) == 1
    world.wait(days=5)
    assert len(RepliesPage.model_validate(ask(world, action="replies", user_id="ada")).replies) == 1


def test_a_stop_is_an_answer_and_names_its_kind(world: World) -> None:
    world.person()
    question = arrives(world)
    world.wait(minutes=1)
    world.writes("STOP")
    page = RepliesPage.model_validate(ask(world, action="replies", message_id=question))
    assert [(reply.kind, reply.words) for reply in page.replies] == [("stop", "STOP")]


def test_an_answer_to_two_open_questions_names_both_to_who_sees_both_and_one_to_each_agent(world: World) -> None:
    world.person()
    of_travel = world.message(
        agent_id="travel_1", expects_reply=True, message_data={"type": "x", "message": "Where to?"}
    )
    world.minute()
    world.wait(hours=2, minutes=1)  # a question waits for another agent's for so long
    of_billing = world.message(agent_id="billing_1", expects_reply=True, message_data={"type": "x", "message": "Pay?"})
    world.minute()
    world.wait(minutes=1)
    world.writes("Yes")

    def replies(alias: str, **fields: Any) -> list[tuple[UUID | None, list[UUID]]]:
        page = RepliesPage.model_validate(ask(world, alias, action="replies", **fields))
        return [(reply.answers, reply.may_answer) for reply in page.replies]

    assert replies("live", user_id="ada") == [(None, sorted([of_travel, of_billing]))]
    assert replies(alias_of("billing"), user_id="ada") == [(None, [of_billing])]
    assert replies(alias_of("billing"), message_id=of_billing) == [(None, [of_billing])]
    assert replies(alias_of("other"), user_id="ada") == []


# Preview --------------------------------------------------------------------------------------------------------------


def preview(world: World, **fields: Any) -> Preview:
    message = {
        "user_id": "ada",
        "agent_id": "billing_1",
        "priority": "high",
        "message_data": {"type": "x", "message": "Hello"},
    }
    return Preview.model_validate(ask(world, action="preview", message={**message, **fields}))


def test_a_preview_says_whether_when_and_in_which_words_and_stores_nothing(
    world: World, connection: Connection
) -> None:
    world.person()
    found = preview(world, message_data={"type": "x", "message": "x" * 161})
    assert (found.outcome, found.words, found.words_are, found.segments) == ("send", "x" * 161, "certain", 2)
    assert found.cost_usd is not None
    assert found.cost_usd > 0
    (stored,) = connection.execute("SELECT count(*) FROM message_queue").fetchone() or (None,)
    assert stored == 0


def test_structured_data_is_previewed_as_a_draft(world: World) -> None:
    world.person()
    found = preview(world, message_data={"type": "flight_delayed", "new_departure": "2026-03-03T18:30:00-05:00"})
    assert (found.outcome, found.words_are, found.most_segments) == ("send", "draft", 2)
    assert found.words
    assert "{" not in found.words


def test_a_preview_agrees_with_what_becomes_of_the_message(world: World) -> None:
    world.travel_to(NIGHT)
    world.person()
    found = preview(world)
    message = world.message(agent_id="billing_1")
    world.minute()
    assert (found.outcome, found.reason) == ("hold", "quiet_hours")
    assert found.due == status(world, message).due
    assert found.next_step.startswith("If you publish it: held until Wed 2026-03-04 08:")


def test_a_preview_knows_that_another_agents_question_is_open(world: World) -> None:
    world.person()
    asked = world.now
    world.message(agent_id="saga", expects_reply=True, can_delay=False)
    world.minute()
    other = {"type": "x", "message": "Shall I?"}
    found = preview(world, expects_reply=True, message_data=other)
    assert (found.outcome, found.reason) == ("hold", "question_open")
    assert found.due is not None
    assert found.due.at == asked + timedelta(hours=2)
    assert preview(world, message_data=other).outcome == "send"


def test_a_preview_knows_that_an_operator_approves_the_words(world: World) -> None:
    world.person()
    set_agent(world.connection, Agent("billing", needs_approval=True))
    found = preview(world)
    assert (found.outcome, found.reason, found.words) == ("hold", "approval", "Hello")
    assert "do not resend" in (found.next_step or "")


REFUSED = [
    ({"message_data": {"type": "x", "message": ""}}, "invalid_field"),
    ({"scheduled_for": "2028-01-01T00:00:00Z"}, "scheduled_too_far"),
    ({"message_data": {"type": "x", "message": "Reply YES or CANCEL"}}, "offers_stop_word"),
    ({"expires_at": "2026-03-03T14:00:00Z"}, "expired"),
]


@pytest.mark.parametrize(("fields", "reason"), REFUSED)
def test_what_would_never_go_is_refused_with_its_reason(world: World, fields: dict[str, Any], reason: str) -> None:
    world.person()
    found = preview(world, **fields)
    assert (found.outcome, found.reason, found.words) == ("refuse", reason, None)
    assert found.why


def test_a_preview_knows_the_same_words(world: World) -> None:
    world.person()
    question = {"type": "x", "message": "Where to?"}
    world.message(agent_id="travel_1", expects_reply=True, message_data=question)
    world.minute()
    assert preview(world, message_data=question).reason == "same_words"
    assert preview(world, message_data=question, allow_repeat=True).outcome == "send"
    assert preview(world).unanswered is None


def test_a_pause_holds_without_a_time(world: World) -> None:
    world.person()
    is_paused(world)
    found = preview(world)
    assert (found.outcome, found.reason, found.due) == ("hold", "paused", None)


def test_a_person_is_read_for_a_preview_as_for_a_delivery(world: World) -> None:
    """The two statements that read a person return the same of one to whom much has happened."""
    world.person_with_a_past()
    world.writes("Hello?")
    message = world.message(agent_id="billing_1")
    world.dispatch()
    (delivery,) = read_state(world.connection, [message], 500, world.now, names_sender=True).deliveries
    from orchestrator.query import forecast
    from orchestrator.query.scope import EVERYTHING

    settings = world.functions["query"].settings.model_copy(update={"sender_name": "Harbor Books"})
    fields = {
        "user_id": "ada",
        "agent_id": "billing_1",
        "priority": "high",
        "message_data": {"type": "note", "message": "Hello"},
    }
    with read_only(world.connection):
        imagined = forecast.imagine(world.connection, fields, EVERYTHING, settings, world.now).delivery
    assert imagined.person == delivery.person
    for name in (
        "purpose",
        "has_consent",
        "revoked",
        "urgent_at_night",
        "inbound_unread",
        "question_at",
        "lane",
        "can_delay",
    ):
        assert getattr(imagined.state, name) == getattr(delivery.state, name), name


# What holds for every answer ------------------------------------------------------------------------------------------


def test_no_answer_holds_a_phone_number_in_whichever_way_it_is_written(world: World) -> None:
    world.person()
    words = {"type": "x", "message": "Call +12125550101, 212-555-0101 or (212) 555 0101"}
    message = world.message(message_data=words)
    world.minute()
    world.wait(minutes=1)
    for text in ("My number is 212.555.0101", "or +1 212 555 0101", "+12125550101"):
        world.writes(text)
    answers = [
        ask(world, action="status", message_ids=[message]),
        ask(world, action="replies", user_id="ada"),
        ask(world, action="replies", message_id=message),
        ask(world, action="budget", user_id="ada"),
        ask(world, action="is_user_active", user_id="ada"),
        ask(world, action="preview", message={"user_id": "ada", "agent_id": "x", "message_data": words}),
        ask(world, action="preview", message={"user_id": "+12125550101", "agent_id": "x", "message_data": words}),
        ask(
            world,
            action="preview",
            message={"user_id": "ada", "agent_id": "x", "+12125550101": 1, "message_data": words},
        ),
        ask(world, action="+12125550101"),
        ask(world, action="status", message_ids=["+12125550101"]),
        ask(world, action="replies", user_id="ada", page="+12125550101"),
        ask(world, **{"action": "budget", "user_id": "+12125550101", "+12125550101": "+12125550101"}),
    ]
    assert "[phone number]" in json.dumps(answers[1])
    for answer in answers:
        digits = re.sub(r"[\s().-]", "", json.dumps(answer))
        assert "2125550101" not in digits, answer


@pytest.mark.parametrize(
    "text",
    [
        "212\n555\n0101", "212_555_0101", "212*555*0101", "x2125550101y", "212,555,0101", "%2B12125550101",
        "001 212 555 0101", "0044 20 7946 0958", "+1\n212\n555\n0101",
    ],
)  # fmt: skip
def test_a_number_is_replaced_in_odd_spellings_too(text: str) -> None:
    assert not re.search(r"\d{3}", without_numbers(text))


@pytest.mark.parametrize(
    "text",
    [
        "message 019cb436-8d80-705a-8ab8-3e86c0f69396, sent 2026-03-03 15:00:00 UTC", "at 2026-03-05T08:00:00Z",
        "invoice 1234567890", "00:30 to 08:00", "2,025,550.12 USD", "019cb436-8d80-705a-8ab8-a2125550101b",
    ],
)  # fmt: skip
def test_times_ids_and_amounts_are_no_phone_numbers(text: str) -> None:
    assert without_numbers(text) == text


@pytest.mark.parametrize("action", ["budget", "replies", "is_user_active"])
def test_an_id_that_postgres_cannot_hold_is_a_typed_error(world: World, action: str) -> None:
    assert error_of(ask(world, action=action, user_id="a\0b")) == "invalid_query"


@pytest.mark.parametrize("action", ["budget", "replies", "is_user_active"])
def test_an_unknown_person_is_an_error_that_does_not_repeat_the_id(world: World, action: str) -> None:
    answer = ask(world, action=action, user_id="+12125550177")
    assert error_of(answer) == "unknown_user"
    assert "2125550177" not in json.dumps(answer)


@pytest.mark.parametrize("event", [{}, {"action": "delete"}, {"action": "status"}, [], "x", {"action": "replies"}])
def test_what_is_no_question_gets_a_typed_error(world: World, event: Any) -> None:
    context = LambdaContext(invoked_function_arn=f"{ARN}:live")
    answer = world.functions["query"].handler(event, context)
    assert error_of(answer) == "invalid_query"
    assert answer["error"]["fix"]


@pytest.fixture
def reader_url(database_url: str) -> Iterator[str]:
    name = f"reader_{Path(database_url.partition('?')[0]).name}"
    with login_role(database_url, name, f"GRANT {QUERY_ROLE} TO {{}}"):
        yield as_role(database_url, name)


# Every statement that the function executes.
STATEMENTS_OF_QUERY = (
    "read_statuses",
    "read_replies",
    "read_person_state",
    "is_in_scope",
    "has_same_words",
    "count_unanswered_texts",
    "is_user_active",
    "find_people",
    "find_conversation_owners",
    "find_publishers",
    "find_sequences",
    "read_agents",
    "read_agent_groups",
)


def test_the_function_works_as_a_role_that_only_reads(
    world: World, reader_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.functions["query"]
    settings = app.settings.model_copy(update={"database_url": SecretStr(reader_url)})
    monkeypatch.setitem(app.__dict__, "database", Database(settings))
    world.person_with_a_past()
    message = arrives(world)
    world.wait(minutes=1)
    world.writes("Yes")
    assert status(world, message).delivery == "delivered"
    assert RepliesPage.model_validate(ask(world, action="replies", message_id=message)).replies
    assert budget(world).is_active
    assert preview(world, message_data={"type": "x", "message": "More"}).outcome in ("send", "hold")
    with psycopg.connect(reader_url, autocommit=True) as connection:
        for statement in ("UPDATE users SET timezone = NULL", "DELETE FROM messages", "SELECT * FROM agent_tasks"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_the_role_that_only_reads_has_no_right_that_no_statement_needs(connection: Connection) -> None:
    needed = {table for name in STATEMENTS_OF_QUERY for table, right in rights_of(plan_of(connection, name))}
    # The planner does not look into the function that reads these.
    needed.add("orchestrator.consents")
    assert {table for table in needed if not table.startswith("pg_catalog.")} == QUERY_RIGHTS.keys()
    assert {rights for rights, _ in QUERY_RIGHTS.values()} == {("SELECT",)}


def test_an_answer_is_read_in_a_transaction_that_cannot_write(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), read_only(connection):
        connection.execute("DELETE FROM users")
    assert connection.execute("SHOW transaction_read_only").fetchone() == ("off",)


@pytest.mark.parametrize("name", ["read_statuses", "read_replies", "read_person_state"])
def test_no_statement_reads_a_large_table_from_end_to_end(connection: Connection, name: str) -> None:
    def scans(plan: dict[str, Any]) -> Iterator[str]:
        if plan["Node Type"] == "Seq Scan":
            yield plan["Relation Name"]
        for below in plan.get("Plans", []):
            yield from scans(below)

    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL enable_seqscan = off")
        large = {
            "messages",
            "message_queue",
            "attempts",
            "timeline",
            "rejections",
            "readings",
            "users",
            "waits_for_users",
        }
        assert set(scans(plan_of(connection, name))) & large == set()
