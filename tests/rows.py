"""Rows that a test inserts as they are, table by table, in as few statements as there are kinds of rows."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.world import World

# A table, and the columns of one row. A duration stands for the instant so long from now.
Row = tuple[str, Mapping[str, object]]


def insert_rows(world: World, *rows: Row) -> None:
    """Insert rows, in the order in which their kinds are first named."""
    kinds: dict[tuple[str, tuple[str, ...]], list[Mapping[str, object]]] = defaultdict(list)
    for table, columns in rows:
        kinds[table, tuple(columns)].append(columns)

    def as_json(value: Any) -> str:
        return (world.now + value).isoformat() if isinstance(value, timedelta) else str(value)

    for (table, names), rows_of_kind in kinds.items():
        listed = ", ".join(names)
        world.connection.execute(
            f"INSERT INTO {table} ({listed}) SELECT {listed} FROM jsonb_populate_recordset(NULL::{table}, %s)".encode(),
            (json.dumps(rows_of_kind, default=as_json),),
        )


def row_id(kind: int, place: int) -> UUID:
    """An id that a failed test can be read by: the kind, and the place."""
    return UUID(int=(kind << 64) + place)
