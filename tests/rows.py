"""Rows that a test inserts as they are, table by table, in as few statements as there are kinds of rows."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from tests.rows_by_name import put
from tests.world import World

# A table, and the columns of one row. A duration stands for the instant so long from now.
Row = tuple[str, Mapping[str, object]]


def insert_rows(world: World, *rows: Row) -> None:
    """Insert rows, in the order in which their kinds are first named."""
    kinds: dict[tuple[str, tuple[str, ...]], list[Mapping[str, object]]] = defaultdict(list)
    for table, columns in rows:
        kinds[table, tuple(columns)].append(columns)

    for (table, _), rows_of_kind in kinds.items():
        put(world.connection, table, [{name: _at(world, value) for name, value in row.items()} for row in rows_of_kind])


def _at(world: World, value: object) -> object:
    return world.now + value if isinstance(value, timedelta) else value


def row_id(kind: int, place: int) -> UUID:
    """An id that a failed test can be read by: the kind, and the place."""
    return UUID(int=(kind << 64) + place)
