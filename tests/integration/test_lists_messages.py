"""Which messages and rejections a page has, and all that it says of each."""

from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.ids import LAST_ID
from orchestrator.store import message_list
from orchestrator.store.message_list import MessageFilter, iterate_messages, read_message_page
from tests.named_rows import HOUR, NOW, SECOND, NamedRows


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    """Ada, Ben, and a person without an external id."""
    rows = NamedRows.of_ada_and_ben(connection)
    rows.person("nameless", "+12125550103", external_id=None)
    return rows


def message(rows: NamedRows, **columns: Any) -> dict[str, Any]:
    """A message to Ada that waits."""
    base = {"agent_id": "Saga_1", "topic": "crm", "reason": "best_time", "scheduled_for": NOW + HOUR}
    return rows.message("ada", **{**base, **columns})


def test_each_filter_keeps_out_what_it_does_not_name(rows: NamedRows) -> None:
    base = message(rows, status="sent", reason="stale", accepted_at=NOW, sent_at=NOW)
    near_misses: dict[str, dict[str, Any]] = {
        "another's": {"user_id": rows["ben"]},
        "of another agent": {"agent_id": "Other_saga"},
        "of another lane": {"priority": "low"},
        "of another topic": {"topic": "sales"},
        "without a topic": {"topic": None},
        "in another state": {"status": "cancelled"},
        "with another reason": {"reason": "withdrawn"},
        "without a reason": {"reason": None},
        "too old": {"accepted_at": NOW - SECOND},
        "too new": {"accepted_at": NOW + HOUR},
        "sent too early": {"sent_at": NOW - SECOND},
        "not sent": {"sent_at": None},
        "failed, and not undelivered": {"status": "failed"},
        "arrived in the end": {},
        "without a text": {},
        "of the former sender": {"accepted_at": None},
    }
    listed: dict[str, dict[str, Any]] = {
        "at the first instant": {},
        "just before the last": {"accepted_at": NOW + HOUR - SECOND},
    }
    rows.add("message_queue", base, near_misses | listed)
    undelivered = rows.attempt("ada", undelivered_at=NOW + SECOND, undelivered_code=30003)
    for name in (*near_misses, *listed):
        if name != "without a text":
            rows.add("orchestrator.attempts", undelivered, {f"text {name}": {"message_id": rows[name]}})
    again = {"message_id": rows["arrived in the end"], "started_at": NOW + SECOND}
    rows.add("orchestrator.attempts", rows.attempt("ada", **again), {"second text": {}})
    wanted = MessageFilter(
        user_id=rows["ada"],
        agent="saga",
        lane="high",
        topic="crm",
        statuses=["sent", "failed"],
        reason="stale",
        since=NOW,
        until=NOW + HOUR,
        sent_since=NOW,
        not_delivered=True,
    )
    page = read_message_page(rows.connection, wanted, limit=50)
    assert rows.names([row["message_id"] for row in page.rows]) == ["just before the last", "at the first instant"]
    assert page.next_before is None
    everything = read_message_page(rows.connection, MessageFilter(), limit=50)
    ended = read_message_page(rows.connection, MessageFilter(statuses=["cancelled", "expired"]), limit=50)
    assert rows.names([row["message_id"] for row in ended.rows]) == ["in another state"]
    accepted = [name for name in [*near_misses, *listed] if name != "of the former sender"]
    assert rows.names([row["message_id"] for row in everything.rows]) == accepted[::-1]


