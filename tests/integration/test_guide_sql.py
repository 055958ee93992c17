"""The SQL of the quick start guide gives the answer that its reader expects, at any hour of the reader's day."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import Connection
from typer.testing import CliRunner

from orchestrator.aws.queues import QueueRecord
from orchestrator.delivery.dispatch import is_new_day
from orchestrator.intake.enqueue import enqueue
from orchestrator.settings import EnqueueSettings
from orchestrator.store.old_senders import list_old_senders
from orchestrator.store.people import change_user
from orchestrator_cli.main import app
from tests.databases import PreparedDatabase
from tests.integration.test_adoption import ADA, CHEN, add
from tests.integration.test_cutover import url_of
from tests.integration.test_migrate import GUIDE, migrate_existing, with_own_jobs
from tests.world import World, function_environment

# In quiet hours of New York: on one date there and in UTC, on two dates, and after its midnight.
HOURS = {
    "in the morning of UTC": "2026-03-03T06:00:00-05:00",
    "in the evening, on the next date of UTC": "2026-03-03T22:00:00-05:00",
    "after midnight": "2026-03-04T00:30:00-05:00",
}
QUEUE_STATUS, RATE_LIMITS, COSTS, LIMITS_OF_ONE, _, LOGS, INCREMENT = GUIDE
# The function that the guide has its reader create.
FUNCTION = """
CREATE OR REPLACE FUNCTION increment_message_budget(p_user_id UUID, p_date DATE) RETURNS void AS $$
BEGIN
  UPDATE user_message_budget SET messages_sent = messages_sent + 1, last_message_at = now()
  WHERE user_id = p_user_id AND date = p_date;
END;
$$ LANGUAGE plpgsql;
"""
IDS = "'00000000-0000-0000-0000-00000000000a'"
NO_QUIET_HOURS = "UPDATE user_message_budget SET quiet_hours_enabled = false WHERE user_id = %s AND date = CURRENT_DATE"
FINDINGS = {"type": "update", "findings": {"name": "Acme"}}


@pytest.fixture(params=list(HOURS.values()), ids=list(HOURS))
def at(world: World, request: pytest.FixtureRequest) -> World:
    """Ada's night, at one of its hours."""
    world.travel_to(request.param)
    return world


def of_utc(world: World) -> str:
    """CURRENT_DATE of a session whose zone is that of Supabase and RDS."""
    return str(world.now.astimezone(UTC).date())


def own_day(world: World) -> str:
    """The date in New York."""
    return str(world.now.astimezone(ZoneInfo("America/New_York")).date())


def guide(world: World, statement: str, user_id: UUID | None = None) -> list[tuple[Any, ...]]:
    """What a statement of the guide returns now."""
    now = statement.replace("CURRENT_DATE", f"date '{of_utc(world)}'")
    return world.all(now.replace(IDS, f"'{user_id}'"))


def update(world: World, statement: str, user_id: UUID) -> int:
    """How many rows an owner's statement changes."""
    now = statement.replace("CURRENT_DATE", f"date '{of_utc(world)}'")
    return world.connection.execute(now.encode(), (user_id,)).rowcount


def sent_by_date(world: World, user_id: UUID) -> dict[str, int]:
    return dict(world.all("SELECT date::text, messages_sent FROM user_message_budget WHERE user_id = %s", user_id))


def test_a_person_is_found_with_their_limits_before_the_first_text(at: World) -> None:
    ada = at.person()
    at.message()
    assert at.texts() == []
    assert guide(at, RATE_LIMITS) == [("+12125550101", 0, 10, None)]
    assert sent_by_date(at, ada) == {of_utc(at): 0, own_day(at): 0}


def test_quiet_hours_are_off_for_a_person_once_their_row_of_today_says_so(at: World) -> None:
    ada = at.person()
    at.message()
    assert update(at, NO_QUIET_HOURS, ada) == 1
    at.minute()
    assert at.texts() == ["Hello"]


