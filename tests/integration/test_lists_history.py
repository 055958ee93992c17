"""The history of a message, what is learned of people, and what adoption leaves, each beside rows of others."""

from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.store.agent_groups import list_agent_groups
from orchestrator.store.answer_hours import (
    ArmResult,
    list_people_to_learn,
    read_answer_hours,
    read_answer_results,
    read_progress,
)
from orchestrator.store.conversation import add_unknown_senders
from orchestrator.store.database import sql
from orchestrator.store.message_history import Step, read_message_history
from orchestrator.store.opt_outs import OptOut, list_due_confirmations
from tests.named_rows import ADA, BEN, DAY, HOUR, NOW, SECOND, NamedRows


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    return NamedRows.of_ada_and_ben(connection)


# The history of a message -------------------------------------------------------------------------------------------------


def test_a_history_has_all_that_is_recorded_in_the_order_of_time(rows: NamedRows) -> None:
    messages = {"message": {"agent_id": "shop_1", "user_id": rows["ben"]}, "other": {}}
    for prefix, purpose in (("shop", "marketing"), ("other", "transactional")):
        rows.write("orchestrator.agents", prefix=prefix, purpose=purpose)
    rows.add("message_queue", rows.message("ada", created_at=NOW, is_reply=None, topic="crm"), messages)
    for name in messages:
        rows.write("orchestrator.relevance", message_id=rows[name], inbound_id=rows["text"], verdict="keep", why=name,
                   judged_at=NOW + 8 * HOUR)  # fmt: skip
        for place, (reason, note) in enumerate((("quiet_hours", None), ("daily_limit", None), ("law", name))):
            held = {"status": "queued", "reason": reason, "note": note, "until": NOW + place * HOUR}
            rows.write("orchestrator.timeline", message_id=rows[name], at=NOW + HOUR, **held)
        for number, hours, columns in (
            (2, 3, {"outcome": "accepted", "active_since": NOW, "law_note": "law"}),
            (1, 2, {"outcome": "refused", "error": "Busy", "error_code": 20429}),
        ):
            times = {"started_at": NOW + hours * HOUR, "settled_at": NOW + hours * HOUR + HOUR}
            done = {"message_id": rows[name], **times, **columns}
            rows.write("orchestrator.attempts", id=rows[f"{name} {number}"], **rows.attempt("ada", **done))
    rows.connection.execute(
        "UPDATE orchestrator.attempts SET twilio_message_sid = 'SM' || error_code, evidence = 'recovery'"
    )
    arrived = rows.text("ada", direction="outbound", role="agent", delivered_at=NOW + 5 * HOUR)
    rows.write("messages", id=rows["message 2"], **arrived)
    rows.write("messages", id=rows["message"], **{**arrived, "delivered_at": NOW})
    calls: dict[str, dict[str, Any]] = {
        "its call": {"output_data": {"outcome": "kept"}, "error": "slow"},
        "of another": {"context_id": rows["other"]},
        "of another product": {"agent_type": "other"},
        "an error of delivery": {"action_type": "delivery_error"},
    }
    for name, changes in calls.items():
        call = {"agent_type": "message_orchestrator", "action_type": "relevance", "context_id": rows["message"]}
        call |= {"created_at": NOW + 7 * HOUR, "model_used": name}
        rows.write("agent_actions_log", **{**call, **changes})
    rows.connection.execute("UPDATE users SET phone_number = '(212) 555-0102' WHERE external_id = 'ben'")
    # Stored behind the others.
    rows.connection.execute("UPDATE orchestrator.timeline SET note = note WHERE reason = 'quiet_hours'")
    rows.connection.execute(
        "UPDATE orchestrator.timeline SET reason = 'opted_out' WHERE message_id = %s", (rows["other"],)
    )
    with rows.without_luck():
        history, of_other = (read_message_history(rows.connection, rows[name]) for name in messages)
    assert history is not None
    assert of_other is not None
    assert (of_other.row or {})["id"] == rows["other"]
    reasons = [step.reason for step in history.steps if step.what == "held"]
    assert reasons == ["quiet_hours", "daily_limit", "law"]
    of_text = [step for step in history.steps if step.what != "held"]
    assert of_text == [
        Step(NOW, "published", "by shop_1, marketing, high"),
        Step(NOW, "accepted", ""),
        Step(NOW + 2 * HOUR, "sending", "handed to Twilio"),
        Step(NOW + 3 * HOUR, "refused", "SM20429, proved by recovery"),
        Step(NOW + 3 * HOUR, "sending", "the person is active (R4); within law (R15)"),
        Step(NOW + 4 * HOUR, "accepted", ", proved by recovery"),
        Step(NOW + 5 * HOUR, "delivered", ""),
        Step(NOW + 7 * HOUR, "worded", "Claude (its call): kept, slow"),
        Step(NOW + 8 * HOUR, "judged", "keep: message (R10)"),
    ]
    row = history.row or {}
    assert (row["id"], row["user_id"], row["external_id"], row["phone_number"]) == (
        rows["message"],
        rows["ben"],
        "ben",
        BEN,
    )
    rows.connection.execute(
        "UPDATE users SET phone_number = 'unreadable', external_id = NULL WHERE id = %s", (rows["ben"],)
    )
    rows.connection.execute("UPDATE message_queue SET is_reply = true")
    again = read_message_history(rows.connection, rows["message"])
    assert again is not None
    assert again.row is not None
    assert (again.row["is_reply"], again.row["phone_number"]) == (True, "unreadable")


