"""Migrations on an empty database, twice, side by side, and on one that runs the system we replace."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from orchestrator.errors import SettingsError
from orchestrator.store import migrate as runner
from orchestrator.store.migrate import NotMigrated, migrate, migrations, read_unapplied_migrations
from orchestrator.store.old_senders import list_failing_number_triggers
from tests.transaction_pooler import transaction_pooler

EXISTING = (Path(__file__).parent / "existing_database.sql").read_text()

SHAPE = """
SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
  FROM information_schema.columns WHERE table_schema = 'public'
"""


def migrate_existing(url: str) -> None:
    """Make the former system's database, and migrate it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(EXISTING.encode())
    migrate(url)


def with_own_jobs(url: str) -> str:
    """Make the cron jobs of a copied database its own; returns its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE cron.job SET database = current_database()")
    return url


@pytest.fixture
def existing_database(empty_database: str) -> str:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(EXISTING.encode())
    return empty_database


def rows(connection: Connection, query: str) -> set[Any]:
    return set(connection.execute(query.encode()).fetchall())


def test_an_empty_database_is_brought_up_to_date_and_a_second_run_does_nothing(empty_database: str) -> None:
    assert migrate(empty_database) == [migration.name for migration in migrations()]
    assert migrate(empty_database) == []
    with psycopg.connect(empty_database) as connection:
        assert read_unapplied_migrations(connection) == []


def test_what_is_pending_can_be_asked_before_the_first_run(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        assert read_unapplied_migrations(connection) == [migration.name for migration in migrations()]


def test_four_runners_at_once_apply_each_migration_once(empty_database: str) -> None:
    applied: list[str] = []
    threads = [threading.Thread(target=lambda: applied.extend(migrate(empty_database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [migration.name for migration in migrations()]


def test_an_existing_database_keeps_all_it_has(existing_database: str) -> None:
    with psycopg.connect(existing_database, autocommit=True) as connection:
        shape = rows(connection, SHAPE)
        people = rows(connection, "SELECT id, phone_number, timezone FROM users")
        function = rows(connection, "SELECT prosrc FROM pg_proc WHERE proname = 'increment_message_budget'")
        triggers = rows(connection, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        migrate(existing_database)
        assert shape <= rows(connection, SHAPE), "nothing was dropped or retyped"
        assert people == rows(connection, "SELECT id, phone_number, timezone FROM users")
        assert function == rows(connection, "SELECT prosrc FROM pg_proc WHERE proname = 'increment_message_budget'")
        assert triggers <= rows(connection, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")


def test_in_an_existing_database_a_number_that_changes_is_kept_once_and_its_conversation_closes(
    existing_database: str,
) -> None:
    migrate(existing_database)
    with psycopg.connect(existing_database, autocommit=True) as connection:
        (trigger,) = list_failing_number_triggers(connection)
        connection.execute(trigger.removal.encode())
        connection.execute("UPDATE users SET phone_number = '+12125550111' WHERE first_name = 'Ada'")
        ada = "user_id = '00000000-0000-0000-0000-00000000000a'"
        assert rows(connection, "SELECT phone_number_history::text FROM users WHERE first_name = 'Ada'") == {
            ('["+12125550101"]',)
        }
        assert rows(connection, f"SELECT status FROM conversations WHERE {ada}") == {("closed",)}


def test_what_waited_for_another_sender_is_not_ours(existing_database: str) -> None:
    with psycopg.connect(existing_database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO messages (id, conversation_id, user_id, role, content, direction, status)"
            " SELECT '00000000-0000-0000-0000-0000000000ff', id, user_id, 'concierge', 'Hi', 'outbound', 'pending'"
            " FROM conversations LIMIT 1"
        )
        migrate(existing_database)
        assert rows(connection, "SELECT message_id::text FROM orchestrator.left_alone") == {
            ("00000000-0000-0000-0000-0000000000ff",)
        }


def test_writers_go_on_while_a_database_is_migrated(existing_database: str) -> None:
    stopping = threading.Event()
    longest_wait: list[float] = []
    failures: list[BaseException] = []

    def traffic() -> None:
        try:
            with psycopg.connect(existing_database, autocommit=True) as connection:
                while not stopping.is_set():
                    started = time.monotonic()
                    with connection.transaction():  # short, but always in the way of an ALTER TABLE
                        connection.execute(
                            "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for)"
                            " SELECT id, 'old', '{}', now() FROM users WHERE first_name = 'Ada'"
                        )
                        connection.execute("UPDATE users SET updated_at = now() WHERE first_name = 'Ada'")
                        time.sleep(0.01)
                    longest_wait.append(time.monotonic() - started)
        except psycopg.Error as error:
            failures.append(error)

    threads = [threading.Thread(target=traffic) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        applied = migrate(existing_database)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert len(applied) == len(migrations())
    assert failures == []


def test_a_lock_that_is_held_for_long_is_waited_for_in_short_tries(
    existing_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LOCK_TIMEOUT", "50ms")
    with psycopg.connect(existing_database) as holder:
        holder.execute("SELECT 1 FROM users FOR UPDATE")
        thread = threading.Thread(target=migrate, args=(existing_database,))
        thread.start()
        time.sleep(0.5)
        with psycopg.connect(existing_database, autocommit=True) as other:
            other.execute("SET statement_timeout = '2s'")
            other.execute("SELECT count(*) FROM users")  # nobody queues behind the migration for long
        assert thread.is_alive()
    thread.join(30)
    with psycopg.connect(existing_database) as connection:
        assert read_unapplied_migrations(connection) == []


def test_an_index_whose_build_was_cut_off_is_built_again(existing_database: str) -> None:
    with psycopg.connect(existing_database, autocommit=True) as connection:
        connection.execute("ALTER TABLE users ADD COLUMN external_id text")
        connection.execute("UPDATE users SET external_id = 'same'")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY users_by_external_id ON users (external_id)")
        connection.execute("UPDATE users SET external_id = NULL")
        migrate(existing_database)
        assert rows(connection, "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == set()


def test_a_migration_that_fails_leaves_nothing_of_itself(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = runner.Migration("9999_broken", "CREATE TABLE half_done (); SELECT 1 / 0;")
    monkeypatch.setattr(runner, "migrations", lambda: [broken])
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert rows(connection, "SELECT to_regclass('half_done')") == {(None,)}


def test_each_migration_is_additive() -> None:
    made: set[str] = set()
    for migration in migrations():
        made.update(re.findall(r"INDEX CONCURRENTLY IF NOT EXISTS (\w+)", migration.text))
        # An index of our own that another replaced: the code before it runs without, if more slowly.
        dropped = re.findall(r"DROP INDEX CONCURRENTLY IF EXISTS (\w+)", migration.text)
        assert set(dropped) <= made, "an index that is not ours"
        statements = re.sub(r"DROP INDEX CONCURRENTLY IF EXISTS \w+", "", migration.text)
        # A check of our own that a wider one of the same name replaces: the code before it writes less than it allows.
        for table, name in re.findall(r"ALTER TABLE (orchestrator\.\w+) DROP CONSTRAINT (\w+)", statements):
            assert f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK " in statements
            statements = statements.replace(f"DROP CONSTRAINT {name}", "")
        # A column of our own that may be null from now on: the code before it always writes a value.
        statements = re.sub(r"ALTER TABLE orchestrator\.\w+ ALTER COLUMN \w+ DROP NOT NULL", "", statements)
        # Our own settings of prefixes that differ in case alone become one row, with the stricter values.
        statements = statements.replace("DELETE FROM orchestrator.agents", "").upper()
        for word in ("DROP ", "ALTER COLUMN", "TRUNCATE", "DELETE FROM", "RENAME"):
            assert word not in statements, f"{migration.name} holds {word}"


# The guide's own statements, as written there ----------------------------------------------------------------------------

GUIDE = [
    "SELECT priority, status, COUNT(*) as count FROM message_queue WHERE status = 'queued' GROUP BY priority, status;",
    "SELECT u.phone_number, b.messages_sent, b.daily_limit, b.last_message_at FROM user_message_budget b"
    " JOIN users u ON b.user_id = u.id WHERE b.date = CURRENT_DATE ORDER BY b.messages_sent DESC;",
    "SELECT DATE(created_at) as date, COUNT(*) as operations, SUM(input_tokens) as total_input_tokens,"
    " SUM(output_tokens) as total_output_tokens, SUM(cost_usd) as total_cost FROM agent_actions_log"
    " WHERE agent_type = 'message_orchestrator' GROUP BY DATE(created_at) ORDER BY date DESC;",
    "SELECT * FROM user_message_budget WHERE user_id = '00000000-0000-0000-0000-00000000000a'",
    "SELECT * FROM message_queue WHERE id = '00000000-0000-0000-0000-00000000000a'",
    "SELECT * FROM agent_actions_log WHERE agent_type = 'message_orchestrator' ORDER BY created_at DESC",
    "SELECT increment_message_budget('00000000-0000-0000-0000-00000000000a', CURRENT_DATE)",
]


@pytest.mark.parametrize("statement", GUIDE)
def test_the_guides_statements_run(connection: Connection, statement: str) -> None:
    connection.execute(statement.encode())


def test_the_guides_function_counts(connection: Connection) -> None:
    connection.execute("INSERT INTO users (id, phone_number) VALUES (gen_random_uuid(), '+12125550101')")
    connection.execute("INSERT INTO user_message_budget (user_id, date) SELECT id, '2026-03-03' FROM users")
    connection.execute("SELECT increment_message_budget(id, '2026-03-03') FROM users")
    assert connection.execute("SELECT messages_sent FROM user_message_budget").fetchall() == [(1,)]


# A pooler, other runners, and time ---------------------------------------------------------------------------------------


# Of this database alone: the tests of another process migrate theirs at the same time.
OWN_ADVISORY_LOCKS = (
    "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
    " WHERE l.locktype = 'advisory'"
)


def sessions_keep_nothing(url: str) -> bool:
    """Whether each session behind a pooler has the settings and the locks of a new one."""
    with psycopg.connect(url) as connection:
        timeouts = rows(connection, "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        locks = rows(connection, OWN_ADVISORY_LOCKS)
    return (timeouts, locks) == ({("0", "0")}, set())


def test_through_a_transaction_mode_pooler_pending_migrations_are_refused_with_the_fix(empty_database: str) -> None:
    with transaction_pooler(empty_database) as pooled:
        with pytest.raises(SettingsError, match=r"MIGRATION_DATABASE_URL.*transaction-mode pooler.*session pooler"):
            migrate(pooled)
        assert sessions_keep_nothing(pooled)
    with psycopg.connect(empty_database) as connection:
        assert rows(connection, "SELECT to_regnamespace('orchestrator')") == {(None,)}, "nothing was begun"


def test_through_a_pooler_an_up_to_date_database_is_left_as_it_is(empty_database: str) -> None:
    migrate(empty_database)
    with transaction_pooler(empty_database) as pooled:
        assert migrate(pooled) == []
        assert sessions_keep_nothing(pooled)


def test_a_run_gives_back_its_lock_and_its_timeouts(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session-mode pooler resets no session by itself."""
    with psycopg.connect(empty_database, autocommit=True) as kept:
        monkeypatch.setattr(runner, "_connect", lambda _url: nullcontext(kept))
        monkeypatch.setattr(runner, "_refuse_pooler", lambda _connection, _url: None)
        assert migrate(empty_database)
        assert rows(kept, "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')") == {
            ("0", "0")
        }
        assert rows(kept, OWN_ADVISORY_LOCKS) == set()