def test_a_limit_that_is_changed_today_holds_from_now_on(at: World) -> None:
    ada = at.person(quiet_hours_start="00:00", quiet_hours_end="00:00", hourly_limit=10)
    at.message()
    assert update(at, "UPDATE user_message_budget SET daily_limit = 1 WHERE user_id = %s AND date = CURRENT_DATE", ada)
    at.message(message_data={"type": "note", "message": "second"}, priority="urgent", can_delay=False)
    at.minute()
    assert len(at.texts()) == 1
    at.wait(days=1)
    at.message()
    assert [(sent, limit) for _, sent, limit, _ in guide(at, RATE_LIMITS)] == [(0, 1)], "it survives midnight"


def test_what_was_sent_is_counted_on_the_persons_day_and_a_day_not_begun_shows_none(at: World) -> None:
    ada = at.person(quiet_hours_start="00:00", quiet_hours_end="00:00")
    at.message()
    at.minute()
    assert len(at.texts()) == 1
    assert sent_by_date(at, ada) == {of_utc(at): 0, own_day(at): 1}
    ((_, sent, _, last),) = guide(at, RATE_LIMITS)
    assert (sent, last) == ((1, at.now) if own_day(at) == of_utc(at) else (0, None))
    assert len(guide(at, LIMITS_OF_ONE, ada)) == len({own_day(at), of_utc(at)})


def test_a_row_is_there_in_the_morning_for_what_was_accepted_the_day_before(world: World) -> None:
    ada = world.person()
    ben = world.person("ben", phone="+12125550102")
    world.message(scheduled_for="2026-03-04T18:00:00Z")
    world.message("ben", scheduled_for="2026-03-05T18:00:00Z")
    world.connection.execute("UPDATE user_message_budget SET daily_limit = 7 WHERE user_id = %s", (ada,))
    world.travel_to("2026-03-03T19:05:00-05:00")
    world.minute()
    world.travel_to("2026-03-04T07:00:00-05:00")
    assert guide(world, RATE_LIMITS) == [("+12125550101", 0, 7, None)], "Ben's text is not for today"
    assert update(world, NO_QUIET_HOURS, ada) == 1
    assert sent_by_date(world, ben) == {"2026-03-03": 0}


def test_later_on_that_day_a_tick_adds_no_row(world: World) -> None:
    ada = world.person()
    world.message(scheduled_for="2026-03-04T18:00:00Z")
    world.travel_to("2026-03-04T12:00:00-05:00")
    world.minute()
    assert sent_by_date(world, ada) == {"2026-03-03": 0}


def test_a_text_that_waited_past_midnight_makes_the_row_of_the_utc_day(world: World) -> None:
    ada = world.person()
    world.message(scheduled_for="2026-03-04T00:30:00Z")
    world.travel_to("2026-03-03T19:30:00-05:00")
    world.minute()
    assert sent_by_date(world, ada) == {"2026-03-03": 1, "2026-03-04": 0}


@pytest.mark.parametrize(("minute", "is_new"), [("00:00", True), ("00:14", True), ("00:15", False), ("23:59", False)])
def test_the_first_minutes_of_a_day(minute: str, is_new: bool) -> None:
    assert is_new_day(datetime.fromisoformat(f"2026-03-04T{minute}:00+00:00")) is is_new


# East of Greenwich the person's date is the later one.


@pytest.fixture
def in_guam(world: World) -> tuple[World, UUID]:
    """A person in Guam at six in the morning of the next date."""
    world.travel_to("2026-03-03T20:00:00Z")
    person = world.person(phone="+16715550101", timezone="Pacific/Guam")
    world.message()
    assert sent_by_date(world, person) == {"2026-03-03": 0, "2026-03-04": 0}
    return world, person


def test_the_row_of_the_utc_day_counts_east_of_greenwich_too(in_guam: tuple[World, UUID]) -> None:
    world, person = in_guam
    assert update(world, NO_QUIET_HOURS, person) == 1
    world.minute()
    assert world.texts("+16715550101") == ["Hello"]


