"""Lists people page by page, with their limits and how much of them is used."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.store.database import sql

# Below every id.
FIRST_ID = UUID(int=0)
# People whom one statement returns at most.
PAGE = 500


def iterate_people(
    connection: Connection,
    now: datetime,
    after: UUID = FIRST_ID,
    *,
    opted_out: bool = False,
    opted_out_since: datetime | None = None,
    texted: bool = False,
    page: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield people by id, from above an id on, in pages.

    Args:
        opted_out: only those who opted out.
        opted_out_since: only those who opted out at this time or later.
        texted: only those who got a text on the last two days or in the last hour.
        page: how many people a statement returns at most; None for `PAGE`.
    """
    limit = page or PAGE
    while True:
        with connection.cursor(row_factory=dict_row) as cursor:
            parameters = {
                "now": now,
                "after": after,
                "opted_out": opted_out,
                "opted_out_since": opted_out_since,
                "texted": texted,
                "limit": limit,
            }
            rows = cursor.execute(sql("list_people"), parameters).fetchall()
        for row in rows:
            row["sent_by_day"] = {date.fromisoformat(day): sent for day, sent in row["sent_by_day"].items()}
            yield row
        if len(rows) < limit:
            return
        after = rows[-1]["user_id"]
