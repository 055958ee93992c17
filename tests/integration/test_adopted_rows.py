"""Odd rows of the former sender in an adoption: each is taken over as a whole, or named with its cause."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from orchestrator.delivery.deliver import deliver
from orchestrator.messages import Lane
from orchestrator.settings import DeliverSettings
from orchestrator.store.adoption import adopt
from orchestrator.store.database import Database
from orchestrator.store.migrate import migrate
from orchestrator.store.schedule import claim_due
from tests.integration.test_adoption import ADA, CHEN, DAY, NOW, WEEK, add, sizes
from tests.integration.test_cutover import url_of
from tests.integration.test_migrate import EXISTING
from tests.integration.test_reserve_under_race import CountingSender
from tests.world import function_environment

EARLIER = NOW - timedelta(minutes=5)
SEQUENCE = UUID(int=7)


@pytest.fixture
def old_rows(empty_database: str) -> Iterator[Connection]:
    """The former sender's database, migrated; nothing waits in it."""
    with psycopg.connect(empty_database, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(EXISTING.encode())
        migrate(empty_database)
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
