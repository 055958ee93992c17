"""Odd rows of the former sender in an adoption: each is taken over as a whole, or named with its cause."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from orchestrator.delivery.deliver import deliver
from orchestrator.messages import Lane
from orchestrator.settings import DeliverSettings
from orchestrator.store.adoption import adopt
from orchestrator.store.database import Database
from orchestrator.store.schedule import claim_due
from tests.databases import PreparedDatabase
from tests.integration.test_adoption import ADA, CHEN, DAY, NOW, WEEK, add, sizes
from tests.integration.test_cutover import agent_writes, url_of
from tests.integration.test_migrate import migrate_existing, with_own_jobs
from tests.integration.test_reserve_under_race import CountingSender
from tests.world import function_environment

EARLIER = NOW - timedelta(minutes=5)
SEQUENCE = UUID(int=7)


@pytest.fixture
def old_rows(prepared_database: PreparedDatabase) -> Iterator[Connection]:
    """The former sender's database, migrated; nothing waits in it."""
    url = with_own_jobs(prepared_database(migrate_existing))
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        yield connection


def texts_sent(connection: Connection, now: datetime) -> dict[str, int]:
    """The texts that one wave sends."""
    environment = function_environment(url_of(connection), {}, "http://127.0.0.1:1", "http://127.0.0.1:1")
    settings = DeliverSettings.model_validate({name.lower(): value for name, value in environment.items()})
    sender = CountingSender()
    claimed = [m for lane in Lane for m in claim_due(connection, lane, now, now, now + DAY, None, 100)]
    deliver(Database(settings), [message.message_id for message in claimed], sender, settings, lambda: now)
    return dict(sender.sent)


def test_a_row_that_no_wave_can_hold_is_named_and_its_neighbours_are_sent(old_rows: Connection) -> None:
    for data in ('"Just words"', '["a"]', "null", "5"):
        add(old_rows, EARLIER, message_data=data)
    for column, instants in (
        ("created_at", ("-infinity", "0044-03-15 BC")),
        ("scheduled_for", ("infinity", "20260-01-01")),
    ):
        for instant in instants:
            add(old_rows, EARLIER, **{column: instant})
    add(old_rows, EARLIER, message_data='{"message": "Hi {{first_name}}"}')
    add(old_rows, EARLIER)
    result = adopt(old_rows, DAY, WEEK, NOW, apply=True)
    assert sizes(result.left) == {"data that is no object": 4, "impossible time": 4}
    assert texts_sent(old_rows, NOW) == {"Hi": 1}
    assert old_rows.execute("SELECT status, reason FROM message_queue WHERE reason IS NOT NULL").fetchall() == [
        ("failed", "nothing_to_say")
    ]


Part = dict[str, object]


@pytest.mark.parametrize(
    ("situation", "parts", "cause"),
    [
        ("a regular one", [{}, {}], None),
        ("a part that is missing", [{}, {"sequence_total": 3}], "incomplete"),
        ("a part twice", [{}, {"sequence_position": 1}], "incomplete"),
        ("a part without a place", [{}, {"sequence_position": None}], "incomplete"),
        ("two people", [{}, {"user_id": CHEN}], "irregular"),
        ("two priorities", [{}, {"priority": "low"}], "irregular"),
        ("places from 0", [{"sequence_position": 0}, {"sequence_position": 1}], "irregular"),
        ("a place beyond the total", [{}, {"sequence_position": 3}], "irregular"),
        ("too many parts", [{} for _ in range(11)], "irregular"),
    ],
)
def test_a_sequence_of_the_former_sender_is_taken_over_where_it_is_regular(
    connection: Connection, situation: str, parts: list[Part], cause: str | None
) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(
            "INSERT INTO users (id, phone_number) VALUES (%s, '+12125550101'), (%s, '+12125550103')", (ADA, CHEN)
        )
        for number, part in enumerate(parts, start=1):
            place = {"sequence_id": SEQUENCE, "sequence_position": number, "sequence_total": len(parts)}
            add(connection, EARLIER, **place | part)
        result = adopt(connection, DAY, WEEK, NOW, apply=True)
    assert sizes(result.left) == ({f"part of an {cause} sequence": len(parts)} if cause else {}), situation
    assert sizes(result.adopted) == ({} if cause else {"due": len(parts)}), situation


def test_a_sequence_goes_whole_when_its_last_part_is_due(old_rows: Connection) -> None:
    later = NOW + timedelta(hours=1)
    for number, due in enumerate((EARLIER, later), start=1):
        text = f'{{"message": "Part {number}"}}'
        place = {"sequence_id": SEQUENCE, "sequence_position": number, "sequence_total": 2}
        add(old_rows, due, message_data=text, **place)
    assert sizes(adopt(old_rows, DAY, WEEK, NOW, apply=True).adopted) == {"planned": 2}
    assert texts_sent(old_rows, NOW) == {}
    assert texts_sent(old_rows, later) == {"Part 1": 1, "Part 2": 1}


def test_a_second_sequence_with_the_id_of_one_that_is_ours_stops_no_adoption(old_rows: Connection) -> None:
    for _ in range(2):
        for number in (1, 2):
            add(old_rows, EARLIER, sequence_id=SEQUENCE, sequence_position=number, sequence_total=2)
        result = adopt(old_rows, DAY, WEEK, NOW, apply=True)
    assert (sizes(result.adopted), sizes(result.left)) == ({}, {"part of an irregular sequence": 2})


