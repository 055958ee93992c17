"""The database and the queues in trouble: what was not done comes back, and nothing changes its state twice."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from pydantic import SecretStr

from orchestrator.errors import InvocationFailed
from orchestrator.store import database as database_module
from orchestrator.store.database import Database, connect
from tests.postgres_proxy import postgres_proxy
from tests.world import World, sqs_event, sqs_record


@contextmanager
def database_at(world: World, url: str, *functions: str) -> Iterator[None]:
    """These functions find their database elsewhere."""
    apps = [world.functions[name] for name in functions]
    kept = [app.database for app in apps]
    for app in apps:
        app.__dict__["database"] = Database(app.settings.model_copy(update={"database_url": SecretStr(url)}))
    try:
        yield
    finally:
        for app, original in zip(apps, kept, strict=True):
            app.__dict__["database"] = original


def received(world: World, queue: str, *bodies: str) -> list[dict[str, Any]]:
    """Records that SQS handed out, so that their visibility can be changed."""
    sqs = boto3.client("sqs")
    url = next(url for url in world.urls.values() if url.endswith(f"/{queue}"))
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    return [
        sqs_record(m["Body"], world.now, message_id=m["MessageId"], handle=m["ReceiptHandle"], queue=queue)
        for m in messages
    ]


def visible_in(world: World, queue: str) -> list[int]:
    """In how many seconds each message of a queue shows up again."""
    from moto.backends import get_backend

    messages = get_backend("sqs")["123456789012"]["us-east-1"].queues[queue]._messages
    return sorted(round(message.visible_at / 1000 - world.now.timestamp()) for message in messages)


GOOD = '{"user_id": "ada", "agent_id": "x", "message_data": {"type": "note", "message": "Hello"}, "priority": "high"}'


@pytest.mark.parametrize("receives", [1, 3, 50])
def test_while_the_database_is_away_a_batch_comes_back_later_and_later(world: World, receives: int) -> None:
    records = received(world, "enqueue", GOOD, GOOD)
    for record in records:
        record["attributes"]["ApproximateReceiveCount"] = str(receives)
    with database_at(world, "postgresql://nobody@127.0.0.1:1/none", "enqueue"):
        answer = world.invoke("enqueue", sqs_event(records))
    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} == {r["messageId"] for r in records}
    assert visible_in(world, "enqueue") == [{1: 10, 3: 40, 50: 900}[receives]] * 2
    assert world.drain("ENQUEUE_DLQ_URL") == [], "nothing is wrong with them"
    world.drain("ENQUEUE_QUEUE_URL")


@pytest.mark.parametrize("function", ["enqueue", "deliver", "inbound"])
def test_a_statement_that_waits_too_long_hands_its_batch_back(
    world: World, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """Somebody holds the lock of a row and does not let go."""
    ada = world.person()
    world.message()
    world.minute()
    callback = world.phones.callbacks[-1]
    world.message(topic="x")
    world.dispatch()
    delivery = world.drain("DELIVERY_QUEUE_URL")
    world.twilio_calls(callback)
    bodies = {
        "enqueue": [GOOD.replace('"agent_id"', '"topic": "x", "agent_id"')],
        "deliver": delivery,
        "inbound": world.drain("INBOUND_QUEUE_URL"),
    }[function]
    event = sqs_event([sqs_record(body, world.now) for body in bodies])
    monkeypatch.setattr(database_module, "STATEMENT_SECONDS", 1)
    url = world.functions[function].settings.database_url.get_secret_value()
    with connect(url) as other, other.transaction():
        other.execute("SELECT FROM users WHERE id = %s FOR UPDATE", (ada,))
        answer = world.invoke(function, event)
    assert len(answer["batchItemFailures"]) == len(bodies)
    assert world.invoke(function, event) == {"batchItemFailures": []}, "once the lock is gone, it goes on"
    if function == "deliver":
        assert world.texts() == ["Hello", "Hello"]


def test_a_statement_killed_in_the_middle_is_done_wholly_or_not_at_all(world: World) -> None:
    world.person()
    url = world.functions["enqueue"].settings.database_url.get_secret_value()
    killed = threading.Event()

    def kill_whoever_inserts() -> None:
        with connect(url) as other:
            while not killed.is_set():
                rows = other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
                ).fetchall()
                if rows:
                    killed.set()

    records = received(world, "enqueue", *[GOOD] * 5)
    with connect(url) as holder, holder.transaction():
        holder.execute("LOCK TABLE message_queue IN SHARE MODE")  # the insert waits here, and is killed
        thread = threading.Thread(target=kill_whoever_inserts)
        thread.start()
        answer = world.invoke("enqueue", sqs_event(records))
        thread.join()
    assert len(answer["batchItemFailures"]) == 5
    assert world.all("SELECT count(*) FROM message_queue") == [(0,)]
    assert world.invoke("enqueue", sqs_event(records)) == {"batchItemFailures": []}
    assert world.all("SELECT count(*) FROM message_queue") == [(5,)]
    world.drain("ENQUEUE_QUEUE_URL")


def test_a_server_out_of_connections_is_asked_again(world: World, database_url: str) -> None:
    world.person()
    with socket.create_server(("127.0.0.1", 0)) as full:

        def refuse() -> None:
            connection, _ = full.accept()
            connection.recv(1024)
            fields = b"SFATAL\0C53300\0Msorry, too many clients already\0\0"
            connection.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
            connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        url = f"postgresql://x@127.0.0.1:{full.getsockname()[1]}/x?sslmode=disable&gssencmode=disable"
        with database_at(world, url, "enqueue"):
            answer = world.invoke("enqueue", sqs_event([sqs_record(GOOD, world.now)]))
    assert len(answer["batchItemFailures"]) == 1


def test_a_tick_without_a_database_fails_and_the_next_one_does_its_work(world: World) -> None:
    world.person()
    world.message()
    with (
        database_at(world, "postgresql://nobody@127.0.0.1:1/none", "dispatch"),
        pytest.raises(InvocationFailed, match="OperationalError at "),
    ):
        world.dispatch()
    world.minute()
    assert world.texts() == ["Hello"]


# Poison ------------------------------------------------------------------------------------------------------------------


def poison(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours that only one kind of message meets."""
    app = world.functions["enqueue"]
    original = app.enqueue

    def fails_for_some(connection: object, records: list[Any], *arguments: object) -> object:
        if any("poison" in record.body for record in records):
            raise KeyError("a fault of ours that quotes +12125550101")
        return original(connection, records, *arguments)

    monkeypatch.setattr(app, "enqueue", fails_for_some)


