"""Statements whose plans Postgres keeps.

Planning what a delivery asks takes longer than doing it, and a pooler that lends sessions forbids prepared statements
(G8). A function in PL/pgSQL keeps the plans of what is in it for as long as its session lives, whoever borrows that. So
each hot statement of `sql/` stands in the database as a function too, made by `orchestrator migrate` from the file
itself. Its name carries a digest of the text: code calls the very statement it was written with, and the code before
it, which may still run, has its own.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

from psycopg import Connection
from psycopg.pq import ExecStatus

STATEMENTS = Path(__file__).parent / "sql"
KEPT = (
    # The way in.
    "find_people",
    "find_conversations",
    "find_parts",
    "read_agents",
    "read_rates",
    "insert_messages",
    "supersede",
    "count_agents",
    # The way out.
    "read_state",
    "lock_users",
    "lock_messages",
    "store_decisions",
    "store_words",
    "reserve",
    "lock_users_of_attempts",
    "settle",
    # The way back.
    "move_statuses",
)
_PARAMETER = re.compile(r"%\((\w+)\)s(?:::(\w+(?:\[\])?))?")
_TIMESTAMPTZ = 1184
# The one parameter that statements leave without a cast. Postgres could not always tell it from a time without a zone.
_NOW = "now"


def raw(name: str) -> str:
    """The statement in `sql/<name>.sql`."""
    return (STATEMENTS / f"{name}.sql").read_text()


@cache
def call_of(name: str) -> bytes:
    """The call of a kept statement, with the same named parameters."""
    given = {parameter: f"%({parameter})s" + (f"::{kind}" if kind else "") for parameter, kind in _parameters(name)}
    return f"SELECT * FROM orchestrator.{_function(name)}({', '.join(given.values())})".encode()


def missing_functions(connection: Connection) -> list[str]:
    """The kept statements that this database does not have as this code needs them."""
    there = {name for (name,) in connection.execute(_FUNCTIONS)}
    return [name for name in KEPT if _function(name) not in there]


def create_functions(connection: Connection) -> None:
    """Make a function of each kept statement; of earlier ones the last stays, for code that still runs."""
    for name in missing_functions(connection):
        with connection.transaction():  # what is described must be what was prepared, through a pooler too
            connection.execute(_definition(connection, name).encode())
    there = [found for (found,) in connection.execute(_FUNCTIONS)]
    for name in KEPT:
        former = [found for found in there if _is_former(found, name)]
        for found in former[:-1]:
            connection.execute(f"DROP FUNCTION IF EXISTS orchestrator.{found}".encode())


# Oldest first.
_FUNCTIONS = (
    "SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace('orchestrator')"
    " AND proname ~ '_[0-9a-f]{8}$' ORDER BY oid"
)


def _function(name: str) -> str:
    return f"{name}_{hashlib.sha256(raw(name).encode()).hexdigest()[:8]}"


def _is_former(found: str, name: str) -> bool:
    return found[:-9] == name and found != _function(name)


def _parameters(name: str) -> list[tuple[str, str]]:
    """Its parameters in the order of their first use, each with the type that it is cast to somewhere, if it is."""
    types: dict[str, str] = {}
    for parameter, kind in _PARAMETER.findall(raw(name)):
        types[parameter] = types.get(parameter) or kind
    return list(types.items())


def _definition(connection: Connection, name: str) -> str:
    parameters = _parameters(name)
    places = {parameter: place for place, (parameter, _) in enumerate(parameters, start=1)}
    text = re.sub(r"%\((\w+)\)s", lambda found: f"${places[found[1]]}", raw(name)).replace("%%", "%")
    oids = [_TIMESTAMPTZ if parameter == _NOW and not kind else 0 for parameter, kind in parameters]
    # Postgres itself says which types go in and come out.
    prepared = connection.pgconn.prepare(b"", text.encode(), oids)
    if prepared.status != ExecStatus.COMMAND_OK:
        raise RuntimeError(f"{name}: {prepared.error_message.decode()}")
    described = connection.pgconn.describe_prepared(b"")
    takes = [_type(connection, described.param_type(place)) for place in range(described.nparams)]
    gives = [
        f'"{(described.fname(place) or b"?").decode()}" {_type(connection, described.ftype(place))}'
        for place in range(described.nfields)
    ]
    returns = f"TABLE ({', '.join(gives)})" if gives else "void"
    body = f"RETURN QUERY {text};" if gives else f"{text};"
    signature = f"orchestrator.{_function(name)}({', '.join(takes)}) RETURNS {returns}"
    # A name that is both a column of a table and one of the result means the table's, as in the file.
    code = f"#variable_conflict use_column\nBEGIN\n{body}\nEND"
    return f"CREATE FUNCTION {signature} LANGUAGE plpgsql AS $kept$\n{code}\n$kept$"


def _type(connection: Connection, oid: int) -> str:
    (name,) = connection.execute("SELECT format_type(%s::oid, NULL)", (oid,)).fetchone() or ("",)
    return str(name)
