"""What texts are taken for afterwards, and what is counted of messages, beside rows that almost belong to it."""

from typing import Any

from psycopg.rows import dict_row

from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.store.database import sql
from tests.rows_by_name import differing, id_of, name_of, number_of, put, rows_by_name
from tests.state_cases import DAY, HOUR, MINUTE, NOW, SECOND, TODAY, USUAL
from tests.world import World

ADA, BEN = number_of(0), number_of(1)


def put_people(world: World) -> None:
    people = [("ada", "tel:(212) 555-0100"), ("ben", BEN)]
    put(world.connection, "users", [{"id": id_of(name), "phone_number": number} for name, number in people])
    put(world.connection, "conversations", [{"id": id_of("talk"), "user_id": id_of("ada"), "phone_number": ADA}])


def put_readings(world: World, readings: dict[str, dict[str, Any]]) -> None:
    """Insert readings, and for each two events that tell of them, of which one has another type."""
    usual = {
        "user_id": id_of("ada"),
        "phone_number": ADA,
        "kind": "unjudged",
        "judged_by": "nobody",
        "received_at": NOW,
    }
    usual |= {"opens_window": True}
    rows = [
        {"inbound_id": id_of(name), "in_reply_to": None, "may_answer": None} | usual | own
        for name, own in readings.items()
    ]
    put(world.connection, "orchestrator.readings", rows)
    detail = {"kind": "unjudged", "in_reply_to": "x", "agent_id": "x", "candidates": "x", "more": 1}
    events = [
        {"id": id_of(f"{kind} {name}"), "message_id": id_of(name), "type": kind, "detail": detail, "at": NOW}
        for name in readings
        for kind in ("reply.received", "other")
    ]
    put(world.connection, "orchestrator.events", events, target="bus", failures=0)


def told(world: World) -> dict[str, dict[str, Any]]:
    """What events tell that they did not tell before."""
    before = {"kind": "unjudged", "in_reply_to": "x", "agent_id": "x", "candidates": "x", "more": 1}
    rows = world.all("SELECT id, detail FROM orchestrator.events")
    changed = {name_of(row_id): {k: v for k, v in detail.items() if v != before[k]} for row_id, detail in rows}
    return {name: detail for name, detail in changed.items() if detail}


def test_which_texts_are_unread_again(world: World) -> None:
    put_people(world)
    after = {"kind": "conversation", "judged_by": "nobody", "received_at": NOW + SECOND}
    readings: dict[str, dict[str, Any]] = {
        "after the START": after,
        "with the START": after,
        "without a time, after it": after,
        "without a time, with it": {**after, "received_at": NOW},
        "read by a person": {**after, "judged_by": "operator"},
        "taken for HELP": {**after, "kind": "help"},
        "of another": {**after, "user_id": id_of("ben")},
        "outbound": after,
        "of an agent": after,
        "of no message": after,
    }
    put_readings(world, readings)
    usual = {**USUAL["messages"], "conversation_id": id_of("talk"), "user_id": id_of("ada"), "created_at": NOW + SECOND}
    own: dict[str, dict[str, Any]] = {
        "with the START": {"created_at": NOW},
        "without a time, after it": {"created_at": None},
        "without a time, with it": {"created_at": None},
        "of another": {"user_id": id_of("ben")},
        "outbound": {"direction": "outbound"},
        "of an agent": {"role": "coach"},
    }
    texts = [{**usual, "id": id_of(name), **own.get(name, {})} for name in readings if name != "of no message"]
    put(world.connection, "messages", texts)
    given = {"phone_number": [ADA, number_of(99)], "at": [NOW, NOW - DAY]}
    world.connection.execute(sql("reopen_texts"), given)
    unread = world.all("SELECT inbound_id FROM orchestrator.readings WHERE kind = 'unjudged'")
    assert {name_of(row[0]) for row in unread} == {"after the START", "without a time, after it"}


