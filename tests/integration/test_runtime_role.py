"""Functions work as members of `orchestrator_runtime` alone, which has no right that no statement of theirs needs."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from orchestrator.errors import SettingsError
from orchestrator.settings import DatabaseSettings
from orchestrator.store import runtime_role
from orchestrator.store.database import Database
from orchestrator.store.migrate import migrate
from orchestrator.store.row_security import check_row_security
from orchestrator.store.runtime_role import QUERY_ROLE, RIGHTS, ROLE, grant_rights, has_role, list_missing_rights
from orchestrator.store.stored_statements import STATEMENTS, _code, _parameters
from orchestrator_cli import access
from tests.databases import PreparedDatabase
from tests.integration.test_migrate import migrate_existing, with_own_jobs
from tests.integration.test_small_roles import as_role, login_role
from tests.world import World

# Statements that need more than the functions' role has, each with its reason. An operator runs them as the owner.
OPERATORS = {
    "approve_words": "approving words is an operator's: an agent's program must not approve its own",
    "delete_person": "no function deletes a person",
    "delete_traces": "no function deletes a person",
    "place_legal_hold": "a legal hold is an operator's: a function must not place one",
    "remove_agent": "an agent's settings are an operator's: a function must not widen them",
    "set_agent": "an agent's settings are an operator's: a function must not widen them",
    "register_stored_statements": "`migrate`, which owns the schema",
}
# Statements whose rights an owner grants with the setting that needs them (docs/database.md), each with what refuses it.
WITH_A_SETTING = {
    "add_unknown_senders": "CREATE_UNKNOWN_SENDERS: people are an owner's to add",
    "insert_rows_of_events": "REPLY_EVENT_TYPE: the table `events` is of a former system, and most databases have none",
}
# Parameters that statements leave without a cast; a value of psycopg's has this type.
TYPES = {"now": "timestamptz", "horizon": "timestamptz"}


@pytest.fixture(scope="module")
def runtime_url(database_url: str) -> Iterator[str]:
    """The URL of a login whose only rights are those of the group."""
    name = f"runtime_{Path(database_url.partition('?')[0]).name}"
    with login_role(database_url, name, f"GRANT {ROLE} TO {{}}"):
        yield as_role(database_url, name)


def plan_of(connection: Connection, name: str) -> dict[str, Any]:
    """The plan for any values. Postgres checks the role's rights for it; a deleted condition would hide a table."""
    parameters = [parameter for parameter, _ in _parameters(name)]
    text = re.sub(r"%\((\w+)\)s", lambda found: f"${parameters.index(found[1]) + 1}", _code(name)).replace("%%", "%")
    types = ", ".join(TYPES.get(parameter, "unknown") for parameter in parameters)
    values = ", ".join(["NULL"] * len(parameters))
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE {name}{f' ({types})' if types else ''} AS {text}".encode(), prepare=False)
        try:
            execute = f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE {name}{f' ({values})' if values else ''}"
            ((plan,),) = connection.execute(execute.encode()).fetchall()
        finally:
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
                connection.execute(f"DEALLOCATE {name}".encode())
    root: dict[str, Any] = plan[0]["Plan"]
    return root


