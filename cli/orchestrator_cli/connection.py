"""Opens the database that a command acts on."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection

from orchestrator.clock import Clock, clock_from_environment
from orchestrator.settings import DatabaseSettings, load
from orchestrator.store.database import Database


@contextmanager
def open_database() -> Iterator[tuple[Connection, Clock]]:
    """Connect to the database of `DATABASE_URL`; yields the connection, and the clock that belongs to it.

    Raises:
        SettingsError: `DATABASE_URL` is missing or malformed.
        psycopg.OperationalError: the database cannot be reached.
    """
    with Database(load(DatabaseSettings)).connection() as connection:
        yield connection, clock_from_environment()