def test_which_texts_need_no_reader_any_more(world: World) -> None:
    put_people(world)
    readings: dict[str, dict[str, Any]] = {
        "with the STOP": {},
        "after it": {"received_at": NOW + SECOND},
        "of another number": {"phone_number": BEN},
        "taken for HELP": {"kind": "help"},
    }
    put_readings(world, readings)
    world.connection.execute(sql("resolve_unread_texts"), {"phone_number": [ADA], "at": [NOW]})
    rows = world.all("SELECT inbound_id, kind, judged_by FROM orchestrator.readings WHERE judged_by <> 'nobody'")
    assert [name_of(row) for row in rows] == [("with the STOP", "conversation", "next_word")]
    assert told(world) == {"reply.received with the STOP": {"kind": "conversation"}}


def test_what_classified_texts_become(world: World) -> None:
    put_people(world)
    link: dict[str, Any] = {"in_reply_to": id_of("a question"), "may_answer": [id_of("a question")]}
    put_readings(world, {"talk": link, "wish": link, "known": {"kind": "help", **link}, "not named": link})
    given = {
        "inbound_id": [id_of(name) for name in ("talk", "wish", "known")],
        "kind": ["conversation", "stop", "stop"],
        "judged_by": ["claude", "operator", "operator"],
    }
    world.connection.execute(sql("store_classifications"), given)
    found = rows_by_name(
        world.connection, "SELECT inbound_id, kind, judged_by, in_reply_to, may_answer FROM orchestrator.readings"
    )
    linked = {"in_reply_to": "a question", "may_answer": ["a question"]}
    expected: dict[str, dict[str, Any]] = {
        "talk": {"kind": "conversation", "judged_by": "claude", **linked},
        "wish": {"kind": "stop", "judged_by": "operator", "in_reply_to": None, "may_answer": None},
        "known": {"kind": "help", "judged_by": "nobody", **linked},
        "not named": {"kind": "unjudged", "judged_by": "nobody", **linked},
    }
    assert differing(found, expected) == {}
    nothing = {"in_reply_to": None, "agent_id": None, "candidates": None}
    assert told(world) == {
        "reply.received talk": {"kind": "conversation"},
        "reply.received wish": {"kind": "stop", **nothing},
    }


def test_who_gets_a_budget_row(world: World) -> None:
    names = (
        "due",
        "due too",
        "has one of yesterday",
        "has one of today",
        "sent",
        "not accepted",
        "of another lane",
        "due tomorrow",
    )
    people = [{"id": id_of(name), "phone_number": number_of(place)} for place, name in enumerate(names)]
    put(world.connection, "users", people)
    own: dict[str, dict[str, Any]] = {
        "sent": {"status": "sent"},
        "not accepted": {"accepted_at": None},
        "of another lane": {"priority": "low"},
        "due tomorrow": {"scheduled_for": NOW + HOUR},
    }
    messages = [{**USUAL["message_queue"], "scheduled_for": NOW + HOUR - SECOND, **own.get(name, {})} for name in names]
    rows = [
        {**row, "id": id_of(f"{n} {k}"), "user_id": id_of(n)}
        for n, row in zip(names, messages, strict=True)
        for k in "ab"
    ]
    put(world.connection, "message_queue", rows)
    limits = {"daily_limit": 7, "hourly_limit": 3, "quiet_hours_enabled": False, "messages_sent": 5}
    days = {"has one of yesterday": TODAY.replace(day=2), "has one of today": TODAY}
    budgets = [{"id": id_of(name), "user_id": id_of(name), "date": day} for name, day in days.items()]
    put(world.connection, "user_message_budget", budgets, **limits)
    given = {"now": NOW, "lanes": ["high", "urgent"], "tomorrow": NOW + HOUR, "daily_limit": 10, "hourly_limit": 2}
    query = "SELECT user_id, messages_sent, daily_limit, hourly_limit, quiet_hours_enabled FROM user_message_budget"
    world.connection.execute(sql("add_budget_rows"), {**given, "limit": 2})
    assert len(world.all(query)) == 4
    for _ in range(2):
        world.connection.execute(sql("add_budget_rows"), {**given, "limit": 10})
        found = rows_by_name(world.connection, f"{query} WHERE date = %s", TODAY)
        new: dict[str, Any] = {"messages_sent": 0, "daily_limit": 10, "hourly_limit": 2, "quiet_hours_enabled": True}
        expected: dict[str, dict[str, Any]] = {
            "due": new,
            "due too": new,
            "has one of yesterday": {**limits, "messages_sent": 0},
            "has one of today": limits,
        }
        assert differing(found, expected) == {}