def rights_of(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The tables and privileges that a plan needs. No statement needs UPDATE for a lock alone."""
    if "Relation Name" in plan:
        table = f"{plan['Schema']}.{plan['Relation Name']}"
        yield table, "SELECT"
        if plan["Node Type"] == "ModifyTable":
            yield table, plan["Operation"].upper()
        if plan.get("Conflict Resolution") == "UPDATE":
            yield table, "UPDATE"
    for below in plan.get("Plans", []):
        yield from rights_of(below)


def test_each_statement_is_the_functions_or_stands_with_its_reason(runtime_url: str) -> None:
    refused = {}
    with psycopg.connect(runtime_url, autocommit=True) as connection:
        for file in sorted(STATEMENTS.glob("*.sql")):
            try:
                plan_of(connection, file.stem)
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable) as error:
                refused[file.stem] = error.diag.message_primary
    expected = OPERATORS.keys() | WITH_A_SETTING.keys()
    assert refused.keys() == expected, {
        name: refused.get(name, "needs no more than the functions' role has") for name in refused.keys() ^ expected
    }


def test_the_role_has_no_right_that_no_statement_needs(connection: Connection) -> None:
    needed: dict[str, set[str]] = defaultdict(set)
    for file in STATEMENTS.glob("*.sql"):
        if file.stem not in OPERATORS | WITH_A_SETTING:
            for table, privilege in rights_of(plan_of(connection, file.stem)):
                needed[table].add(privilege)
    # The one statement that is no file: what is not migrated yet.
    needed["orchestrator.schema_migrations"].add("SELECT")
    granted = {table: {right.partition(" ")[0] for right in rights} for table, (rights, _) in RIGHTS.items()}
    assert {table: rights for table, rights in needed.items() if not table.startswith("pg_catalog.")} == granted
    found = connection.execute(
        "SELECT DISTINCT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = %s"
        " UNION SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN LATERAL aclexplode(t.attacl) a"
        " JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = %s",
        (ROLE, ROLE),
    )
    assert {table for (table,) in found} == RIGHTS.keys()


def test_the_role_changes_no_number_and_no_setting_of_an_agent(runtime_url: str) -> None:
    with psycopg.connect(runtime_url, autocommit=True) as connection:
        for statement in (
            "UPDATE users SET phone_number = '+12125550199'",
            "INSERT INTO orchestrator.agents (prefix) VALUES ('x')",
            "DELETE FROM orchestrator.opt_outs",
            "DELETE FROM orchestrator.timeline",
            "CREATE TABLE orchestrator.mine ()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_every_handler_works_as_a_member_of_the_role_alone(
    world: World, runtime_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for app in world.functions.values():
        if "database" in vars(app):
            settings = app.settings.model_copy(update={"database_url": SecretStr(runtime_url)})
            monkeypatch.setitem(app.__dict__, "database", Database(settings))
    world.person_with_a_past()
    message = world.message()
    world.minute()
    world.twilio_calls()
    assert world.take_in() == {"batchItemFailures": []}
    assert world.state(message) == ("sent", None)
    world.writes("When is it?")
    assert world.publish({"action": "reply", "user_id": "ada", "agent_id": "x", "content": "At ten"}) == {
        "batchItemFailures": []
    }
    world.deliver()
    assert "At ten" in world.texts()
    withdrawn = world.message(priority="low", topic="news")
    world.publish({"action": "withdraw", "user_id": "ada", "topic": "news"})
    assert world.state(withdrawn)[0] == "cancelled"
    world.writes("STOP")
    world.writes("START")
    # As if its hour had been chosen.
    world.connection.execute(
        "UPDATE message_queue m SET best_kind = 'default', best_at = a.started_at, expects_reply = true"
        "  FROM orchestrator.attempts a WHERE a.message_id = m.id AND m.id = %s",
        (message,),
    )
    world.wait(days=2)
    night = world.learn()
    assert (night["texts"], night["left"]) == ({"default": 1}, False)
    world.wait(days=400)
    world.minute()
    assert world.night()["forgotten"] > 0
    assert world.drain("ENQUEUE_DLQ_URL") == world.drain("INBOUND_DLQ_URL") == []


def test_in_a_database_of_an_owner_the_role_has_the_same_rights(
    prepared_database: PreparedDatabase,
) -> None:
    with psycopg.connect(with_own_jobs(prepared_database(migrate_existing))) as owner:
        assert list_missing_rights(owner, ROLE) == []


@pytest.mark.parametrize("group", [ROLE, "group_that_nobody_made"])
def test_a_role_that_may_make_no_role_migrates_all_the_same(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    monkeypatch.setattr(runtime_role, "ROLE", group)
    name = f"plain_{Path(empty_database.partition('?')[0]).name}"[:63]
    with login_role(empty_database, name, "GRANT CREATE ON SCHEMA public TO {}"):
        with psycopg.connect(empty_database, autocommit=True) as admin:
            admin.execute(
                SQL("GRANT CREATE ON DATABASE {} TO {}").format(Identifier(admin.info.dbname), Identifier(name))
            )
        assert migrate(as_role(empty_database, name))
        assert migrate(as_role(empty_database, name)) == []
        with psycopg.connect(empty_database) as connection:
            assert (list_missing_rights(connection, group), has_role(connection, group)) == ([], group == ROLE)


def test_a_group_that_another_database_makes_at_the_same_moment_is_the_same_group(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_role, "has_role", lambda _connection, _role: False)
    grant_rights(connection)


@pytest.mark.parametrize(
    ("situation", "group", "change", "fix"),
    [
        (
            "no group",
            "no_such_group",
            "SELECT 1",
            "run CREATE ROLE no_such_group NOLOGIN; then run `orchestrator migrate`.",
        ),
        (
            "no rights",
            ROLE,
            f"REVOKE SELECT ON messages FROM {ROLE}",
            f'GRANT SELECT ON "public"."messages" TO "{ROLE}";',
        ),
    ],
)
def test_doctor_prints_what_an_administrator_has_to_run(
    prepared_database: PreparedDatabase,
    monkeypatch: pytest.MonkeyPatch,
    situation: str,
    group: str,
    change: str,
    fix: str,
) -> None:
    url = prepared_database(migrate)
    monkeypatch.setattr(runtime_role, "ROLE", group)
    with psycopg.connect(url) as owner:
        owner.execute(change.encode())
        (found,) = access.role_results(owner)
    assert found.fix.endswith(fix), situation
    assert found.grade == "doubtful"


def test_a_right_that_was_taken_away_comes_back_with_the_next_run(prepared_database: PreparedDatabase) -> None:
    url = prepared_database(migrate)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"REVOKE ALL ON users, orchestrator.attempts FROM {ROLE}".encode())
        assert list_missing_rights(owner, ROLE)
        migrate(url)
        assert list_missing_rights(owner, ROLE) == []


# Row level security ------------------------------------------------------------------------------------------------------

HIDDEN = "DATABASE_URL: row level security hides rows of public.messages from the role"


@pytest.mark.parametrize(
    ("situation", "change", "hides"),
    [
        ("no policy", "DROP POLICY orchestrator_grants ON messages", True),
        ("a policy for reading alone", "ALTER POLICY orchestrator_grants ON messages TO postgres;"
         " CREATE POLICY reads ON messages FOR SELECT TO {role} USING (true)", True),
        ("a policy with a condition", "ALTER POLICY orchestrator_grants ON messages USING (role = current_user)", True),
        ("another one restricts", "CREATE POLICY few ON messages AS RESTRICTIVE USING (role = 'user')", True),
        ("for another role", "ALTER POLICY orchestrator_grants ON messages TO postgres", True),
        ("its own policy", "ALTER POLICY orchestrator_grants ON messages TO {role}", False),
        ("a policy for every role", "ALTER POLICY orchestrator_grants ON messages TO PUBLIC", False),
        ("not on", "ALTER TABLE messages DISABLE ROW LEVEL SECURITY; DROP POLICY orchestrator_grants ON messages", False),
        ("bypassed", "DROP POLICY orchestrator_grants ON messages; ALTER ROLE {role} BYPASSRLS", False),
        ("an owner", "DROP POLICY orchestrator_grants ON messages; ALTER TABLE messages OWNER TO {role}", False),
        ("an owner who is not exempt", "DROP POLICY orchestrator_grants ON messages; ALTER TABLE messages OWNER TO {role};"
         " ALTER TABLE messages FORCE ROW LEVEL SECURITY", True),
    ],
)  # fmt: skip
def test_hidden_rows_are_not_mistaken_for_none(
    database_url: str, connection: Connection, runtime_url: str, situation: str, change: str, hides: bool
) -> None:
    role = re.search(r"//([^@]+)@", runtime_url)
    assert role
    with psycopg.connect(database_url) as owner:
        owner.execute(change.replace("{role}", role[1]).encode())
        owner.execute(SQL("SET LOCAL SESSION AUTHORIZATION {}").format(Identifier(role[1])))
        if hides:
            with pytest.raises(SettingsError, match=f"{HIDDEN} {role[1]}.*CREATE POLICY .* ON public.messages TO"):
                check_row_security(owner)
        else:
            check_row_security(owner)
        owner.rollback()


def test_a_function_stops_at_start_where_rows_are_hidden(world: World, runtime_url: str) -> None:
    role = re.search(r"//([^@]+)@", runtime_url)
    assert role
    world.connection.execute("ALTER POLICY orchestrator_grants ON messages TO postgres")
    try:
        with pytest.raises(SettingsError, match=HIDDEN):
            Database(DatabaseSettings(database_url=SecretStr(runtime_url))).prepare()
    finally:
        world.connection.execute(f"ALTER POLICY orchestrator_grants ON messages TO {QUERY_ROLE}, {ROLE}".encode())