def test_the_history_of_what_is_no_message(rows: NamedRows) -> None:
    for name, agent in (("message", "saga"), ("other", "other")):
        rejected = {"agent_id": agent, "reason": "r", "field": "f", "problem": name, "rejected_at": NOW}
        rows.write("orchestrator.rejections", sqs_message_id=name, message_id=rows[name], **rejected)
        wait = {"agent_id": agent, "since": NOW - HOUR, "until": NOW}
        rows.write("orchestrator.waits_for_users", message_id=rows[name], **wait)
    history = read_message_history(rows.connection, rows["message"])
    assert history is not None
    waits = "by saga: waits for its user, who is not known yet; then it is rejected"
    assert (history.row, history.steps) == (
        None,
        [Step(NOW - HOUR, "waits", waits, NOW), Step(NOW, "rejected", "by saga: message")],
    )
    assert read_message_history(rows.connection, rows["never seen"]) is None


# Groups, confirmations, senders -------------------------------------------------------------------------------------------


def test_groups_with_settings_or_messages_of_the_last_week(rows: NamedRows) -> None:
    for prefix in ("d", "a"):
        rows.write("orchestrator.agents", prefix=prefix)
    for agent, ago in (("c", 7 * DAY - SECOND), ("b", DAY), ("a", DAY), ("too old", 7 * DAY)):
        rows.write("orchestrator.known_agents", agent_id=agent)
        for hours in (0, 1):
            span = NOW - ago - hours * HOUR if agent != "c" else NOW - ago + hours * HOUR
            rows.write("orchestrator.agent_rates", agent_id=agent, span=span, accepted=1)

    def page(limit: int, after: str = "") -> tuple[list[str], str | None]:
        groups, next_after = list_agent_groups(rows.connection, NOW, 100, limit, after)
        return [group.group.key for group in groups], next_after

    assert page(9) == (["a", "b", "c", "d"], None)
    assert page(2) == (["a", "b"], "b")
    assert page(9, "b") == (["c", "d"], None)


def test_confirmations_that_are_due(rows: NamedRows) -> None:
    numbers = {}
    opt_outs: dict[str, dict[str, Any]] = {
        "due": {},
        "ended": {"ended_at": NOW},
        "of nobody": {"user_id": None},
        "too late": {"confirm_until": NOW},
        "never due": {"confirm_until": None},
        "confirmed": {"confirmation_id": UUID(int=9)},
        "of another number": {},
    }
    for place, (name, columns) in enumerate(opt_outs.items(), 10):
        numbers[name] = f"+121255501{place}"
        stop = {"user_id": rows["ada"], "source": "keyword", "opted_out_at": NOW, "confirm_until": NOW + SECOND}
        number = {"id": rows[name], "phone_number": numbers[name]}
        rows.write("orchestrator.opt_outs", **{**number, **stop, **columns})
    asked = [OptOut(number, "keyword", NOW) for name, number in numbers.items() if name != "of another number"]
    (due,) = list_due_confirmations(rows.connection, asked, NOW)
    assert (due.opt_out_id, due.user_id) == (rows["due"], rows["ada"])


def test_senders_without_a_person_are_added_once(rows: NamedRows) -> None:
    rows.write("orchestrator.inbound_texts", inbound_id=rows["known"], sent_at=NOW)
    rows.connection.execute("UPDATE users SET phone_number = '(212) 555-0102' WHERE external_id = 'ben'")
    numbers = {
        rows["new"]: "+12125550111",
        rows["new, too"]: "+12125550111",
        rows["known"]: "+12125550112",
        rows["of ada"]: ADA,
        rows["of ben"]: BEN,
        rows["a short code"]: "12345",
        rows["spelled in another way"]: "(212) 555-0113",
    }
    assert add_unknown_senders(rows.connection, numbers) == 1
    added = "SELECT phone_number FROM users WHERE external_id IS NULL"
    assert rows.connection.execute(added).fetchall() == [("+12125550111",)]
    assert add_unknown_senders(rows.connection, numbers) == 0


