"""What repairs and the night change: exactly the rows that each statement takes, beside rows that it almost takes."""

from datetime import timedelta
from typing import Any

from orchestrator.store.database import sql
from tests.rows_by_name import differing, id_of, name_of, number_of, put, rows_by_name
from tests.state_cases import DAY, HOUR, MINUTE, NOW, SECOND, TODAY, USUAL
from tests.world import World

PEOPLE = ("ada", "ben", "cem")
YESTERDAY = TODAY - timedelta(days=1)


def put_people(world: World) -> None:
    people = [{"id": id_of(name), "phone_number": number_of(place)} for place, name in enumerate(PEOPLE)]
    put(world.connection, "users", people)
    talk = {"id": id_of("talk"), "user_id": id_of("ada"), "phone_number": "tel:(212) 555-0100", "status": "active"}
    put(world.connection, "conversations", [talk])


# Texts that Twilio sent and the database does not know: whose, of which message, on which day, and how long ago.
LOST: dict[str, tuple[str, str | None, object, timedelta]] = {
    "to ada": ("ada", "a message without words", TODAY, HOUR),
    "to ada, later": ("ada", "a message with words", TODAY, MINUTE),
    "to ada, of no message": ("ada", None, YESTERDAY, DAY),
    "to ben, later": ("ben", None, TODAY, MINUTE),
    "to ben": ("ben", None, TODAY, HOUR),
    "to cem": ("cem", None, TODAY, HOUR),
}


def test_which_texts_are_restored(world: World) -> None:
    put_people(world)
    messages: list[dict[str, Any]] = [
        {"id": id_of("a message without words"), "reason": "unknown_outcome"},
        {"id": id_of("a message with words"), "final_message": "Words", "words_source": "claude"},
        {"id": id_of("another message")},
    ]
    put(
        world.connection,
        "message_queue",
        [{**USUAL["message_queue"], "user_id": id_of("ada"), **own} for own in messages],
    )
    limits = {"daily_limit": 7, "hourly_limit": 3, "quiet_hours_enabled": False}
    budgets: list[tuple[str, object, int | None, object]] = [
        ("ada", TODAY, 4, NOW - SECOND),
        ("ada", YESTERDAY, None, None),
        ("ben", YESTERDAY, 1, None),
    ]
    rows = [
        {
            "id": id_of(f"{who} {day}"),
            "user_id": id_of(who),
            "date": day,
            "messages_sent": sent,
            "last_message_at": last,
        }
        for who, day, sent, last in budgets
    ]
    put(world.connection, "user_message_budget", rows, **limits)
    given = {
        "attempt_id": [id_of(name) for name in LOST],
        "message_id": [message and id_of(message) for _, message, _, _ in LOST.values()],
        "user_id": [id_of(who) for who, _, _, _ in LOST.values()],
        "phone_number": [number_of(PEOPLE.index(who)) for who, _, _, _ in LOST.values()],
        "new_conversation_id": [id_of(f"new talk of {name}") for name in LOST],
        "sid": list(LOST),
        "body": [f"Body {name}" for name in LOST],
        "local_date": [day for _, _, day, _ in LOST.values()],
        "sent_at": [NOW - ago for *_, ago in LOST.values()],
        "now": NOW,
    }
    world.connection.execute(sql("restore_texts"), given)
    talks = {"ada": "talk", "ben": "new talk of to ben", "cem": "new talk of to cem"}
    found = rows_by_name(
        world.connection,
        "SELECT id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date, holds_slot, started_at"
        " FROM orchestrator.attempts",
    )
    expected = {
        name: {
            "message_id": message or name,
            "user_id": who,
            "conversation_id": talks[who],
            "phone_number": number_of(PEOPLE.index(who)),
            "fingerprint": "recovered",
            "local_date": day,
            "holds_slot": True,
            "started_at": NOW - ago,
        }
        for name, (who, message, day, ago) in LOST.items()
    }
    assert differing(found, expected) == {}
    found = rows_by_name(
        world.connection, "SELECT id, user_id, phone_number, status FROM conversations WHERE updated_at = %s", NOW
    )
    new = {talks[who]: {"user_id": who, "phone_number": number_of(PEOPLE.index(who))} for who in ("ben", "cem")}
    assert differing(found, {name: {**row, "status": "active"} for name, row in new.items()}) == {}
    found = rows_by_name(world.connection, "SELECT id, status, reason, final_message, words_source FROM message_queue")
    sending = {"status": "sending", "reason": None}
    assert (
        differing(
            found,
            {
                "a message without words": {**sending, "final_message": "Body to ada", "words_source": "recovered"},
                "a message with words": {**sending, "final_message": "Words", "words_source": "claude"},
                "another message": {"status": "queued", "reason": None, "final_message": None, "words_source": None},
            },
        )
        == {}
    )
    budgets_after = world.all(
        "SELECT user_id, date, messages_sent, last_message_at, daily_limit, hourly_limit, quiet_hours_enabled"
        " FROM user_message_budget"
    )
    assert sorted((name_of(who), *row) for who, *row in budgets_after) == [
        ("ada", YESTERDAY, 1, NOW - DAY, 7, 3, False),
        ("ada", TODAY, 6, NOW - SECOND, 7, 3, False),
        ("ben", YESTERDAY, 1, None, 7, 3, False),
        ("ben", TODAY, 2, NOW - MINUTE, 7, 3, False),
        ("cem", TODAY, 1, NOW - HOUR, None, None, True),
    ]
    world.connection.execute("UPDATE message_queue SET status = 'sent' WHERE status = 'sending'")
    world.connection.execute("UPDATE orchestrator.attempts SET outcome = 'accepted'")


