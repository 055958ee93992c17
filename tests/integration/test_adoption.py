"""Taking over a database with messages of another sender in it."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from orchestrator.delivery.deliver import deliver
from orchestrator.messages import Lane
from orchestrator.settings import DeliverSettings
from orchestrator.store.adoption import Adoption, adopt
from orchestrator.store.database import Database
from orchestrator.store.migrate import migrate
from orchestrator.store.schedule import claim_due
from tests.integration.test_migrate import EXISTING
from tests.integration.test_reserve_under_race import CountingSender
from tests.world import function_environment

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
DAY, WEEK = timedelta(hours=24), timedelta(days=7)
ADA, BEN, CHEN = (f"00000000-0000-0000-0000-00000000000{letter}" for letter in "abc")


@pytest.fixture
def old_database(empty_database: str) -> str:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(EXISTING.encode())
        rows: list[tuple[str, int, dict[str, object]]] = [
            (ADA, 1, {}),
            (BEN, 1, {}),
            (CHEN, 2, {"final_message": "Words of the old renderer"}),
            (ADA, 48, {}),
            (ADA, 1, {"sequence_id": ADA, "sequence_position": 1, "sequence_total": 2}),
            (CHEN, 1, {"sequence_id": CHEN, "sequence_position": 1, "sequence_total": 2}),
            (CHEN, 1, {"sequence_id": CHEN, "sequence_position": 2, "sequence_total": 2}),
            (ADA, 1, {"priority": "someday"}),
            (ADA, 1, {"status": "sent"}),
        ]
        for user, age, extra in rows:
            values = {
                "user_id": user,
                "agent_id": "old",
                "message_data": '{"type": "note", "message": "Hello from before"}',
                "scheduled_for": NOW - timedelta(hours=age),
                "created_at": NOW - timedelta(hours=age),
                **extra,
            }
            columns, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
            connection.execute(f"INSERT INTO message_queue ({columns}) VALUES ({places})".encode(), values)
    migrate(empty_database)
    return empty_database


def test_a_dry_run_tells_and_changes_nothing(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        found = adopt(connection, DAY, WEEK, NOW, apply=False)
        assert found == Adoption(
            adopted=5,
            left=Counter({"too old": 1, "part of an incomplete sequence": 1, "unknown priority": 1}),
            opt_outs=1,
            old_triggers=["messages_to_old_sender"],
        )
        assert connection.execute("SELECT count(*) FROM message_queue WHERE accepted_at IS NOT NULL").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM orchestrator.opt_outs").fetchone() == (0,)


def test_no_old_row_is_touched_before_adoption(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        for lane in Lane:
            assert claim_due(connection, lane, NOW, NOW + WEEK, NOW + WEEK, None, 100) == []


def test_what_is_adopted_is_sent_and_a_past_stop_is_kept(old_database: str) -> None:
    environment = function_environment(old_database, {}, "http://127.0.0.1:1", "http://127.0.0.1:1")
    settings = DeliverSettings.model_validate({name.lower(): value for name, value in environment.items()})
    sender = CountingSender()
    with psycopg.connect(old_database, autocommit=True, prepare_threshold=None) as connection:
        assert adopt(connection, DAY, WEEK, NOW, apply=True).adopted == 5
        assert adopt(connection, DAY, WEEK, NOW, apply=True).adopted == 0, "a second run finds nothing new"
        claimed = [m for lane in Lane for m in claim_due(connection, lane, NOW, NOW, NOW + DAY, None, 100)]
        deliver(Database(settings), [message.message_id for message in claimed], sender, settings, lambda: NOW)
        ended = connection.execute(
            "SELECT user_id::text, status, reason FROM message_queue WHERE accepted_at IS NOT NULL ORDER BY user_id"
        ).fetchall()
    assert ended == [(ADA, "sent", None), (BEN, "cancelled", "opted_out"), *[(CHEN, "sent", None)] * 3]
    assert sender.sent == {"Hello from before": 3, "Words of the old renderer": 1}


def test_the_old_databases_triggers_see_a_row_that_was_sent(old_database: str) -> None:
    test_what_is_adopted_is_sent_and_a_past_stop_is_kept(old_database)
    with psycopg.connect(old_database) as connection:
        assert connection.execute(
            "SELECT m.status, c.messages_since_summary FROM messages m JOIN conversations c ON c.id = m.conversation_id"
            " WHERE m.direction = 'outbound' ORDER BY 2"
        ).fetchall() == [("sent", 1), *[("sent", 5)] * 3]
