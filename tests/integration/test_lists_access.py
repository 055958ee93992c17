"""What a role can do with the rows of a table, what it would lose, and through what a web role reaches them (G12).

Each situation has a table and a role of its own, so that one reading of the catalog answers for all of them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from psycopg import Connection

from orchestrator.errors import SettingsError
from orchestrator.store import access, row_security
from orchestrator.store.access import TableAccess, read_access
from orchestrator.store.row_security import check_row_security
from orchestrator.store.stored_statements import read_statement

WEB, GROUP, OTHER = "near_web", "near_group", "near_other"


class Expected(NamedTuple):
    """What the reading says of a role and its table; `loses` only where this product created the table."""

    reads: bool = False
    writes: bool = False
    sees_all: bool = False
    loses: tuple[str, ...] = ()


NONE = None
READS = Expected(reads=True)
ALL = Expected(reads=True, sees_all=True)
LOSES = Expected(reads=True, loses=("SELECT",))
WRITES = Expected(writes=True)
OWNS = Expected(reads=True, writes=True, sees_all=True)
SHOWN = "GRANT SELECT ON {t} TO {r}; DROP POLICY some_rows ON {t};"
ADDS = "GRANT INSERT ON {t} TO {r}; DROP POLICY some_rows ON {t};"
# What is done to the table {t} and the role {r}, and what the reading then says. The table has row level security, and
# a policy that shows some rows to every role.
SITUATIONS: dict[str, tuple[str, Expected | None]] = {
    "no grant": ("SELECT", NONE),
    "reads": ("GRANT SELECT ON {t} TO {r}", READS),
    "reads a column": ("GRANT SELECT (id) ON {t} TO {r}", READS),
    "adds": ("GRANT INSERT ON {t} TO {r}", WRITES),
    "adds a column": ("GRANT INSERT (id) ON {t} TO {r}", WRITES),
    "changes": ("GRANT UPDATE ON {t} TO {r}", WRITES),
    "deletes": ("GRANT DELETE ON {t} TO {r}", WRITES),
    "no row": ("GRANT REFERENCES, TRIGGER, TRUNCATE ON {t} TO {r}", NONE),
    "through a group": ("GRANT SELECT ON {t} TO near_group", READS),
    "through a column of a group": ("GRANT SELECT (id) ON {t} TO near_group", READS),
    "through the web role": ("GRANT SELECT ON {t} TO near_web; GRANT near_web TO {r}", LOSES),
    "through every role": ("GRANT SELECT ON {t} TO PUBLIC", LOSES),
    "through every role, on a column": ("GRANT SELECT (id) ON {t} TO PUBLIC", LOSES),
    "another's grant": ("GRANT SELECT ON {t} TO PUBLIC, near_other", LOSES),
    "another privilege of its own": ("GRANT SELECT ON {t} TO PUBLIC; GRANT UPDATE ON {t} TO {r}",
                                     Expected(reads=True, writes=True, loses=("SELECT",))),
    "reads everything": ("GRANT pg_read_all_data TO {r}", LOSES),
    "reads everything, past policies": ("GRANT pg_read_all_data TO {r}; ALTER ROLE {r} BYPASSRLS", ALL),
    "writes everything, past policies": ("GRANT pg_write_all_data TO {r}; ALTER ROLE {r} BYPASSRLS",
                                         Expected(writes=True, sees_all=True)),
    "past policies, through every role": ("GRANT SELECT ON {t} TO PUBLIC; ALTER ROLE {r} BYPASSRLS",
                                          Expected(reads=True, sees_all=True, loses=("SELECT",))),
    "past policies, of another membership": (
        "GRANT SELECT ON {t} TO PUBLIC; ALTER ROLE {r} BYPASSRLS; GRANT pg_write_all_data TO {r}",
        Expected(reads=True, writes=True, sees_all=True, loses=("SELECT",))),
    "owns": ("ALTER TABLE {t} OWNER TO {r}", OWNS),
    "owns through a group": ("ALTER TABLE {t} OWNER TO near_group", OWNS),
    "owns, revoked from itself": ("ALTER TABLE {t} OWNER TO {r}; REVOKE ALL ON {t} FROM {r};"
                                  "GRANT SELECT ON {t} TO PUBLIC", ALL),
    "owns, by force": ("ALTER TABLE {t} OWNER TO {r}; ALTER TABLE {t} FORCE ROW LEVEL SECURITY",
                       Expected(reads=True, writes=True)),
    "forced, of another": ("GRANT SELECT ON {t} TO {r}; ALTER TABLE {t} FORCE ROW LEVEL SECURITY", READS),
    "without row level security": ("GRANT SELECT ON {t} TO {r}; ALTER TABLE {t} DISABLE ROW LEVEL SECURITY", ALL),
    "without a policy": ("GRANT SELECT ON {t} TO {r}; DROP POLICY some_rows ON {t}", NONE),
    "without a policy, past policies": ("GRANT SELECT ON {t} TO {r}; DROP POLICY some_rows ON {t};"
                                        "ALTER ROLE {r} BYPASSRLS", ALL),
    "a policy for every role": (SHOWN + "CREATE POLICY p ON {t} USING (true)", ALL),
    "a policy for its role": (SHOWN + "CREATE POLICY p ON {t} TO {r} USING (true)", ALL),
    "a policy for its group": (SHOWN + "CREATE POLICY p ON {t} TO near_group USING (true)", ALL),
    "a policy for another role": (SHOWN + "CREATE POLICY p ON {t} TO near_other USING (true)", NONE),
    "a policy of some rows": (SHOWN + "CREATE POLICY p ON {t} USING (id > 0)", READS),
    "a policy of some rows and one of all": (SHOWN + "CREATE POLICY a ON {t} USING (id > 0);"
                                             "CREATE POLICY b ON {t} USING (true)", ALL),
    "a policy that restricts": (SHOWN + "CREATE POLICY p ON {t} AS RESTRICTIVE USING (true)", NONE),
    "a policy for reading": (SHOWN + "CREATE POLICY p ON {t} FOR SELECT USING (true)", ALL),
    "a policy for changes": (SHOWN + "CREATE POLICY p ON {t} FOR UPDATE USING (true)", NONE),
    "a policy on another table": (SHOWN + "CREATE POLICY p ON near_apart USING (true)", NONE),
    "a policy for what is added": (ADDS + "CREATE POLICY p ON {t} FOR INSERT WITH CHECK (true)",
                                   Expected(writes=True, sees_all=True)),
    "a policy that lets some be added": (ADDS + "CREATE POLICY p ON {t} USING (true) WITH CHECK (id > 0)", WRITES),
    "a policy that shows some and lets all be added": (ADDS + "CREATE POLICY p ON {t} USING (id > 0) WITH CHECK (true)",
                                                       Expected(writes=True, sees_all=True)),
    "a policy that shows all": (ADDS + "CREATE POLICY p ON {t} USING (true)", Expected(writes=True, sees_all=True)),
    "a policy that checks alone": (SHOWN + "CREATE POLICY p ON {t} WITH CHECK (true)", READS),
    "of another product": ("GRANT SELECT ON {t} TO PUBLIC; DELETE FROM orchestrator.created_tables"
                           " WHERE table_name = '{t}'", READS),
    "partitioned": ("DROP TABLE {t}; CREATE TABLE {t} (id int) PARTITION BY LIST (id); GRANT SELECT ON {t} TO {r}", ALL),
    "a view": ("DROP TABLE {t}; CREATE VIEW {t} AS SELECT 1 AS id; GRANT SELECT ON {t} TO {r}", NONE),
    "in another schema": ("DROP TABLE {t}; CREATE TABLE near_schema.{t} (id int); GRANT SELECT ON near_schema.{t}"
                          " TO {r}", NONE),
    "a superuser": ("GRANT SELECT ON {t} TO {r}; ALTER ROLE {r} SUPERUSER", NONE),
}  # fmt: skip
IN_GROUP = ("through a group", "through a column of a group", "owns through a group", "a policy for its group")


@pytest.fixture
def catalog(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A transaction that is undone, with a web role and an empty schema that every role may use."""
    monkeypatch.setattr(access, "WEB_ROLES", (WEB,))
    with connection.transaction(force_rollback=True):
        for role in (WEB, GROUP, OTHER):
            connection.execute(f"CREATE ROLE {role}".encode())
        connection.execute("CREATE SCHEMA near_schema; GRANT USAGE ON SCHEMA near_schema, public TO PUBLIC")
        yield connection


