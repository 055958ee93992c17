"""Stored statements: hot statements of `sql/` that also exist as functions in the database, which keeps their plans.

Planning the statements of a delivery takes longer than executing them, and prepared statements do not work through a
transaction-mode pooler (G8). A PL/pgSQL function keeps the plans of its statements for as long as the server's session
lives, whichever client has borrowed that session.

`orchestrator migrate` makes each function from the file. Its name ends with a digest of it. New code
therefore calls the statement that it was written with, and the code before it, which may still run, calls its own.
`docs/statements.md` explains how to change, debug or rename a statement.
"""

import hashlib
import re
from datetime import timedelta
from functools import cache
from pathlib import Path

from psycopg import Connection
from psycopg.pq import ExecStatus

from orchestrator.errors import OrchestratorError

STATEMENTS = Path(__file__).parent / "sql"
STORED = (
    # Intake.
    "find_people",
    "find_conversation_owners",
    "find_publishers",
    "find_sequences",
    "read_agents",
    "read_agent_groups",
    "insert_messages",
    "supersede_messages",
    "count_agent_messages",
    # Delivery.
    "read_state",
    "lock_users",
    "lock_messages",
    "store_decisions",
    "store_words",
    "reserve",
    "lock_users_of_attempts",
    "settle",
    # Status reports.
    "apply_status_reports",
)
# How long a function stays after the first migrate that did not need it: a deploy that goes back still calls it.
KEEP_UNNEEDED = timedelta(days=30)
# One plan for all calls, made once in each session. Left to itself, Postgres plans a statement again with each call
# where it expects a plan for the given values to be cheaper, and planning takes longer than that saves
# (https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-PLAN-CACHE-MODE).
# And never compiled: where Postgres expects a plan to be dear, it compiles it again for each call, which takes a second
# (https://www.postgresql.org/docs/current/jit-decision.html).
_OPTIONS = "SET plan_cache_mode = force_generic_plan SET jit = off"
_PARAMETER = re.compile(r"%\((\w+)\)s(?:::(\w+(?:\[\])?))?")
# A string literal, in which two dashes are no comment, or a comment.
_LITERAL_OR_COMMENT = re.compile(r"('(?:[^']|'')*')|--[^\n]*")
_TIMESTAMPTZ = 1184
# The one parameter that statements leave without a cast. Postgres could not always tell it from a time without a zone.
_NOW = "now"


class StatementRefused(OrchestratorError):
    """Postgres cannot prepare a stored statement with this database's tables; the text quotes Postgres."""


def read_statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return (STATEMENTS / f"{name}.sql").read_text()


@cache
def stored_call(name: str) -> bytes:
    """Return the statement that calls a stored statement, with the same named parameters."""
    given = {parameter: f"%({parameter})s" + (f"::{kind}" if kind else "") for parameter, kind in _parameters(name)}
    return f"SELECT * FROM orchestrator.{function_name(name)}({', '.join(given.values())})".encode()


def function_name(name: str) -> str:
    """Return the name of a stored statement's function. Comments and white space at line ends do not change it.

    What else decides how the function works is in the digest too, so that a database that has the former one gets it.
    """
    return f"{name}_{hashlib.sha256((_code(name) + _OPTIONS).encode()).hexdigest()[:8]}"


def missing_functions(connection: Connection) -> list[str]:
    """List the stored statements for which this database lacks the function that this code calls."""
    rows = connection.execute("SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace('orchestrator')")
    existing = {function for (function,) in rows}
    return [name for name in STORED if function_name(name) not in existing]


def create_functions(connection: Connection) -> None:
    """Make the missing functions of stored statements."""
    for name in missing_functions(connection):
        # In one transaction, so that a pooler describes what it prepared.
        with connection.transaction():
            connection.execute(_definition(connection, name).encode())


def drop_unneeded_functions(connection: Connection) -> None:
    """Drop the functions of stored statements that no code needed for `KEEP_UNNEEDED`."""
    parameters = {"needed": [function_name(name) for name in STORED], "keep": KEEP_UNNEEDED}
    for function, may_be_dropped in connection.execute(
        read_statement("register_stored_statements").encode(), parameters
    ).fetchall():
        if may_be_dropped:
            with connection.transaction():
                connection.execute(f"DROP FUNCTION orchestrator.{function}".encode())
                connection.execute("DELETE FROM orchestrator.stored_statements WHERE function_name = %s", (function,))


def _code(name: str) -> str:
    """The statement without comments, blank lines and white space at line ends."""
    code = _LITERAL_OR_COMMENT.sub(lambda found: found[1] or "", read_statement(name))
    return "\n".join(line.rstrip() for line in code.splitlines() if line.strip())


def _parameters(name: str) -> list[tuple[str, str]]:
    """The parameters in the order of their first use, each with the type of its first cast, or an empty string."""
    types: dict[str, str] = {}
    for parameter, kind in _PARAMETER.findall(_code(name)):
        types[parameter] = types.get(parameter) or kind
    return list(types.items())


def _definition(connection: Connection, name: str) -> str:
    parameters = _parameters(name)
    places = {parameter: place for place, (parameter, _) in enumerate(parameters, start=1)}
    text = re.sub(r"%\((\w+)\)s", lambda found: f"${places[found[1]]}", _code(name)).replace("%%", "%")
    oids = [_TIMESTAMPTZ if parameter == _NOW and not kind else 0 for parameter, kind in parameters]
    # Postgres describes the types of the parameters and of the result.
    prepared = connection.pgconn.prepare(b"", text.encode(), oids)
    if prepared.status != ExecStatus.COMMAND_OK:
        raise StatementRefused(f"{name}: {prepared.error_message.decode()}")
    described = connection.pgconn.describe_prepared(b"")
    takes = [_type(connection, described.param_type(place)) for place in range(described.nparams)]
    gives = [
        f'"{(described.fname(place) or b"?").decode()}" {_type(connection, described.ftype(place))}'
        for place in range(described.nfields)
    ]
    returns = f"TABLE ({', '.join(gives)})" if gives else "void"
    body = f"RETURN QUERY {text};" if gives else f"{text};"
    signature = f"orchestrator.{function_name(name)}({', '.join(takes)})"
    # A name that is a column of a table and of the result means the table's column, as in the file.
    code = f"#variable_conflict use_column\nBEGIN\n{body}\nEND"
    create = f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql {_OPTIONS} AS $stored$\n{code}\n$stored$"
    return f"{create}; REVOKE ALL ON FUNCTION {signature} FROM PUBLIC"


def _type(connection: Connection, oid: int) -> str:
    ((name,),) = connection.execute("SELECT format_type(%s::oid, NULL)", (oid,)).fetchall()
    return str(name)
