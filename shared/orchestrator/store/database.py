"""Connects to Postgres, sends statements in one round trip, and turns rows into arrays (G5, G8)."""

import json
import select
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as WallTime  # noqa: N812
from decimal import Decimal
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection, Cursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.json import Jsonb

from orchestrator.aws.faults import cause_of
from orchestrator.aws.secrets import expire_secrets
from orchestrator.clock import Clock, HostClock, Stopwatch, parse_wall_time, real_time
from orchestrator.errors import SettingsError
from orchestrator.settings import DatabaseSettings, refresh
from orchestrator.store.row_security import check_row_security
from orchestrator.store.stored_statements import STORED, read_statement, stored_call

# A connection that was not tested for so long is tested before its next use: a pooler or a failover may have ended it.
UNTESTED_SECONDS = 30.0
Row = TypeVar("Row")
# A statement takes milliseconds. One that waits longer than this fails, and its batch comes back.
STATEMENT_SECONDS = 10


class Database:
    """One connection per process: opened at the first use, kept between invocations, replaced when it breaks.

    Args:
        clock: the process's clock. The host's is compared with the database's whenever the connection is tested (G6);
            another one is moved on purpose, and is not compared.
    """

    def __init__(self, settings: DatabaseSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock if isinstance(clock, HostClock) else None
        self._connection: Connection | None = None
        self._since_test = Stopwatch()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Yield the process's connection, in autocommit mode.

        Raises:
            SettingsError: row level security hides rows from the connection's role.
            psycopg.Error: after a fault that is no record's own, the next use opens a new connection.
            ClockWrong: the clocks of host and database differ by more than can be corrected.
        """
        connection = self._usable_connection()
        try:
            yield connection
        except psycopg.Error as error:
            # The session itself may be at fault: it turned read-only, its server shuts down, its pooler broke.
            if cause_of(error) is not None:
                connection.close()
            raise

    def prepare(self) -> None:
        """Open or test the connection, which compares the clocks, before a procedure reads the time."""
        self._usable_connection()

    def _usable_connection(self) -> Connection:
        connection = self._connection
        # A pooler or a failover may have ended an idle connection, and an urgent text must not fail on it.
        if connection is not None and not connection.closed and self._is_doubtful(connection):
            try:
                self._test(connection)
            except psycopg.Error:
                connection.close()
        if connection is None or connection.closed:
            connection = self._connection = self._connect()
            if self._clock is not None:
                self._test(connection)
            self._since_test.restart()
        return connection

    def _connect(self) -> Connection:
        try:
            connection = connect(refresh(self._settings).database_url.get_secret_value())
        except psycopg.OperationalError:
            expire_secrets()  # the password may have been rotated
            raise
        try:
            check_row_security(connection)
        except SettingsError:
            connection.close()
            raise
        return connection

    def _is_doubtful(self, connection: Connection) -> bool:
        """Whether the server sent something unasked, as when it closes, or the last test was long ago."""
        socket = select.poll()
        socket.register(connection.fileno(), select.POLLIN)
        return bool(socket.poll(0)) or self._since_test.seconds() > UNTESTED_SECONDS

    def _test(self, connection: Connection) -> None:
        before = real_time()
        (database_time,) = only_row(connection.execute("SELECT clock_timestamp()"))
        if self._clock is not None:
            self._clock.compare(before, database_time, real_time())
        self._since_test.restart()


def connect(url: str) -> Connection:
    """Open a connection without session state: autocommit, and no server-side prepared statements (G8)."""
    connection = psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=5,
        application_name="orchestrator",
        # A server that vanished without closing is noticed within about the time that a statement may take.
        keepalives_idle=STATEMENT_SECONDS,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=STATEMENT_SECONDS * 1000,
    )
    connection.adapters.register_loader("time", _WallTimeLoader)
    return connection


class _WallTimeLoader(Loader):
    """Reads a `time` of Postgres; the driver's own loader fails on 24:00, and with it the whole batch."""

    def load(self, data: Buffer) -> WallTime:
        return parse_wall_time(bytes(data).decode())


def only_row(found: Cursor[Row]) -> Row:
    """Return the row of a statement that gives exactly one, such as counts."""
    (row,) = found.fetchall()
    return row


@contextmanager
def one_round_trip(connection: Connection) -> Iterator[None]:
    """Send the statements inside together; they commit together or not at all.

    A pipeline without a transaction block is one implicit transaction that ends with its one sync message. Under READ
    COMMITTED each statement sees what was committed before it began, so that the statement after a lock has a fresh
    snapshot.

    Raises:
        psycopg.OperationalError: a statement, or the lock that it waited for, took longer than `STATEMENT_SECONDS`.
    """
    with connection.pipeline():
        # For this transaction alone, because a pooler lends the session to other clients.
        limit_statement_time(connection, STATEMENT_SECONDS)
        yield


def limit_statement_time(connection: Connection, seconds: float) -> None:
    """Let each later statement of this transaction fail that takes longer than these seconds, locks included."""
    # At least a millisecond: 0 would be no bound.
    milliseconds = max(1, round(seconds * 1000))
    connection.execute(f"SELECT set_config('statement_timeout', '{milliseconds}ms', true)".encode())


@cache
def sql(name: str) -> bytes:
    """Return the statement in `sql/<name>.sql`, or the call of its function where it is a stored statement."""
    return stored_call(name) if name in STORED else read_statement(name).encode()


def columns(rows: Sequence[Any], *names: str) -> dict[str, str]:
    """Turn rows into arrays for `unnest`, one for each named attribute; the statement casts each to its type.

    The arrays are written in Postgres's text format: the driver's own conversion of a list takes ten times as long, and
    a delivery has thirty lists.

    Example:
        >>> columns([Renewal(id=1, due=None)], "id", "due")
        {'id': '{1}', 'due': '{NULL}'}
    """
    return {name: array(map(attrgetter(name), rows)) for name in names}


def array(values: Iterable[object]) -> str:
    """Turn values into one array, as `columns` does for each attribute.

    Most columns hold one type, or the same object in each row, which is written once.
    """
    found = list(values)
    if len({*map(id, found)}) == 1:
        elements = [_element(found[0])] * len(found)
    else:
        types = {*map(type, found)} - {NoneType}
        write = _WRITERS.get(types.pop(), _element) if len(types) == 1 else _element
        elements = ["NULL" if value is None else write(value) for value in found]
    return "{" + ",".join(elements) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# How to write the elements of a column of one type. The hexadecimal digits of a UUID are made faster than its text.
_WRITERS: Mapping[type, Callable[[Any], str]] = {
    UUID: attrgetter("hex"),
    str: _quoted,
    **dict.fromkeys((int, float, Decimal, datetime, date), str),
}


def _element(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case str():
            return _quoted(value)
        case bool():
            return "t" if value else "f"
        case Jsonb(obj=content):
            return _element(json.dumps(content))
        case UUID() | int() | float() | Decimal() | datetime() | date():
            return str(value)
        case list() | tuple():
            return array(value)
    raise TypeError(f"{type(value).__name__} has no array format here")
