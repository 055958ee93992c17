"""The database that a command acts on."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection

from orchestrator.clock import Clock, clock_from_environment
from orchestrator.settings import DatabaseSettings, load
from orchestrator.store.database import Database


@contextmanager
def open_database() -> Iterator[tuple[Connection, Clock]]:
    """The database that the environment names, and the clock that goes with it."""
    with Database(load(DatabaseSettings)).connection() as connection:
        yield connection, clock_from_environment()
