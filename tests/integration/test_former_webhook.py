"""Texts that a former webhook still writes are classified each minute, by the rules of live texts (R11)."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from orchestrator.conversation import former_webhook
from orchestrator.conversation.former_webhook import classify_former_webhook
from orchestrator.store import former_webhook as store
from orchestrator.store.adoption import adopt
from orchestrator.store.database import sql
from tests.databases import PreparedDatabase
from tests.integration.test_adoption import ADA, BEN, CHEN, DAY, WEEK
from tests.integration.test_cutover import person_writes
from tests.integration.test_migrate import migrate_existing, with_own_jobs
from tests.world import World

NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def former(prepared_database: PreparedDatabase) -> Iterator[Connection]:
    """The former system's database, migrated, with its webhook at work."""
    url = with_own_jobs(prepared_database(migrate_existing))
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        yield connection


def opt_outs(connection: Connection) -> list[tuple[str, str, bool]]:
    query = "SELECT user_id::text, source, ended_at IS NULL FROM orchestrator.opt_outs ORDER BY opted_out_at"
    return connection.execute(query).fetchall()


def test_new_texts_are_classified_once_and_the_history_is_left_to_the_adoption(former: Connection) -> None:
    assert classify_former_webhook(former, NOON) == Counter(), "the history holds a STOP of Ben"
    person_writes(former, ADA, "please stop texting me", NOON)
    person_writes(former, BEN, "Tuesday works", NOON)
    person_writes(former, CHEN, "the emails should cease, don't you think, or I will report it", NOON)
    person_writes(former, ADA, '{"type": "stop"}', NOON, role="system")
    assert classify_former_webhook(former, NOON + MINUTE) == Counter(stop=1, conversation=1, unjudged=1)
    assert opt_outs(former) == [(ADA, "former_webhook", True)]
    unread = former.execute("SELECT user_id::text FROM orchestrator.readings WHERE kind = 'unjudged'").fetchall()
    assert unread == [(CHEN,)], "nothing goes to this person until an operator reads it"
    assert classify_former_webhook(former, NOON + 2 * MINUTE) == Counter()
    adoption = adopt(former, DAY, WEEK, NOON + 3 * MINUTE, apply=True)
    assert (adoption.opt_outs, adoption.unread) == (1, 0), "Ben's of the history alone"


def test_stop_and_start_count_in_their_order_and_a_clear_word_resolves_what_is_unread(former: Connection) -> None:
    for minutes, text in enumerate(
        ["STOP", "cease and desist from all this please", "Yes", "I will report you all to my lawyer", "start"]
    ):
        person_writes(former, ADA, text, NOON + minutes * MINUTE)
        classify_former_webhook(former, NOON + minutes * MINUTE)
    assert opt_outs(former) == [(ADA, "former_webhook", False)]
    kinds = former.execute("SELECT kind FROM orchestrator.readings ORDER BY received_at").fetchall()
    assert [kind for (kind,) in kinds] == ["stop", "conversation", "start", "conversation", "start"]


