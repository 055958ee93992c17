"""What is stored of inbound texts: of many people in one batch, beside rows that almost belong to them."""

import json
from typing import Any

from psycopg.rows import dict_row

from orchestrator.rules.intents import ClassifiedBy, Intent
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.store.conversation import ReceivedText
from orchestrator.store.database import columns, sql
from tests.inbound_cases import CASES, LAST_ACTIVE, UNKNOWN, Case, Text, put_people, texts
from tests.rows_by_name import differing, id_of, name_of, number_of, put, rows_by_name
from tests.state_cases import DAY, HOUR, MINUTE, NOW, OTHER, clear_attempts
from tests.world import World


def store(world: World) -> dict[str, dict[str, Any]]:
    """Store all texts in one batch, with those of an unknown sender; returns the rows of the statement by name."""
    unknown = {name: (Case(name, ()), Text(name, is_new=is_new), number_of(997)) for name, is_new in UNKNOWN.items()}
    batch = texts() | unknown
    given = [
        ReceivedText(
            inbound_id=id_of(name),
            sid=text.sid or name,
            phone_number=number,
            body=text.content,
            content=text.content,
            media=json.dumps(text.media),
            kind=Intent(text.kind),
            judged_by=ClassifiedBy.NOBODY,
            is_sms=text.is_sms,
            confirm_until=None,
            number_hash=None,
            received_at=NOW + text.at,
            new_conversation_id=id_of(f"new talk of {name}"),
        )
        for name, (_, text, number) in batch.items()
    ]
    rows: dict[str, Any] = {**columns(given, *ReceivedText.__slots__)}
    rows["is_new"] = [text.is_new for _, text, _ in batch.values()]
    linked = {"not_conversation": NOT_CONVERSATION, "open_for": 7 * DAY, "now": NOW}
    with world.connection.cursor(row_factory=dict_row) as cursor:
        returned = cursor.execute(sql("store_inbound_texts"), {**rows, **linked}).fetchall()
    return {name_of(row.pop("inbound_id")): row for row in returned}


def expected_rows() -> dict[str, dict[str, Any]]:
    """What should be stored of each text."""
    rows = {}
    for name, (case, text, number) in texts().items():
        first = min(range(len(case.texts)), key=lambda place: (case.texts[place].at, case.texts[place].sid))
        rows[name] = {
            "user_id": f"{case.name}, {text.of}" if text.of else case.name,
            "phone_number": number,
            "kind": text.final,
            "received_at": NOW + text.at,
            "opens_window": text.opens,
            "in_reply_to": text.answers,
            "may_answer": text.may_answer,
            "content": text.content,
            "twilio_message_sid": text.sid or name,
            "created_at": min(NOW, NOW + text.at),
            "conversation_id": text.talk or f"new talk of {case.name}, text {first}",
            "role": "user",
            "direction": "inbound",
            "status": "received",
            "judged_by": "nobody",
        }
    return rows