def test_an_operators_limit_survives_the_midnight_of_utc(in_guam: tuple[World, UUID]) -> None:
    world, person = in_guam
    change_user(world.connection, str(person), {"daily_limit": 3}, world.now)
    limits = "SELECT DISTINCT daily_limit FROM user_message_budget WHERE user_id = %s"
    assert world.all(limits, person) == [(3,)]
    world.travel_to("2026-03-04T01:00:00Z")
    assert [(limit,) for _, _, limit, _ in guide(world, RATE_LIMITS)] == [(3,)]


@pytest.mark.parametrize("change", ["daily_limit = 3", "hourly_limit = 0", "quiet_hours_enabled = false"])
def test_what_an_owner_changes_in_the_row_of_today_survives_the_midnight_of_utc(
    in_guam: tuple[World, UUID], change: str
) -> None:
    world, person = in_guam
    rows = "UPDATE user_message_budget SET {} WHERE user_id = %s AND date = "
    assert update(world, rows.format(change) + "CURRENT_DATE", person) == 1
    query = f"SELECT count(*) FROM user_message_budget WHERE user_id = %s AND {change}"
    assert world.all(query, person) == [(2,)]
    update(world, rows.format("daily_limit = 7") + "date '2026-03-04'", person)
    update(world, rows.format("daily_limit = 5") + "CURRENT_DATE", person)
    limits = "SELECT daily_limit FROM user_message_budget WHERE user_id = %s ORDER BY date"
    assert world.all(limits, person) == [(5,), (7,)], "what the owner set for the next day stays"
    world.travel_to("2026-03-04T01:00:00Z")
    update(world, rows.format("daily_limit = 7") + "date '2026-03-03'", person)
    update(world, rows.format("daily_limit = 4") + "CURRENT_DATE", person)
    assert world.all(limits, person) == [(7,), (4,)]


# The other statements ----------------------------------------------------------------------------------------------------


def test_the_queue_the_costs_and_the_logs(at: World) -> None:
    at.person(quiet_hours_start="00:00", quiet_hours_end="00:00")
    at.message(message_data=FINDINGS)
    at.minute()
    at.message(priority="low", scheduled_for="2026-03-09T15:00:00Z")
    assert guide(at, QUEUE_STATUS) == [("low", "queued", 1)]
    ((day, operations, tokens_in, tokens_out, cost),) = guide(at, COSTS)
    assert (str(day), operations) == (of_utc(at), 1)
    assert min(tokens_in, tokens_out, cost) > 0
    assert len(guide(at, LOGS)) == 1


@pytest.mark.parametrize("function", [None, FUNCTION], ids=["ours", "the guide's"])
def test_the_function_counts_before_the_first_text(at: World, function: str | None) -> None:
    ada = at.person()
    at.message()
    with at.connection.transaction(force_rollback=True):
        at.connection.execute((function or "SELECT").encode())
        guide(at, INCREMENT, ada)
        assert sent_by_date(at, ada)[of_utc(at)] == 1


# On the database of the former system ------------------------------------------------------------------------------------


@pytest.fixture
def former(prepared_database: PreparedDatabase) -> Iterator[Connection]:
    """The former system's database, migrated."""
    url = with_own_jobs(prepared_database(migrate_existing))
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        yield connection


def accepted(connection: Connection, now: datetime) -> None:
    """A message to Ada, taken from the queue."""
    environment = function_environment(url_of(connection), {}, "http://127.0.0.1:1", "http://127.0.0.1:1")
    queues = dict.fromkeys(("enqueue_queue_url", "enqueue_dlq_url", "urgent_queue_url"), "http://127.0.0.1:1/queue")
    settings = EnqueueSettings.model_validate({**{k.lower(): v for k, v in environment.items()}, **queues})
    body = json.dumps({"userId": IDS.strip("'"), "agentId": "saga_1", "messageData": {"content": "Hi"}})
    record = QueueRecord(str(now), str(now), "handle", body, now, now, now, "AROAUTHOR", 1, "enqueue")
    report = enqueue(connection, [record], settings, lambda: now)
    assert report.accepted.total() == 1


