"""The longest time of a statement, which is set for one transaction alone."""

import pytest
from psycopg import Connection

from orchestrator.store.database import limit_statement_time

SHOW = "SELECT current_setting('statement_timeout')"


@pytest.mark.parametrize(
    ("seconds", "limit"),
    [(0.0, "1ms"), (0.0001, "1ms"), (0.0014, "1ms"), (0.002, "2ms"), (1.5, "1500ms"), (5, "5s")],
)
def test_a_limit_is_never_none_and_holds_for_the_transaction(
    connection: Connection, seconds: float, limit: str
) -> None:
    before = connection.execute(SHOW).fetchone()
    with connection.transaction():
        limit_statement_time(connection, seconds)
        assert connection.execute(SHOW).fetchone() == (limit,)
    assert connection.execute(SHOW).fetchone() == before