@contextmanager
def another_runner(url: str) -> Iterator[int]:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (runner.RUNNER_LOCK,))
        yield other.info.backend_pid


def test_a_run_does_not_wait_for_another_one_without_end_and_names_it(empty_database: str, server: str) -> None:
    """It does not name one of another database of the server."""
    with another_runner(server), another_runner(empty_database) as pid:
        started = time.monotonic()
        with pytest.raises(NotMigrated, match=rf"Another run of the migrations \(backend {pid}, connected since 20"):
            migrate(empty_database, seconds=0.5)
        assert time.monotonic() - started < 5


def test_when_nothing_is_pending_a_run_waits_for_nobody(empty_database: str) -> None:
    migrate(empty_database)
    with another_runner(empty_database):
        started = time.monotonic()
        assert migrate(empty_database) == []
        assert time.monotonic() - started < 2


def test_a_table_that_stays_locked_ends_the_run_with_a_clear_answer(
    existing_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LOCK_TIMEOUT", "50ms")
    with psycopg.connect(existing_database) as holder:
        holder.execute("LOCK TABLE users")
        with pytest.raises(NotMigrated, match=r"2026_\w+: a lock on one of its tables was not free in time"):
            migrate(existing_database, seconds=1.5)


def test_a_migration_that_takes_too_long_ends_with_a_clear_answer(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = runner.Migration("9999_slow", "SELECT pg_sleep(30);")
    monkeypatch.setattr(runner, "migrations", lambda: [slow])
    started = time.monotonic()
    with pytest.raises(NotMigrated, match=r"9999_slow: did not end in time. Run `orchestrator migrate` by hand"):
        migrate(empty_database, seconds=1)
    assert time.monotonic() - started < 10
