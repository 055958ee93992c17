"""The connection to Postgres, as a transaction-mode pooler allows it (G8)."""

import json
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from orchestrator.aws.secrets import forget_secrets
from orchestrator.settings import DatabaseSettings, refresh
from orchestrator.store.stored_statements import STORED, read_statement, stored_call

# A connection that was idle for longer is asked whether it still lives before it is used.
IDLE_SECONDS = 30.0
# A statement of a function is a matter of milliseconds; one that waits for longer hands its batch back.
STATEMENT_SECONDS = 10
_BOUND_STATEMENTS = f"SELECT set_config('statement_timeout', '{STATEMENT_SECONDS}s', true)".encode()


class Database:
    """One connection per process, opened when first needed, kept between invocations, replaced once it breaks."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._connection: Connection | None = None
        self._last_used = 0.0

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The process's connection, in autocommit mode.

        Raises:
            psycopg.OperationalError: no connection, or it broke; the next use opens a new one.
        """
        connection = self._usable_connection()
        try:
            yield connection
        except psycopg.OperationalError:
            connection.close()
            raise
        finally:
            self._last_used = time.monotonic()

    def _usable_connection(self) -> Connection:
        # A pooler or failover may have ended it while nobody looked; an urgent text must not find that out.
        if self._connection is not None and not self._connection.closed and self._is_doubtful(self._connection):
            with suppress(psycopg.OperationalError):
                self._connection.execute("SELECT 1")
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> Connection:
        try:
            return connect(refresh(self._settings).database_url.get_secret_value())
        except psycopg.OperationalError:
            forget_secrets()  # the password may have been rotated
            raise

    def _is_doubtful(self, connection: Connection) -> bool:
        """Whether the server said something unasked, as it does when it closes, or nothing was said for long."""
        socket = select.poll()
        socket.register(connection.fileno(), select.POLLIN)
        return bool(socket.poll(0)) or time.monotonic() - self._last_used > IDLE_SECONDS


def connect(url: str) -> Connection:
    """Open a connection that keeps no session state: autocommit, and no server-side prepared statements."""
    return psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=5,
        application_name="orchestrator",
        # A server that vanished without a word is noticed in about as long as a statement may take.
        keepalives_idle=STATEMENT_SECONDS,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=STATEMENT_SECONDS * 1000,
    )


@contextmanager
def one_round_trip(connection: Connection) -> Iterator[None]:
    """Send the statements inside together; they commit together, or not at all.

    A pipeline without a transaction block is one implicit transaction that ends with its one sync message.
    Under READ COMMITTED each statement still sees what was committed before it began, so that a lock taken
    by the first makes the snapshot of the second a fresh one.

    Raises:
        psycopg.OperationalError: a statement, or a lock it waited for, took longer than `STATEMENT_SECONDS`.
    """
    with connection.pipeline():
        # For this transaction alone: a pooler lends the session to others.
        connection.execute(_BOUND_STATEMENTS)
        yield


@cache
def sql(name: str) -> bytes:
    """Return the statement in `sql/<name>.sql`, or the call of its function where it is a stored statement."""
    return stored_call(name) if name in STORED else read_statement(name).encode()


def columns(rows: Sequence[Any], *names: str) -> dict[str, str]:
    """Turn rows into arrays for `unnest`, one for each attribute named; the statement casts each to its type.

    They are written as Postgres reads them: the driver's own way with a list takes ten times as long, and a delivery
    has thirty of them.

    Example:
        >>> columns([Renewal(id=1, due=None)], "id", "due")
        {'id': '{1}', 'due': '{NULL}'}
    """
    return {name: f"{{{','.join([_element(getattr(row, name)) for row in rows])}}}" for name in names}


def _element(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case bool():
            return "t" if value else "f"
        case Jsonb(obj=content):
            return _element(json.dumps(content))
        case UUID() | int() | float() | Decimal() | datetime() | date():
            return str(value)
        case list() | tuple():
            return "{" + ",".join(map(_element, value)) + "}"
    raise TypeError(f"no array is made of {type(value).__name__}")