def test_a_poison_message_blocks_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    poison(world, monkeypatch)
    bodies = [GOOD, GOOD.replace("Hello", "poison"), GOOD.replace("Hello", "Bye")]
    records = [sqs_record(body, world.now, message_id=f"m{place}") for place, body in enumerate(bodies)]
    answer = world.invoke("enqueue", sqs_event(records))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert world.all("SELECT message_data->>'message' FROM message_queue ORDER BY 1") == [("Bye",), ("Hello",)]


def test_a_poison_message_is_put_aside_with_its_reason_when_it_has_come_five_times(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.person()
    poison(world, monkeypatch)
    world.publish(GOOD)  # another record passes, so this one fails alone
    record = sqs_record(GOOD.replace("Hello", "poison"), world.now, receives=5)
    assert world.invoke("enqueue", sqs_event([record])) == {"batchItemFailures": []}
    (letter,) = world.drain_messages("ENQUEUE_DLQ_URL")
    assert letter["MessageAttributes"]["reason"] == "failed"
    assert "KeyError at app.py" in letter["MessageAttributes"]["problem"]
    told = repr([vars(record) for record in caplog.records]) + repr(letter["MessageAttributes"])
    assert "2125550101" not in told, "neither the log nor the reason quotes what failed"


# SQS ---------------------------------------------------------------------------------------------------------------------


def test_what_sqs_does_not_take_of_a_tick_is_due_as_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person(hourly_limit=100, daily_limit=100)
    messages = [world.message() for _ in range(12)]
    from orchestrator.aws import queues

    original = queues._send_batch

    def takes_some(queue_url: str, batch: list[tuple[int, Any]], raises: Any) -> dict[int, str]:
        return {**original(queue_url, batch[2:], raises), batch[0][0]: "InternalError", batch[1][0]: "InternalError"}

    monkeypatch.setattr(queues, "_send_batch", takes_some)
    assert world.dispatch()["not_taken"] == 4
    monkeypatch.undo()
    world.deliver()
    assert len(world.texts()) == 8
    world.minute()
    assert {world.state(message)[0] for message in messages} == {"sent"}
    assert len(world.texts()) == 12


def test_a_message_without_an_id_of_its_own_stays_the_same_when_it_is_redriven(world: World) -> None:
    world.person()
    first = sqs_record(GOOD, world.now, message_id="11111111-1111-4111-8111-111111111111")
    again = sqs_record(GOOD, world.now, attributes={"sqs_message_id": first["messageId"]})
    world.invoke("enqueue", sqs_event([first]))
    world.invoke("enqueue", sqs_event([again]))
    assert world.all("SELECT count(*) FROM message_queue") == [(1,)]


def test_a_reservation_whose_answer_was_lost_is_no_unknown_outcome(world: World, database_url: str) -> None:
    """It was committed, and the worker knows that it made no call: the text goes with the next minute."""
    world.person()
    message_id = world.message()
    world.dispatch()
    body = world.drain("DELIVERY_QUEUE_URL")[0]
    answers: list[str] = []

    def cut_the_reservation(what: str) -> bool:
        answers.extend([what] if what == "answer" else [])
        return len(answers) != 4  # before it: the connection, the check of row level security, the state that was read

    with postgres_proxy(database_url, cut_the_reservation) as url, database_at(world, url, "deliver"):
        answer = world.invoke("deliver", sqs_event([sqs_record(body, world.now)]))
    assert len(answer["batchItemFailures"]) == 1
    assert (world.texts(), world.state(message_id)) == ([], ("queued", None))
    assert world.all("SELECT outcome, evidence, holds_slot FROM orchestrator.attempts") == [
        ("not_sent", "no_call", False)
    ]
    assert world.all("SELECT messages_sent FROM user_message_budget") == [(0,)]
    world.minute()
    assert world.texts() == ["Hello"]
