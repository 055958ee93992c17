"""Who may read and write the database: closes our schema (G12), and the shared tables that this product created."""

from collections.abc import Collection
from dataclasses import dataclass

from psycopg import Connection
from psycopg.errors import LockNotAvailable
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed, Identifier

from orchestrator.errors import OrchestratorError
from orchestrator.store.stored_statements import read_statement

# The tables of `public` that agents and operators share with this product.
SHARED_TABLES = (
    "users",
    "conversations",
    "messages",
    "message_queue",
    "user_message_budget",
    "agent_tasks",
    "agent_actions_log",
)
# The roles under which Supabase answers requests from the web. It grants them ALL on what is created in `public`
# (https://supabase.com/kb/troubleshooting/cant-change-the-default-privileges-of-supabase_admin-in-the-public-schema).
WEB_ROLES = ("anon", "authenticated")
# The policy of a closed table: it shows every row to each role that holds a grant.
POLICY = "orchestrator_grants"
# A change that waits for a table's lock makes every later statement on that table wait behind it.
LOCK_TIMEOUT = "1s"
_SCHEMA_OBJECTS = (
    "SCHEMA orchestrator",
    "ALL TABLES IN SCHEMA orchestrator",
    "ALL SEQUENCES IN SCHEMA orchestrator",
    "ALL FUNCTIONS IN SCHEMA orchestrator",
)


class TableInUse(OrchestratorError):
    """A table could not be changed while other transactions used it; the text names it and the fix."""


@dataclass(frozen=True, slots=True)
class TableAccess:
    """What one role can do with the rows of one shared table.

    Attributes:
        role: its name; `public` means every role.
        is_outsider: a web role, or every role.
        is_ours: this product created the table.
        sees_all: no policy limits it to some rows.
        would_lose: the privileges that it would no longer have once the table is closed.
    """

    role: str
    table_name: str
    is_outsider: bool
    is_ours: bool
    reads: bool
    writes: bool
    sees_all: bool
    would_lose: list[str]


@dataclass(frozen=True, slots=True)
class WebView:
    """A view through which a web role reads or writes a table with the rights of the view's owner."""

    role: str
    table_name: str
    view_name: str
    reads: bool
    writes: bool


@dataclass(frozen=True, slots=True)
class WebFunction:
    """A function that a web role may call, which has its owner's rights, and whose code names shared tables."""

    role: str
    function_name: str
    table_names: list[str]


@dataclass(frozen=True, slots=True)
class TriggerHolder:
    """A role that may add triggers to a shared table that it does not own; `is_outsider` as in TableAccess.

    A trigger runs with the rights of each role that writes to the table, so that its author gains them
    (https://www.postgresql.org/docs/current/sql-createtrigger.html names the privilege).
    """

    role: str
    table_name: str
    is_outsider: bool


def is_schema_closed(connection: Connection) -> bool:
    """Whether our schema grants nothing to PUBLIC or a web role, and its functions to each role that may use it."""
    ((closed,),) = connection.execute(_sql("is_schema_closed"), _web_roles()).fetchall()
    return bool(closed)


def close_schema(connection: Connection) -> None:
    """Revoke everything in our schema from PUBLIC and the web roles.

    A role that may use the schema keeps its functions: until now it executed them through PUBLIC, to which Postgres
    grants new functions. Default privileges cannot change that for one schema alone: those of a schema only add
    (https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html).
    """
    with connection.transaction():
        for objects in _SCHEMA_OBJECTS:
            connection.execute(SQL("REVOKE ALL ON {} FROM {}").format(SQL(objects), _outsiders(connection)))
        for (role,) in connection.execute(_sql("list_schema_users")).fetchall():
            grant = SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA orchestrator TO {}")
            connection.execute(grant.format(Identifier(role)))


def list_shared_tables(connection: Connection) -> set[str]:
    """Return the names of the shared tables that this database has."""
    found = connection.execute(_sql("list_shared_tables"), {"tables": list(SHARED_TABLES)})
    return {name for (name,) in found}


