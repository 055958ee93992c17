"""Who can read and write the shared tables, and what a role would lose by closing them: a table of grants (G12)."""

from dataclasses import dataclass, field

import pytest
from psycopg import Connection

from orchestrator.store.access import TableAccess, read_access

OUTSIDER, READER = "outsider_of_access", "reader_of_access"
WRITES = ["DELETE", "INSERT", "UPDATE"]


@dataclass(frozen=True)
class Found:
    """What the reading says of READER and `users`; `loses` only once web roles are named."""

    reads: bool = True
    writes: bool = False
    sees_all: bool = False
    loses: list[str] = field(default_factory=list)


CASES = {
    "a grant of its own on the table": (f"GRANT SELECT ON users TO {READER}", Found()),
    "a grant of its own on one column": (f"GRANT SELECT (id) ON users TO {READER}", Found()),
    "a grant to write": (f"GRANT INSERT, UPDATE, DELETE ON users TO {READER}", Found(reads=False, writes=True)),
    "a grant on one column to write": (
        f"GRANT UPDATE (timezone) ON users TO {READER}",
        Found(reads=False, writes=True),
    ),
    "a grant through PUBLIC": ("GRANT SELECT ON users TO PUBLIC", Found(loses=["SELECT"])),
    "a grant through a web role": (
        f"GRANT SELECT, INSERT ON users TO {OUTSIDER}; GRANT {OUTSIDER} TO {READER}",
        Found(writes=True, loses=["INSERT", "SELECT"]),
    ),
    "one privilege of its own, another through PUBLIC": (
        f"GRANT SELECT ON users TO {READER}; GRANT DELETE ON users TO PUBLIC",
        Found(writes=True, loses=["DELETE"]),
    ),
    "a grant of its own on another table alone": (
        f"GRANT SELECT ON messages TO {READER}; GRANT SELECT ON users TO PUBLIC",
        Found(loses=["SELECT"]),
    ),
    "a grant of its own on a column of another table alone": (
        f"GRANT SELECT (id) ON messages TO {READER}; GRANT SELECT ON users TO PUBLIC",
        Found(loses=["SELECT"]),
    ),
    "no row level security on the table": (
        f"GRANT SELECT ON users TO {READER}; ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        Found(sees_all=True),
    ),
    "a role that row level security does not concern": (
        f"GRANT SELECT ON users TO {READER}; ALTER ROLE {READER} BYPASSRLS",
        Found(sees_all=True),
    ),
    "the owner of the table": (f"ALTER TABLE users OWNER TO {READER}", Found(writes=True, sees_all=True)),
    "the owner, whom the table's security concerns too": (
        f"ALTER TABLE users OWNER TO {READER}; ALTER TABLE users FORCE ROW LEVEL SECURITY",
        Found(writes=True),
    ),
    "a policy that shows every row": (
        f"GRANT SELECT ON users TO {READER}; CREATE POLICY all_rows ON users TO {READER} USING (true)",
        Found(sees_all=True),
    ),
    "a policy for another role": (
        f"GRANT SELECT ON users TO {READER}; CREATE POLICY all_rows ON users TO {OUTSIDER} USING (true)",
        Found(),
    ),
    "a policy for another command": (
        f"GRANT SELECT ON users TO {READER}; CREATE POLICY all_rows ON users FOR UPDATE TO {READER} USING (true)",
        Found(),
    ),
}


@pytest.mark.parametrize(("grants", "found"), CASES.values(), ids=CASES)
def test_what_a_role_can_do_and_would_lose(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, grants: str, found: Found
) -> None:
    monkeypatch.setattr("orchestrator.store.access.WEB_ROLES", (OUTSIDER,))
    with connection.transaction(force_rollback=True):
        connection.execute(f"CREATE ROLE {OUTSIDER}; CREATE ROLE {READER}".encode())
        connection.execute("DROP POLICY IF EXISTS orchestrator_grants ON users; GRANT USAGE ON SCHEMA public TO PUBLIC")
        connection.execute("CREATE POLICY some_rows ON users USING (external_id = 'ada')")
        connection.execute(grants.encode())
        rows = {(row.role, row.table_name): row for row in read_access(connection)}
    assert rows[READER, "users"] == TableAccess(
        READER,
        "users",
        is_outsider=False,
        is_ours=True,
        reads=found.reads,
        writes=found.writes,
        sees_all=found.sees_all,
        would_lose=found.loses,
    )
