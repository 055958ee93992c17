"""What agents read of messages and of answers, each among rows that fail one of its conditions."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.store.query import ReplyRow, StatusRow, read_replies, read_statuses
from tests.named_rows import HOUR, NOW, SECOND, NamedRows


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    """Ada and Ben; the agents of "saga" are those that are not of "saga_vip"."""
    rows = NamedRows(connection)
    rows.person("ada", "+12125550101", timezone="America/New_York")
    rows.person("ben", "(212) 555-0102")
    rows.write("orchestrator.agents", prefix="saga_vip")
    return rows


def statuses(rows: NamedRows, names: list[str], scope: str | None) -> dict[str | None, StatusRow]:
    found = read_statuses(rows.connection, [rows[name] for name in names], scope, NOW)
    return {rows.name(message_id): row for message_id, row in found.items()}


NOTHING = dict.fromkeys(StatusRow.__slots__)


def test_a_status_has_what_the_newest_text_and_note_say(rows: NamedRows) -> None:
    held = rows.message("ada", agent_id="Saga_1", reason="quiet_hours", scheduled_for=NOW + HOUR)
    newer = {"superseded_by_message_id": rows["newer"]}
    rows.add("message_queue", rows.message("ada"), {"newer": {}})
    rows.add("message_queue", held, {"held": {}, "held too": {"user_id": rows["ben"], **newer}})
    rows.add(
        "message_queue",
        {**held, "sent_at": NOW},
        {state: {"status": state} for state in ("approved", "sending", "sent")},
    )
    for place, (name, reason, note) in enumerate(
        (
            ("held", "quiet_hours", "older"),
            ("held", "quiet_hours", "its note"),
            ("held", "daily_limit", "of another reason"),
            ("held too", "quiet_hours", "another's"),
            ("sent", "quiet_hours", "not of a text that went"),
            ("sending", "quiet_hours", "not of a text that went"),
            ("approved", "quiet_hours", "not of a text that went"),
        )
    ):
        happened = {"status": "queued", "reason": reason, "note": note, "at": NOW + place * SECOND}
        rows.write("orchestrator.timeline", message_id=rows[name], **happened)
    newest, older = rows["newest"], rows["older"]  # by time, not by id
    sent = {"message_id": rows["sent"]}
    failed = {"outcome": "unknown", "undelivered_at": NOW, "undelivered_code": 30003}
    rows.write("orchestrator.attempts", id=older, **rows.attempt("ada", **sent))
    rows.write("orchestrator.attempts", id=newest, **rows.attempt("ada", **sent, started_at=NOW + SECOND, **failed))
    rows.write("messages", id=newest, **rows.text("ada", delivered_at=NOW + 2 * SECOND))
    rows.write("messages", id=older, **rows.text("ada", delivered_at=NOW + 3 * SECOND))
    names = ["held", "held too", "approved", "sending", "sent"]
    of_ada = {**NOTHING, "user_id": rows["ada"], "agent_id": "Saga_1", "accepted_at": NOW, "due": NOW + HOUR}
    of_ada |= {"reason": "quiet_hours", "timezone": "America/New_York", "phone_number": "+12125550101"}
    of_ben = {"user_id": rows["ben"], "timezone": None, "phone_number": "+12125550102", "superseded_by": rows["newer"]}
    tried = {"outcome": "unknown", "undelivered_at": NOW, "undelivered_code": 30003}
    expected = {
        "held": {**of_ada, "status": "queued", "note": "its note"},
        "held too": {**of_ada, **of_ben, "status": "queued", "note": "another's"},
        "approved": {**of_ada, "status": "approved", "sent_at": NOW},
        "sending": {**of_ada, "status": "sending", "sent_at": NOW},
        "sent": {**of_ada, "status": "sent", "sent_at": NOW, **tried, "delivered_at": NOW + 2 * SECOND},
    }
    for scope in (None, "saga"):
        found = statuses(rows, names, scope)
        assert {name: asdict(row) for name, row in found.items()} == {
            name: {**columns, "message_id": rows[name]} for name, columns in expected.items()
        }
    rows.connection.execute("UPDATE users SET phone_number = 'unreadable' WHERE external_id = 'ada'")
    assert statuses(rows, ["held"], None)["held"].phone_number == "unreadable"


def test_a_scope_hides_the_messages_and_words_of_other_agents(rows: NamedRows) -> None:
    cancelled = rows.message("ada", agent_id="saga", status="cancelled", reason="same_words")
    others = {"another agent's": {"agent_id": "other"}, "of other settings": {"agent_id": "saga_vip_1"}}
    rows.add("message_queue", cancelled, {"same words": {}, "former": {"accepted_at": None}, **others})
    superseded = {
        "superseded by its own": {"superseded_by_message_id": rows["same words"]},
        "superseded by another": {"superseded_by_message_id": rows["another agent's"]},
    }
    rows.add("message_queue", cancelled, superseded)
    rows.write(
        "orchestrator.timeline",
        message_id=rows["same words"],
        at=NOW,
        status="cancelled",
        reason="same_words",
        note="Words of an earlier text",
    )
    names = ["same words", "former", *others, *superseded, "never seen"]
    everything, in_scope = (statuses(rows, names, scope) for scope in (None, "saga"))
    assert everything.keys() == {"same words", *others, *superseded}
    assert in_scope.keys() == {"same words", *superseded}
    assert (everything["same words"].note, in_scope["same words"].note) == ("Words of an earlier text", None)
    assert [rows.name(everything[name].superseded_by) for name in superseded] == ["same words", "another agent's"]
    assert [rows.name(in_scope[name].superseded_by) for name in superseded] == ["same words", None]


def test_what_is_no_message_was_rejected_or_waits_for_its_user(rows: NamedRows) -> None:
    for name, agent in (("accepted", "saga"), ("of another agent", "other")):
        rows.write("message_queue", id=rows[name], **rows.message("ada", agent_id=agent))
    for place, (name, agent) in enumerate(
        (
            ("rejected", "saga"),
            ("rejected", "Saga_2"),
            ("rejected", "other"),
            ("accepted", "saga"),
            ("of another agent", "saga"),
            ("rejected of another agent", "other"),
        )
    ):
        problem = {"reason": f"r{place}", "field": "f", "problem": f"p{place}", "rejected_at": NOW + place * SECOND}
        agent_id = {"message_id": rows[name], "agent_id": agent}
        rows.write("orchestrator.rejections", sqs_message_id=f"s{place}", **agent_id, **problem)
    for name, agent, until in (
        ("waits", "saga", NOW + SECOND),
        ("waited", "saga", NOW),
        ("accepted", "saga", NOW + SECOND),
        ("waits of another agent", "other", NOW + SECOND),
    ):
        wait = {"message_id": rows[name], "agent_id": agent, "since": NOW - HOUR, "until": until}
        rows.write("orchestrator.waits_for_users", **wait)
    names = ["rejected", "accepted", "of another agent", "rejected of another agent", "waits", "waited"]
    names.append("waits of another agent")
    in_scope = statuses(rows, names, "saga")
    rejected = {"rejected_reason": "r1", "problem": "p1", "rejected_at": NOW + SECOND}
    expected = {
        "rejected": {**NOTHING, "message_id": rows["rejected"], **rejected},
        "waits": {**NOTHING, "message_id": rows["waits"], "waits_for_user_until": NOW + SECOND},
    }
    assert {name: asdict(row) for name, row in in_scope.items() if name != "accepted"} == expected
    everything = statuses(rows, names, None)
    assert everything.keys() == {*names} - {"waited"}
    assert everything["rejected"].problem == "p2"
    for row in (in_scope["accepted"], everything["accepted"], everything["of another agent"]):
        assert (row.status, row.rejected_reason, row.waits_for_user_until) == ("queued", None, None)


# Answers -----------------------------------------------------------------------------------------------------------------


def replies(rows: NamedRows, scope: str | None = None, message: str | None = None, **changes: Any) -> list[ReplyRow]:
    given: dict[str, Any] = {
        "since": NOW - HOUR,
        "after": (NOW - HOUR, UUID(int=0)),
        "limit": 50,
        "now": NOW,
        **changes,
    }
    message_id = rows[message] if message else None
    return read_replies(rows.connection, rows["ada"], agent_prefix=scope, message_id=message_id, **given)


def names(rows: NamedRows, found: list[ReplyRow]) -> list[str | None]:
    return rows.names([row.reply_id for row in found])


def test_what_a_person_wrote_is_read_page_by_page(rows: NamedRows) -> None:
    written = ["first", "second", "third, of the same instant", "last"]
    assert rows.names([rows[name] for name in written]) == written, (
        "their ids grow, in another order than they are stored"
    )
    rows.add(
        "messages",
        rows.text("ada"),
        {
            "last": {"created_at": NOW, "content": "Bye"},
            "first": {"created_at": NOW - HOUR + SECOND},
            "third, of the same instant": {"created_at": NOW - 2 * SECOND},
            "second": {"created_at": NOW - 2 * SECOND},
            "at the beginning": {"created_at": NOW - HOUR},
            "after now": {"created_at": NOW + SECOND},
            "sent to her": {"direction": "outbound"},
            "of an agent": {"role": "agent"},
            "of ben": {"user_id": rows["ben"]},
        },
    )
    found = replies(rows)
    assert names(rows, found) == written
    assert found[-1] == ReplyRow(rows["last"], NOW, "Bye", "conversation", None, None, [])
    assert names(rows, replies(rows, limit=2)) == written[:2]
    for place in range(3):
        after = (found[place].written_at, found[place].reply_id)
        assert names(rows, replies(rows, after=after)) == written[place + 1 :]


def test_a_reply_has_the_message_that_it_answers_or_may_answer(rows: NamedRows) -> None:
    both = [rows["b"], rows["a"], rows["other's"]]
    rows.add("message_queue", rows.message("ada", status="sent"), {"other's": {"agent_id": "other"}, "a": {}, "b": {}})
    other = {"user_id": rows["ada"], "phone_number": "+12125550101", "received_at": NOW}
    sent = rows.attempt("ada", message_id=rows["a"], started_at=NOW + SECOND)  # after the first answer
    rows.write("orchestrator.attempts", id=rows["text"], **sent)
    readings: dict[str, dict[str, Any] | None] = {
        "answers a": {"kind": "conversation", "in_reply_to": rows["a"]},
        "answers b": {"kind": "conversation", "in_reply_to": rows["b"]},
        "answers the other's": {"kind": "conversation", "in_reply_to": rows["other's"]},
        "answers one of three": {"kind": "conversation", "may_answer": both},
        "answers one at most": {"kind": "conversation", "may_answer": [rows["b"]]},
        "answers nothing": {"kind": "conversation"},
        "not yet read": {"kind": "unjudged"},
        "help": {"kind": "help"},
        "stop": {"kind": "stop"},
        "of the former webhook": None,
    }
    for place, (name, reading) in enumerate(readings.items()):
        written = {"created_at": NOW + place * SECOND, "content": name}
        rows.write("messages", id=rows[name], **rows.text("ada", **written))
        if reading:
            rows.write("orchestrator.readings", inbound_id=rows[name], **other, **reading)
    now: dict[str, Any] = {"now": NOW + HOUR}
    assert [
        (row.words, row.kind, rows.name(row.answers), row.agent_id, rows.names([*row.may_answer]))
        for row in replies(rows, **now)
    ] == [
        ("answers a", "conversation", "a", "saga", []),
        ("answers b", "conversation", "b", "saga", []),
        ("answers the other's", "conversation", "other's", "other", []),
        ("answers one of three", "conversation", None, None, ["b", "a", "other's"]),
        ("answers one at most", "conversation", None, None, ["b"]),
        ("answers nothing", "conversation", None, None, []),
        ("not yet read", "unread", None, None, []),
        ("help", "help", None, None, []),
        ("stop", "stop", "a", "saga", []),
        ("of the former webhook", "conversation", "a", "saga", []),
    ]
    in_scope = replies(rows, "saga", **now)
    to_saga = ["answers a", "answers b", "answers one of three", "answers one at most", "stop", "of the former webhook"]
    assert names(rows, in_scope) == to_saga
    assert rows.names([*in_scope[2].may_answer]) == ["b", "a"]
    assert names(rows, replies(rows, message="b", **now)) == [
        "answers b",
        "answers one of three",
        "answers one at most",
    ]
    assert names(rows, replies(rows, "other", "other's", **now)) == ["answers the other's", "answers one of three"]
    assert names(rows, replies(rows, "saga", "other's", **now)) == []


def test_the_open_conversation_of_a_person_on_a_number(rows: NamedRows) -> None:
    rows.add(
        "conversations",
        {"user_id": rows["ada"], "phone_number": "(212) 555-0101", "created_at": NOW, "status": "active"},
        {
            "older": {"created_at": NOW - HOUR},
            "newest": {},
            "older, too": {"created_at": NOW - SECOND, "phone_number": "+12125550101"},
            "closed": {"created_at": NOW + HOUR, "status": "closed"},
            "on another number": {"created_at": NOW + HOUR, "phone_number": "+12125550109"},
            "of ben": {"created_at": NOW + HOUR, "user_id": rows["ben"]},
        },
    )
    opened = "SELECT id FROM orchestrator.open_conversation(%s, '+12125550101')"
    for name in ("newest", "older, too", "older"):
        assert rows.connection.execute(opened, (rows["ada"],)).fetchall() == [(rows[name],)]
        rows.connection.execute("UPDATE conversations SET status = 'closed' WHERE id = %s", (rows[name],))
    assert rows.connection.execute(opened, (rows["ada"],)).fetchall() == []
