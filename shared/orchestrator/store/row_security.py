"""Checks that row level security hides nothing from the functions' role, which would count hidden rows as none."""

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from orchestrator.errors import SettingsError
from orchestrator.store.access import SHARED_TABLES
from orchestrator.store.runtime_role import RIGHTS
from orchestrator.store.stored_statements import read_statement

_NEEDED = [
    (f"public.{table}", privilege.partition(" ")[0])
    for table in SHARED_TABLES
    for privilege in RIGHTS[f"public.{table}"][0]
]


def check_row_security(connection: Connection) -> None:
    """Check that a policy shows this connection's role every row that it may have to read or write.

    Row level security gives no error for a hidden row
    (https://www.postgresql.org/docs/current/ddl-rowsecurity.html): limits would not be counted, and an opted-out person
    would not be found. A policy with a condition may hide rows, so only one with `USING (true)` counts.

    Raises:
        SettingsError: names the role, the tables and the fix.
    """
    tables, commands = zip(*_NEEDED, strict=True)
    parameters = {"tables": list(tables), "commands": list(commands)}
    hidden = connection.execute(read_statement("list_hidden_tables").encode(), parameters).fetchall()
    if hidden:
        names = ", ".join(table for table, _, _ in hidden)
        role = hidden[0][2]
        policy = SQL("CREATE POLICY {} ON {} TO {} USING (true)").format(
            Identifier(f"orchestrator_{role}"), SQL(hidden[0][0]), Identifier(role)
        )
        raise SettingsError(
            f"DATABASE_URL: row level security hides rows of {names} from the role {role}, and hidden rows would count "
            f"as none. Run `{policy.as_string()}` for each of them as its owner, or use a role that owns them: "
            "docs/database.md."
        )