def test_what_is_stored_of_texts(world: World) -> None:
    put_people(world.connection)
    known = {"phone_number": number_of(997), "body": "first", "media": [], "received_at": NOW - HOUR}
    put(world.connection, "orchestrator.strangers", [{"sid": "unknown, known", **known}])
    put(world.connection, "orchestrator.event_bus", [{"name": "bus"}])
    put(world.connection, "orchestrator.reply_targets", [{"target": "crm"}])
    returned = store(world)
    clear_attempts(world.connection)
    expected = expected_rows()
    stored = {name: row for name, row in expected.items() if row["kind"]}

    found = rows_by_name(
        world.connection,
        "SELECT m.id, r.phone_number, r.kind, r.received_at, r.opens_window, r.in_reply_to, r.may_answer, m.user_id,"
        " m.content, m.twilio_message_sid, m.created_at, m.conversation_id,"
        " m.role, m.direction, m.status, r.judged_by"
        " FROM orchestrator.readings r JOIN messages m ON m.id = r.inbound_id AND m.user_id = r.user_id",
    )
    assert differing(found, stored) == {}

    columns_returned = ("user_id", "phone_number", "kind", "received_at")
    rows = {name: {column: row[column] for column in columns_returned} for name, row in expected.items()}
    rows["a stored text"] |= {"user_id": OTHER, "kind": "start", "received_at": NOW - HOUR}
    rows["an unregistered text"] |= {"kind": "conversation"}
    for name in UNKNOWN:
        nothing = dict.fromkeys(columns_returned)
        rows[name] = nothing | {"phone_number": number_of(997), "received_at": NOW}
    is_new = {**dict.fromkeys(rows, True), **UNKNOWN, "a stored text": False}
    assert differing(returned, {name: row | {"is_new": is_new[name]} for name, row in rows.items()}) == {}

    found = rows_by_name(
        world.connection, "SELECT sid, phone_number, body, media, received_at FROM orchestrator.strangers"
    )
    of_now = {"phone_number": number_of(997), "body": "unknown", "media": [], "received_at": NOW}
    assert found == {"unknown, known": known, "unknown": of_now}

    numbers = world.all("SELECT phone_number FROM orchestrator.numbers")
    kept = ("had a dead number afterwards", "has a dead number and writes nothing")
    assert {number for (number,) in numbers} == {
        number_of(place) for place, case in enumerate(CASES) if case.name in kept
    }
    assert world.all("SELECT inbound_id, place, url, content_type FROM orchestrator.media ORDER BY place") == [
        (id_of("sends pictures, text 0"), 1, "https://a", "image/png"),
        (id_of("sends pictures, text 0"), 2, "https://b", "image/png"),
    ]

    writers = {expected[name]["user_id"]: NOW for name, (_, text, _) in texts().items() if text.is_new} | LAST_ACTIVE
    found = rows_by_name(
        world.connection, "SELECT id, last_active_at AS at FROM users WHERE last_active_at IS NOT NULL"
    )
    assert differing(found, {name: {"at": at} for name, at in writers.items()}) == {}

    talks = {row["conversation_id"]: row for name, row in expected.items() if name != "a stored text"}
    found = rows_by_name(
        world.connection,
        "SELECT id, user_id, created_at, last_message_at FROM conversations"
        " WHERE status = 'active' AND updated_at = %s AND id <> %s",
        *(NOW, id_of("talk")),
    )
    times = dict.fromkeys(talks, (NOW, NOW)) | {
        "an open talk": (NOW - HOUR, NOW),
        "a talk ahead": (NOW - HOUR, NOW + HOUR),
        "new talk of was active before, text 0": (NOW - HOUR, NOW - MINUTE),
    }
    assert (
        differing(
            found,
            {
                name: {"user_id": row["user_id"], "created_at": times[name][0], "last_message_at": times[name][1]}
                for name, row in talks.items()
            },
        )
        == {}
    )


def test_who_is_told_of_a_text(world: World) -> None:
    put_people(world.connection)
    put(world.connection, "orchestrator.reply_targets", [{"target": "crm"}, {"target": "desk"}])
    store(world)
    clear_attempts(world.connection)
    told = "SELECT target, count(*) FROM orchestrator.events WHERE type = 'reply.received' GROUP BY target ORDER BY 1"
    number = sum(row["kind"] is not None for row in expected_rows().values())
    assert world.all(told) == [("crm", number), ("desk", number)]
    found = rows_by_name(
        world.connection,
        "SELECT message_id, at, user_id, detail->>'kind' AS kind, (detail->>'in_reply_to')::uuid AS in_reply_to,"
        " (detail->>'conversation_id')::uuid AS conversation_id, detail->>'agent_id' AS agent_id,"
        " ARRAY(SELECT c->>'message_id' || ' ' || (c->>'agent_id') FROM jsonb_array_elements("
        "   CASE WHEN detail->>'candidates' IS NOT NULL THEN detail->'candidates' ELSE '[]' END) c) AS candidates"
        " FROM orchestrator.events WHERE target = 'crm' AND message_id IN (%s, %s)",
        *(id_of("answers the question, text 0"), id_of("may answer two agents, text 0")),
    )
    assert (
        differing(
            found,
            {
                "answers the question, text 0": {
                    "at": NOW,
                    "user_id": "answers the question",
                    "kind": "conversation",
                    "in_reply_to": "question",
                    "conversation_id": "new talk of answers the question, text 0",
                    "agent_id": "coach",
                    "candidates": [],
                },
                "may answer two agents, text 0": {
                    "at": NOW,
                    "user_id": "may answer two agents",
                    "kind": "unjudged",
                    "in_reply_to": None,
                    "conversation_id": "new talk of may answer two agents, text 0",
                    "agent_id": None,
                    "candidates": [f"{id_of('of crm')} crm", f"{id_of('of bank')} bank"],
                },
            },
        )
        == {}
    )
