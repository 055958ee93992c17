"""Views, functions, triggers, policies and grants, each found among those that fail one of the conditions (G12)."""

from collections.abc import Iterator

import pytest
from psycopg import Connection

from orchestrator.store import access
from orchestrator.store.access import (
    POLICY,
    TriggerHolder,
    WebFunction,
    WebView,
    is_schema_closed,
    list_shared_tables,
    list_trigger_holders,
    list_web_functions,
    list_web_views,
)
from orchestrator.store.runtime_role import ROLE, Right, list_missing_rights
from orchestrator.store.stored_statements import read_statement

WEB, OTHER = "near_web", "near_other"


@pytest.fixture
def catalog(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A transaction that is undone, with a web role, another one, and three tables of which two are shared."""
    monkeypatch.setattr(access, "WEB_ROLES", (WEB, "near_absent"))
    monkeypatch.setattr(access, "SHARED_TABLES", ("near_a", "near_b"))
    with connection.transaction(force_rollback=True):
        connection.execute(
            f"CREATE ROLE {WEB}; CREATE ROLE {OTHER}; CREATE SCHEMA near_open; CREATE SCHEMA near_closed;"
            "GRANT USAGE ON SCHEMA near_open, public TO PUBLIC;"
            "CREATE TABLE near_a (id int, note text); CREATE TABLE near_b (id int); CREATE TABLE near_apart (id int);"
            "CREATE TABLE near_open.near_part () INHERITS (near_a);"
            "CREATE TABLE near_open.near_b (id int); CREATE TABLE near_open.near_partial () INHERITS (near_open.near_part)".encode()
        )
        yield connection


def without_luck(catalog: Connection) -> None:
    """Let no index and no sort of the database's own give the order that a statement asks for."""
    for plan in ("indexscan", "indexonlyscan", "bitmapscan", "sort"):
        catalog.execute(f"SET LOCAL enable_{plan} = off".encode())


# Views -------------------------------------------------------------------------------------------------------------------


def test_views_through_which_a_web_role_reaches_tables(catalog: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "SHARED_TABLES", ("near_a", "near_b", "near_parts", "near_view"))
    catalog.execute(
        "CREATE VIEW near_open.reads AS SELECT id FROM near_a; GRANT SELECT ON near_open.reads TO near_web;"
        "CREATE VIEW near_open.reads_column AS SELECT id FROM near_a;"
        "GRANT SELECT (id) ON near_open.reads_column TO near_web;"
        "CREATE VIEW near_open.adds AS SELECT id FROM near_a; GRANT INSERT ON near_open.adds TO near_web;"
        "CREATE VIEW near_open.changes AS SELECT id FROM near_a; GRANT UPDATE (id) ON near_open.changes TO near_web;"
        "CREATE VIEW near_open.deletes AS SELECT id FROM near_a; GRANT DELETE ON near_open.deletes TO near_web;"
        # A view that cannot be written to.
        "CREATE VIEW near_open.sums AS SELECT count(*) AS n FROM near_b; GRANT ALL ON near_open.sums TO near_web;"
        "CREATE VIEW near_open.reads_nothing AS SELECT count(*) AS n FROM near_b;"
        "GRANT DELETE ON near_open.reads_nothing TO near_web;"
        "CREATE MATERIALIZED VIEW near_open.stored AS SELECT id FROM near_b; GRANT SELECT ON near_open.stored TO PUBLIC;"
        "CREATE VIEW near_open.of_part AS SELECT id FROM near_open.near_part; GRANT SELECT ON near_open.of_part TO near_web;"
        "CREATE VIEW near_open.of_grandchild AS SELECT id FROM near_open.near_partial;"
        "GRANT SELECT ON near_open.of_grandchild TO near_web;"
        "CREATE VIEW near_open.between AS SELECT id FROM near_b; CREATE VIEW near_open.over AS SELECT id FROM near_open.between;"
        "GRANT SELECT ON near_open.over TO near_web;"
        "CREATE VIEW near_open.of_both AS SELECT a.id FROM near_a a JOIN near_b USING (id);"
        "GRANT SELECT ON near_open.of_both TO near_web;"
        "CREATE VIEW near_open.of_ours AS SELECT prefix FROM orchestrator.agents; GRANT SELECT ON near_open.of_ours TO near_web;"
        "CREATE VIEW near_open.invoker_off WITH (security_invoker = false, security_barrier = true)"
        " AS SELECT id FROM near_a; GRANT SELECT ON near_open.invoker_off TO near_web;"
        "CREATE TABLE near_parts (id int) PARTITION BY LIST (id); CREATE VIEW near_open.of_parts AS SELECT id FROM near_parts;"
        "GRANT SELECT ON near_open.of_parts TO near_web;"
        # What is none of them.
        "GRANT ALL ON near_a TO near_web; CREATE VIEW near_view AS SELECT id FROM near_apart;"
        "GRANT SELECT ON near_view TO near_web;"
        "CREATE FUNCTION near_open.near_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
        "CREATE TRIGGER instead INSTEAD OF DELETE ON near_open.reads_nothing FOR EACH ROW"
        " EXECUTE FUNCTION near_open.near_f();"
        "CREATE VIEW near_open.of_another AS SELECT id FROM near_apart; GRANT SELECT ON near_open.of_another TO near_web;"
        "CREATE VIEW near_open.of_a_namesake AS SELECT id FROM near_open.near_b;"
        "GRANT SELECT ON near_open.of_a_namesake TO near_web;"
        "CREATE VIEW near_open.without_a_grant AS SELECT id FROM near_a;"
        "CREATE VIEW near_open.of_another_role AS SELECT id FROM near_a; GRANT SELECT ON near_open.of_another_role TO near_other;"
        "CREATE VIEW near_closed.hidden AS SELECT id FROM near_a; GRANT SELECT ON near_closed.hidden TO near_web;"
        "CREATE VIEW near_open.invoker WITH (security_invoker = true) AS SELECT id FROM near_a;"
        "GRANT SELECT ON near_open.invoker TO near_web"
    )

    def view(name: str, table: str, role: str = WEB, *, reads: bool = True, writes: bool = False) -> WebView:
        return WebView(role, table, f"near_open.{name}", reads, writes)

    found = list_web_views(catalog)
    assert found == [
        view("adds", "near_a", reads=False, writes=True),
        view("changes", "near_a", reads=False, writes=True),
        view("deletes", "near_a", reads=False, writes=True),
        view("invoker_off", "near_a"),
        view("of_both", "near_a"),
        view("of_grandchild", "near_a"),
        view("of_part", "near_a"),
        view("reads", "near_a"),
        view("reads_column", "near_a"),
        view("of_both", "near_b"),
        view("over", "near_b"),
        view("stored", "near_b"),
        view("sums", "near_b"),
        view("of_parts", "near_parts"),
        view("of_ours", "orchestrator.agents"),
        view("stored", "near_b", "public"),
    ]


# Functions and triggers ----------------------------------------------------------------------------------------------------


def test_functions_through_which_a_web_role_may_reach_tables(catalog: Connection) -> None:
    def function(name: str, code: str = "SELECT 1 FROM near_a", kind: str = "SECURITY DEFINER") -> None:
        catalog.execute(f"CREATE FUNCTION {name}() RETURNS int LANGUAGE sql {kind} AS '{code}'".encode())

    catalog.execute("SET LOCAL check_function_bodies = off")
    function("near_open.reads")
    function("near_open.reads_both", "SELECT 1 FROM near_b, NEAR_A, near_b AS again")
    function("near_open.invoker", kind="SECURITY INVOKER")
    function("near_open.of_another", "SELECT 1 FROM near_apart")
    function("near_open.of_longer_name", "SELECT 1 FROM near_a_archive")
    function("near_open.revoked")
    function("near_open.granted")
    function("near_closed.hidden")
    function("orchestrator.near_ours")
    function("information_schema.near_f")
    function("pg_catalog.near_f")
    catalog.execute(
        "CREATE PROCEDURE near_open.does() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM near_b';"
        "CREATE FUNCTION near_open.fires() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
        " AS 'BEGIN PERFORM 1 FROM near_a; RETURN NULL; END';"
        "CREATE FUNCTION near_open.fires_on_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER"
        " AS 'BEGIN PERFORM 1 FROM near_a; END';"
        "REVOKE EXECUTE ON FUNCTION near_open.revoked(), near_open.granted() FROM PUBLIC;"
        "GRANT EXECUTE ON FUNCTION near_open.granted() TO near_web;"
        "GRANT USAGE ON SCHEMA orchestrator TO near_web; GRANT EXECUTE ON FUNCTION orchestrator.near_ours() TO near_web"
    )
    of_every_role = [
        ("near_open.does()", ["near_b"]),
        ("near_open.reads()", ["near_a"]),
        ("near_open.reads_both()", ["near_a", "near_b"]),
    ]
    assert list_web_functions(catalog) == [
        *(
            WebFunction(WEB, name, tables)
            for name, tables in sorted([*of_every_role, ("near_open.granted()", ["near_a"])])
        ),
        *(WebFunction("public", name, tables) for name, tables in of_every_role),
    ]


def test_roles_that_may_add_triggers(catalog: Connection) -> None:
    catalog.execute(
        "CREATE ROLE near_owner; CREATE ROLE near_super SUPERUSER; ALTER TABLE near_b OWNER TO near_owner;"
        "GRANT TRIGGER ON near_a, near_b, near_apart, near_open.near_b TO near_web, near_other, near_super;"
        "GRANT TRIGGER ON near_b TO PUBLIC, near_owner; GRANT SELECT ON near_a TO near_owner;"
        "ALTER TABLE near_a RENAME TO near_c; CREATE TABLE near_a (id int) PARTITION BY LIST (id);"
        "GRANT TRIGGER ON near_a TO near_other"
    )
    tables = ("near_a", "near_b", "near_c", "near_view")
    catalog.execute("CREATE VIEW near_view AS SELECT 1 AS id; GRANT TRIGGER ON near_view TO near_other")
    assert list_trigger_holders(catalog, tables) == [
        TriggerHolder(OTHER, "near_a", is_outsider=False),
        TriggerHolder(OTHER, "near_b", is_outsider=False),
        TriggerHolder(OTHER, "near_c", is_outsider=False),
        TriggerHolder(WEB, "near_b", is_outsider=True),
        TriggerHolder(WEB, "near_c", is_outsider=True),
        TriggerHolder("public", "near_b", is_outsider=True),
    ]


# Policies and grants -------------------------------------------------------------------------------------------------------


def test_roles_that_hold_a_grant_and_those_of_our_policy(catalog: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog.execute(
        "CREATE ROLE near_column; CREATE ROLE near_owner; ALTER TABLE near_a OWNER TO near_owner;"
        "GRANT SELECT, UPDATE ON near_a TO near_other, near_web, PUBLIC; GRANT SELECT (id) ON near_a TO near_column;"
        "GRANT SELECT ON near_b TO near_column; GRANT SELECT (id) ON near_apart TO near_web;"
        "GRANT ALL ON near_a TO near_owner; ALTER TABLE near_a ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY {POLICY} ON near_a TO near_other, near_column, near_web USING (true);"
        "CREATE POLICY another ON near_b TO near_other USING (true);"
        f"CREATE POLICY {POLICY} ON near_apart TO near_owner USING (true);"
        "CREATE TABLE near_parts (id int) PARTITION BY LIST (id); CREATE VIEW near_view AS SELECT 1 AS id".encode()
    )
    without_luck(catalog)
    given = {"web_roles": [WEB], "policy": POLICY, "tables": ["near_b", "near_parts", "near_view", "near_a"]}
    assert catalog.execute(read_statement("list_policy_roles").encode(), given).fetchall() == [
        ("near_a", True, ["near_column", "near_other"], ["near_column", "near_other", "near_web"]),
        ("near_b", False, ["near_column"], None),
        ("near_parts", False, [], None),
    ]
    catalog.execute("CREATE TABLE near_open.near_elsewhere (id int)")
    monkeypatch.setattr(access, "SHARED_TABLES", ("near_a", "near_parts", "near_view", "near_elsewhere", "near_absent"))
    assert list_shared_tables(catalog) == {"near_a", "near_parts"}


def test_an_open_schema_is_not_closed(catalog: Connection) -> None:
    """Each change alone opens it, or takes a function from a role that may use it."""
    catalog.execute(
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA orchestrator FROM PUBLIC; CREATE TABLE orchestrator.near (id int)"
    )
    catalog.execute("CREATE FUNCTION near_open.near_f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    new = "CREATE FUNCTION orchestrator.near_f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    use = "GRANT USAGE ON SCHEMA orchestrator TO near_other"
    opens = {
        "for every role": "GRANT USAGE ON SCHEMA orchestrator TO PUBLIC",
        "for a web role": "GRANT CREATE ON SCHEMA orchestrator TO near_web",
        "a table for every role": "GRANT SELECT ON orchestrator.near TO PUBLIC",
        "a table for a web role": "GRANT SELECT ON orchestrator.near TO near_web",
        "a function for every role": new,
        "a function for a web role": "GRANT EXECUTE ON FUNCTION orchestrator.e164(text) TO near_web",
        "a function that its user may not execute": f"{use}; {new}; REVOKE ALL ON FUNCTION orchestrator.near_f() FROM PUBLIC",
    }
    closed = {
        "as it is": "SELECT",
        "a table for another role": "GRANT SELECT ON orchestrator.near TO near_other",
        "a user with every function": f"{use}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA orchestrator TO near_other",
        "one who may create and not use": "GRANT CREATE ON SCHEMA orchestrator TO near_other",
        "another schema": "GRANT ALL ON SCHEMA near_open TO near_web, near_other; GRANT SELECT ON near_apart TO PUBLIC",
        "another function": "GRANT USAGE ON SCHEMA near_open TO near_other;"
        "REVOKE ALL ON FUNCTION near_open.near_f() FROM PUBLIC",
    }

    def is_closed_after(change: str) -> bool:
        with catalog.transaction(force_rollback=True):
            catalog.execute(change.encode())
            return is_schema_closed(catalog)

    situations = closed | opens
    assert [name for name, change in situations.items() if is_closed_after(change)] == [*closed]


def test_rights_that_a_group_lacks(catalog: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "orchestrator.store.runtime_role.groups",
        lambda: {
            ROLE: {
                "public.near_b": (("UPDATE", "SELECT"), ""),
                "public.near_a": (("UPDATE (id)", "SELECT (note)", "SELECT"), ""),
                "orchestrator.agents": (("INSERT",), ""),
            },
            OTHER: {"public.near_b": (("SELECT",), ""), "public.near_a": (("UPDATE (id)", "SELECT (note)"), "")},
            "near_absent": {"public.near_a": (("SELECT",), "")},
        },
    )
    catalog.execute(
        f"REVOKE USAGE ON SCHEMA public FROM PUBLIC, {ROLE}; GRANT USAGE ON SCHEMA orchestrator TO {ROLE};"
        f"REVOKE ALL ON orchestrator.agents FROM {ROLE}; GRANT SELECT ON orchestrator.agents TO {ROLE};"
        f"GRANT UPDATE (id) ON near_a TO {ROLE}; GRANT SELECT (id) ON near_a TO {ROLE}; GRANT UPDATE ON near_b TO {ROLE};"
        "GRANT USAGE ON SCHEMA public TO near_other; GRANT SELECT ON near_b TO near_other;"
        "GRANT UPDATE, SELECT ON near_a TO near_other".encode()
    )
    assert list_missing_rights(catalog, ROLE) == [
        Right("public", None, "USAGE"),
        Right("orchestrator", "agents", "INSERT"),
        Right("public", "near_a", "SELECT"),
        Right("public", "near_a", "SELECT (note)"),
        Right("public", "near_b", "SELECT"),
    ]
    assert list_missing_rights(catalog, OTHER) == [Right("orchestrator", None, "USAGE")]
    assert list_missing_rights(catalog, "near_absent") == []


def test_roles_that_were_granted_the_use_of_our_schema(catalog: Connection) -> None:
    catalog.execute(
        "CREATE ROLE near_user; CREATE ROLE near_owner; ALTER SCHEMA orchestrator OWNER TO near_owner;"
        "GRANT ALL ON SCHEMA orchestrator TO near_owner, near_user; GRANT CREATE ON SCHEMA orchestrator TO near_other;"
        "GRANT USAGE ON SCHEMA orchestrator TO near_web, PUBLIC; GRANT USAGE ON SCHEMA near_open TO near_other;"
        "GRANT USAGE ON SCHEMA orchestrator TO near_user WITH GRANT OPTION; SET LOCAL ROLE near_user;"
        "GRANT USAGE ON SCHEMA orchestrator TO near_web; RESET ROLE"
    )
    without_luck(catalog)
    found = [role for (role,) in catalog.execute(read_statement("list_schema_users").encode())]
    assert [role for role in found if role.startswith("near_")] == ["near_user", "near_web"]
    assert found == sorted(found)
