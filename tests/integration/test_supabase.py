"""Supabase's default grants: what we create is closed to the web, and what an owner created is reported, not changed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier
from typer.testing import CliRunner

from orchestrator.store.access import SHARED_TABLES, read_access
from orchestrator.store.migrate import migrate, migrations
from orchestrator_cli.main import app
from tests.databases import PreparedDatabase
from tests.integration.test_migrate import EXISTING

# https://supabase.com/kb/troubleshooting/cant-change-the-default-privileges-of-supabase_admin-in-the-public-schema; the
# roles as in supabase/supavisor, dev/postgres/00-setup.sql. Servers share roles, and tests run side by side.
ROLES = """
DO $$ BEGIN CREATE ROLE anon NOLOGIN NOINHERIT; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
DO $$ BEGIN CREATE ROLE authenticated NOLOGIN NOINHERIT; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
DO $$ BEGIN CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
DO $$ BEGIN CREATE ROLE reporting NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
"""
DEFAULTS = """
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reporting;
"""
ADA = "00000000-0000-0000-0000-00000000000a"
PENDING = (
    "INSERT INTO messages (conversation_id, user_id, role, content, direction, status)"
    f" VALUES ('{ADA}', '{ADA}', 'system', 'Your account is blocked: https://evil.example', 'outbound', 'pending')"
)


def make_supabase(url: str) -> None:
    """Bring Supabase's roles and default grants into an empty database."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(ROLES)
        owner.execute(DEFAULTS)


def migrate_supabase(url: str) -> None:
    """Migrate a database with Supabase's roles and default grants."""
    make_supabase(url)
    migrate(url)


