"""`store/schema.sql` shows what the migrations make."""

import psycopg
import pytest

from orchestrator.store.migrate import apply_migrations
from orchestrator_local.schema import POSTGRES_VERSION, SCHEMA_FILE, dump_schema


def test_the_schema_file_is_what_the_migrations_make(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        if connection.info.server_version // 10_000 != POSTGRES_VERSION:
            pytest.skip("another version prints it differently")
        apply_migrations(connection)
    assert SCHEMA_FILE.read_text() == dump_schema(empty_database), "run `make schema`"
