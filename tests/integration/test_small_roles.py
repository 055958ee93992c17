"""A database role with few rights stays small (G12): our functions lend it none, and our schema grants it nothing."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg
import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from orchestrator.store.migrate import migrate
from tests.databases import PreparedDatabase

# What a statement may name without a schema: transition tables, and keywords that follow FROM.
UNQUALIFIED = {"told", "distinct"}
TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+([a-z_.]+)", re.IGNORECASE)


def as_role(url: str, role: str) -> str:
    """The URL by which another role connects to the same database."""
    return re.sub(r"//[^@/]*@", f"//{quote(role, safe='')}@", url)


@contextmanager
def login_role(url: str, name: str, *grants: str) -> Iterator[Connection]:
    """A role with these grants, and its connection. Through a pooler, which connects as one role, the test is skipped."""
    if f":{os.environ.get('TEST_POOLER_PORT')}/" in url:
        pytest.skip("the pooler connects as one role")
    role = Identifier(name)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(SQL("CREATE ROLE {} LOGIN").format(role))
        try:
            for grant in grants:
                owner.execute(SQL(grant).format(role))
            with psycopg.connect(as_role(url, name), autocommit=True) as connection:
                yield connection
        finally:
            owner.execute(SQL("DROP OWNED BY {role} CASCADE; DROP ROLE {role}").format(role=role))


@pytest.fixture
def fresh_database(prepared_database: PreparedDatabase) -> str:
    return prepared_database(migrate)


@pytest.mark.parametrize("table", ["conversations", "users", "event_bus", "events", "message_queue"])
def test_a_temporary_table_does_not_run_code_with_our_rights(fresh_database: str, table: str) -> None:
    grants = (
        "GRANT SELECT, UPDATE (phone_number) ON users TO {}",
        "CREATE POLICY for_the_test ON users TO {} USING (true)",
    )
    with login_role(fresh_database, f"climber_{table}", *grants) as climber:
        with psycopg.connect(fresh_database, autocommit=True) as owner:
            owner.execute("INSERT INTO users (id, phone_number) VALUES (gen_random_uuid(), '+12125550101')")
            owner.execute("INSERT INTO conversations (user_id, phone_number) SELECT id, phone_number FROM users")
        climber.execute(
            f"CREATE TEMPORARY TABLE {table} (user_id uuid, phone_number text, status text, updated_at timestamptz)"
        )
        climber.execute(
            "CREATE FUNCTION pg_temp.climb() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN EXECUTE 'ALTER ROLE climber_{table} SUPERUSER'; RETURN NULL; END $$"
        )
        climber.execute(
            f"CREATE TRIGGER climb BEFORE INSERT OR UPDATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION pg_temp.climb()"
        )
        climber.execute("UPDATE public.users SET phone_number = '+12125550102'")
        assert climber.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        with psycopg.connect(fresh_database, autocommit=True) as owner:
            assert owner.execute("SELECT status FROM conversations").fetchall() == [("closed",)], "the real one"


def test_a_function_with_its_owners_rights_names_every_schema_and_looks_into_pg_temp_last(
    connection: Connection,
) -> None:
    functions = connection.execute(
        "SELECT oid::regprocedure::text, prosrc, proconfig FROM pg_proc"
        " WHERE prosecdef AND pronamespace IN ('orchestrator'::regnamespace, 'public'::regnamespace)"
    ).fetchall()
    assert functions
    for name, body, settings in functions:
        assert settings == ["search_path=pg_catalog, pg_temp"], name
        code = re.sub(r"--.*|'[^']*'|IS DISTINCT FROM", "", body)
        named = {table for table in TABLE.findall(code) if table.lower() not in UNQUALIFIED}
        assert [table for table in named if "." not in table] == [], name


def test_our_schema_grants_nothing_to_public(fresh_database: str) -> None:
    with psycopg.connect(fresh_database) as connection:
        open_to_all = connection.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'orchestrator'::regnamespace"
            "   AND has_function_privilege('public', oid, 'EXECUTE') UNION ALL"
            " SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'orchestrator'::regnamespace"
            "   AND relkind IN ('r', 'v', 'm', 'p') AND has_any_column_privilege('public', oid, 'SELECT')"
        ).fetchall()
        usable = connection.execute("SELECT has_schema_privilege('public', 'orchestrator', 'USAGE, CREATE')").fetchone()
    assert (open_to_all, usable) == ([], (False,))


def test_what_was_opened_to_public_is_closed_by_the_next_run(fresh_database: str) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute("GRANT USAGE ON SCHEMA orchestrator TO PUBLIC")
        connection.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA orchestrator TO PUBLIC")
        connection.execute("GRANT SELECT ON orchestrator.attempts TO PUBLIC")
    assert migrate(fresh_database) == []
    test_our_schema_grants_nothing_to_public(fresh_database)


def test_a_role_that_uses_our_schema_keeps_its_functions(empty_database: str) -> None:
    """Until they were closed to PUBLIC, it executed them through PUBLIC."""
    with login_role(
        empty_database, "function_of_an_owner", "CREATE SCHEMA orchestrator", "GRANT USAGE ON SCHEMA orchestrator TO {}"
    ) as small:
        migrate(empty_database)
        assert small.execute("SELECT orchestrator.e164('+1 212 555 0101')").fetchone() == ("+12125550101",)