@pytest.fixture
def supabase(empty_database: str) -> Iterator[Connection]:
    """The owner's connection to an empty database with Supabase's roles and default grants."""
    make_supabase(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as owner:
        yield owner


@pytest.fixture
def migrated(prepared_database: PreparedDatabase) -> Iterator[Connection]:
    """The owner's connection to such a database, migrated."""
    with psycopg.connect(prepared_database(migrate_supabase), autocommit=True) as owner:
        yield owner


def url_of(connection: Connection) -> str:
    return f"postgresql://postgres@/{connection.info.dbname}?host={connection.info.host}"


def run_as(owner: Connection, role: str, statement: str) -> list[Any]:
    """What a role gets for a statement; [] where it changes nothing."""
    try:
        owner.execute(SQL("SET ROLE {}").format(Identifier(role)))
        done = owner.execute(statement.encode())
        return done.fetchall() if done.description else [done.rowcount]
    finally:
        owner.execute("RESET ROLE")


def add_ada(owner: Connection) -> None:
    owner.execute(f"INSERT INTO users (id, phone_number) VALUES ('{ADA}', '+12125550101')")
    owner.execute(f"INSERT INTO conversations (id, user_id, phone_number) VALUES ('{ADA}', '{ADA}', '+12125550101')")


def reopen(owner: Connection) -> None:
    """Bring the tables to the state in which an earlier release left them."""
    for table in SHARED_TABLES:
        owner.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY".encode())
        owner.execute(f"GRANT ALL ON {table} TO anon, authenticated".encode())
        owner.execute(f"DROP POLICY orchestrator_grants ON {table}".encode())


def doctor(owner: Connection, monkeypatch: pytest.MonkeyPatch, *options: str, answer: str | None = None) -> str:
    monkeypatch.setenv("DATABASE_URL", url_of(owner))
    return CliRunner().invoke(app, ["doctor", *options], input=answer, catch_exceptions=False).output


def access_of(owner: Connection, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    results = json.loads(doctor(owner, monkeypatch, "--json"))
    return {r["detail"]: r["grade"] for r in results if r["what"] == "access"}


def test_the_anonymous_role_reads_no_number_and_publishes_nothing(migrated: Connection) -> None:
    add_ada(migrated)
    for role in ("anon", "authenticated"):
        for statement in ("SELECT phone_number FROM users", "SELECT external_id FROM users", PENDING):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                run_as(migrated, role, statement)
    assert migrated.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    closed = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relname = ANY (%s)"
    assert migrated.execute(closed, [list(SHARED_TABLES)]).fetchone() == (len(SHARED_TABLES),)


def test_each_other_role_with_a_grant_keeps_every_row(migrated: Connection) -> None:
    add_ada(migrated)
    for role in ("service_role", "reporting"):
        assert run_as(migrated, role, "SELECT phone_number FROM users") == [("+12125550101",)]
    assert run_as(migrated, "service_role", "UPDATE users SET first_name = 'Ada'") == [1]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_as(migrated, "reporting", "UPDATE users SET first_name = 'Ada'")


def test_what_an_earlier_release_left_open_is_closed_once_the_operator_agrees(
    migrated: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_ada(migrated)
    reopen(migrated)
    assert run_as(migrated, "anon", "SELECT phone_number FROM users") == [("+12125550101",)], "as it was"
    grades = access_of(migrated, monkeypatch)
    reads = "reads agent_actions_log, agent_tasks, conversations, message_queue, messages, user_message_budget, users"
    assert grades[f"anon {reads}; {reads.replace('reads', 'writes')}"] == "bad"
    assert grades[f"reporting {reads}"] == "good"
    assert "Run `orchestrator doctor --close`." in doctor(migrated, monkeypatch)

    refused = doctor(migrated, monkeypatch, "--close", answer="n\n")
    assert "anon, users would lose DELETE, INSERT, SELECT, UPDATE." in refused
    assert "reporting" not in refused
    assert run_as(migrated, "anon", "SELECT count(*) FROM users") == [(1,)], "nothing is changed without a yes"

    assert "closed users" in doctor(migrated, monkeypatch, "--close", "--yes")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_as(migrated, "anon", "SELECT phone_number FROM users")
    assert run_as(migrated, "reporting", "SELECT phone_number FROM users") == [("+12125550101",)]
    assert set(access_of(migrated, monkeypatch).values()) == {"good"}


def test_a_table_in_use_is_not_closed_and_says_so(migrated: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    reopen(migrated)
    with psycopg.connect(url_of(migrated)) as holder:
        holder.execute("SELECT 1 FROM users")
        monkeypatch.setattr("orchestrator.store.access.LOCK_TIMEOUT", "50ms")
        monkeypatch.setenv("DATABASE_URL", url_of(migrated))
        result = CliRunner().invoke(app, ["doctor", "--close", "--yes"])
    assert "users: its lock was not free in time" in str(result.exception)


def test_the_tables_of_an_owner_are_reported_and_never_changed(
    supabase: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    supabase.execute(EXISTING.encode())
    # All but the rights of the group that has no members until the owner adds one.
    rights = (
        "SELECT relname, relrowsecurity, r.rolname, privilege_type, EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)"
        " FROM pg_class c CROSS JOIN aclexplode(relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE relname = ANY (%s) AND coalesce(r.rolname, '') <> ALL ('{orchestrator_runtime,orchestrator_query}') ORDER BY 1, 3, 4"
    )
    before = supabase.execute(rights, [list(SHARED_TABLES)]).fetchall()
    migrate(url_of(supabase))
    shown = doctor(supabase, monkeypatch, "--close", "--yes")
    assert "Not changed, because this product is not known to have created them: users, conversations" in shown
    assert supabase.execute(rights, [list(SHARED_TABLES)]).fetchall() == before
    assert "bad" in access_of(supabase, monkeypatch).values()
    assert "Close the tables that are your own: docs/database.md." in doctor(supabase, monkeypatch)


def test_a_database_with_some_tables_of_its_owner_gets_the_others_closed(supabase: Connection) -> None:
    users = re.search(r"CREATE TABLE IF NOT EXISTS users \(.*?\);", migrations()[0].text, re.DOTALL)
    assert users
    supabase.execute(users[0].encode())
    migrate(url_of(supabase))
    created = {table for (table,) in supabase.execute("SELECT table_name FROM orchestrator.created_tables")}
    assert created == {*SHARED_TABLES} - {"users"}
    of_anon = {access.table_name for access in read_access(supabase) if access.role == "anon"}
    assert of_anon == {"users"}


@pytest.mark.parametrize(("second_transaction", "claimed"), [("COMMIT; BEGIN;", ["users"]), ("", [])])
def test_a_restore_in_one_transaction_claims_no_table_of_an_owner(
    supabase: Connection, second_transaction: str, claimed: list[str]
) -> None:
    """Then every row was written by one transaction, and the journal proves nothing."""
    supabase.execute(
        "BEGIN; CREATE SCHEMA orchestrator; CREATE TABLE orchestrator.schema_migrations (name text); CREATE TABLE users ();"
        " INSERT INTO orchestrator.schema_migrations VALUES ('2026_11_23_01_shared_tables');"
        f" {second_transaction} CREATE TABLE orchestrator.attempts (); COMMIT".encode()
    )
    (migration,) = [migration for migration in migrations() if migration.name.endswith("_created_tables")]
    supabase.execute(migration.text.encode())
    found = supabase.execute("SELECT table_name FROM orchestrator.created_tables").fetchall()
    assert [table for (table,) in found] == claimed


@pytest.mark.parametrize(
    ("situation", "change", "reads"),
    [
        ("a grant on one column", "GRANT SELECT (phone_number) ON users TO anon", "anon reads users"),
        ("a grant to every role", "GRANT SELECT ON messages TO PUBLIC", "every role (PUBLIC) reads messages"),
        (
            "a view with its owner's rights",
            "CREATE VIEW names AS SELECT first_name FROM users; CREATE VIEW fewer AS SELECT * FROM names",
            "anon reads and writes users through the view fewer",
        ),
    ],
)
def test_doctor_finds_every_way_that_is_left_open(
    migrated: Connection, monkeypatch: pytest.MonkeyPatch, situation: str, change: str, reads: str
) -> None:
    migrated.execute("ALTER TABLE users DISABLE ROW LEVEL SECURITY; ALTER TABLE messages DISABLE ROW LEVEL SECURITY")
    migrated.execute(change)
    assert access_of(migrated, monkeypatch)[reads] == "bad", situation


BEYOND_GRANTS = [
    (
        "a view that takes rows and shows none",
        "CREATE VIEW outbox AS SELECT * FROM messages; REVOKE ALL ON outbox FROM anon, authenticated;"
        " GRANT INSERT ON outbox TO anon",
        {"anon writes messages through the view outbox": "bad"},
    ),
    (
        "a view that shows and changes rows",
        "CREATE VIEW names AS SELECT id, first_name FROM users; REVOKE ALL ON names FROM authenticated",
        {"anon reads and writes users through the view names": "bad"},
    ),
    (
        "a view of our own schema",
        "CREATE VIEW stops AS SELECT DISTINCT phone_number FROM orchestrator.opt_outs; REVOKE ALL ON stops FROM authenticated",
        {"anon reads orchestrator.opt_outs through the view stops": "bad"},
    ),
    (
        "views that have the caller's rights, or lie where the web has no access",
        "CREATE VIEW a WITH (security_invoker) AS SELECT * FROM users; CREATE VIEW b WITH (security_invoker = 1) AS"
        " SELECT * FROM users; CREATE SCHEMA private; CREATE VIEW private.c AS SELECT * FROM users;"
        " GRANT SELECT ON private.c TO anon",
        {"no web role can read or write people and messages": "good"},
    ),
    (
        "a function with its owner's rights",
        "CREATE FUNCTION numbers() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT phone_number FROM users';"
        " REVOKE ALL ON FUNCTION numbers FROM PUBLIC, authenticated",
        {"anon may call numbers(), which has its owner's rights and names users": "doubtful"},
    ),
    (
        "functions that have the caller's rights, name no table, or are a trigger's",
        "CREATE FUNCTION a() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM users';"
        " CREATE FUNCTION b() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"
        " CREATE FUNCTION c() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " 'BEGIN PERFORM 1 FROM users; RETURN NULL; END'",
        {"no web role can read or write people and messages": "good"},
    ),
    (
        "a table that inherits, such as a partition",
        "CREATE TABLE users_of_2025 () INHERITS (users); REVOKE ALL ON users_of_2025 FROM authenticated",
        {"anon reads users_of_2025; writes users_of_2025": "bad"},
    ),
    (
        "our own schema",
        "GRANT USAGE ON SCHEMA orchestrator TO anon; GRANT SELECT ON orchestrator.opt_outs TO anon",
        {
            "the schema orchestrator is open to a web role or to every role, or a role that uses it lacks functions": "bad"
        },
    ),
]


@pytest.mark.parametrize(("situation", "change", "found"), BEYOND_GRANTS)
def test_doctor_finds_what_leads_past_the_grants_of_a_web_role(
    migrated: Connection, monkeypatch: pytest.MonkeyPatch, situation: str, change: str, found: dict[str, str]
) -> None:
    migrated.execute(change.encode())
    # Databases of one server share their roles, also those that other tests make meanwhile.
    of_others = (
        "orchestrator_runtime",
        "orchestrator_query",
        "reader_",
        "service_role",
        "reporting",
        "runtime_",
        "member_",
        "web_",
    )
    results = {k: v for k, v in access_of(migrated, monkeypatch).items() if not k.startswith(of_others)}
    assert results == found, situation


def test_rows_that_an_owners_policy_admits_are_no_fault(migrated: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated.execute("GRANT SELECT ON users TO authenticated")
    migrated.execute("CREATE POLICY own ON users FOR SELECT TO authenticated USING (external_id = current_user)")
    assert access_of(migrated, monkeypatch)["authenticated reads users: rows that a policy admits"] == "doubtful"


def test_a_member_of_a_web_role_would_lose_what_it_has_through_it(
    migrated: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"member_{migrated.info.backend_pid}"
    reopen(migrated)
    migrated.execute(f"CREATE ROLE {name} LOGIN IN ROLE anon".encode())
    try:
        shown = doctor(migrated, monkeypatch, "--close", answer="n\n")
    finally:
        migrated.execute(f"DROP ROLE {name}".encode())
    assert f"{name}, users would lose DELETE, INSERT, SELECT, UPDATE." in shown


def test_a_web_role_that_is_a_member_of_another_role_is_found_with_the_fix(
    supabase: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"web_{supabase.info.backend_pid}"
    monkeypatch.setattr("orchestrator.store.access.WEB_ROLES", (name,))
    migrate(url_of(supabase))
    supabase.execute(f"CREATE ROLE {name} IN ROLE reporting".encode())
    try:
        results = json.loads(doctor(supabase, monkeypatch, "--json"))
    finally:
        supabase.execute(f"DROP ROLE {name}".encode())
    (found,) = [r for r in results if r["what"] == "access" and r["detail"].startswith(name)]
    assert (found["grade"], found["fix"]) == (
        "bad",
        f"Its rights come from a role that it is a member of: revoke that role from {name}.",
    )


def test_what_is_created_takes_no_trigger_of_another_role(
    supabase: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role with the default grants would run its own code with the rights of the next one that writes."""
    climb = (
        "CREATE FUNCTION pg_temp.climb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        " CREATE TRIGGER climb BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION pg_temp.climb()"
    )
    migrate(url_of(supabase))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_as(supabase, "service_role", climb)
    supabase.execute("GRANT TRIGGER ON users, messages TO service_role")  # as an earlier release left it
    results = json.loads(doctor(supabase, monkeypatch, "--json"))
    assert [(r["grade"], r["fix"]) for r in results if r["what"] == "triggers"] == [
        ("doubtful", "As the owner run REVOKE TRIGGER ON messages, users FROM service_role;")
    ]
    assert "service_role, users would lose TRIGGER." in doctor(supabase, monkeypatch, "--close", "--yes")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_as(supabase, "service_role", climb)
    assert run_as(supabase, "service_role", "UPDATE users SET first_name = 'Ada'") == [0]