def test_what_roles_can_do_and_would_lose(catalog: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog.execute("CREATE TABLE near_apart (id int)")
    tables, roles = {}, {}
    for number, (situation, (change, _)) in enumerate(SITUATIONS.items(), 10):
        table, role = tables[situation], roles[situation] = f"near_table_{number}", f"near_role_{number}"
        catalog.execute(
            f"CREATE ROLE {role}; CREATE TABLE {table} (id int, note text);"
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; CREATE POLICY some_rows ON {table} USING (id = 1);"
            f"INSERT INTO orchestrator.created_tables VALUES ('{table}')".encode()
        )
        if situation in IN_GROUP:
            catalog.execute(f"GRANT {GROUP} TO {role}".encode())
        catalog.execute(change.format(t=table, r=role).encode())
    monkeypatch.setattr(access, "SHARED_TABLES", tuple(tables.values()))
    listed = read_access(catalog)
    found = {(row.role, row.table_name): row for row in listed}
    assert {situation: says(found.get((roles[situation], tables[situation]))) for situation in SITUATIONS} == {
        situation: expected for situation, (_, expected) in SITUATIONS.items()
    }
    assert {row.role for row in listed} - {*roles.values()} >= {WEB, "public"}
    assert not [row for row in listed if row.role.startswith("pg_") or row.table_name == "near_apart"]
    assert {row.role for row in listed if row.is_outsider} == {WEB, "public"}
    assert {row.table_name for row in listed if not row.is_ours} == {tables["of another product"]}
    through = tables["through every role"]
    assert found["public", through] == TableAccess("public", through, True, True, True, False, False, ["SELECT"])
    assert {row.would_lose[0] for row in listed if row.role == "public" and row.is_ours} == {"SELECT"}
    of_web = tables["through the web role"]
    assert found[WEB, of_web] == TableAccess(WEB, of_web, True, True, True, False, False, ["SELECT"])
    names = [(row.role, row.table_name) for row in listed]
    assert names == sorted(names)


def says(row: TableAccess | None) -> Expected | None:
    return None if row is None else Expected(row.reads, row.writes, row.sees_all, tuple(row.would_lose))


def test_a_part_of_a_table_has_grants_of_its_own(catalog: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "SHARED_TABLES", ("near_whole",))
    catalog.execute(
        "CREATE TABLE near_whole (id int); CREATE TABLE near_schema.near_whole () INHERITS (near_whole);"
        "CREATE TABLE near_schema.near_grandchild () INHERITS (near_schema.near_whole);"
        "CREATE SCHEMA near_closed; CREATE TABLE near_closed.near_child () INHERITS (near_whole);"
        "INSERT INTO orchestrator.created_tables VALUES ('near_whole');"
        "CREATE TABLE near_apart (id int); CREATE TABLE near_part_of_another () INHERITS (near_apart);"
        "GRANT SELECT ON near_part_of_another, near_schema.near_whole, near_schema.near_grandchild, near_closed.near_child TO near_other;"
        "GRANT UPDATE ON near_whole TO near_other"
    )
    assert [row for row in read_access(catalog) if row.role == OTHER] == [
        TableAccess(OTHER, "near_schema.near_grandchild", False, False, True, False, True, []),
        TableAccess(OTHER, "near_schema.near_whole", False, False, True, False, True, []),
        TableAccess(OTHER, "near_whole", False, True, False, True, True, []),
    ]


# Row level security --------------------------------------------------------------------------------------------------

# What is done to a table on which the role has every right, and the commands of which rows may then be hidden.
HIDDEN: dict[str, tuple[str, list[str]]] = {
    "no policy": ("SELECT", ["INSERT", "SELECT", "UPDATE"]),
    "security off": ("ALTER TABLE {t} DISABLE ROW LEVEL SECURITY", []),
    "some rows": ("CREATE POLICY p ON {t} USING (id > 0)", ["INSERT", "SELECT", "UPDATE"]),
    "all rows": ("CREATE POLICY p ON {t} USING (true)", []),
    "all rows to the role": ("CREATE POLICY p ON {t} TO near_reader USING (true)", []),
    "all rows to its group": ("CREATE POLICY p ON {t} TO near_readers USING (true)", []),
    "all rows to another": ("CREATE POLICY p ON {t} TO near_other USING (true)", ["INSERT", "SELECT", "UPDATE"]),
    "all rows to read": ("CREATE POLICY p ON {t} FOR SELECT USING (true)", ["INSERT", "UPDATE"]),
    "all rows to change": ("CREATE POLICY p ON {t} FOR UPDATE USING (true)", ["INSERT", "SELECT"]),
    "all rows to add": ("CREATE POLICY p ON {t} FOR INSERT WITH CHECK (true)", ["SELECT", "UPDATE"]),
    "all rows to delete": ("CREATE POLICY p ON {t} FOR DELETE USING (true)", ["INSERT", "SELECT", "UPDATE"]),
    "some to add": ("CREATE POLICY p ON {t} USING (true) WITH CHECK (id > 0)", ["INSERT"]),
    "all to add, some to see": ("CREATE POLICY p ON {t} USING (id > 0) WITH CHECK (true)", ["SELECT", "UPDATE"]),
    "some and all": ("CREATE POLICY p ON {t} USING (true); CREATE POLICY q ON {t} USING (id > 0)", []),
    "restricted": (
        "CREATE POLICY p ON {t} USING (true); CREATE POLICY q ON {t} AS RESTRICTIVE FOR SELECT USING (id > 0)",
        ["SELECT"],
    ),
    "restricted to all": (
        "CREATE POLICY p ON {t} USING (true); CREATE POLICY q ON {t} AS RESTRICTIVE USING (true)", [],
    ),
    "restricted alone": ("CREATE POLICY p ON {t} AS RESTRICTIVE USING (true)", ["INSERT", "SELECT", "UPDATE"]),
    "another is restricted": (
        "CREATE POLICY p ON {t} USING (true); CREATE POLICY q ON {t} AS RESTRICTIVE TO near_other USING (id > 0)", [],
    ),
    "without a right": ("REVOKE INSERT, UPDATE ON {t} FROM near_reader", ["SELECT"]),
    "a right on a column": (
        "REVOKE ALL ON {t} FROM near_reader; GRANT UPDATE (id) ON {t} TO near_reader", ["UPDATE"],
    ),
}  # fmt: skip


def test_tables_of_which_rows_may_be_hidden(catalog: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog.execute("CREATE ROLE near_readers; CREATE ROLE near_reader IN ROLE near_readers")
    tables = {situation: f"near_table_{place}" for place, situation in enumerate(HIDDEN, 10)}
    for situation, (change, _) in HIDDEN.items():
        table = tables[situation]
        catalog.execute(
            f"CREATE TABLE {table} (id int); ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"GRANT SELECT, INSERT, UPDATE ON {table} TO near_reader; {change.format(t=table)}".encode()
        )
    commands = ("UPDATE", "SELECT", "INSERT")
    needed = [(f"public.{table}", command) for table in reversed(tables.values()) for command in commands]
    given = {"tables": [table for table, _ in needed], "commands": [command for _, command in needed]}
    catalog.execute("SET LOCAL enable_sort = off; SET LOCAL ROLE near_reader")  # else grouping gives the order by luck
    found = catalog.execute(read_statement("list_hidden_tables").encode(), given).fetchall()
    monkeypatch.setattr(row_security, "_NEEDED", needed)
    with pytest.raises(SettingsError, match=r"row level security hides rows of public\.near_table_10"):
        check_row_security(catalog)
    catalog.execute("RESET ROLE")
    names = {f"public.{table}": situation for situation, table in tables.items()}
    assert [(names[table], commands, role) for table, commands, role in found] == [
        (situation, commands, "near_reader") for situation, (_, commands) in HIDDEN.items() if commands
    ]