def test_a_message_of_ours_that_the_former_sender_took_after_a_way_back_is_named(old_rows: Connection) -> None:
    ours = add(old_rows, EARLIER)
    adopt(old_rows, DAY, WEEK, NOW, apply=True)
    old_rows.execute("SELECT take_due_messages()")
    result = adopt(old_rows, DAY, WEEK, NOW, apply=True)
    assert {why: list(group.message_ids) for why, group in result.left.items()} == {"may have been sent": [ours]}
    assert texts_sent(old_rows, NOW) == {}
    old_rows.execute("UPDATE message_queue SET status = 'queued', sent_at = NULL, delivered_message_id = NULL")
    assert adopt(old_rows, DAY, WEEK, NOW, apply=True).left == {}
    assert texts_sent(old_rows, NOW) == {"Hi": 1}


def test_words_that_speak_of_a_day_end_with_it(old_rows: Connection) -> None:
    """In New York it is Tuesday, 10:00."""
    yesterday, evening = NOW - timedelta(hours=20), datetime(2026, 3, 4, 1, tzinfo=UTC)
    midnight = datetime(2026, 3, 4, 5, tzinfo=UTC)
    over = add(old_rows, yesterday, created_at=yesterday, message_data='{"message": "Dinner tonight?"}')
    rendered = add(old_rows, yesterday, created_at=yesterday, final_message="Call me today", message_data='{"a": "b"}')
    ends = {
        add(old_rows, EARLIER, created_at=yesterday, message_data='{"findings": {"when": "tonight"}}'): midnight,
        add(old_rows, evening, message_data='{"message": "See you tomorrow"}'): midnight,
        add(old_rows, midnight, message_data='{"message": "See you today"}'): midnight + timedelta(days=1),
        add(old_rows, EARLIER, message_data='{"message": "Hello"}'): NOW + WEEK,
        add(old_rows, EARLIER, final_message="Hello", message_data='{"due": "today"}'): NOW + WEEK,
    }
    result = adopt(old_rows, DAY, WEEK, NOW, apply=True)
    assert {why: set(group.message_ids) for why, group in result.left.items()} == {
        "speaks of a day that is over": {over, rendered}
    }
    adopted = "SELECT id, expires_at FROM message_queue WHERE accepted_at IS NOT NULL"
    assert dict(old_rows.execute(adopted).fetchall()) == ends


def test_an_agent_may_do_no_more_by_a_row_than_by_our_queue(old_rows: Connection) -> None:
    old_rows.execute(
        "INSERT INTO orchestrator.agents (prefix, may_use_urgent, publishers)"
        " VALUES ('saga', false, NULL), ('saga_bound', true, '{AROA1}'), ('saga_bound_free', true, NULL)"
    )
    agents = ("Saga_1", " saga_bound_2", "saga_bound_free", "other", "ag\u00e9nt", " ")
    rows = {agent: add(old_rows, EARLIER, agent_id=agent, priority="urgent") for agent in agents}
    result = adopt(old_rows, DAY, WEEK, NOW, apply=True)
    assert {why: set(group.message_ids) for why, group in result.left.items()} == {
        "agent that may not use urgent": {rows["Saga_1"]},
        "agent that is bound to publishers": {rows[" saga_bound_2"]},
        "agent id that is no id": {rows["ag\u00e9nt"], rows[" "]},
    }
    assert set(result.adopted["due"].message_ids) == {rows["saga_bound_free"], rows["other"]}


def test_words_that_reached_the_person_since_a_row_was_due_are_not_sent_again(old_rows: Connection) -> None:
    again = [
        add(old_rows, EARLIER, created_at=EARLIER, message_data='{"a": 1}', final_message="Hello Ada "),
        add(old_rows, EARLIER, created_at=EARLIER, message_data='{"content": "Hello Ada"}'),
    ]
    other = [
        add(old_rows, NOW, created_at=EARLIER, message_data='{"message": "Hello Ada"}'),
        add(old_rows, EARLIER, created_at=EARLIER, message_data='{"message": "Failed"}'),
        add(old_rows, EARLIER, created_at=EARLIER, message_data='{"message": "Hello Ada"}', user_id=CHEN),
        add(old_rows, EARLIER, created_at=EARLIER, message_data='{"findings": 1}'),
    ]
    agent_writes(old_rows, ADA, "Hello Ada", NOW - timedelta(minutes=1), status="sent")
    agent_writes(old_rows, ADA, "Failed", NOW - timedelta(minutes=1), status="failed")
    result = adopt(old_rows, DAY, WEEK, NOW, apply=True)
    assert {why: set(group.message_ids) for why, group in result.left.items()} == {"same words went since": {*again}}
    assert set(result.adopted["due"].message_ids) == {*other}


def test_pending_rows_that_are_too_old_to_be_taken_up_are_named(old_rows: Connection) -> None:
    old_rows.execute("ALTER TABLE messages DISABLE TRIGGER send_sms_on_message_insert")
    for content, at in (("Old", NOW - DAY), ("New", NOW - DAY + timedelta(seconds=1)), ("Timeless", NOW)):
        agent_writes(old_rows, ADA, content, at)
    old_rows.execute("UPDATE messages SET created_at = NULL WHERE content = 'Timeless'")
    left = adopt(old_rows, DAY, WEEK, NOW, apply=True).rows_left_alone
    assert left.messages == 2
    contents = "SELECT content FROM messages WHERE id = ANY (%s) ORDER BY content"
    assert old_rows.execute(contents, (list(left.message_ids),)).fetchall() == [("Old",), ("Timeless",)]
