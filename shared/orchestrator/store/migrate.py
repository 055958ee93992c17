"""Applies the dated SQL files of `migrations/` in order, once each, and makes the functions of stored statements."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import Connection, sql
from tenacity import Retrying, retry_if_exception_type, stop_before_delay, wait_random_exponential

from orchestrator.clock import Countdown, countdown
from orchestrator.errors import OrchestratorError, SettingsError
from orchestrator.store.access import (
    LOCK_TIMEOUT,
    admit_grantees,
    close_tables,
    is_schema_closed,
    list_created_tables,
    list_shared_tables,
)
from orchestrator.store.runtime_role import grant_rights, groups, list_missing_rights
from orchestrator.store.stored_statements import create_functions, drop_unneeded_functions, missing_functions

MIGRATIONS = Path(__file__).parent / "migrations"

# A migration gives up on a lock after `LOCK_TIMEOUT`, lets the others pass, and tries again for two minutes.
RETRY_SECONDS = 120
# How long a runner waits for another one.
RUNNER_SECONDS = 600
# How long a run takes at most where its caller gives no time: a day, which an index on a very large table may need.
LONGEST_RUN_SECONDS = 86_400
# The key of the advisory lock that every runner of this project takes; an arbitrary number.
RUNNER_LOCK = 7_214_093_115


class NotMigrated(OrchestratorError):
    """The database could not be brought up to date in time; the text gives the cause and the fix."""


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
    ((exists,),) = connection.execute("SELECT to_regclass('orchestrator.schema_migrations') IS NOT NULL").fetchall()
    applied = _applied(connection) if exists else set()
    return [migration.name for migration in migrations() if migration.name not in applied]


def migrate(url: str, seconds: float = LONGEST_RUN_SECONDS) -> list[str]:
    """Bring a database up to date. When nothing is pending, this waits for no lock.

    Args:
        url: a direct connection, not one through a transaction-mode pooler: the runner's lock belongs to its session.
        seconds: how long it may take.

    Returns:
        The names applied by this run; empty when nothing was pending.

    Raises:
        SettingsError: migrations are pending, and the connection leads through a transaction-mode pooler.
        NotMigrated: another runner, or a lock on a table, did not end in time.
        psycopg.Error: a migration failed. Its changes are rolled back, and the migrations before it stay.
    """
    seconds_left = countdown(seconds)
    with _connect(url) as connection:
        if _is_up_to_date(connection):
            _drop_unneeded_functions(connection)
            return []
        _refuse_pooler(connection, url)
        with _runner_lock(connection, seconds_left):
            applied = apply_migrations(connection, seconds_left)
            create_functions(connection)
            _set_rights(connection, seconds_left)
        _drop_unneeded_functions(connection)
        return applied


def apply_migrations(connection: Connection, seconds_left: Countdown | None = None) -> list[str]:
    """Apply the pending migrations, without the functions of stored statements; return their names.

    Raises:
        NotMigrated: the time was over, or a table's lock was not free.
    """
    seconds_left = seconds_left or countdown(LONGEST_RUN_SECONDS)
    _create_journal(connection)
    names = read_unapplied_migrations(connection)
    for migration in migrations():
        if migration.name in names:
            with _in_time(migration.name):
                _apply(connection, migration, seconds_left)
    return names


def _is_up_to_date(connection: Connection) -> bool:
    is_complete = not read_unapplied_migrations(connection) and not missing_functions(connection)
    if not (is_complete and is_schema_closed(connection)):
        return False
    return not any(list_missing_rights(connection, role) for role in groups())


def _set_rights(connection: Connection, seconds_left: Countdown) -> None:
    """Close our schema, and let the functions' role in; the policies of closed tables follow their grants."""
    grant_rights(connection)
    with _in_time("policies"):
        for attempt in _attempts(seconds_left):
            with attempt, connection.transaction():
                _set_timeouts(connection, LOCK_TIMEOUT, "0", of_transaction=True)
                admit_grantees(connection, list_created_tables(connection))


def _connect(url: str) -> Connection:
    return psycopg.connect(
        url, autocommit=True, prepare_threshold=None, connect_timeout=10, application_name="orchestrator-migrate"
    )


def _refuse_pooler(connection: Connection, url: str) -> None:
    """Check that this connection keeps its session.

    A transaction-mode pooler binds a session to a client only while a transaction is open. When another client opens
    one, it gets the session that this client just used, or this client gets another one afterwards.

    Raises:
        SettingsError: the session is lent.
    """
    own = _backend(connection)
    with _connect(url) as other, other.transaction():
        is_lent = _backend(other) == own or _backend(connection) != own
    if is_lent:
        raise SettingsError(
            "MIGRATION_DATABASE_URL: the connection leads through a transaction-mode pooler, which lends one session "
            "to several clients, and migrations need one of their own. Set it to the database's own address or to a "
            "session-mode pooler. Supabase: the direct connection, or the session pooler on port 5432. PgBouncer, "
            "RDS Proxy: the address of the server behind it."
        )


