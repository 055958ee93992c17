"""`docs/data-model.md` names every table and column, and only statements and functions that exist."""

import importlib
import re
from pathlib import Path

from psycopg import Connection

from orchestrator.store.stored_statements import STATEMENTS, read_statement

PAGE = (Path(__file__).parents[2] / "docs" / "data-model.md").read_text()
# A row of a table: its columns, their meaning, and what writes them.
ROW = re.compile(r"^\| (?P<columns>`.*?) \| .*? \| (?P<writers>[^|]*) \|$")
WRITE = re.compile(r"(?:INSERT INTO|(?<!FOR )(?<!NO KEY )(?<!DO )UPDATE|DELETE FROM) ([a-z_.]+)")
WORD = re.compile(r"`([^`]+)`")
# A table that only databases of the former system have: docs/events.md describes the rows.
OF_FORMER_SYSTEM = {"public.events"}


def documented() -> dict[str, list[tuple[str, str]]]:
    """The columns of each table, each with what writes it."""
    tables: dict[str, list[tuple[str, str]]] = {}
    for section in PAGE.partition("## Shared tables")[2].split("\n### ")[1:]:
        heading, *lines = section.splitlines()
        rows = [row for line in lines if (row := ROW.match(line))]
        tables[heading.strip("`")] = [
            (column, row["writers"]) for row in rows for column in WORD.findall(row["columns"])
        ]
    return tables


def test_the_page_has_every_table_and_column(connection: Connection) -> None:
    found = connection.execute(
        "SELECT CASE table_schema WHEN 'public' THEN table_name ELSE table_schema || '.' || table_name END, column_name"
        " FROM information_schema.columns WHERE table_schema IN ('public', 'orchestrator')"
    )
    schema: dict[str, list[str]] = {}
    for table, column in found:
        schema.setdefault(table, []).append(column)
    assert {table: sorted(column for column, _ in rows) for table, rows in documented().items()} == {
        table: sorted(columns) for table, columns in schema.items()
    }


def test_what_writes_a_column_exists(connection: Connection) -> None:
    statements = {file.stem for file in STATEMENTS.glob("*.sql")}
    functions = {f"{name}()" for (name,) in connection.execute("SELECT proname FROM pg_proc")}
    for table, rows in documented().items():
        columns = {column for column, _ in rows}
        for column, writers in rows:
            assert writers.strip(), f"{table}.{column} has no writer"
            for writer in WORD.findall(writers):
                module, _, function = writer.partition(".")
                known = writer in statements | functions | columns
                assert known or hasattr(importlib.import_module(f"orchestrator.store.{module}"), function), writer


def test_each_statement_that_writes_a_table_is_named_there() -> None:
    named = {table: " ".join(writers for _, writers in rows) for table, rows in documented().items()}
    for file in STATEMENTS.glob("*.sql"):
        written = set(WRITE.findall(read_statement(file.stem))) - OF_FORMER_SYSTEM
        missing = [table for table in written if not re.search(rf"`{file.stem}`", named[table])]
        assert not missing, f"{file.name} writes {missing}"
