"""Counts that no machine changes: round trips, statements, indexes and the plans that use them. Times are for `make bench`."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from pydantic import SecretStr
from starlette.testclient import TestClient

from orchestrator.maintenance.privacy import delete_person, identity_of
from orchestrator.sender_settings import PrivacySettings
from orchestrator.store import message_list, recovery, stored_statements
from orchestrator.store import people as people_store
from orchestrator.store.conversation import add_unknown_senders
from orchestrator.store.database import Database, sql
from orchestrator.store.migrate import migrate
from orchestrator.store.people_list import iterate_people
from orchestrator.store.stored_statements import (
    STATEMENTS,
    STORED,
    function_name,
    missing_functions,
    read_statement,
)
from orchestrator_cli.console.app import operator_console
from orchestrator_cli.console.command import database_of_request
from tests.postgres_proxy import QUERY, STATEMENT, SYNC, postgres_proxy
from tests.world import World

# Each index costs every message at every step; a new one has to be worth that, and stands here.
INDEXES = {
    "message_queue_pkey",
    "message_queue_due",
    "message_queue_leased",
    "message_queue_waiting_by_user",
    "message_queue_by_topic",
    "message_queue_replacements",
    "message_queue_sequence_parts",
    "message_queue_open_replies",
    "message_queue_to_forget",
    "message_queue_to_approve",  # none for a message that waits for no approval
    "message_queue_sequences_at_agent_limit",  # none for a message that is no sequence
}
LARGE = (
    "message_queue",
    "messages",
    "attempts",
    "users",
    "timeline",
    "conversations",
    "user_message_budget",
    "answer_hours",
)


@contextmanager
def counted(world: World, function: str, database_url: str) -> Iterator[Counter[str]]:
    """What crosses the wire between a function and Postgres, once it is connected."""
    seen: Counter[str] = Counter()

    def count(what: str) -> bool:
        seen[what] += 1
        return True

    app = world.functions[function]
    with postgres_proxy(database_url, count) as url:
        app.__dict__["database"] = Database(app.settings.model_copy(update={"database_url": SecretStr(url)}))
        app.database.prepare()
        seen.clear()
        try:
            yield seen
        finally:
            app.__dict__["database"] = Database(app.settings)


def people(world: World, number: int = 10) -> None:
    for place in range(number):
        world.person(f"p{place}", phone=f"+121255501{place:02}")


def bodies(**fields: Any) -> list[dict[str, Any]]:
    return [
        {
            "user_id": f"p{place}",
            "agent_id": "concierge_main",
            "priority": "high",
            "message_data": {"type": "note", "message": f"number {place}"},
            **fields,
        }
        for place in range(10)
    ]


def test_a_batch_is_taken_in_with_two_round_trips(world: World, database_url: str) -> None:
    people(world)
    world.publish(*bodies())  # the connection is there
    with counted(world, "enqueue", database_url) as seen:
        world.publish(*bodies())
    assert seen[SYNC] + seen[QUERY] == 2
    assert seen[STATEMENT] <= 11


@pytest.mark.parametrize("structured", [False, True], ids=["as it stands", "put into words"])
def test_a_batch_is_delivered_with_three_round_trips(world: World, database_url: str, structured: bool) -> None:
    people(world)
    data = {"type": "update", "stats": {"intros": 2}} if structured else {"type": "note", "message": "Hello"}
    world.publish(*bodies(message_data=data))
    world.dispatch()
    with counted(world, "deliver", database_url) as seen:
        world.deliver()
    assert world.all("SELECT count(*) FROM message_queue WHERE status = 'sent'") == [(10,)]
    assert seen[SYNC] + seen[QUERY] == 3
    # One of them locks the group of agents, which has the start limit.
    assert seen[STATEMENT] <= (13 if structured else 10)
    assert len(world.claude.requests) == (10 if structured else 0)


def test_a_tick_costs_the_same_whatever_waits(world: World, database_url: str) -> None:
    people(world)
    with counted(world, "dispatch", database_url) as idle:
        world.dispatch()
    world.publish(*bodies(), *bodies(priority="low"))
    with counted(world, "dispatch", database_url) as busy:
        world.dispatch()
    assert idle[SYNC] + idle[QUERY] == busy[SYNC] + busy[QUERY]


def test_a_message_pays_for_these_indexes_and_no_more(connection: Connection) -> None:
    found = {
        name for (name,) in connection.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'message_queue'")
    }
    assert found == INDEXES


def statement_names() -> list[str]:
    return sorted(file.stem for file in STATEMENTS.glob("*.sql"))


@contextmanager
def recorded() -> Iterator[dict[str, Any]]:
    """The statements of ours that are executed, each with its last parameters."""
    seen: dict[str, Any] = {}
    names = {sql(name): name for name in statement_names()}
    execute = psycopg.Cursor.execute

    def record(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        if isinstance(query, bytes) and query in names:
            seen[names[query]] = params
        return execute(cursor, query, params, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", record)
        yield seen


def test_a_statement_is_recorded_as_its_file_has_it_now(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A run of mutants changes a file long after this module was imported.
    for file in STATEMENTS.glob("*.sql"):
        (tmp_path / file.name).write_text(f"{file.read_text()}\n")
    monkeypatch.setattr(stored_statements, "STATEMENTS", tmp_path)
    sql.cache_clear()
    try:
        with recorded() as seen:
            connection.execute(sql("is_twilio_out"))
    finally:
        sql.cache_clear()
    assert seen.keys() == {"is_twilio_out"}


def add_others(world: World) -> None:
    """Twenty thousand other people, each with a past."""
    world.connection.execute(
        "INSERT INTO users (phone_number) SELECT '+1646' || lpad(n::text, 7, '0') FROM generate_series(1, 20000) AS n"
    )
    world.connection.execute("INSERT INTO conversations (user_id, phone_number) SELECT id, phone_number FROM users")
    world.connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at, created_at)"
        " SELECT id, 'a', '{\"type\": \"note\"}', now() + interval '1 year', 'low', 'queued', now(), now() FROM users"
    )
    world.connection.execute(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT c.id, c.user_id, 'user', 'Hi', 'inbound', 'received', now() - interval '1 year' FROM conversations c"
    )
    world.connection.execute(
        "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date,"
        " holds_slot, started_at, outcome) SELECT gen_random_uuid(), id, user_id, id, '', '', now(), true,"
        " now() - interval '1 year', 'accepted' FROM message_queue"
    )
    world.connection.execute(
        "INSERT INTO user_message_budget (user_id, date) SELECT id, '2020-01-01' FROM users ON CONFLICT DO NOTHING"
    )
    world.connection.execute("INSERT INTO orchestrator.answer_hours (user_id, learned_at) SELECT id, now() FROM users")
    world.connection.execute("ANALYZE")


def test_no_statement_on_the_way_of_a_message_reads_a_large_table_from_end_to_end(world: World) -> None:
    people(world)
    add_others(world)
    with recorded() as seen:
        world.publish(*bodies(topic="news"))
        world.minute()
        world.twilio_calls()
        world.take_in()
        world.writes("Hello", phone="+12125550100")
    assert {
        "claim_due",
        "read_gauges",
        "insert_messages",
        "read_state",
        "reserve",
        "settle",
        "apply_status_reports",
    } <= seen.keys()
    scanned = {name: found for name, params in seen.items() if (found := large_scans(world.connection, name, params))}
    assert scanned == {}
    # However much is due, the planner expects what one claim takes, and looks each up by its id.
    everything = {**seen["claim_due"], "lane": "low", "horizon": world.now + timedelta(days=3650), "per_second": None}
    assert plan_of(world.connection, "claim_due", everything)["Plan Rows"] <= 200
    # What was claimed before is counted for each person by an index by person. In the index of leases, which the
    # statistics show as nearly empty before a backlog, it would be read whole for each of them.
    paced = {"per_second": 10.0, "daily_limit": 10, "hourly_limit": 2, "agent_start_limit": 500}
    plan = str(plan_of(world.connection, "claim_due", {**everything, **paced}))
    assert "message_queue_waiting_by_user" in plan
    assert "message_queue_leased" not in plan


def test_a_night_of_learning_reads_no_large_table_from_end_to_end(world: World) -> None:
    people(world)
    add_others(world)
    world.publish(*bodies(priority="medium", expects_reply=True))
    ((best_at,),) = world.all("SELECT max(best_at) FROM message_queue")
    world.connection.execute(
        "UPDATE message_queue SET best_at = %s, scheduled_for = %s WHERE best_at IS NOT NULL", (best_at, best_at)
    )
    world.travel_to(best_at)
    world.wait(seconds=1)
    world.minute()
    world.wait(minutes=1)
    world.writes("Yes", phone="+12125550100")
    world.writes("STOP", phone="+12125550101")
    world.wait(hours=26)
    with recorded() as seen:
        world.learn()
    assert {"read_answer_texts", "write_answer_evidence", "list_people_to_learn"} <= seen.keys()
    scanned = {name: found for name, params in seen.items() if (found := large_scans(world.connection, name, params))}
    assert scanned == {}


def test_no_page_of_the_console_reads_a_large_table_from_end_to_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_list, "MOST_READ", 1_000)  # as small beside the table as in a table of a million
    people(world)
    add_others(world)
    # The ids of attempts hold their time: those of last year are small.
    world.connection.execute("UPDATE orchestrator.attempts SET id = ('00' || substr(id::text, 3))::uuid")
    world.connection.execute(
        "INSERT INTO orchestrator.timeline (message_id, at, status, reason) SELECT id, now(), 'queued', 'best_time' FROM message_queue"
    )
    world.connection.execute(
        "INSERT INTO orchestrator.rejections (sqs_message_id, reason, field, problem, rejected_at)"
        " SELECT n::text, 'invalid_field', '', '', now() - n * interval '1 second' FROM generate_series(1, 20000) AS n"
    )
    world.connection.execute("ANALYZE")
    message_id = world.message("p0", priority="low", topic="news")
    (user_id,) = (user_id for (user_id,) in world.all("SELECT id FROM users WHERE external_id = 'p0'"))
    pages = (
        "messages", "messages?user=p0", "messages?agent=concierge&state=sent", f"messages/{message_id}", "people",
        "people?opted_out=1", "people?at_limit=1", f"people/{user_id}", "agents", "trouble", "numbers",
    )  # fmt: skip
    client = TestClient(
        operator_console(database_of_request, "a test", "token", 8123), base_url="http://127.0.0.1:8123"
    )
    scanned: dict[str, list[str]] = {}
    for page in pages:
        with recorded() as seen:
            assert client.get(f"/token/{page}").status_code == 200, page
        plans = {name: large_scans(world.connection, name, params) for name, params in seen.items()}
        scanned |= {f"{page}: {name}": found for name, found in plans.items() if found}
        for name, params in seen.items():
            if name == "list_rejections":
                assert "rejections_by_time" in str(plan_of(world.connection, name, params))
    assert scanned == {}


def test_what_a_topic_had_before_is_not_read_again_with_each_message_of_it(world: World) -> None:
    people(world)
    world.connection.execute(
        "INSERT INTO users (phone_number) SELECT '+1646' || lpad(n::text, 7, '0') FROM generate_series(1, 300) AS n"
    )
    world.connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, status, accepted_at, published_at, topic)"
        " SELECT u.id, 'a', '{}', now(), CASE n WHEN 0 THEN 'queued' ELSE 'superseded' END, now(),"
        " now() - n * interval '1 hour', 'news'"
        " FROM users u, generate_series(0, CASE u.external_id WHEN 'p0' THEN 2000 ELSE 20 END) AS n"
    )
    world.connection.execute("ANALYZE")
    with recorded() as seen:
        world.publish(*bodies(topic="news"))
    assert rows_passed_over(world.connection, "supersede_messages", seen["supersede_messages"]) < 100


def test_a_message_that_is_no_sequence_looks_for_no_parts(world: World) -> None:
    # A session keeps the plan that it made while the table was small, and then reads all of it, however large it is now.
    people(world)
    world.publish(*bodies())
    world.connection.execute("ANALYZE message_queue")
    with recorded() as seen:
        world.publish(*bodies())
    plan = executed_plan_of(world.connection, "insert_messages", seen["insert_messages"])
    parts = [node for node in nodes_of(plan) if str(node.get("Alias", "")).startswith("part") and node["Actual Loops"]]
    assert parts == []


# Finds people by a number.
BY_NUMBER = re.compile(r"people_of\(|(?:WHERE|ON) orchestrator\.e164\((?:u\.)?phone_number\) = ")


def test_whatever_looks_a_number_up_finds_it_by_its_index(world: World) -> None:
    people(world)
    add_others(world)
    phone = "+12125550100"
    with recorded() as seen:
        world.publish(*bodies())
        world.minute()
        for text in ("Hello", "STOP", "START"):
            world.wait(minutes=1)
            world.writes(text, phone=phone)
        people_store.read_user(world.connection, "p0", world.now)
        recovery.find_people_by_number(world.connection, [phone])
        recovery.read_unsent_messages(world.connection, [phone])
        add_unknown_senders(world.connection, {uuid4(): phone})
        next(iterate_people(world.connection, world.now))
        world.invoke("query", {"action": "budget", "user_id": "p0"})
        identity = identity_of(world.connection, "p0")
        delete_person(world.connection, identity, None, PrivacySettings(), lambda: world.now)
    names = {name for name in statement_names() if BY_NUMBER.search(read_statement(name))}
    assert len(names) > 10
    assert names - seen.keys() == set()
    for name in names:
        assert "users" not in large_scans(world.connection, name, seen[name]), name
        assert "users_by_e164" in str(plan_of(world.connection, name, seen[name])), name


def large_scans(connection: Connection, name: str, params: Any) -> list[str]:
    """The large tables that the plan of a statement reads from end to end."""
    found: list[str] = []

    def walk(node: Any) -> None:
        match node:
            case {"Node Type": "Seq Scan", "Relation Name": str(table)} if table in LARGE:
                found.append(table)
        match node:
            case dict():
                for value in node.values():
                    walk(value)
            case list():
                for value in node:
                    walk(value)

    walk(plan_of(connection, name, params))
    return found


def rows_passed_over(connection: Connection, name: str, params: Any) -> float:
    """How many rows a statement reads that its conditions leave out."""
    nodes = nodes_of(executed_plan_of(connection, name, params))
    return float(sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in nodes))


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each node of a plan."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes_of(inner)


def executed_plan_of(connection: Connection, name: str, params: Any) -> dict[str, Any]:
    """The plan of a statement with what happened when it was executed; nothing stays changed."""
    with connection.transaction(force_rollback=True):
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {read_statement(name)}".encode()
        (((explained,),),) = connection.execute(explain, params).fetchall()
    return dict(explained["Plan"])


def plan_of(connection: Connection, name: str, params: Any) -> dict[str, Any]:
    with connection.transaction(force_rollback=True):
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {read_statement(name)}".encode(), params).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


# Shared predicates ------------------------------------------------------------------------------------------------------

SHARED = "pronamespace = 'orchestrator'::regnamespace AND proretset AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'sql')"


def test_postgres_plans_each_shared_predicate_as_part_of_the_statement_that_asks_it(connection: Connection) -> None:
    predicates = connection.execute(
        f"SELECT proname, pronargs, ARRAY(SELECT format_type(t, NULL) FROM unnest(proargtypes) AS t) FROM pg_proc WHERE {SHARED}".encode()
    ).fetchall()
    assert {"person_texts", "limits_of", "claude_calls", "open_conversation", "superseders", "opt_outs_of"} <= {
        name for name, _, _ in predicates
    }
    for name, count, types in predicates:
        call = f"orchestrator.{name}({', '.join(f'arguments.a{place}::{kind}' for place, kind in enumerate(types))})"
        values = ", ".join(["NULL"] * count) or "NULL"
        names = ", ".join(f"a{place}" for place in range(count)) or "a0"
        query = f"SELECT FROM (VALUES ({values}), ({values})) AS arguments ({names}) WHERE EXISTS (SELECT FROM {call})"
        plan = connection.execute(f"EXPLAIN (VERBOSE) {query}".encode()).fetchall()
        assert not [line for (line,) in plan if f"orchestrator.{name}(" in line], f"{name} is called, row by row"


# Stored statements -------------------------------------------------------------------------------------------------------


def test_every_hot_statement_stands_in_the_database_as_its_file_has_it(connection: Connection) -> None:
    assert missing_functions(connection) == []
    for name in STORED:
        (source,) = connection.execute(
            "SELECT prosrc FROM pg_proc WHERE proname = %s", (function_name(name),)
        ).fetchone() or ("",)
        # The same words; parameters have places instead of names.
        assert code_words(read_statement(name)) <= set(source.replace(";", "").split())


def code_words(text: str) -> set[str]:
    """The words of a statement outside comments and beside parameters."""
    lines = (line.split("--")[0] for line in text.splitlines())
    return {word.replace("%%", "%") for line in lines for word in line.split() if "%(" not in word}


def as_if_written(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """A statement as another version of the code has it."""
    monkeypatch.setattr(
        stored_statements, "read_statement", lambda asked: text if asked == name else read_statement(asked)
    )


def test_comments_and_white_space_at_line_ends_are_no_part_of_a_stored_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, name = read_statement("find_sequences"), function_name("find_sequences")
    words = text[text.index("SELECT") :]
    as_if_written(monkeypatch, "find_sequences", f"-- it's new\n\n{words.replace(chr(10), '  -- why? ' + chr(10))}\n")
    assert function_name("find_sequences") == name
    as_if_written(monkeypatch, "find_sequences", words.replace("accepted_at IS NOT NULL", "true"))
    assert function_name("find_sequences") != name
    as_if_written(monkeypatch, "find_sequences", f"{words} -- 'one'")
    assert function_name("find_sequences") == name
    texts = [f"{words} AND topic <> '{topic}'" for topic in ("a -- b", "a -- c")]
    names = []
    for text in texts:
        as_if_written(monkeypatch, "find_sequences", text)
        names.append(function_name("find_sequences"))
    assert names[0] != names[1], "two dashes in a text are no comment"


def test_a_deploy_that_goes_back_finds_its_statements_for_30_days(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = read_statement("find_sequences")

    def functions() -> set[str]:
        with psycopg.connect(empty_database) as connection:
            found = connection.execute("SELECT proname FROM pg_proc WHERE proname ~ '^find_sequences_'")
            return {name for (name,) in found}

    def days_pass(days: int) -> None:
        with psycopg.connect(empty_database) as connection:
            connection.execute(
                "UPDATE orchestrator.stored_statements SET unneeded_since = unneeded_since - %s",
                (timedelta(days=days),),
            )

    migrate(empty_database)
    (first,) = functions()
    days_pass(100)  # however old it is, the code that runs during the deploy still calls it
    as_if_written(monkeypatch, "find_sequences", f"{text} LIMIT 1000")
    migrate(empty_database)
    second = function_name("find_sequences")
    assert functions() == {first, second}
    days_pass(29)
    as_if_written(monkeypatch, "find_sequences", f"{text} LIMIT 2000")
    migrate(empty_database)
    third = function_name("find_sequences")
    assert functions() == {first, second, third}
    # The deploy went back: what it needs is counted from the next migrate that does not.
    as_if_written(monkeypatch, "find_sequences", text)
    migrate(empty_database)
    days_pass(29)
    as_if_written(monkeypatch, "find_sequences", f"{text} LIMIT 2000")
    migrate(empty_database)
    assert functions() == {first, second, third}
    days_pass(1)
    migrate(empty_database)
    assert functions() == {first, third}
    days_pass(29)
    migrate(empty_database)
    assert functions() == {third}
    with psycopg.connect(empty_database) as connection:
        registered = connection.execute("SELECT function_name FROM orchestrator.stored_statements").fetchall()
    assert {name for (name,) in registered} == {function_name(name) for name in STORED}