def _backend(connection: Connection) -> object:
    return connection.execute("SELECT pg_backend_pid()").fetchone()


@contextmanager
def _runner_lock(connection: Connection, seconds_left: Countdown) -> Iterator[None]:
    """Hold the lock of runners, for the session, and give it back.

    Raises:
        NotMigrated: another runner did not end in time.
    """
    # The runner polls for the lock instead of waiting for it. A waiting statement holds a snapshot, and CREATE INDEX
    # CONCURRENTLY in the other runner would wait for that snapshot for ever.
    waits = countdown(min(RUNNER_SECONDS, seconds_left()))
    while connection.execute("SELECT pg_try_advisory_lock(%s)", (RUNNER_LOCK,)).fetchone() != (True,):
        if waits() < 0:
            raise NotMigrated(_name_other_runner(connection))
        time.sleep(0.1)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (RUNNER_LOCK,))


def _name_other_runner(connection: Connection) -> str:
    holder = connection.execute(
        "SELECT pid, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI TZ')"
        "  FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.database = a.datid"
        "   AND (l.classid::bigint << 32) | l.objid::bigint = %s",
        (RUNNER_LOCK,),
    ).fetchone()
    who = f" (backend {holder[0]}, connected since {holder[1]})" if holder else ""
    return (
        f"Another run of the migrations{who} has not ended. Wait for it, then run `orchestrator migrate`; if it is "
        "dead, end it with pg_terminate_backend."
    )


def _drop_unneeded_functions(connection: Connection) -> None:
    # The transaction's own lock, which no session keeps. Where another runner has it, that one does this.
    with connection.transaction():
        if connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (RUNNER_LOCK,)).fetchone() == (True,):
            _set_timeouts(connection, LOCK_TIMEOUT, "0", of_transaction=True)
            drop_unneeded_functions(connection)


def _set_timeouts(connection: Connection, lock: str, statement: str, *, of_transaction: bool) -> None:
    connection.execute(
        "SELECT set_config('lock_timeout', %s, %s), set_config('statement_timeout', %s, %s)",
        (lock, of_transaction, statement, of_transaction),
    )


def _create_journal(connection: Connection) -> None:
    connection.execute("CREATE SCHEMA IF NOT EXISTS orchestrator")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS orchestrator.schema_migrations"
        " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
    )


def _applied(connection: Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM orchestrator.schema_migrations")}


@contextmanager
def _in_time(what: str) -> Iterator[None]:
    """Turn the end of the time for a migration into the cause and the fix.

    Raises:
        NotMigrated: a lock was not free in time, or a statement did not end.
    """
    try:
        yield
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise NotMigrated(
            f"{what}: a lock on one of its tables was not free in time. Look for long transactions in "
            "pg_stat_activity, then run `orchestrator migrate`."
        ) from None
    except psycopg.errors.QueryCanceled:
        raise NotMigrated(
            f"{what}: did not end in time. Run `orchestrator migrate` by hand, which has more time."
        ) from None


def _attempts(seconds_left: Countdown) -> Retrying:
    """Tries for a lock, with ever longer waits between them."""
    return Retrying(
        retry=retry_if_exception_type((psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)),
        wait=wait_random_exponential(multiplier=0.2, max=3),
        stop=stop_before_delay(min(RETRY_SECONDS, seconds_left())),
        reraise=True,
    )


def _apply(connection: Connection, migration: Migration, seconds_left: Countdown) -> None:
    for attempt in _attempts(seconds_left):
        with attempt:
            statement_timeout = f"{max(1.0, seconds_left()) * 1000:.0f}ms"
            if migration.concurrent:
                _apply_concurrently(connection, migration, statement_timeout)
            else:
                with connection.transaction():
                    _set_timeouts(connection, LOCK_TIMEOUT, statement_timeout, of_transaction=True)
                    existed = list_shared_tables(connection)
                    connection.execute(migration.text.encode())
                    # A shared table that this migration created was never open; an owner's own is not changed.
                    close_tables(connection, list_shared_tables(connection) - existed)
                    _record(connection, migration)


def _apply_concurrently(connection: Connection, migration: Migration, statement_timeout: str) -> None:
    """Run statements that no transaction may contain; their timeouts are the session's, and are taken back."""
    _set_timeouts(connection, LOCK_TIMEOUT, statement_timeout, of_transaction=False)
    try:
        for statement in _statements(migration.text):
            _build_index(connection, statement)
        _record(connection, migration)
    finally:
        if not connection.closed:
            connection.execute("RESET lock_timeout")
            connection.execute("RESET statement_timeout")


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
