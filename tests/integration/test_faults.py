"""Faults of the surroundings bring a batch back, whatever raised them; only a record that fails alone is put aside."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import psycopg
import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from orchestrator.aws import batches, queues
from orchestrator.aws.faults import cause_of
from orchestrator.aws.queues import records_of
from orchestrator.clock import HostClock
from orchestrator.errors import InvalidMessage, InvocationFailed, SecretUnreadable, SettingsError
from orchestrator.sms.client import twilio_client
from orchestrator.store.access import close_schema
from orchestrator.store.database import Database
from tests.integration.test_batches import GOOD, database_at, received, visible_in
from tests.world import World, sqs_event, sqs_record

CASES = [
    tuple(cell.strip() for cell in line.split("|"))
    for line in (Path(__file__).parents[1] / "cases" / "faults.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
# What a new session brings reaches no session that the pooler already has, so that these faults cannot be made there.
needs_own_sessions = pytest.mark.skipif("TEST_POOLER_PORT" in os.environ, reason="the pooler keeps its sessions")
BAD = GOOD.replace("Hello", "the bad one")


@pytest.fixture(autouse=True)
def no_record_passed() -> None:
    batches._newest_passes.clear()
    batches._newest_stored.clear()


@pytest.fixture
def fault(connection: Connection) -> Iterator[Any]:
    """Makes each insert into `message_queue` raise an SQLSTATE; None ends it."""

    def raise_state(state: str | None, words: str = "") -> None:
        connection.execute("DROP TRIGGER IF EXISTS fault ON message_queue")
        if state:
            connection.execute(
                "CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF new.message_data->>'message' LIKE '%{words}%' THEN"
                f" RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END IF; RETURN new; END $$".encode()
            )
            connection.execute(
                "CREATE TRIGGER fault BEFORE INSERT ON message_queue FOR EACH ROW EXECUTE FUNCTION fault()"
            )

    yield raise_state
    raise_state(None)
    connection.execute("DROP FUNCTION IF EXISTS fault()")


def metrics_in(printed: str, name: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]
    return [line for line in lines if name in line]


def test_the_table_has_forty_states() -> None:
    assert len({state for state, _, _ in CASES}) >= 40


@pytest.mark.parametrize(("state", "condition", "at_fault"), CASES)
def test_only_a_records_own_fault_is_charged_to_it(
    world: World, fault: Any, capsys: pytest.CaptureFixture[str], state: str, condition: str, at_fault: str
) -> None:
    world.person()
    world.publish(GOOD)  # another record passed: what fails from now on may fail alone
    records = received(world, "enqueue", BAD, GOOD)
    for record in records:
        record["attributes"]["ApproximateReceiveCount"] = "50"
    ids = {record["messageId"] for record in records}
    fault(state)
    answer = world.invoke("enqueue", sqs_event(records))
    back = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    dead = world.drain_messages("ENQUEUE_DLQ_URL")
    faults = metrics_in(capsys.readouterr().out, "SurroundingFaults")
    if at_fault == "record":
        assert (back, len(dead), faults) == (set(), 2, []), condition
    else:
        assert (back, dead) == (ids, []), condition
        assert visible_in(world, "enqueue") == [900, 900], "later and later, and never later than this"
        assert {line["cause"] for line in faults} == {at_fault}
        fault(None)
        assert world.invoke("enqueue", sqs_event(records)) == {"batchItemFailures": []}, "it goes on"
    world.drain("ENQUEUE_QUEUE_URL")


def test_a_record_of_which_the_owners_trigger_refuses_the_row_blocks_no_other_and_waits(
    world: World, fault: Any
) -> None:
    world.person()
    fault("P0001", "the bad one")
    records = [sqs_record(body, world.now, message_id=name) for name, body in (("bad", BAD), ("good", GOOD))]
    assert world.invoke("enqueue", sqs_event(records)) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert world.all("SELECT message_data->>'message' FROM message_queue") == [("Hello",)]


def test_a_record_of_which_the_owners_trigger_refuses_the_row_is_put_aside_once_it_is_shown_to_be_alone(
    world: World, fault: Any
) -> None:
    world.person()
    fault("P0001", "the bad one")
    bad = sqs_record(BAD, world.now, message_id="bad", receives=4)
    back = {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert world.invoke("enqueue", sqs_event([bad])) == back
    world.wait(minutes=1)
    world.publish(GOOD)
    assert world.invoke("enqueue", sqs_event([bad])) == back, "not often enough"
    bad["attributes"]["ApproximateReceiveCount"] = "5"
    assert world.invoke("enqueue", sqs_event([bad])) == {"batchItemFailures": []}
    (dead,) = world.drain_messages("ENQUEUE_DLQ_URL")
    assert (dead["Body"], dead["MessageAttributes"]["reason"]) == (BAD, "failed")
    assert dead["MessageAttributes"]["problem"].startswith("failed 5 times: RaiseException at ")


@pytest.mark.parametrize(
    "passes",
    [
        '{"action": "withdraw", "message_id": "019cb436-8d80-7c88-af29-573dbcc32d40"}',
        '{"user_id": "ada", "agent_id": "x", "message_data": {}}',
    ],
    ids=["a withdrawal", "an invalid message"],
)
def test_a_trigger_that_refuses_each_row_charges_no_record_although_what_writes_no_row_passes(
    world: World, fault: Any, passes: str
) -> None:
    world.person()
    fault("P0001")
    record = sqs_record(GOOD, world.now, receives=50)
    world.wait(minutes=1)
    assert world.publish(passes) == {"batchItemFailures": []}
    world.drain("ENQUEUE_DLQ_URL")
    assert len(world.invoke("enqueue", sqs_event([record]))["batchItemFailures"]) == 1
    assert world.drain("ENQUEUE_DLQ_URL") == []


def test_a_stop_that_the_owners_trigger_refuses_comes_back_for_as_long_as_it_takes(world: World) -> None:
    world.person()
    world.connection.execute(
        "CREATE FUNCTION refuse_texts() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no'; END $$; CREATE TRIGGER refuse_texts BEFORE INSERT ON messages"
        " FOR EACH ROW EXECUTE FUNCTION refuse_texts()"
    )
    try:
        call = world.phones.write("+12125550101", "STOP", "https://hooks.example.com/twilio/inbound")
        assert world.twilio_calls(call) == [200]
        record = sqs_record(world.drain("INBOUND_QUEUE_URL")[0], world.now, receives=200, queue="inbound")
        world.wait(minutes=1)
        assert len(world.invoke("inbound", sqs_event([record]))["batchItemFailures"]) == 1
    finally:
        world.connection.execute("DROP TRIGGER refuse_texts ON messages; DROP FUNCTION refuse_texts()")
    assert world.drain("INBOUND_DLQ_URL") == []
    assert world.invoke("inbound", sqs_event([record])) == {"batchItemFailures": []}
    assert world.all("SELECT count(*) FROM orchestrator.opt_outs WHERE ended_at IS NULL") == [(1,)]


# The database --------------------------------------------------------------------------------------------------------


def published_while(world: World, count: int = 3) -> list[dict[str, Any]]:
    records = [sqs_record(GOOD.replace("Hello", f"Hello {n}"), world.now, receives=200) for n in range(count)]
    answer = world.invoke("enqueue", sqs_event(records))
    assert len(answer["batchItemFailures"]) == count
    assert world.drain("ENQUEUE_DLQ_URL") == []
    return records


@needs_own_sessions
def test_a_database_that_is_read_only_for_a_while_costs_nothing_and_no_session_stays_read_only(
    world: World, database_url: str
) -> None:
    world.person()
    name = conninfo_to_dict(database_url)["dbname"]
    with database_at(world, database_url, "enqueue"):
        world.connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        try:
            records = published_while(world)
        finally:
            world.connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        # The setting is read when a session begins: a session that was kept would be read-only for ever.
        assert world.invoke("enqueue", sqs_event(records)) == {"batchItemFailures": []}
    assert world.all("SELECT count(*) FROM message_queue") == [(3,)]


@needs_own_sessions
def test_a_stop_that_comes_while_the_database_is_read_only_is_taken_in_afterwards(
    world: World, database_url: str
) -> None:
    world.person()
    name = conninfo_to_dict(database_url)["dbname"]
    assert world.twilio_calls(world.phones.write("+12125550101", "STOP", "https://hooks.example.com/twilio/inbound"))
    body = world.drain("INBOUND_QUEUE_URL")[0]
    with database_at(world, database_url, "inbound"):
        world.connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        try:
            record = sqs_record(body, world.now, receives=200, queue="inbound")
            assert len(world.invoke("inbound", sqs_event([record]))["batchItemFailures"]) == 1
        finally:
            world.connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        assert world.drain("INBOUND_DLQ_URL") == []
        assert world.invoke("inbound", sqs_event([record])) == {"batchItemFailures": []}
    assert world.all("SELECT count(*) FROM orchestrator.opt_outs WHERE ended_at IS NULL") == [(1,)]


@needs_own_sessions
def test_a_role_without_its_rights_costs_nothing(world: World, database_url: str) -> None:
    world.person()
    world.connection.execute("DROP ROLE IF EXISTS without_rights")
    world.connection.execute("CREATE ROLE without_rights LOGIN")
    parts = conninfo_to_dict(database_url)
    host = f"host={parts['host']}" + (f"&port={parts['port']}" if parts.get("port") else "")
    try:
        with database_at(world, f"postgresql://without_rights@/{parts['dbname']}?{host}", "enqueue"):
            published_while(world)
    finally:
        world.connection.execute("DROP ROLE without_rights")


def test_a_database_that_is_not_migrated_costs_nothing(world: World) -> None:
    world.person()
    (function,) = world.all(
        "SELECT oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'insert_messages_%%'"
    )
    world.connection.execute(f"DROP FUNCTION {function[0]}".encode())
    try:
        records = published_while(world)
    finally:
        world.connection.execute(function[1].encode())
        close_schema(world.connection)
    assert world.invoke("enqueue", sqs_event(records)) == {"batchItemFailures": []}


# What is not the database ----------------------------------------------------------------------------------------------


def test_a_secret_that_cannot_be_read_brings_a_stop_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    assert world.twilio_calls(world.phones.write("+12125550101", "STOP", "https://hooks.example.com/twilio/inbound"))
    record = sqs_record(world.drain("INBOUND_QUEUE_URL")[0], world.now, receives=200, queue="inbound")

    def unreadable(_settings: object) -> object:
        raise SecretUnreadable("DATABASE_SECRET_ARN: the secret cannot be read.")

    with patch.object(world.functions["inbound"], "refresh", unreadable):
        assert len(world.invoke("inbound", sqs_event([record]))["batchItemFailures"]) == 1
    assert world.drain("INBOUND_DLQ_URL") == []
    assert world.invoke("inbound", sqs_event([record])) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (SettingsError("X"), "settings"),
        (SecretUnreadable("X"), "secrets"),
        (EndpointConnectionError(endpoint_url="https://sqs"), "aws"),
        (ConnectionResetError(), "network"),
        (TimeoutError(), "network"),
        (ImportError("a layer lacks a module"), "runtime"),
        (MemoryError(), "runtime"),
        (psycopg.OperationalError("connection refused"), "database_away"),
        (psycopg.InterfaceError("the connection is closed"), "database_away"),
        (psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), None),
        (psycopg.ProgrammingError("cannot adapt type"), None),
        (KeyError("a defect of ours"), None),
        (InvalidMessage("user_id", "is missing", "Send it"), None),
    ],
)
def test_errors_without_a_state_are_classified_by_type(error: Exception, cause: str | None) -> None:
    assert cause_of(error) == cause


def test_a_tick_that_a_fault_ends_names_its_cause(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        database_at(world, "postgresql://nobody@127.0.0.1:1/none", "dispatch"),
        pytest.raises(InvocationFailed, match=r"^OperationalError at database.py:\d+ connect$"),
    ):
        world.dispatch()
    (line,) = metrics_in(capsys.readouterr().out, "SurroundingFaults")
    assert line["cause"] == "database_away"


# Whether a record fails alone ------------------------------------------------------------------------------------------


def break_enqueue(world: World, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """A defect of our code that every record with these words meets."""
    original = world.functions["enqueue"].enqueue

    def fails(connection: object, records: list[Any], *arguments: object) -> object:
        if any(words in record.body for record in records):
            raise KeyError("a defect of ours")
        return original(connection, records, *arguments)

    monkeypatch.setattr(world.functions["enqueue"], "enqueue", fails)


def test_a_defect_that_every_record_meets_puts_none_of_them_aside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    world.publish(GOOD)
    world.wait(minutes=1)
    break_enqueue(world, monkeypatch, "Hello")
    records = received(world, "enqueue", GOOD, GOOD, GOOD)
    for record in records:
        record["attributes"]["ApproximateReceiveCount"] = "7"
    answer = world.invoke("enqueue", sqs_event(records))
    assert len(answer["batchItemFailures"]) == 3
    assert world.drain("ENQUEUE_DLQ_URL") == []
    assert visible_in(world, "enqueue") == [640] * 3
    world.drain("ENQUEUE_QUEUE_URL")


def test_a_record_that_fails_while_others_pass_is_put_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    break_enqueue(world, monkeypatch, "the bad one")
    bad = sqs_record(BAD, world.now, receives=5)
    assert len(world.invoke("enqueue", sqs_event([bad]))["batchItemFailures"]) == 1, "nothing shows yet who is at fault"
    world.wait(minutes=1)
    world.publish(GOOD)
    assert world.invoke("enqueue", sqs_event([bad])) == {"batchItemFailures": []}
    assert len(world.drain("ENQUEUE_DLQ_URL")) == 1


# Longer than SQS keeps a message ---------------------------------------------------------------------------------------


def test_a_record_is_put_on_its_queue_again_before_sqs_deletes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    sent_at = world.now
    (record,) = received(world, "enqueue", GOOD)
    record["attributes"]["SenderId"] = "AROAPUBLISHER:agent"
    monkeypatch.setattr(queues, "own_role_id", lambda: "AROAOURS")
    world.wait(days=7, minutes=1)
    with database_at(world, "postgresql://nobody@127.0.0.1:1/none", "enqueue"):
        assert world.invoke("enqueue", sqs_event([record])) == {"batchItemFailures": []}, "the old copy is done"
    _, copy = world.drain_messages("ENQUEUE_QUEUE_URL")
    assert copy["Body"] == GOOD
    again = sqs_record(copy["Body"], world.now, attributes=copy["MessageAttributes"])
    again["attributes"]["SenderId"] = "AROAOURS:enqueue"
    (parsed,) = records_of(sqs_event([again]))
    assert (parsed.original_id, parsed.sent_at, parsed.sender_id, parsed.queued_at) == (
        record["messageId"],
        sent_at,
        "AROAPUBLISHER:agent",
        world.now,
    )


def test_a_publisher_cannot_write_who_sent_its_message_and_when(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "own_role_id", lambda: "AROAOURS")
    claims = {"first_sent_at": "1000", "first_sender_id": "AROAOTHER:agent", "sqs_message_id": "x"}
    record = sqs_record(GOOD, world.now, attributes=claims)
    record["attributes"]["SenderId"] = "AROAPUBLISHER:agent"
    (parsed,) = records_of(sqs_event([record]))
    assert (parsed.sent_at, parsed.sender_id) == (world.now, "AROAPUBLISHER:agent")


def test_a_claim_about_the_first_sender_that_cannot_be_checked_holds_up_that_record_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person()
    asked: list[int] = []

    def sts_is_away() -> str:
        asked.append(1)
        raise EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com")

    monkeypatch.setattr(queues, "own_role_id", sts_is_away)
    claims = {"first_sent_at": "1000"}
    doubtful = [sqs_record(GOOD, world.now, attributes=claims) for _ in range(2)]
    (good,) = received(world, "enqueue", GOOD)
    answer = world.invoke("enqueue", sqs_event([doubtful[0], good, doubtful[1]]))
    assert {item["itemIdentifier"] for item in answer["batchItemFailures"]} == {r["messageId"] for r in doubtful}
    assert len(world.all("SELECT id FROM message_queue")) == 1
    assert len(asked) == 1, "one question a batch"
    assert world.drain("ENQUEUE_DLQ_URL") == []


def test_what_sqs_does_not_take_again_comes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    (record,) = received(world, "enqueue", GOOD)
    world.wait(days=8)
    monkeypatch.setattr(
        queues, "_send_batch", lambda _url, batch, _raises: {place: "InternalError" for place, _ in batch}
    )
    with database_at(world, "postgresql://nobody@127.0.0.1:1/none", "enqueue"):
        assert len(world.invoke("enqueue", sqs_event([record]))["batchItemFailures"]) == 1
    monkeypatch.undo()
    world.drain("ENQUEUE_QUEUE_URL")


def test_the_id_of_a_role_is_what_sqs_names(monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestrator.aws.clients import own_role_id

    own_role_id.cache_clear()
    try:
        identity = {"UserId": "AROAEXAMPLE:message-orchestrator-enqueue"}
        with patch.object(boto3, "client") as client:
            client.return_value.get_caller_identity.return_value = identity
            assert own_role_id() == "AROAEXAMPLE"
    finally:
        own_role_id.cache_clear()


# Clocks ----------------------------------------------------------------------------------------------------------------


@contextmanager
def host_clock(world: World, ahead: float) -> Iterator[None]:
    """The functions run on a host whose clock is ahead of the database's by these seconds; then the clock is right."""
    kept = {name: dict(app.__dict__) for name, app in world.functions.items() if "database" in app.__dict__}
    (database_time,) = world.connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    for name in kept:
        app = world.functions[name]
        app.__dict__["clock"] = HostClock()
        app.__dict__["database"] = Database(app.settings, app.clock)
    with time_machine.travel(database_time + timedelta(seconds=ahead), tick=True):
        try:
            yield
        finally:
            for name, names in kept.items():
                world.functions[name].__dict__.update(clock=names["clock"], database=names["database"])


