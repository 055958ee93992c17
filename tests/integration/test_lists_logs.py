"""What is logged of calls, operators, ends of messages and stored statements, and what of it may change."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection
from psycopg.errors import RestrictViolation

from orchestrator.store.calls import LoggedCall, log_calls
from orchestrator.store.database import one_round_trip
from orchestrator.store.stored_statements import read_statement
from tests.named_rows import DAY, HOUR, NOW, NamedRows


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    rows = NamedRows(connection)
    rows.person("ada", "+12125550101")
    return rows


def test_calls_are_logged_in_the_words_of_the_former_system(rows: NamedRows) -> None:
    numbers: dict[str, Any] = {"input_tokens": 9, "cached_tokens": 3, "output_tokens": 2, "latency_ms": 7}
    base = {**numbers, "user_id": rows["ada"], "agent_id": "saga", "model": "opus", "cost_usd": Decimal("0.5")}
    calls = [
        LoggedCall("check_relevance", message_id=None, outcome="judged", messages=3, error=None, **base),
        *(
            LoggedCall(
                "relevance_check",
                message_id=rows[verdict],
                outcome="verdict",
                messages=1,
                error="e",
                verdict=verdict,
                **base,
            )
            for verdict in ("stale", "relevant", "reformulate")
        ),
    ]
    with one_round_trip(rows.connection):
        log_calls(rows.connection, calls, NOW)
    found = rows.connection.execute(
        "SELECT agent_type, action_type, user_id, context_id, context_type, model_used, input_tokens, output_tokens,"
        " cost_usd, latency_ms, input_data, output_data, error, created_at FROM agent_actions_log ORDER BY context_id"
    ).fetchall()
    output = {"outcome": "verdict", "agent_id": "saga", "messages": 1, "cached_tokens": 3}
    numbers_as_logged = ("opus", 9, 2, Decimal("0.5"), 7)
    words = {
        "stale": {"classification": "STALE", "relevant": False, "shouldReformulate": False},
        "relevant": {"classification": "RELEVANT", "relevant": True, "shouldReformulate": False},
        "reformulate": {"classification": "CONTEXTUAL", "relevant": True, "shouldReformulate": True},
    }
    assert found == [
        *(
            (
                *("message_orchestrator", "relevance_check", rows["ada"], rows[verdict], "message", *numbers_as_logged),
                *({"message_id": str(rows[verdict])}, {**output, **as_former}, "e", NOW),
            )
            for verdict, as_former in words.items()
        ),
        (
            *("message_orchestrator", "check_relevance", rows["ada"], None, None, *numbers_as_logged, None),
            *({**output, "outcome": "judged", "messages": 3}, None, NOW),
        ),
    ]


def test_what_operators_did_is_only_emptied_and_never_changed(rows: NamedRows) -> None:
    done = {"at": NOW, "operator": "grace", "database_role": "owner", "action": "pause", "target": "ada"}
    action = rows["action"]
    rows.write("orchestrator.operator_actions", id=action, user_id=rows["ada"], change={"a": 1}, reason="r", **done)
    emptied = "target = 'forgotten', change = '{}', reason = NULL"
    refused = [
        emptied.replace("'forgotten'", "'ada'"),
        emptied.replace("'{}'", "'{\"a\": 1}'"),
        emptied.replace("NULL", "'r'"),
        *(f"{emptied}, {column} = 'x'" for column in ("operator", "database_role", "action")),
        f"{emptied}, at = now()",
        f"{emptied}, id = gen_random_uuid()",
        f"{emptied}, user_id = NULL",
    ]
    for change in [
        *(f"UPDATE orchestrator.operator_actions SET {c}" for c in refused),
        "DELETE FROM orchestrator.operator_actions",
    ]:
        with pytest.raises(RestrictViolation), rows.connection.transaction():
            rows.connection.execute(change.encode())
    rows.connection.execute(f"UPDATE orchestrator.operator_actions SET {emptied}".encode())
    stored = "SELECT target, change, reason FROM orchestrator.operator_actions"
    assert rows.connection.execute(stored).fetchall() == [("forgotten", {}, None)]


def test_agents_learn_how_their_messages_ended(rows: NamedRows) -> None:
    rows.add("message_queue", rows.message("ada"), {"message": {}})
    ends = [
        ("failed", "bad_number"),
        ("superseded", "stale"),
        ("cancelled", "same_words"),
        ("cancelled", "not_approved"),
        ("cancelled", "withdrawn"),
        ("queued", "same_words"),
        ("expired", "too_late"),
    ]

    def happen() -> list[tuple[Any, ...]]:
        for status, reason in ends:
            for message in ("message", "deleted"):
                rows.write("orchestrator.timeline", message_id=rows[message], at=NOW, status=status, reason=reason)
        return rows.connection.execute(
            "SELECT type, user_id, message_id, detail, at FROM orchestrator.events ORDER BY type, detail DESC"
        ).fetchall()

    assert happen() == [], "without a bus"
    rows.connection.execute("INSERT INTO orchestrator.event_bus VALUES ('bus')")
    told = [
        ("cancelled", "same_words"),
        ("cancelled", "not_approved"),
        ("failed", "bad_number"),
        ("superseded", "stale"),
    ]
    assert happen() == [
        (f"message.{status}", rows["ada"], rows["message"], {"reason": reason}, NOW) for status, reason in told
    ]


def test_stored_statements_that_no_code_needs_are_dropped_after_a_time(connection: Connection) -> None:
    names = ["needed", "new", "lately", "long_ago", "just_now", "needed_again"]
    functions = {name: f"near_{name}_0123abcd" for name in names}
    ago = {"lately": DAY - HOUR, "long_ago": DAY + HOUR, "just_now": DAY, "needed_again": 9 * DAY}
    with connection.transaction(force_rollback=True):
        for function in [*functions.values(), "near_other_0123abcg", "near_other_0123abcd_"]:
            connection.execute(
                f"CREATE FUNCTION orchestrator.{function}() RETURNS int LANGUAGE sql AS 'SELECT 1'".encode()
            )
        connection.execute("CREATE FUNCTION public.near_elsewhere_0123abcd() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        for name, since in ago.items():
            connection.execute(
                "INSERT INTO orchestrator.stored_statements VALUES (%s, now() - %s::interval)", (functions[name], since)
            )
        given = {"needed": [functions["needed"], functions["needed_again"]], "keep": DAY}
        found = connection.execute(read_statement("register_stored_statements").encode(), given).fetchall()
        may_be_dropped = {function: dropped for function, dropped in found if function.startswith("near_")}
        assert may_be_dropped == {function: name in ("long_ago", "just_now") for name, function in functions.items()}
        unneeded = connection.execute(
            "SELECT function_name, now() - unneeded_since FROM orchestrator.stored_statements"
            " WHERE function_name LIKE 'near%%'"
        ).fetchall()
        assert dict(unneeded) == {
            functions[name]: None if name.startswith("needed") else ago.get(name, timedelta(0)) for name in names
        }
