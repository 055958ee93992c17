"""Rows as arrays for `unnest`: what Postgres reads is what Python wrote."""

from collections.abc import Sequence
from dataclasses import make_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.store.database import columns


class Colour(StrEnum):
    RED = "red"


Row = make_dataclass("Row", ["value"])
AT = datetime(2026, 3, 3, 15, 0, 0, 5, tzinfo=UTC)
ONE = UUID(int=7)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "text"),
        ([None], "text"),
        ([None, None], "uuid"),
        (["a", None, ""], "text"),
        (['"', "\\", "{a,b}", "NULL", " x ", "a\nb", "ü\u2028"], "text"),
        (["same", "same"], "text"),
        ([Colour.RED, "blue", None], "text"),
        ([ONE, UUID(int=2**128 - 1), None], "uuid"),
        ([ONE, ONE], "uuid"),
        ([True, False, None], "boolean"),
        ([True, True], "boolean"),
        ([1, -2, None], "int"),
        ([1.5, Decimal("2.25")], "numeric"),
        ([Decimal("0.000001"), None], "numeric"),
        ([AT, None], "timestamptz"),
        ([AT, AT], "timestamptz"),
        ([date(2026, 3, 3)], "date"),
    ],
)
def test_postgres_reads_what_was_written(connection: Connection, values: Sequence[object], kind: str) -> None:
    array = columns([Row(value) for value in values], "value")["value"]
    (read,) = connection.execute(f"SELECT %s::{kind}[]".encode(), (array,)).fetchone() or ([],)
    assert read == list(values)


def test_what_has_no_array_format_is_refused() -> None:
    with pytest.raises(TypeError):
        columns([Row(object())], "value")
