"""Closes our own schema to PUBLIC and to the roles of a web API (G12)."""

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from orchestrator.store.stored_statements import read_statement

# The roles under which Supabase answers requests from the web. It grants them ALL on what is created in `public`
# (https://supabase.com/kb/troubleshooting/cant-change-the-default-privileges-of-supabase_admin-in-the-public-schema).
WEB_ROLES = ("anon", "authenticated")
_SCHEMA_OBJECTS = (
    "SCHEMA orchestrator",
    "ALL TABLES IN SCHEMA orchestrator",
    "ALL SEQUENCES IN SCHEMA orchestrator",
    "ALL FUNCTIONS IN SCHEMA orchestrator",
)


def is_schema_closed(connection: Connection) -> bool:
    """Whether our schema grants nothing to PUBLIC or a web role, and its functions to each role that may use it."""
    (closed,) = connection.execute(_sql("is_schema_closed"), {"web_roles": list(WEB_ROLES)}).fetchone() or (False,)
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


def _outsiders(connection: Connection) -> Composed:
    """PUBLIC and the web roles of this server, as a GRANT or REVOKE names them."""
    roles = connection.execute(_sql("list_roles"), {"roles": list(WEB_ROLES)})
    return SQL(", ").join([SQL("PUBLIC"), *(Identifier(role) for (role,) in roles)])


def _sql(name: str) -> bytes:
    return read_statement(name).encode()