# Words of old texts: how old, what is not as usual, and whether the words are kept as evidence; None where they stay.
OLD_TEXTS: dict[str, tuple[timedelta, dict[str, Any], bool | None]] = {
    "oldest": (9 * DAY, {}, False),
    "ours": (8 * DAY, {"direction": "outbound"}, True),
    "ours, too old for evidence": (8 * DAY + SECOND, {"direction": "outbound"}, False),
    "STOP": (7 * DAY, {}, True),
    "wrong person": (7 * DAY, {}, True),
    "START": (7 * DAY, {}, True),
    "HELP": (7 * DAY, {}, False),
    "kept before": (7 * DAY, {"direction": "outbound"}, None),
    "without words": (9 * DAY, {"content": ""}, False),
    "of one under a hold": (9 * DAY, {"user_id": id_of("ben")}, None),
    "not old": (6 * DAY, {}, None),
    "ours, not old": (MINUTE, {"direction": "outbound"}, None),
    "beyond the limit": (6 * DAY + SECOND, {}, None),
}


def test_which_texts_are_cleared(world: World) -> None:
    put_people(world)
    usual = {"user_id": id_of("ada"), "conversation_id": id_of("talk"), "role": "user", "direction": "inbound"}
    put(
        world.connection,
        "messages",
        [
            {**usual, "id": id_of(n), "content": n, "created_at": NOW - ago, **own}
            for n, (ago, own, _) in OLD_TEXTS.items()
        ],
    )
    kinds = {"STOP": "stop", "wrong person": "wrong_person", "START": "start", "HELP": "help"}
    reading = {"user_id": id_of("ada"), "phone_number": number_of(0), "received_at": NOW, "opens_window": True}
    readings = [{"inbound_id": id_of(name), "kind": kind, **reading} for name, kind in kinds.items()]
    put(world.connection, "orchestrator.readings", readings)
    ours = [name for name, (_, own, _) in OLD_TEXTS.items() if own.get("direction")]
    attempt = {"user_id": id_of("ada"), "conversation_id": id_of("talk"), "phone_number": number_of(0)}
    attempts = [{**USUAL["orchestrator.attempts"], **attempt, "id": id_of(n), "message_id": id_of(n)} for n in ours]
    put(world.connection, "orchestrator.attempts", attempts)
    put(world.connection, "orchestrator.legal_holds", [{"user_id": id_of("ben"), "note": "n", "held_at": NOW}])
    known = {"text_id": id_of("kept before"), "user_id": id_of("ada"), "content": "first", "written_at": NOW}
    put(world.connection, "orchestrator.kept_words", [known])
    cleared = [name for name, (_, _, is_kept) in OLD_TEXTS.items() if is_kept is not None or name == "kept before"]
    given = {"before": NOW - 6 * DAY, "keep_since": NOW - 8 * DAY, "limit": len(cleared) - 1}
    world.connection.execute(sql("clear_old_texts"), given)
    found = {name_of(row_id): content for row_id, content in world.all("SELECT id, content FROM messages")}
    assert found == {name: "" if name in cleared else name for name in OLD_TEXTS}
    kept = rows_by_name(world.connection, "SELECT text_id, user_id, content, written_at FROM orchestrator.kept_words")
    expected = {
        name: {"user_id": "ada", "content": name, "written_at": NOW - ago}
        for name, (ago, _, is_kept) in OLD_TEXTS.items()
        if is_kept
    }
    first = {"user_id": "ada", "content": "first", "written_at": NOW}
    assert differing(kept, {**expected, "kept before": first}) == {}
    again = {**given, "limit": 1}
    world.connection.execute(sql("clear_old_texts"), again)
    world.connection.execute(sql("clear_old_texts"), again)
    young = ("of one under a hold", "not old", "ours, not old")
    assert {content for (content,) in world.all("SELECT content FROM messages WHERE content <> ''")} == {*young}


# Small statements ---------------------------------------------------------------------------------------------------------