def test_what_groups_of_agents_published(world: World) -> None:
    agents = [{"prefix": "crm", "hourly_limit": 5}]
    usual = {"may_use_urgent": True, "needs_approval": False, "purpose": "informational"}
    put(world.connection, "orchestrator.agents", agents, **usual)
    spans = [
        ("crm", HOUR - SECOND, 3),
        ("crm", MINUTE, 4),
        ("crm", HOUR, 10),
        ("crm", HOUR + MINUTE, 1),  # of another hour of the clock, 13:59
        ("crm", DAY, 4),
        ("crm", 7 * DAY - SECOND, 9),
        ("crm", 7 * DAY, 100),
        ("other", MINUTE, 100),
        ("publisher bank", MINUTE, 2),
        ("publisher mail", DAY, 6),
        ("publisher mail", HOUR - 30 * SECOND, 3),
    ]
    rates = [{"agent_id": agent, "span": NOW - ago, "accepted": number} for agent, ago, number in spans]
    put(world.connection, "orchestrator.agent_rates", rates)
    given = {"agent_ids": ["Crm_1", "x", "x", "y"], "publishers": ["acme", "bank", "mail", "none"]}
    rows = world.connection.execute(sql("read_agent_groups"), {**given, "start_limit": 30, "now": NOW}).fetchall()
    assert sorted(rows) == [
        ("Crm_1", "acme", "crm", 5, 7, 6.0),
        ("x", "bank", "publisher bank", 30, 2, 0.0),
        ("x", "mail", "publisher mail", 30, 3, 6.0),
        ("y", "none", "publisher none", 30, 0, 0.0),
    ]


def test_what_a_person_has_not_answered(world: World) -> None:
    put_people(world)
    messages: dict[str, dict[str, Any]] = {
        "sent": {"status": "sent"},
        "sent before the answer": {"status": "sent"},
        "sent before the day": {"status": "sent", "user_id": id_of("ben")},
        "part of a sequence": {"status": "sent", "sequence_id": id_of("s")},
        "reply": {"status": "sent", "is_reply": True},
        "of another agent": {"status": "sent", "agent_id": "coach"},
        "queued part of the sequence": {"sequence_id": id_of("s")},
        "queued": {"not_before": NOW, "is_reply": False},
        "approved": {"status": "approved"},
        "sending": {"status": "sending"},
        "not accepted": {"accepted_at": None},
        "for later": {"not_before": NOW + SECOND},
        "to another": {"user_id": id_of("ben")},
        "waiting reply": {"is_reply": True},
        "waiting, of another agent": {"agent_id": "coach"},
    }
    usual = {**USUAL["message_queue"], "user_id": id_of("ada")}
    put(world.connection, "message_queue", [{**usual, "id": id_of(name), **own} for name, own in messages.items()])
    went = ("sent", "sent before the answer", "part of a sequence", "reply", "of another agent", "sent before the day")
    before = {"sent before the answer": HOUR, "sent before the day": 2 * HOUR}
    attempt = {**USUAL["orchestrator.attempts"], "conversation_id": id_of("talk")}
    put(
        world.connection,
        "orchestrator.attempts",
        [
            {**attempt, "id": id_of(n), "message_id": id_of(n), "user_id": messages[n].get("user_id", id_of("ada"))}
            | {"started_at": NOW - before.get(n, MINUTE)}
            for n in went
        ],
    )
    text = {**USUAL["messages"], "id": id_of("answer"), "conversation_id": id_of("talk"), "user_id": id_of("ada")}
    older = {**text, "id": id_of("older answer"), "created_at": NOW - 2 * HOUR}
    put(world.connection, "messages", [{**text, "created_at": NOW - HOUR}, older])
    given = {"not_conversation": NOT_CONVERSATION, "now": NOW, "agent_id": "adviser"}
    for user, day, counts in (
        ("ada", NOW - DAY, (2, 4)),
        ("ada", NOW - MINUTE, (0, 3)),
        ("ben", NOW - 2 * HOUR, (0, 1)),
        ("ben", NOW - 2 * HOUR - SECOND, (1, 2)),
    ):
        asked = {**given, "user_id": id_of(user), "day_began_at": day}
        assert world.connection.execute(sql("count_unanswered_texts"), asked).fetchall() == [counts], (user, day)