def test_a_dispatcher_whose_clock_is_an_hour_ahead_does_nothing_and_names_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.person()
    pace = world.all("SELECT next_free::text FROM orchestrator.pace")
    with host_clock(world, ahead=3600), pytest.raises(InvocationFailed, match="ClockWrong: "):
        world.dispatch()
    (line,) = metrics_in(capsys.readouterr().out, "SurroundingFaults")
    assert line["cause"] == "clock"
    assert world.all("SELECT next_free::text FROM orchestrator.pace") == pace


@pytest.mark.parametrize("ahead", ["1 hour", "8 days"])
def test_a_pace_that_a_wrong_clock_wrote_holds_no_text_back(world: World, ahead: str) -> None:
    world.person()
    world.connection.execute("UPDATE orchestrator.pace SET next_free = %s + %s::interval", (world.now, ahead))
    message_id = world.message()
    world.minute()
    assert (world.texts(), world.state(message_id)) == (["Hello"], ("sent", None))


@pytest.mark.parametrize("function", ["enqueue", "deliver", "inbound"])
def test_a_batch_on_a_host_that_is_90_seconds_ahead_comes_back(world: World, function: str) -> None:
    world.person()
    bodies = {
        "enqueue": GOOD,
        "deliver": '{"message_id": "019cb436-8d80-7c88-af29-573dbcc32d40"}',
        "inbound": '{"path": "/twilio/status"}',
    }
    with host_clock(world, ahead=90):
        record = sqs_record(bodies[function], world.now, receives=200)
        assert len(world.invoke(function, sqs_event([record]))["batchItemFailures"]) == 1
    assert world.drain("ENQUEUE_DLQ_URL") == world.drain("INBOUND_DLQ_URL") == world.drain("DELIVERY_DLQ_URL") == []
    assert world.all("SELECT count(*) FROM message_queue") == [(0,)]


