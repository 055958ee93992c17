"""What a night deletes and clears, row by row: what is old enough, beside what is not, and what a legal hold keeps."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.store.privacy import clear_old_words, delete_expired_records
from tests.fated_rows import GONE, KEPT, Fate, FatedRows
from tests.integration.test_locks import open_transaction, run_beside
from tests.rows_by_name import id_of

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
OLD, OLDER = BEFORE - SECOND, BEFORE - 2 * SECOND
# Words that are evidence are kept for longer.
KEEP_SINCE = BEFORE - 100 * DAY
ADA, HELD = UUID(int=1), UUID(int=2)
OWN = "orchestrator."


@pytest.fixture
def rows(connection: Connection) -> FatedRows:
    """Ada, and a person under a legal hold."""
    for user_id, phone in ((ADA, "+12125550101"), (HELD, "+12125550102")):
        connection.execute("INSERT INTO users (id, phone_number) VALUES (%s, %s)", (user_id, phone))
    rows = FatedRows(connection)
    rows.add(f"{OWN}legal_holds", "the hold", user_id=HELD)
    return rows


def people(fate: Fate = GONE) -> list[tuple[str, UUID, Fate]]:
    """What becomes of the rows of each person that are old enough."""
    return [("Ada", ADA, fate), ("one under a legal hold", HELD, KEPT)]


def ages(fate: Fate = GONE, before: datetime = BEFORE) -> list[tuple[str, datetime, Fate]]:
    """What becomes of a row of each age."""
    return [("old enough", before - SECOND, fate), ("a second younger", before, KEPT)]


def either(one: Fate, other: Fate) -> Fate:
    """What becomes of a row that is kept for either reason."""
    return KEPT if KEPT in (one, other) else one


def test_expired_records_are_deleted_but_those_under_a_legal_hold(connection: Connection, rows: FatedRows) -> None:
    for age, at, fate in ages():
        rows.add(f"{OWN}rejections", f"rejection {age}", fate, rejected_at=at)
        rows.add(f"{OWN}agent_rates", f"rate {age}", fate, agent_id="saga", span=at)
        rows.add(f"{OWN}waits_for_users", f"wait {age}", fate, until=at, since=OLDER)
        rows.add(f"{OWN}withdrawals", f"withdrawal of no message {age}", fate, withdrawn_at=at)
        for owner, user_id, of_person in people():
            message = rows.add("message_queue", f"message of {owner} {age}", user_id=user_id)
            withdrawal = {"message_id": message, "withdrawn_at": at, "publisher": "a"}
            rows.add(f"{OWN}withdrawals", f"withdrawal of {owner} {age}", either(fate, of_person), **withdrawal)
            topic = {"user_id": user_id, "topic": age, "withdrawn_at": at}
            rows.add(f"{OWN}topic_withdrawals", f"topic of {owner} {age}", either(fate, of_person), **topic)
    for age, at, fate in ages(before=KEEP_SINCE):
        for owner, user_id, of_person in people():
            words = {"user_id": user_id, "written_at": at}
            rows.add(f"{OWN}kept_words", f"words of {owner} {age}", either(fate, of_person), **words)
    # One of two withdrawals of a message, and of a topic.
    one = {"publisher": "another", "withdrawn_at": BEFORE}
    rows.add(f"{OWN}withdrawals", "of another publisher", message_id=id_of("message of Ada old enough"), **one)
    rows.add(f"{OWN}topic_withdrawals", "topic of another publisher", user_id=ADA, topic="old enough", **one)
    rows.add(f"{OWN}topic_withdrawals", "another topic", user_id=ADA, topic="x", withdrawn_at=BEFORE)
    assert delete_expired_records(connection, BEFORE, KEEP_SINCE, 100) == 7
    assert delete_expired_records(connection, BEFORE, KEEP_SINCE, 100) == 0
    assert rows.unexpected() == {}


def test_expired_records_are_deleted_in_batches(connection: Connection, rows: FatedRows) -> None:
    for number in range(3):
        rows.add(f"{OWN}rejections", f"rejection {number}", GONE, rejected_at=OLD)
        rows.add(f"{OWN}agent_rates", f"rate {number}", GONE, agent_id=f"saga_{number}", span=OLD)
        rows.add(f"{OWN}waits_for_users", f"wait {number}", GONE, until=OLD)
        rows.add(f"{OWN}withdrawals", f"withdrawal {number}", GONE, withdrawn_at=OLD)
        rows.add(f"{OWN}topic_withdrawals", f"topic {number}", GONE, user_id=ADA, topic=f"{number}", withdrawn_at=OLD)
        rows.add(f"{OWN}kept_words", f"words {number}", GONE, user_id=ADA, written_at=KEEP_SINCE - SECOND)
    assert [delete_expired_records(connection, BEFORE, KEEP_SINCE, 2) for _ in range(3)] == [12, 6, 0]
    assert rows.unexpected() == {}


CLEARED: dict[str, Any] = {
    "message_data": {"type": "forgotten"}, "final_message": None, "words_source": "forgotten", "topic": None,
    "superseded_reason": None,
}  # fmt: skip
WORDS: dict[str, Any] = {
    "message_data": {"said": 1}, "final_message": "x", "words_source": "claude", "topic": "t", "superseded_reason": "r",
    "status": "sent", "created_at": OLD, "user_id": ADA,
}  # fmt: skip


def test_old_messages_that_have_ended_are_cleared(connection: Connection, rows: FatedRows) -> None:
    for status in ("sent", "superseded", "cancelled", "expired", "failed"):
        rows.add("message_queue", status, CLEARED, **{**WORDS, "status": status})
    for waiting in ("queued", "approved", "sending", None):
        rows.add("message_queue", f"has not ended: {waiting}", **{**WORDS, "status": waiting})
    rows.add("message_queue", "too young", **{**WORDS, "created_at": BEFORE})
    rows.add("message_queue", "under a legal hold", **{**WORDS, "user_id": HELD})
    rows.add("message_queue", "cleared before", **{**WORDS, "message_data": {"type": "forgotten"}})
    assert clear_old_words(connection, BEFORE, KEEP_SINCE, 100) == 5
    assert rows.unexpected() == {}


def test_the_oldest_messages_are_cleared_first(connection: Connection, rows: FatedRows) -> None:
    for number, fate in ((2, KEPT), (4, CLEARED), (1, KEPT), (3, CLEARED)):
        rows.add("message_queue", f"{number}", fate, **{**WORDS, "created_at": BEFORE - number * SECOND})
    assert clear_old_words(connection, BEFORE, KEEP_SINCE, 2) == 2
    assert rows.unexpected() == {}


def test_a_message_that_another_transaction_holds_is_cleared_in_another_night(
    rows: FatedRows, database_url: str
) -> None:
    held = rows.add("message_queue", "held", KEPT, **WORDS)
    rows.add("message_queue", "free", CLEARED, **WORDS)
    with open_transaction(database_url) as other:
        other.execute("SELECT FROM message_queue WHERE id = %s FOR NO KEY UPDATE", (held,))
        run_beside(database_url, "clear_old_messages", {"before": BEFORE, "limit": 9})
    assert rows.unexpected() == {}


def test_old_records_beside_the_messages_go_or_are_emptied(connection: Connection, rows: FatedRows) -> None:
    for age, at, fate in ages():
        rows.add(f"{OWN}strangers", f"unknown sender {age}", fate, received_at=at)
        rows.add(f"{OWN}events", f"event {age}", fate, at=at)
        task = {"created_at": at, "context_json": {"x": 1}, "created_by": "message_orchestrator"}
        emptied = {"context_json": {}} if fate is GONE else KEPT
        rows.add("agent_tasks", f"task of nobody {age}", emptied, **task)
        rows.add("agent_tasks", f"task of an agent {age}", **{**task, "created_by": "saga"})
        for owner, user_id, of_person in people():
            is_kept = KEPT in (fate, of_person)
            message = rows.add("message_queue", f"message of {owner} {age}", user_id=user_id, created_at=BEFORE)
            verdict = {"message_id": message, "inbound_id": message, "judged_at": at, "why": "because"}
            rows.add(f"{OWN}relevance", f"verdict of {owner} {age}", KEPT if is_kept else {"why": ""}, **verdict)
            reading = rows.add(f"{OWN}readings", f"reading of {owner} {age}", user_id=user_id, received_at=at)
            rows.add(f"{OWN}media", f"medium of {owner} {age}", KEPT if is_kept else GONE, inbound_id=reading)
            rows.add("agent_tasks", f"task of {owner} {age}", KEPT if is_kept else emptied, user_id=user_id, **task)
    rows.add(f"{OWN}relevance", "verdict of no message", {"why": ""}, judged_at=OLD, why="because", inbound_id=ADA)
    # What is empty is not written again each night.
    rows.add(f"{OWN}relevance", "empty verdict", judged_at=OLD, inbound_id=ADA)
    rows.add("agent_tasks", "empty task", created_at=OLD, created_by="message_orchestrator")
    places = "SELECT ctid::text FROM orchestrator.relevance WHERE message_id = %s UNION ALL SELECT ctid::text FROM agent_tasks WHERE id = %s"
    of = (id_of("empty verdict"), id_of("empty task"))
    before = connection.execute(places, of).fetchall()
    assert clear_old_words(connection, BEFORE, KEEP_SINCE, 100) == 0
    assert rows.unexpected() == {}
    assert connection.execute(places, of).fetchall() == before