def test_a_row_that_is_committed_late_is_found_and_a_backlog_goes_on_in_the_next_tick(
    former: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(former_webhook, "MOST_TEXTS", 2)
    classify_former_webhook(former, NOON)
    for minutes in range(5):
        person_writes(former, CHEN, "Thanks", NOON + minutes * MINUTE)
    # The dispatcher comes back after an hour.
    counts = [classify_former_webhook(former, NOON + timedelta(hours=1)).total() for _ in range(4)]
    assert counts == [2, 2, 1, 0]
    person_writes(former, ADA, "STOP", NOON + timedelta(minutes=52))
    assert classify_former_webhook(former, NOON + timedelta(minutes=61)) == Counter(stop=1)


def test_a_stop_in_the_former_webhook_ends_what_waits_before_anything_is_handed_over(world: World) -> None:
    ada = world.person()
    world.person("ben", phone="+12125550102")
    waiting = world.message()
    world.says(ada, "STOP")
    world.writes("STOP", phone="+12125550102")
    world.dispatch()
    assert world.state(waiting) == ("cancelled", "opted_out")
    sources = world.all("SELECT source FROM orchestrator.opt_outs ORDER BY source")
    assert sources == [("former_webhook",), ("keyword",)], "a text of our own webhook is classified there"


def test_indexes_serve_the_reading_of_large_tables(world: World) -> None:
    ada = world.person()
    world.says(ada, "Hello")
    world.connection.execute(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT conversation_id, user_id, 'user', 'Hello', 'inbound', 'received', created_at - n * interval '1 minute'"
        " FROM messages, generate_series(1, 20000) AS n"
    )
    world.connection.execute(
        "INSERT INTO orchestrator.readings (inbound_id, user_id, phone_number, kind, received_at)"
        " SELECT id, user_id, '+12125550101', 'conversation', created_at FROM messages"
    )
    world.connection.execute("ANALYZE messages, orchestrator.readings")
    parameters = {"now": world.now, "overlap": store.OVERLAP, "limit": 1000}
    plan = world.connection.execute(b"EXPLAIN " + sql("read_texts_of_former_webhook"), parameters)
    text = "\n".join(line for (line,) in plan)
    assert ("messages_inbound_by_time" in text, "readings_pkey" in text) == (True, True), text
    scanned = set(re.findall(r"Seq Scan on (\w+)", text))
    assert scanned <= {"former_webhook_read", "users"}, "a table of one row, and here one of one person"


def test_a_deleted_person_is_not_read(former: Connection) -> None:
    person_writes(former, ADA, "STOP", NOON)
    former.execute("ALTER TABLE users DISABLE TRIGGER on_phone_change")  # it fails on each change
    former.execute("UPDATE users SET phone_number = 'forgotten-1' WHERE id = %s", (UUID(ADA),))
    assert classify_former_webhook(former, NOON) == Counter()


# Rows without a time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "undated", "after", "kinds", "is_opted_out"),
    [
        ("", "STOP", "", ["stop"], True),
        ("START", "STOP", "", ["start", "stop"], True),
        ("", "STOP", "START", ["stop", "start"], False),
        ("STOP", "START", "", ["stop", "conversation"], True),
        ("STOP", "Yes", "", ["stop", "conversation"], True),
        ("", "wrong number", "", ["wrong_person"], True),
        ("START", "cease and desist from all this please", "", ["start", "unjudged"], False),
        ("", "cease and desist from all this please", "START", ["conversation", "start"], False),
        ("STOP", "cease and desist from all this please", "", ["stop", "conversation"], True),
        ("cease and desist from all this please", "START", "", ["unjudged", "conversation"], False),
        ("", "Tuesday works", "", ["conversation"], False),
    ],
)
def test_a_row_without_a_time_counts_from_now_where_it_stops_and_ends_nothing(
    former: Connection, before: str, undated: str, after: str, kinds: list[str], is_opted_out: bool
) -> None:
    classify_former_webhook(former, NOON)
    if before:
        person_writes(former, ADA, before, NOON)
    person_writes(former, ADA, undated, None)
    classify_former_webhook(former, NOON + MINUTE)
    if after:
        person_writes(former, ADA, after, NOON + 2 * MINUTE)
        classify_former_webhook(former, NOON + 2 * MINUTE)
    classified = former.execute("SELECT kind FROM orchestrator.readings ORDER BY received_at").fetchall()
    assert [kind for (kind,) in classified] == kinds
    assert any(is_in_force for _, _, is_in_force in opt_outs(former)) is is_opted_out
    assert classify_former_webhook(former, NOON + 3 * MINUTE) == Counter(), "each once"


def test_a_late_start_does_not_hide_a_wish_without_a_time(former: Connection) -> None:
    classify_former_webhook(former, NOON)
    person_writes(former, ADA, "STOP", NOON)
    person_writes(former, ADA, "cease and desist from all this please", None)
    classify_former_webhook(former, NOON + 2 * MINUTE)
    person_writes(former, ADA, "START", NOON + MINUTE)  # it is committed late
    classify_former_webhook(former, NOON + 3 * MINUTE)
    kinds = former.execute("SELECT kind FROM orchestrator.readings ORDER BY received_at").fetchall()
    assert [kind for (kind,) in kinds] == ["stop", "start", "unjudged"]


def test_rows_without_a_time_wait_for_those_with_one(former: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(former_webhook, "MOST_TEXTS", 2)
    classify_former_webhook(former, NOON)
    for content in ("STOP", "Thanks"):
        person_writes(former, CHEN, content, None)
    for minutes in range(3):
        person_writes(former, ADA, "Thanks", NOON + minutes * MINUTE)
    counts = [classify_former_webhook(former, NOON + timedelta(hours=1)) for _ in range(4)]
    assert [count.total() for count in counts] == [2, 2, 1, 0], "none of a backlog is skipped"
    assert opt_outs(former) == [(CHEN, "former_webhook", True)]