def test_who_is_found_by_a_reference(world: World) -> None:
    people: dict[str, dict[str, Any]] = {
        "ada": {"phone_number": "(212) 555-0100", "timezone": "America/Denver", "external_id": "a"},
        "ben": {"external_id": str(id_of("ada"))},
        "cem": {"phone_number": "a name", "external_id": "c"},
        "dan": {"phone_number": "forgotten-1", "external_id": "d"},
        "eve": {"external_id": "e"},
    }
    put(
        world.connection,
        "users",
        [{"phone_number": number_of(n), "id": id_of(name), **own} for n, (name, own) in enumerate(people.items())],
    )
    limits = [{"id": id_of("b"), "user_id": id_of("eve"), "date": TODAY, "quiet_hours_enabled": False}]
    put(world.connection, "user_message_budget", limits)
    hours = [("eve", "\\x01", NOW), ("cem", "\\x02", None)]
    rows = [{"user_id": id_of(name), "learned": learned, "off_since": off} for name, learned, off in hours]
    put(world.connection, "orchestrator.answer_hours", rows, **USUAL["orchestrator.answer_hours"])
    curves = {"only_row": True, "curves": {}, "hours": "\\x05", "stops": "\\x06", "texts": 0, "people": 0}
    put(world.connection, "orchestrator.answer_curves", [{**curves, "fitted_at": NOW}])
    references = [
        str(id_of("ada")),
        "a",
        "c",
        "d",
        "e",
        "x",
        str(id_of("nobody")),
        f"{id_of('eve')}x",
        str(id_of("dan")),
    ]
    with world.connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(sql("find_people"), {"references": references, "now": NOW}).fetchall()
    read = {row["reference"]: row for row in found}
    assert len(read) == len(found)
    unknown: dict[str, Any] = {"population": b"\x05", "stops": b"\x06"} | dict.fromkeys(
        [
            "timezone",
            "quiet_hours_start",
            "quiet_hours_end",
            "response_pattern",
            "quiet_hours_enabled",
            "learned",
            "sure",
        ]
    )
    ada = {"user_id": "ada", "phone_number": number_of(0), **unknown, "timezone": "America/Denver", "off": False}
    expected: dict[str, dict[str, Any]] = {
        str(id_of("ada")): ada,
        "a": ada,
        "c": {"user_id": "cem", "phone_number": "a name", **unknown, "learned": b"\x02", "off": False},
        "e": {
            **unknown,
            "user_id": "eve",
            "phone_number": number_of(4),
            "quiet_hours_enabled": False,
            "learned": b"\x01",
            "off": True,
        },
    }
    assert differing(read, {reference: {"reference": reference, **row} for reference, row in expected.items()}) == {}
