"""The change from the former sender, on its database: the SQL of docs/cutover.md, and a day on which both are there."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import Connection

from orchestrator.delivery.deliver import deliver
from orchestrator.event_settings import EventSettings
from orchestrator.messages import Lane
from orchestrator.settings import ActivitySettings, DeliverSettings
from orchestrator.store.adoption import adopt
from orchestrator.store.database import Database
from orchestrator.store.migrate import migrate
from orchestrator.store.old_senders import list_failing_number_triggers, list_old_senders
from orchestrator.store.schedule import claim_due, claim_replies, keep_up
from orchestrator_local.template import ROOT
from tests.integration.test_adoption import ADA, BEN, CHEN, DAY, WEEK, add
from tests.integration.test_migrate import EXISTING
from tests.integration.test_old_senders import OF_EXISTING
from tests.integration.test_reserve_under_race import CountingSender
from tests.world import function_environment

NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
SHADOW, CHANGE, BACK = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "cutover.md").read_text(), re.DOTALL)


@pytest.fixture
def former(empty_database: str) -> Iterator[Connection]:
    """The former sender's database, with its sender at work."""
    with psycopg.connect(empty_database, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(EXISTING.encode())
        yield connection


def url_of(connection: Connection) -> str:
    return f"postgresql://postgres@/{connection.info.dbname}?host={connection.info.host}"


def test_the_sql_for_the_shadow_copy_leaves_no_old_sender(former: Connection) -> None:
    former.execute(SHADOW.encode())
    migrate(url_of(former))
    assert (list_old_senders(former), list_failing_number_triggers(former)) == ([], [])
    former.execute("UPDATE users SET phone_number = '+12125550111' WHERE id = %s", (ADA,))
    history = "SELECT phone_number_history FROM users WHERE id = %s"
    assert former.execute(history, (ADA,)).fetchone() == (["+12125550101"],), "our own trigger is enabled"


def test_the_sql_of_the_change_removes_what_it_names(former: Connection) -> None:
    migrate(url_of(former))
    former.execute(CHANGE.encode())
    assert list_old_senders(former) == OF_EXISTING[2:]


def test_the_sql_of_the_way_back_cancels_what_waits_for_people_who_wrote_stop(former: Connection) -> None:
    migrate(url_of(former))
    adopt(former, DAY, WEEK, NOON, apply=True)
    late = {user: add(former, NOON, user_id=user) for user in (ADA, BEN)}
    cancel, _, listing = BACK.partition(";")
    former.execute(cancel.encode())
    assert dict(former.execute("SELECT id, status FROM message_queue").fetchall()) == {
        late[ADA]: "queued",
        late[BEN]: "cancelled",
    }
    assert [number for number, _ in former.execute(listing.encode())] == ["+12125550102"]


def agent_writes(connection: Connection, user: str, content: str, at: datetime, status: str = "pending") -> None:
    """The row of `messages` by which an agent of the former system answers."""
    connection.execute(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT id, user_id, 'concierge', %s, 'outbound', %s, %s FROM conversations WHERE user_id = %s",
        (content, status, at, user),
    )


def person_writes(connection: Connection, user: str, content: str, at: datetime | None, role: str = "user") -> None:
    connection.execute(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT id, user_id, %s, %s, 'inbound', 'received', %s FROM conversations WHERE user_id = %s",
        (role, content, at, user),
    )


def tick(connection: Connection, now: datetime, sender: CountingSender) -> int:
    """What the dispatcher and the deliver function do in a minute; returns how many rows of agents were taken up."""
    upkeep = keep_up(connection, 1, WEEK, EventSettings(), ActivitySettings(), now, 100)
    environment = function_environment(url_of(connection), {}, "http://127.0.0.1:1", "http://127.0.0.1:1")
    settings = DeliverSettings.model_validate({name.lower(): value for name, value in environment.items()})
    claimed = claim_replies(connection, now)
    claimed += [m for lane in Lane for m in claim_due(connection, lane, now, now, now + DAY, None, 100)]
    deliver(Database(settings), [message.message_id for message in claimed], sender, settings, lambda: now)
    return upkeep.rows_taken_up


def test_what_the_former_sender_got_between_the_deploy_and_the_first_tick_is_not_sent_again(former: Connection) -> None:
    migrate(url_of(former))
    person_writes(former, ADA, "Hello?", NOON)
    agent_writes(former, ADA, "Sent by the former sender", NOON)
    for old_sender in list_old_senders(former):
        former.execute(old_sender.removal.encode())
    sender, minute = CountingSender(), timedelta(minutes=1)
    assert [tick(former, NOON + minutes * minute, sender) for minutes in (1, 2)] == [0, 0]
    assert sender.sent == {}


def test_on_the_day_of_the_change_nothing_goes_twice_or_after_a_stop_and_nothing_is_left_unnamed(
    former: Connection,
) -> None:
    migrate(url_of(former))
    sender, minute = CountingSender(), timedelta(minutes=1)
    posts = "SELECT count(*) FROM net.http_request_queue"

    # The former sender is at work, and agents use it. It has sent Chen two texts in this hour.
    planned = add(former, NOON + timedelta(hours=3), created_at=NOON - timedelta(days=4), user_id=ADA)
    add(former, NOON, user_id=BEN, created_at=NOON)
    add(former, NOON, user_id=CHEN, created_at=NOON)
    under_way = add(former, NOON, user_id=ADA, created_at=NOON, status="processing")
    for content in ("One", "Two"):
        agent_writes(former, CHEN, content, NOON - timedelta(minutes=10), status="sent")
    agent_writes(former, ADA, "Sent by the former sender", NOON)
    person_writes(former, ADA, '{"type": "re_engagement_check"}', NOON, role="system")
    assert former.execute(posts).fetchone() == (1,)
    assert tick(former, NOON, sender) == 0

    # It is removed; a last row came just before.
    agent_writes(former, ADA, "Sent in its last minute", NOON + minute)
    for old_sender in list_old_senders(former):
        former.execute(old_sender.removal.encode())
    assert tick(former, NOON + minute, sender) == 0
    result = adopt(former, DAY, WEEK, NOON + 2 * minute, apply=True)
    assert {kind: group.messages for kind, group in result.adopted.items()} == {"due": 2, "planned": 1}
    assert {why: list(group.message_ids) for why, group in result.left.items()} == {"may have been sent": [under_way]}
    assert (result.opt_outs, result.rows_left_alone.messages, result.old_senders) == (1, 2, [])
    assert tick(former, NOON + 2 * minute, sender) == 0
    assert sender.sent == {}, "one wrote stop, one had two texts of the former sender in this hour, one waits for later"

    # Agents go on as before: a row of `messages` is ours now, and one of `message_queue` after the next adoption.
    person_writes(former, ADA, "Hello?", NOON + 3 * minute)
    agent_writes(former, ADA, "Hello Ada", NOON + 3 * minute)
    assert tick(former, NOON + 4 * minute, sender) == 1
    by_hand = add(former, NOON, user_id=CHEN, message_data='{"content": "By hand"}', created_at=NOON + 3 * minute)
    person_writes(former, CHEN, "please stop texting me", NOON + 4 * minute)
    again = adopt(former, DAY, WEEK, NOON + 5 * minute, apply=True)
    assert (list(again.adopted["due"].message_ids), again.opt_outs) == ([by_hand], 1)
    for minutes in (6, 70, 190, 200):
        tick(former, NOON + minutes * minute, sender)

    assert former.execute(posts).fetchone() == (2,), "the former sender got nothing after its end"
    assert sender.sent == {"Hello Ada": 1, "Hi": 1}
    ended = Counter(former.execute("SELECT user_id::text, status, reason FROM message_queue").fetchall())
    assert ended[ADA, "sent", None] == 2
    assert former.execute("SELECT status FROM message_queue WHERE id = %s", (planned,)).fetchone() == ("sent",)
    assert ended[BEN, "cancelled", "opted_out"] == 1
    assert ended[CHEN, "cancelled", "opted_out"] == 2
    assert ended[ADA, "processing", None] == 1
