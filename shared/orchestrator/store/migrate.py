"""Applies the dated SQL files of `migrations/` in order, once each, and makes the functions of stored statements."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import Connection, sql
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from orchestrator.store.stored_statements import create_functions

MIGRATIONS = Path(__file__).parent / "migrations"

# A migration that waits for a table's lock makes every later statement on that table wait behind it. So it gives up
# after a second, lets the others pass, and tries again for two minutes.
LOCK_TIMEOUT = "1s"
RETRY_SECONDS = 120
# The key of the advisory lock that every runner of this project takes; an arbitrary number.
RUNNER_LOCK = 7_214_093_115


@dataclass(frozen=True, slots=True)
class Migration:
    """One dated file; its name is what `schema_migrations` records, so that its comments may change."""

    name: str
    text: str

    @property
    def concurrent(self) -> bool:
        """Whether its statements run one by one outside a transaction, as CREATE INDEX CONCURRENTLY must."""
        return self.text.startswith("-- concurrently")


def migrations() -> list[Migration]:
    """Return all migrations, oldest first."""
    return [Migration(file.stem, file.read_text()) for file in sorted(MIGRATIONS.glob("*.sql"))]


def read_unapplied_migrations(connection: Connection) -> list[str]:
    """Return the names of the migrations that this database lacks, oldest first."""
    (exists,) = connection.execute("SELECT to_regclass('orchestrator.schema_migrations') IS NOT NULL").fetchone() or (
        False,
    )
    applied = _applied(connection) if exists else set()
    return [migration.name for migration in migrations() if migration.name not in applied]


def migrate(url: str) -> list[str]:
    """Bring a database up to date.

    Args:
        url: a direct connection, not one through a transaction-mode pooler: the runner's lock belongs to its session.

    Returns:
        The names applied by this run; empty when nothing was pending.

    Raises:
        psycopg.Error: a migration failed. Its changes are rolled back, and the migrations before it stay.
    """
    with psycopg.connect(
        url, autocommit=True, prepare_threshold=None, application_name="orchestrator-migrate"
    ) as connection:
        connection.execute(sql.SQL("SET lock_timeout = {}").format(LOCK_TIMEOUT))
        _wait_for_other_runners(connection)
        applied = apply_migrations(connection)
        create_functions(connection)
        return applied


def apply_migrations(connection: Connection) -> list[str]:
    """Apply the pending migrations, without the functions of stored statements; return their names."""
    _create_journal(connection)
    names = read_unapplied_migrations(connection)
    for migration in migrations():
        if migration.name in names:
            _apply(connection, migration)
    return names


def _wait_for_other_runners(connection: Connection) -> None:
    # The runner polls for the lock instead of waiting for it. A waiting statement holds a snapshot, and CREATE INDEX
    # CONCURRENTLY in the other runner would wait for that snapshot for ever.
    while True:
        (is_ours,) = connection.execute("SELECT pg_try_advisory_lock(%s)", (RUNNER_LOCK,)).fetchone() or (False,)
        if is_ours:
            return
        time.sleep(0.1)


def _create_journal(connection: Connection) -> None:
    connection.execute("CREATE SCHEMA IF NOT EXISTS orchestrator")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS orchestrator.schema_migrations"
        " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
    )


def _applied(connection: Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM orchestrator.schema_migrations")}


def _apply(connection: Connection, migration: Migration) -> None:
    for attempt in Retrying(
        retry=retry_if_exception_type((psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)),
        wait=wait_random_exponential(multiplier=0.2, max=3),
        stop=stop_after_delay(RETRY_SECONDS),
        reraise=True,
    ):
        with attempt:
            if migration.concurrent:
                for statement in _statements(migration.text):
                    _build_index(connection, statement)
                _record(connection, migration)
            else:
                with connection.transaction():
                    connection.execute(migration.text.encode())
                    _record(connection, migration)


def _record(connection: Connection, migration: Migration) -> None:
    connection.execute("INSERT INTO orchestrator.schema_migrations (name) VALUES (%s)", (migration.name,))


def _statements(text: str) -> Iterator[str]:
    without_comments = re.sub(r"--.*", "", text)
    return (statement.strip() for statement in without_comments.split(";") if statement.strip())


def _build_index(connection: Connection, statement: str) -> None:
    name = re.search(r"INDEX CONCURRENTLY IF (?:NOT )?EXISTS (\w+)", statement)
    assert name, f"A concurrent migration creates an index IF NOT EXISTS or drops it IF EXISTS, by name: {statement}"
    is_broken = connection.execute(
        "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid", (name[1],)
    ).fetchone()
    # An interrupted build leaves an invalid index behind, which IF NOT EXISTS would take for the real one.
    if is_broken and statement.startswith("CREATE"):
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(name[1])))
    connection.execute(statement.encode())
