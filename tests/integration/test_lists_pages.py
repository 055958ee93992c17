"""Pages of what was rejected, done, written and not yet taken, each among rows that fail one of the conditions."""

from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from orchestrator.ids import LAST_ID
from orchestrator.store.conversation import UnreadText, list_unread_texts
from orchestrator.store.events import EventFailure, TargetState, list_event_targets, settle_events
from orchestrator.store.operator_actions import RecordedAction, list_actions
from orchestrator.store.rejections import RejectionRow, list_rejections
from tests.named_rows import ADA, HOUR, NOW, SECOND, NamedRows


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    return NamedRows.of_ada_and_ben(connection)


def test_rejections_page_by_page(rows: NamedRows) -> None:
    base = {"message_id": rows["m"], "reason": "invalid", "field": "f", "problem": "p"}
    for name, agent, at in (
        ("a", "Saga_1", 0),
        ("b", "saga_2", 1),
        ("c", "saga", 1),
        ("d", "other_saga", 2),
        ("e", None, 3),
    ):
        rejected = {"agent_id": agent, "rejected_at": NOW + at * SECOND}
        rows.write("orchestrator.rejections", sqs_message_id=name, **base, **rejected)

    def page(limit: int = 9, **filters: Any) -> str:
        return "".join(row.sqs_message_id for row in list_rejections(rows.connection, limit, **filters))

    assert (page(), page(2), page(agent="saga"), page(since=NOW + SECOND)) == ("edcba", "ed", "cba", "edcb")
    assert page(before=NOW + SECOND, before_id="c") == "ba"
    assert page(before=NOW + SECOND, before_id="a") == "a"
    last = list_rejections(rows.connection, 9)[-1]
    assert last == RejectionRow("a", rows["m"], "Saga_1", "invalid", "f", "p", NOW)


def test_what_operators_did_page_by_page(rows: NamedRows) -> None:
    names = ["first", "second", "third", "fourth"]
    assert rows.names([rows[name] for name in names]) == names
    for name in names:
        user_id = {"second": rows["ada"], "third": rows["ben"], "fourth": rows["ada"]}.get(name)
        acted = {"operator": "grace", "database_role": "owner", "action": "pause", "target": name, "change": {"a": 1}}
        rows.write("orchestrator.operator_actions", id=rows[name], at=NOW, user_id=user_id, reason="why", **acted)
    with rows.without_luck():
        found = list_actions(rows.connection, 9)
    assert [action.target for action in found] == names[::-1]
    first = (rows["first"], NOW, "grace", "owner", "pause", "first", None, {"a": 1}, "why")
    assert found[-1] == RecordedAction(*first)
    assert [action.target for action in list_actions(rows.connection, 2, rows["fourth"])] == ["third", "second"]
    assert [action.target for action in list_actions(rows.connection, 9, LAST_ID, rows["ada"])] == ["fourth", "second"]


def test_unread_texts_oldest_first(rows: NamedRows) -> None:
    in_order = ["oldest", "tied", "also tied", "of ben"]
    assert rows.names([rows[name] for name in in_order]) == in_order
    for name, of, received, kind in (
        ("of ben", "ben", NOW + SECOND, "unjudged"),
        ("also tied", "ada", NOW, "unjudged"),
        ("tied", "ada", NOW, "unjudged"),
        ("oldest", "ada", NOW - SECOND, "unjudged"),
        ("read", "ada", NOW, "conversation"),
    ):
        rows.write("messages", id=rows[name], **rows.text(of, content=name))
        reading = {"user_id": rows[of], "phone_number": ADA, "received_at": received, "kind": kind}
        rows.write("orchestrator.readings", inbound_id=rows[name], **reading)
    found = list_unread_texts(rows.connection, None, 9)
    assert rows.names([text.inbound_id for text in found]) == in_order
    assert found[0] == UnreadText(rows["oldest"], rows["ada"], ADA, NOW - SECOND, "oldest")
    assert list_unread_texts(rows.connection, rows["ada"], 9) == found[:3]
    assert list_unread_texts(rows.connection, None, 2) == found[:2]


def test_targets_of_events_with_what_waits_for_each(rows: NamedRows) -> None:
    assert list_event_targets(rows.connection) == []
    rows.connection.execute("INSERT INTO orchestrator.reply_targets VALUES ('rows'), ('https://example.com')")
    events = {"a": ("bus", 3), "b": ("bus", 2), "c": ("bus", 1), "d": ("rows", 4), "e": ("gone", 5), "f": ("bus", 0)}
    for name, (target, minutes) in events.items():
        at = NOW - timedelta(minutes=minutes)
        rows.write("orchestrator.events", id=rows[name], type="sent", target=target, at=at, failures=0)
    one = TargetState("rows", 1, NOW - timedelta(minutes=4), 0, None)
    assert list_event_targets(rows.connection) == [TargetState("https://example.com", 0, None, 0, None), one]
    rows.connection.execute("INSERT INTO orchestrator.event_bus VALUES ('bus')")
    failed = [("c", "older", NOW + SECOND), ("a", "newest", NOW + HOUR), ("b", "middle", NOW + 2 * SECOND)]
    settle_events(rows.connection, [], [EventFailure(rows[name], error, again) for name, error, again in failed])
    settle_events(rows.connection, [rows["b"]], [EventFailure(rows["c"], "older still", NOW + SECOND)])
    bus = TargetState("bus", 3, NOW - timedelta(minutes=3), 2, "newest")
    with rows.without_luck():
        found = list_event_targets(rows.connection)
    assert found == [bus, TargetState("https://example.com", 0, None, 0, None), one]
    stored = "SELECT failures, error, leased_until FROM orchestrator.events ORDER BY id"
    untouched = (0, None, None)
    assert rows.connection.execute(stored).fetchall() == [
        (1, "newest", NOW + HOUR),
        (2, "older still", NOW + SECOND),
        *3 * [untouched],
    ]