def test_the_former_systems_table_gets_our_limits_and_not_its_own_default(former: Connection) -> None:
    accepted(former, datetime(2026, 3, 4, 3, tzinfo=UTC))
    rows = former.execute(
        "SELECT date::text, messages_sent, daily_limit, hourly_limit FROM user_message_budget ORDER BY date"
    ).fetchall()
    assert rows == [("2026-03-02", None, 5, 2), ("2026-03-03", 0, 5, 2), ("2026-03-04", 0, 5, 2)], "hers go on"
    former.execute("DELETE FROM user_message_budget")
    accepted(former, datetime(2026, 3, 4, 3, 1, tzinfo=UTC))
    rows = former.execute(
        "SELECT DISTINCT messages_sent, daily_limit, hourly_limit FROM user_message_budget"
    ).fetchall()
    assert rows == [(0, 10, 2)]


def test_a_person_whose_message_is_taken_over_has_a_row_of_today(
    former: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for old_sender in list_old_senders(former):
        former.execute(old_sender.removal.encode())
    monkeypatch.setenv("DATABASE_URL", url_of(former))
    now = datetime.now(UTC)
    add(former, now - timedelta(minutes=1), user_id=ADA)
    add(former, now + timedelta(days=3), user_id=CHEN)
    rows = "SELECT user_id::text, messages_sent, daily_limit FROM user_message_budget WHERE date >= %s"
    assert CliRunner().invoke(app, ["adopt"]).exit_code == 0
    assert former.execute(rows, (now.date(),)).fetchall() == []
    assert CliRunner().invoke(app, ["adopt", "--apply"]).exit_code == 0
    assert former.execute(rows, (now.date(),)).fetchall() == [(ADA, 0, 5)], "hers goes on; Chen's text is for later"


# An attempt to send a text, of a person; the others have no meaning here.
ATTEMPT = (
    "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date,"
    f" holds_slot, started_at) VALUES ({IDS}, {IDS}, %s, {IDS}, '', '', '2026-03-03', true, now())"
)
REFUSAL = "UPDATE orchestrator.attempts SET outcome = 'refused', error_code = 21211, error = 'no number'"
DELIVERY_ERRORS = (
    "SELECT agent_type, error, input_data->>'message_id', user_id::text FROM agent_actions_log"
    " WHERE action_type = 'delivery_error'"
)


def test_the_former_systems_log_gets_its_delivery_errors(former: Connection) -> None:
    ada = IDS.strip("'")
    former.execute(ATTEMPT.encode(), (ada,))
    former.execute(REFUSAL.encode())
    found = former.execute(DELIVERY_ERRORS.encode()).fetchall()
    assert found == [("message_orchestrator", "no number (21211)", ada, ada)]


@pytest.mark.parametrize(
    ("situation", "statement", "rows"),
    [
        ("the person is deleted", "UPDATE users SET phone_number = 'forgotten-' || left(id::text, 1) || right(id::text, 4)", [("message_orchestrator", "no number (21211)", IDS.strip("'"), None)]),
        ("the owner deleted the person", "UPDATE orchestrator.attempts SET user_id = gen_random_uuid()", [("message_orchestrator", "no number (21211)", IDS.strip("'"), None)]),
        ("the owner's table refuses it", "ALTER TABLE agent_actions_log ADD CHECK (action_type = 'x') NOT VALID", []),
        ("there is no such table", "ALTER TABLE agent_actions_log RENAME TO log", None),
    ],
)  # fmt: skip
def test_a_log_that_takes_no_row_keeps_no_outcome_from_being_written(
    former: Connection, situation: str, statement: str, rows: list[Any] | None
) -> None:
    former.execute("DROP TRIGGER on_phone_change ON users")  # it fails on each change
    former.execute(ATTEMPT.encode(), (ADA,))
    former.execute(statement.encode())
    former.execute(REFUSAL.encode())
    assert former.execute("SELECT outcome FROM orchestrator.attempts").fetchall() == [("refused",)], situation
    if rows is not None:
        assert former.execute(DELIVERY_ERRORS.encode()).fetchall() == rows