def test_a_message_is_listed_with_what_became_of_its_newest_text(rows: NamedRows) -> None:
    """Of an attempt whose row of `messages` has its id, and of one of an older form, whose row has the message's."""
    sent = message(rows, status="sent", reason=None, sent_at=NOW + SECOND)
    rows.add("message_queue", sent, {name: {} for name in ("arrived", "arrived, older form", "blocked")})
    rows.add("message_queue", sent, {name: {} for name in ("without a code", "on its way", "no text")})
    rows.add("message_queue", message(rows), {"tried again": {"user_id": rows["nameless"]}})
    first = rows.attempt("ada", started_at=NOW, undelivered_at=NOW, undelivered_code=30001)
    newest = rows.attempt("ada", started_at=NOW + SECOND)
    newest_texts: dict[str, dict[str, Any]] = {
        "arrived": {},
        "arrived, older form": {},
        "blocked": {"undelivered_at": NOW, "undelivered_code": 30003},
        "without a code": {"undelivered_at": NOW},
        "on its way": {},
        "tried again": {"undelivered_at": NOW, "undelivered_code": 30005},
    }
    for name, newest_columns in newest_texts.items():
        ids = {"newest": rows[f"newest {name}"], "first": rows[f"first {name}"]}  # the newest has the smaller id
        rows.write("orchestrator.attempts", **first, id=ids["first"], message_id=rows[name])
        rows.write("orchestrator.attempts", **newest, id=ids["newest"], message_id=rows[name], **newest_columns)
    outbound = rows.text("ada", role="agent", status="delivered", direction="outbound")
    inbound = {**outbound, "direction": "inbound"}
    rows.write("messages", **outbound, id=rows["newest arrived"])
    rows.write("messages", **outbound, id=rows["arrived, older form"])
    rows.write("messages", **outbound, id=rows["newest blocked"])
    rows.write("messages", **outbound, id=rows["first on its way"])
    rows.write("messages", **inbound, id=rows["newest on its way"])
    rows.write("messages", **{**outbound, "status": "sent"}, id=rows["newest without a code"])
    page = read_message_page(rows.connection, MessageFilter(), limit=50).rows
    assert page[0] == {
        "message_id": rows["tried again"],
        "accepted_at": NOW,
        "person": str(rows["nameless"]),
        "agent_id": "Saga_1",
        "lane": "high",
        "type": "news",
        "topic": "crm",
        "status": "queued",
        "reason": "best_time",
        "due": NOW + HOUR,
        "sent_at": None,
        "delivery": None,
    }
    assert [(rows.name(row["message_id"]), row["delivery"], row["person"], row["due"]) for row in page[1:]] == [
        ("no text", None, "ada", None),
        ("on its way", None, "ada", None),
        ("without a code", "not delivered", "ada", None),
        ("blocked", "not delivered, code 30003", "ada", None),
        ("arrived, older form", "delivered", "ada", None),
        ("arrived", "delivered", "ada", None),
    ]
    assert {row["sent_at"] for row in page[1:]} == {NOW + SECOND}


def test_a_page_ends_where_its_rows_or_its_reading_end(rows: NamedRows, monkeypatch: pytest.MonkeyPatch) -> None:
    rows.add("message_queue", message(rows), {name: {} for name in "abcdef"})
    rows.connection.execute("UPDATE message_queue SET user_id = %s WHERE id <= %s", (rows["ben"], rows["c"]))

    def page(before: UUID, limit: int, of: str) -> tuple[list[str | None], str | None]:
        found = read_message_page(rows.connection, MessageFilter(user_id=rows[of]), limit, before)
        return rows.names([row["message_id"] for row in found.rows]), rows.name(found.next_before)

    assert page(LAST_ID, 2, "ada") == (["f", "e"], "e")
    monkeypatch.setattr(message_list, "MOST_READ", 3)
    assert page(LAST_ID, 5, "ada") == (["f", "e", "d"], "d")
    assert page(LAST_ID, 5, "ben") == ([], "d"), "it read f, e and d"
    assert page(rows["d"], 5, "ben") == (["c", "b", "a"], "a")
    assert page(rows["c"], 5, "ben") == (["b", "a"], None)
    assert page(rows["a"], 5, "ben") == ([], None)
    everyones = iterate_messages(rows.connection, MessageFilter(), 2)
    assert rows.names([row["message_id"] for row in everyones]) == list("fedcba")
