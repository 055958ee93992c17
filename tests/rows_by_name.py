"""Rows of a test that have names: ids are made of the names, and what a statement returns is read as names again."""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from psycopg import Connection
from psycopg.rows import dict_row

_names: dict[UUID, str] = {}
_columns: dict[str, frozenset[str]] = {}


def id_of(name: str) -> UUID:
    """The id that belongs to a name, in this and in each other test."""
    made = uuid5(NAMESPACE_OID, name)
    _names[made] = name
    return made


def name_of(value: object) -> Any:
    """The name that an id belongs to; of a list or a tuple, the names of its items; any other value as it is."""
    if isinstance(value, list | tuple):
        return type(value)(name_of(item) for item in value)
    return _names.get(value, value) if isinstance(value, UUID) else value


def number_of(place: int) -> str:
    """The example number of a place, in as many areas as it takes."""
    return f"+1{212 + place // 100}55501{place % 100:02}"


def columns_of(connection: Connection, table: str) -> frozenset[str]:
    """The columns that a table has."""
    if table not in _columns:
        described = connection.execute(f"SELECT * FROM {table} LIMIT 0".encode()).description or ()
        _columns[table] = frozenset(column.name for column in described)
    return _columns[table]


def put(connection: Connection, table: str, rows: Sequence[Mapping[str, object]], **usual: object) -> None:
    """Insert rows with one statement. Where a row lacks a column, it has the usual value, or else none."""
    if not rows:
        return
    complete = [usual | {**row} for row in rows]
    columns = ", ".join(dict.fromkeys(chain(*complete)))
    connection.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s)".encode(),
        (json.dumps(complete, default=str),),
    )


def rows_by_name(connection: Connection, query: str, *parameters: object) -> dict[str, dict[str, Any]]:
    """Rows of a query by the names of their ids, which come first; each without its id."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query.encode(), parameters).fetchall()
    named = {str(name_of(next(iter(row.values())))): dict(list(row.items())[1:]) for row in rows}
    assert len(named) == len(rows), "two rows of one name"
    return named


def differing(
    rows: Mapping[str, Mapping[str, Any]], expected: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, tuple[object, object]] | str]:
    """The rows that are missing, too many, or not as expected: of these the columns, with what was expected."""
    wrong: dict[str, dict[str, tuple[object, object]] | str] = {}
    for name in {**expected, **rows}:
        if name not in rows or name not in expected:
            wrong[name] = "is missing" if name in expected else f"is too much: {rows[name]}"
        elif columns := _differing(rows[name], expected[name]):
            wrong[name] = columns
    return wrong


def _differing(row: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    in_names = {column: name_of(value) for column, value in row.items()}
    return {column: (value, expected[column]) for column, value in in_names.items() if value != expected[column]}