def list_created_tables(connection: Connection) -> set[str]:
    """Return the names of the shared tables that this product created, as far as that is known."""
    return {name for (name,) in connection.execute("SELECT table_name FROM orchestrator.created_tables")}


def close_tables(connection: Connection, tables: Collection[str]) -> None:
    """Close shared tables, in the caller's transaction: row level security, and nothing for PUBLIC and the web roles.

    Every other role that holds a grant can read and write as before, and adds no triggers (G12).
    """
    for table in sorted(tables):
        name = Identifier("public", table)
        connection.execute(SQL("REVOKE ALL ON {} FROM {}").format(name, _outsiders(connection)))
        connection.execute(SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
    for holder in list_trigger_holders(connection, tables):
        revoke = SQL("REVOKE TRIGGER ON {} FROM {}")
        connection.execute(revoke.format(Identifier("public", holder.table_name), Identifier(holder.role)))
    admit_grantees(connection, tables)


def close_created_table(connection: Connection, table: str) -> None:
    """Close one table that may be in use.

    Raises:
        TableInUse: its lock was not free within a second.
    """
    try:
        with connection.transaction():
            connection.execute(SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
            close_tables(connection, [table])
    except LockNotAvailable:
        raise TableInUse(
            f"{table}: its lock was not free in time. Look for long transactions in pg_stat_activity, then run this "
            "command again."
        ) from None


def admit_grantees(connection: Connection, tables: Collection[str]) -> None:
    """Let the policy of each closed table show every row to exactly the roles that hold a grant on it."""
    parameters = {**_web_roles(), "tables": list(tables), "policy": POLICY}
    for table, is_closed, grantees, admitted in connection.execute(_sql("list_policy_roles"), parameters).fetchall():
        if is_closed and grantees and grantees != admitted:
            change = "CREATE POLICY {} ON {} TO {} USING (true)" if admitted is None else "ALTER POLICY {} ON {} TO {}"
            roles = SQL(", ").join(map(Identifier, grantees))
            connection.execute(SQL(change).format(Identifier(POLICY), Identifier("public", table), roles))


def read_access(connection: Connection) -> list[TableAccess]:
    """Read which roles can read or write rows of the shared tables. Superusers, who can always, are left out."""
    with connection.cursor(row_factory=class_row(TableAccess)) as cursor:
        parameters = {**_web_roles(), "tables": list(SHARED_TABLES)}
        return cursor.execute(_sql("list_table_access"), parameters).fetchall()


def list_web_views(connection: Connection) -> list[WebView]:
    """List the views through which web roles reach shared tables and those of our schema past their grants."""
    with connection.cursor(row_factory=class_row(WebView)) as cursor:
        parameters = {**_web_roles(), "tables": list(SHARED_TABLES)}
        return cursor.execute(_sql("list_web_views"), parameters).fetchall()


def list_web_functions(connection: Connection) -> list[WebFunction]:
    """List the functions through which web roles may reach shared tables past their grants."""
    with connection.cursor(row_factory=class_row(WebFunction)) as cursor:
        parameters = {**_web_roles(), "tables": list(SHARED_TABLES)}
        return cursor.execute(_sql("list_web_functions"), parameters).fetchall()


def list_trigger_holders(connection: Connection, tables: Collection[str] = SHARED_TABLES) -> list[TriggerHolder]:
    """List the roles besides their owners that may add triggers to these tables."""
    with connection.cursor(row_factory=class_row(TriggerHolder)) as cursor:
        return cursor.execute(_sql("list_trigger_holders"), {**_web_roles(), "tables": list(tables)}).fetchall()


def _outsiders(connection: Connection) -> Composed:
    """PUBLIC and the web roles of this server, as a GRANT or REVOKE names them."""
    roles = connection.execute(_sql("list_web_roles"), _web_roles())
    return SQL(", ").join([SQL("PUBLIC"), *(Identifier(role) for (role,) in roles)])


def _web_roles() -> dict[str, list[str]]:
    return {"web_roles": list(WEB_ROLES)}


def _sql(name: str) -> bytes:
    # `store.database` imports what checks row level security, so its `sql` cannot be used here.
    return read_statement(name).encode()