def test_rows_that_are_left_to_another_sender(rows: NamedRows) -> None:
    in_order = ["newest", "left", "tied", "a day old", "of unknown time"]
    ids = [rows[name] for name in in_order]
    texts: dict[str, dict[str, Any]] = {
        "tied": {"created_at": NOW - 2 * DAY},
        "left": {"created_at": NOW - 2 * DAY, "status": "queued_for_send"},
        "of unknown time": {"created_at": None},
        "newest": {"created_at": NOW - HOUR},
        "a day old": {"created_at": NOW - 3 * DAY},
        "to be sent": {"created_at": NOW - DAY + SECOND},
        "sent": {"created_at": NOW - 2 * DAY, "status": "sent"},
        "inbound": {"created_at": NOW - 2 * DAY, "direction": "inbound"},
    }
    for name, columns in texts.items():
        text = rows.text("ada", **{"direction": "outbound", "status": "pending", "role": "agent", **columns})
        rows.write("messages", id=rows[name], **text)
    rows.write("orchestrator.left_alone", message_id=rows["newest"])
    rows.write("orchestrator.left_alone", message_id=rows["sent"])

    def left(quoted: int) -> tuple[Any, ...]:
        given = {"now": NOW, "quoted": quoted}
        return rows.connection.execute(sql("count_rows_left_alone"), given).fetchall()[0]

    assert left(9) == (5, [ids[4], *ids[:4]]), "what has no time stands first"
    assert left(2) == (5, [ids[4], ids[0]])
    rows.connection.execute("UPDATE messages SET created_at = %s WHERE id = %s", (NOW - DAY, ids[4]))
    assert left(0) == (5, [])
    rows.connection.execute("DELETE FROM messages")
    assert left(9) == (0, [])


# What is learned ----------------------------------------------------------------------------------------------------------


def test_what_is_learned_is_read_beside_what_others_answer(rows: NamedRows) -> None:
    assert read_progress(rows.connection).up_to is None
    assert read_answer_hours(rows.connection, rows["ada"]).evidence is None
    rows.connection.execute(
        "INSERT INTO orchestrator.answer_progress (up_to, counts, changed_at) VALUES (%s, '{\"texts\": 3}', %s)",
        (rows["up to"], NOW),
    )
    progress = read_progress(rows.connection)
    assert (progress.up_to, progress.counts, progress.curves, progress.fitted_at) == (
        rows["up to"],
        {"texts": 3},
        None,
        None,
    )
    in_order = ["first", "second", "third"]
    assert rows.names([rows[name] for name in in_order]) == in_order
    people = {"third": {}, "first": {}, "second": {}, "learned": {"learned_at": NOW}, "off": {"off_since": NOW}}
    rows.add(
        "orchestrator.answer_hours",
        {"hours": [1], "texts": [2.0], "answers": [1.0], "as_of": NOW},
        people,
        key="user_id",
    )
    with rows.without_luck():
        found = list_people_to_learn(rows.connection, UUID(int=0), 9)
    assert rows.names([user_id for user_id, _ in found]) == in_order
    evidence = found[0][1]
    assert (evidence.texts[1], evidence.answers[1], sum(evidence.texts), evidence.as_of) == (2, 1, 2, NOW)
    assert [user_id for user_id, _ in list_people_to_learn(rows.connection, rows["first"], 1)] == [rows["second"]]
    stored = read_answer_hours(rows.connection, rows["off"])
    assert (stored.evidence, stored.curves, stored.learned_at, stored.off_since) == (evidence, None, None, NOW)
    fitted = {"curves": {}, "hours": b"", "stops": b"", "texts": 1, "people": 1, "fitted_at": NOW + HOUR}
    rows.write("orchestrator.answer_curves", **fitted)
    assert read_progress(rows.connection).fitted_at == NOW + HOUR
    assert read_answer_hours(rows.connection, rows["off"]).fitted_at == NOW + HOUR


def test_results_of_all_time_and_of_the_last_weeks_by_arm(rows: NamedRows) -> None:
    numbers = dict(zip(ArmResult.__slots__[2:], range(1, 12), strict=True))
    for period, arm in (("all", "b"), ("2026-W09", "a"), ("2026-W08", "b"), ("2026-W08", "a"), ("2026-W07", "a")):
        rows.write("orchestrator.answer_results", period=period, arm=arm, **numbers)
    found = read_answer_results(rows.connection, "2026-W08")
    in_order = [("2026-W08", "a"), ("2026-W08", "b"), ("2026-W09", "a"), ("all", "b")]
    assert found == [ArmResult(period, arm, **numbers) for period, arm in in_order]


def test_verdicts_take_the_place_of_older_ones_and_count_how_often_they_serve(rows: NamedRows) -> None:
    given = {"message_id": [rows["a"], rows["b"]], "inbound_id": [rows["t1"], rows["t2"]], "verdict": ["keep", "stale"]}
    rows.connection.execute(sql("store_verdicts"), {**given, "why": ["x", "y"], "now": NOW})
    for _ in range(2):
        rows.connection.execute(sql("count_reused_verdicts"), {"message_ids": [rows["b"], rows["c"]]})
    newer = {"message_id": [rows["b"]], "inbound_id": [rows["t3"]], "verdict": ["keep"], "why": ["z"]}
    rows.connection.execute(sql("store_verdicts"), {**newer, "now": NOW + HOUR})
    stored = "SELECT message_id, inbound_id, verdict, why, judged_at, reused FROM orchestrator.relevance ORDER BY 1"
    assert rows.connection.execute(stored).fetchall() == [
        (rows["a"], rows["t1"], "keep", "x", NOW, 0),
        (rows["b"], rows["t3"], "keep", "z", NOW + HOUR, 2),
    ]