@pytest.mark.parametrize(("ahead", "used"), [(45.0, 0.0), (-45.0, 0.0), (1.0, 1.0)])
def test_a_host_that_is_a_little_off_writes_the_databases_time(world: World, ahead: float, used: float) -> None:
    world.person()
    with host_clock(world, ahead):
        message_id = world.message(scheduled_for=datetime.now(UTC) + timedelta(days=1))
        (difference,) = world.connection.execute(
            "SELECT extract(epoch FROM accepted_at - clock_timestamp()) FROM message_queue WHERE id = %s", (message_id,)
        ).fetchone() or (None,)
    assert float(difference) == pytest.approx(used, abs=0.9)


def test_a_connection_that_idled_while_the_monotonic_clock_stood_still_is_tested(
    world: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda froze the host, and a pooler ended the session meanwhile without a sign on the socket."""
    world.person()
    app = world.functions["enqueue"]
    world.publish(GOOD)
    app.database._since_test.restart()
    stopped = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: stopped)
    tested: list[object] = []
    original = Database._test

    def note(database: Database, connection: Any) -> None:
        tested.append(database)
        original(database, connection)

    monkeypatch.setattr(Database, "_test", note)
    world.wait(minutes=1)
    world.publish(GOOD)
    assert tested == [app.database]


def test_a_twilio_connection_that_idled_while_the_monotonic_clock_stood_still_is_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = world.functions["deliver"].sender
    client: Any = twilio_client(sender._settings, sender.parallel_calls).http_client
    world.person()
    world.message()
    world.minute()
    stopped = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: stopped)
    ((idle, _),) = next(iter(client._idle.values()))
    world.wait(minutes=10)
    world.message()
    world.minute()
    assert world.texts() == ["Hello", "Hello"]
    ((used_now, _),) = next(iter(client._idle.values()))
    assert used_now is not idle


@pytest.mark.parametrize(("start", "end"), [("21:00", "24:00"), ("24:00", "08:00")])
def test_quiet_hours_of_24_00_fail_no_batch(world: World, start: str, end: str) -> None:
    ada = world.person()
    world.connection.execute(
        "UPDATE users SET quiet_hours_start = %s::time, quiet_hours_end = %s::time WHERE id = %s", (start, end, ada)
    )
    message_id = world.message()
    world.minute()
    assert (world.texts(), world.state(message_id)) == (["Hello"], ("sent", None))
    world.travel_to("2026-03-03T21:30:00-05:00" if start == "21:00" else "2026-03-04T00:30:00-05:00")
    held = world.message(message_data={"type": "note", "message": "At night"})
    world.minute()
    opens = "2026-03-04T00:00:00-05:00" if start == "21:00" else "2026-03-04T08:00:00-05:00"
    assert world.row(held)["scheduled_for"] == datetime.fromisoformat(opens)