def test_which_replies_of_rows_fail(world: World) -> None:
    """By name: what is not as usual of the row and of its message, and whether the row fails."""
    rows: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
        **{f"whose message is {status}": ({}, {"status": status}, True) for status in ENDED},
        "whose message waits": ({}, {"status": "queued"}, False),
        "whose message is no reply": ({}, {"is_reply": False}, False),
        "that is inbound": ({"direction": "inbound"}, {}, False),
        "that is sent": ({"status": "sent"}, {}, False),
    }
    put_people(world)
    row = {"user_id": id_of("ada"), "conversation_id": id_of("talk"), "role": "x", "direction": "outbound"}
    put(
        world.connection,
        "messages",
        [{**row, "status": "queued", "id": id_of(name), "content": name, **own} for name, (own, _, _) in rows.items()],
    )
    usual = {**USUAL["message_queue"], "user_id": id_of("ada"), "is_reply": True, "status": "failed"}
    put(world.connection, "message_queue", [{**usual, "id": id_of(name), **own} for name, (_, own, _) in rows.items()])
    put(world.connection, "message_queue", [{**usual, "id": id_of("another")}])
    world.connection.execute(sql("fail_reply_rows"))
    assert dict(world.all("SELECT content, status FROM messages")) == {
        name: "failed" if fails else own.get("status", "queued") for name, (own, _, fails) in rows.items()
    }


ENDED = ("failed", "cancelled", "expired", "superseded")


def test_which_agents_get_a_task(world: World) -> None:
    put_people(world)
    usual = {**USUAL["message_queue"], "agent_id": f"{'c' * 60}_main", "priority": "low", "topic": "t"}
    messages: dict[str, dict[str, Any]] = {
        "expires soon": {"expires_at": NOW + MINUTE, "agent_id": "bank_main"},
        "expires later": {"final_message": "Words"},
        "has an open task": {},
        "has a task that is done": {},
        "has a task of another kind": {},
        "without a task": {},
        "not named": {},
    }
    put(
        world.connection,
        "message_queue",
        [{**usual, "user_id": id_of("ada"), "id": id_of(name), **own} for name, own in messages.items()],
    )
    task = {"agent_type": "x", "task_type": "reformulate_message", "status": "pending", "context_json": {}}
    before: dict[str, dict[str, Any]] = {
        "has an open task": {},
        "has a task that is done": {"status": "done"},
        "has a task of another kind": {"task_type": "x"},
    }
    put(
        world.connection,
        "agent_tasks",
        [{**task, "id": id_of(f"task, {n}"), "context_id": id_of(n), **own} for n, own in before.items()],
        scheduled_for=NOW,
    )
    named = [name for name in messages if name != "not named"]
    given = {
        "message_id": [id_of(name) for name in named],
        "task": [None if name == "without a task" else '{"more": 1}' for name in named],
        "until": NOW + HOUR,
        "now": NOW,
    }
    world.connection.execute(sql("create_reformulation_tasks"), given)
    found = rows_by_name(
        world.connection,
        "SELECT context_id, task_type, agent_type, user_id, context_type, scheduled_for, priority, status, created_by,"
        " created_at, context_json FROM agent_tasks WHERE created_by IS NOT NULL",
    )
    made = ("expires soon", "expires later", "has a task that is done", "has a task of another kind")
    expected = {}
    for name in made:
        message = {**usual, "final_message": None, **messages[name]}
        until = min(NOW + HOUR, message["expires_at"]).isoformat()
        expected[name] = {
            "task_type": "reformulate_message",
            "agent_type": "bank" if name == "expires soon" else "c" * 50,
            "user_id": "ada",
            "context_type": "message_queue",
            "scheduled_for": NOW,
            "priority": "high",
            "status": "pending",
            "created_by": "message_orchestrator",
            "created_at": NOW,
            "context_json": {
                "more": 1,
                **dict.fromkeys(("message_id", "supersedes_message_id", "original_message_id"), str(id_of(name))),
                **dict.fromkeys(("message_data", "original_message_data"), message["message_data"]),
                "agent_id": message["agent_id"],
                "words": message["final_message"],
                "topic": "t",
                "priority": "low",
                "deadline": until,
                "reason": "context_changed",
            },
        }
    assert differing(found, expected) == {}


def test_which_words_are_approved(world: World) -> None:
    put_people(world)
    waiting: dict[str, dict[str, Any]] = {
        "waits": {},
        "was approved before": {},
        "held by a rule": {"reason": "quiet_hours"},
        "approved": {"status": "approved"},
        "not accepted": {"accepted_at": None},
        "not named": {},
    }
    usual = {**USUAL["message_queue"], "user_id": id_of("ada"), "reason": "approval"}
    put(world.connection, "message_queue", [{**usual, "id": id_of(name), **own} for name, own in waiting.items()])
    before = {"message_id": id_of("was approved before"), "digest": "old", "approved_at": NOW - DAY}
    put(world.connection, "orchestrator.approvals", [before])
    for name in waiting:
        if name != "not named":
            given = {"message_id": id_of(name), "digest": f"of {name}", "now": NOW}
            rows = world.connection.execute(sql("approve_words"), given).fetchall()
            assert rows == ([(id_of(name),)] if name in ("waits", "was approved before") else []), name
    found = rows_by_name(world.connection, "SELECT message_id, digest, approved_at FROM orchestrator.approvals")
    approved = {name: {"digest": f"of {name}", "approved_at": NOW} for name in ("waits", "was approved before")}
    assert differing(found, approved) == {}
    due = world.all("SELECT id FROM message_queue WHERE scheduled_for = %s AND reason IS NULL", NOW)
    assert {name_of(row[0]) for row in due} == {*approved}
