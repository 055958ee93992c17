"""What waits, for what, and who is told: each list among rows that fail one of its conditions."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.rules.pause_words import PauseRow
from orchestrator.store import agents
from orchestrator.store.adoption import count_unadopted_messages
from orchestrator.store.agents import AgentAtStartLimit, list_agents_at_start_limit
from orchestrator.store.approvals import WordsToApprove, list_approvals
from orchestrator.store.database import sql
from orchestrator.store.message_history import find_message
from orchestrator.store.message_list import list_states
from orchestrator.store.pauses import list_pauses, list_pauses_of_message
from orchestrator.store.recovery import UnsentMessage, read_unsent_messages
from orchestrator.store.waiting import WaitingMessage, list_waiting_messages
from orchestrator.store.waits_for_users import UserWait, list_waits_for_users
from tests.named_rows import ADA, BEN, HOUR, NOW, SECOND, NamedRows


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    """Ada, Ben, and a person without an external id, whose number is spelled in another way."""
    rows = NamedRows(connection)
    rows.person("ada", ADA, timezone="America/New_York")
    rows.person("ben", BEN)
    rows.person("nameless", "(212) 555-0103", external_id=None)
    return rows


def messages(rows: NamedRows, of: dict[str, dict[str, Any]], **base: Any) -> None:
    rows.add("message_queue", rows.message("ada", **base), of)


def test_waiting_messages_by_lane_and_age(rows: NamedRows) -> None:
    in_order = ["urgent", "high, oldest", "high, tied", "high, also tied", "high, newest", "low"]
    assert rows.names([rows[name] for name in in_order]) == in_order, "their ids grow, and they are stored otherwise"
    messages(
        rows,
        {
            "low": {"priority": "low", "reason": "daily_limit", "user_id": rows["nameless"]},
            "high, newest": {"accepted_at": NOW + SECOND},
            "high, also tied": {},
            "high, tied": {"status": "sending"},
            "high, oldest": {"accepted_at": NOW - SECOND, "status": "approved"},
            "urgent": {"priority": "urgent", "accepted_at": NOW + HOUR, "scheduled_for": NOW + HOUR},
            "sent": {"status": "sent"},
            "of the former sender": {"accepted_at": None},
            "of the former sender, sent": {"accepted_at": None, "status": "sent"},
            "to ben": {"user_id": rows["ben"], "priority": "medium", "accepted_at": NOW - HOUR},
        },
    )
    everything = list_waiting_messages(rows.connection, None, rows["ada"])
    assert rows.names([message.message_id for message in everything]) == in_order[:-1]
    of_all = list_waiting_messages(rows.connection, 2)
    assert rows.names([message.message_id for message in of_all]) == [*in_order[:3], "to ben", "low"]
    assert [message.of_lane for message in of_all] == [1, 4, 4, 1, 1]
    last = WaitingMessage("low", rows["low"], str(rows["nameless"]), "saga", "queued", "daily_limit", NOW, NOW, 1)
    assert of_all[-1] == last
    assert (of_all[0].person, of_all[0].due, of_all[0].since) == ("ada", NOW + HOUR, NOW + HOUR)
    assert count_unadopted_messages(rows.connection) == 1


def test_messages_whose_words_wait_for_approval(rows: NamedRows) -> None:
    in_order = ["oldest", "tied", "also tied", "newest"]
    assert rows.names([rows[name] for name in in_order]) == in_order
    waits = {"reason": "approval", "final_message": "Hello", "expires_at": NOW + HOUR, "published_by": "shop"}
    messages(
        rows,
        {
            "newest": {"accepted_at": NOW + SECOND, "is_reply": True, "segments": 2, "user_id": rows["nameless"]},
            "also tied": {},
            "tied": {"is_reply": False},
            "oldest": {"accepted_at": NOW - SECOND},
            "held for something else": {"reason": "quiet_hours"},
            "held for nothing": {"reason": None},
            "approved": {"status": "approved"},
            "of the former sender": {"accepted_at": None},
            "without words": {"final_message": None},
        },
        **waits,
    )
    found = list_approvals(rows.connection, 10)
    assert rows.names([words.message_id for words in found]) == in_order
    assert [words.is_reply for words in found] == [False, False, False, True]
    nobody, ids = (rows["nameless"], None), (rows["newest"], "saga", "shop")
    assert found[-1] == WordsToApprove(*ids, *nobody, "Hello", 2, NOW + SECOND, NOW + HOUR, is_reply=True)
    assert (found[0].external_id, found[0].segments) == ("ada", None)
    assert [words.message_id for words in list_approvals(rows.connection, 2)] == [rows["oldest"], rows["tied"]]
    assert [words.message_id for words in list_approvals(rows.connection, 2, rows["newest"])] == [rows["newest"]]


def test_agents_whose_messages_wait_for_the_start_limit(rows: NamedRows, monkeypatch: pytest.MonkeyPatch) -> None:
    rows.write("orchestrator.agents", prefix="settled")
    rows.write("orchestrator.known_agents", agent_id="known")
    of_agents = [
        ("b", "y", 1),
        ("b", None, 1),
        ("a", "z", 1),
        ("most", "x", 2),
        ("settled_1", "x", 3),
        ("known", "x", 4),
    ]
    for agent, publisher, number in of_agents:
        for _ in range(number):
            message = rows.message("ada", agent_id=agent, published_by=publisher, reason="agent_limit")
            rows.write("message_queue", **message)
    for columns in ({"status": "approved"}, {"accepted_at": None}, {"reason": "daily_limit"}, {"reason": None}):
        message = rows.message("ada", **{"agent_id": "other", "reason": "agent_limit", **columns})
        rows.write("message_queue", **message)
    in_order = [
        AgentAtStartLimit("most", "x", 2),
        AgentAtStartLimit("a", "z", 1),
        AgentAtStartLimit("b", "", 1),
        AgentAtStartLimit("b", "y", 1),
    ]
    assert list_agents_at_start_limit(rows.connection, 10) == in_order
    assert list_agents_at_start_limit(rows.connection, 3) == in_order[:3]
    rows.connection.execute("DELETE FROM orchestrator.agents; DELETE FROM orchestrator.known_agents")
    monkeypatch.setattr(agents, "_MOST_READ", 5)
    assert sum(agent.messages for agent in list_agents_at_start_limit(rows.connection, 10)) == 5


def test_the_first_waiting_messages_are_counted_by_agent(rows: NamedRows) -> None:
    """Those of the first lanes, that are due first and are oldest; the rows are stored the other way round."""
    messages(
        rows,
        {
            "in the last lane": {"priority": "urgent", "agent_id": "fifth"},
            "due later": {"scheduled_for": NOW + SECOND, "agent_id": "fourth"},
            "younger": {"created_at": NOW + SECOND, "published_by": "shop"},
            "older": {"reason": "daily_limit", "created_at": NOW},
            "of the same": {"reason": "daily_limit", "created_at": NOW - SECOND},
            "approved": {"status": "approved", "created_at": NOW - HOUR},
            "of the former sender": {"accepted_at": None, "created_at": NOW - HOUR},
        },
    )
    expected = {("saga", "", "daily_limit", 2), ("saga", "shop", "due", 1), ("fourth", "", "due", 1)}
    last = ("fifth", "", "due", 1)
    for most, counts in ((9, expected | {last}), (4, expected), (3, expected - {("fourth", "", "due", 1)})):
        with rows.without_luck():
            found = rows.connection.execute(sql("count_waiting_of_agents"), {"most": most}).fetchall()
        assert {*found} == counts
    only = rows.connection.execute(sql("count_waiting_of_agents"), {"most": 2}).fetchall()
    assert only == [("saga", "", "daily_limit", 2)]


def test_states_of_messages_and_of_the_other_parts_of_their_sequences(rows: NamedRows) -> None:
    of_sequence = {"sequence_id": UUID(int=7), "status": "sent"}
    messages(
        rows,
        {
            "named": {},
            "part 1": {**of_sequence, "sequence_position": 1},
            "part 2": {**of_sequence, "sequence_position": 2},
            "part of the former sender": {**of_sequence, "accepted_at": None},
            "part of another": {"sequence_id": UUID(int=8), "sequence_position": 1},
            "not named": {},
            "named, of the former sender": {"accepted_at": None},
        },
    )
    names = ["named", "part 2", "named, of the former sender", "unknown"]
    found = list_states(rows.connection, [rows[name] for name in names])
    states = {rows.name(message_id): status for message_id, status in found.items()}
    assert states == {"named": "queued", "part 1": "sent", "part 2": "sent"}


def test_pauses_and_those_of_a_message(rows: NamedRows) -> None:
    messages(
        rows,
        {
            "queued": {},
            "approved": {"status": "approved"},
            "sending": {"status": "sending"},
            "of another type": {"message_data": {"type": "note"}, "agent_id": "x", "user_id": rows["ben"]},
        },
    )
    pauses = {
        "type": ("news", 1, None),
        "user": (str(rows["ada"]), 2, None),
        "agent": ("sag", 3, SECOND),
        "lane": ("high", 4, timedelta(0)),
        "provider": ("", -1, HOUR),
    }
    for scope, (value, age, ends) in pauses.items():
        times = {"paused_at": NOW - age * HOUR, "ends_at": None if ends is None else NOW + ends}
        rows.write("orchestrator.pauses", scope=scope, value=value, paused_by="grace", note="why", **times)
    for scope, value in (("type", "note"), ("agent", "news")):
        rows.write("orchestrator.pauses", scope=scope, value=value, paused_at=NOW - HOUR)
    agent = PauseRow("agent", "sag", "grace", "why", NOW - 3 * HOUR, NOW + SECOND)
    for name in ("queued", "approved"):
        found = list_pauses_of_message(rows.connection, rows[name], NOW)
        assert [pause.scope for pause in found] == ["agent", "user", "type", "provider"]
        assert found[0] == agent
    assert list_pauses_of_message(rows.connection, rows["sending"], NOW) == []
    of_another = list_pauses_of_message(rows.connection, rows["of another type"], NOW)
    assert [(pause.scope, pause.value) for pause in of_another] == [("type", "note"), ("provider", "")]
    in_force = list_pauses(rows.connection, NOW)
    assert in_force[0] == agent
    order = [("agent", "sag"), ("user", str(rows["ada"])), ("agent", "news"), ("type", "news"), ("type", "note")]
    assert [(pause.scope, pause.value) for pause in in_force] == order


def test_messages_that_wait_for_their_user(rows: NamedRows) -> None:
    in_order = ["next", "tied", "last"]
    assert rows.names([rows[name] for name in in_order]) == in_order
    for name, until in (
        ("last", NOW + HOUR),
        ("tied", NOW + SECOND),
        ("next", NOW + SECOND),
        ("over", NOW),
        ("accepted", NOW + SECOND),
    ):
        rows.write("orchestrator.waits_for_users", message_id=rows[name], agent_id="saga", since=NOW, until=until)
    messages(rows, {"accepted": {}})
    found = list_waits_for_users(rows.connection, NOW, 10)
    assert found == [UserWait(rows[name], "saga", NOW + (HOUR if name == "last" else SECOND)) for name in in_order]
    assert list_waits_for_users(rows.connection, NOW, 2) == found[:2]


def test_unsent_messages_to_numbers_with_their_open_attempt(rows: NamedRows) -> None:
    messages(
        rows,
        {
            "queued": {"final_message": "Hello", "scheduled_for": NOW + HOUR},
            "approved": {"status": "approved", "message_data": {"type": "x", "message": "Hi"}},
            "sending": {"status": "sending", "user_id": rows["nameless"]},
            "of unknown outcome": {"status": "failed", "reason": "unknown_outcome"},
            "failed": {"status": "failed", "reason": "bad_number"},
            "sent": {"status": "sent"},
            "of the former sender": {"accepted_at": None},
            "to ben": {"user_id": rows["ben"]},
        },
    )
    attempts: dict[str, dict[str, str | None]] = {
        "sending": {"open": None, "refused": "refused"},
        "of unknown outcome": {"unknown, older": "unknown", "unknown, newer": "unknown"},
        "queued": {"accepted": "accepted"},
    }
    for message, of_message in attempts.items():
        for place, (name, outcome) in enumerate(of_message.items()):
            attempt = {"message_id": rows[message], "started_at": NOW + place * SECOND, "outcome": outcome}
            rows.write("orchestrator.attempts", id=rows[name], **rows.attempt("ada", **attempt))
    found = read_unsent_messages(rows.connection, [ADA, "+12125550103"])
    assert {rows.name(message.message_id): message for message in found} == {
        "queued": UnsentMessage(rows["queued"], ADA, "Hello", NOW, NOW + HOUR, None),
        "approved": UnsentMessage(rows["approved"], ADA, "Hi", NOW, NOW, None),
        "sending": UnsentMessage(rows["sending"], "+12125550103", None, NOW, NOW, rows["open"]),
        "of unknown outcome": UnsentMessage(rows["of unknown outcome"], ADA, None, NOW, NOW, rows["unknown, newer"]),
    }


def test_words_of_the_waiting_messages_of_another_sender(rows: NamedRows) -> None:
    def at(hours: float) -> dict[str, Any]:
        return {"scheduled_for": NOW + timedelta(hours=hours), "created_at": NOW}

    messages(
        rows,
        {
            "written for later": {**at(1), "final_message": " Hello  "},
            "written late": {**at(-1), "final_message": "  ", "user_id": rows["nameless"]},
            "to nobody": {**at(-1), "user_id": rows.person("unreadable", "none")},
            "too old": {**at(-2.001)},
            "ours": {**at(0), "accepted_at": NOW},
            "sent": {**at(0), "status": "sent"},
            "for the year 9000": {"scheduled_for": "9000-01-01", "created_at": NOW},
            "for the end of time": {"scheduled_for": "infinity", "created_at": NOW},
        },
        accepted_at=None,
    )
    rows.connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for) VALUES (%s, 'x', '[1]', %s)",
        (rows["ada"], NOW),
    )
    found = rows.connection.execute(sql("read_waiting_words"), {"oldest": NOW - HOUR}).fetchall()
    news = {"type": "news"}
    assert {rows.name(message_id): row for message_id, *row in found} == {
        "written for later": [news, "Hello", NOW + HOUR, "America/New_York", ADA],
        "written late": [news, None, NOW, None, "+12125550103"],
        "to nobody": [news, None, NOW, None, ""],
    }


def test_the_message_of_a_text_is_found_by_any_of_its_ids(rows: NamedRows) -> None:
    messages(rows, {"message": {}, "older form": {}, "other": {}})
    rows.write("orchestrator.attempts", id=rows["text"], **rows.attempt("ada", message_id=rows["message"]))
    rows.write("orchestrator.attempts", id=rows["text of other"], **rows.attempt("ada", message_id=rows["other"]))
    outbound = rows.text("ada", direction="outbound", role="agent")
    rows.write("messages", id=rows["text"], **outbound, twilio_message_sid="SM1")
    rows.write("messages", id=rows["older form"], **outbound, twilio_message_sid="SM2")
    rows.write("messages", id=rows["text of other"], **rows.text("ada"), twilio_message_sid="SM3")
    rows.write("messages", id=rows["of nobody"], **outbound, twilio_message_sid="SM4")
    found = {name: find_message(rows.connection, rows[name]) for name in ("text", "message", "of nobody", "never seen")}
    assert {name: rows.name(message_id) for name, message_id in found.items()} == {
        "text": "message",
        "message": "message",
        "of nobody": None,
        "never seen": None,
    }
    by_sid = [rows.name(find_message(rows.connection, f"SM{number}")) for number in range(1, 6)]
    assert by_sid == ["message", "older form", None, None, None]
