"""What people write reaches agents without a bus: by rows of `events`, an HTTPS call, a queue or a function."""

import base64
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from psycopg import Connection
from pydantic import SecretStr

from orchestrator.conversation import inbound as inbound_procedure
from orchestrator.event_targets import function, webhook
from orchestrator.store.database import Database, connect
from orchestrator.store.events import list_event_targets
from orchestrator.store.runtime_role import ROLE
from orchestrator_cli.event_checks import key_results
from orchestrator_local.template import ROOT
from tests.databases import PreparedDatabase
from tests.integration.test_migrate import migrate_existing, with_own_jobs
from tests.integration.test_small_roles import as_role, login_role
from tests.webhook_receiver import SECRET, Receiver, receiver_at_localhost
from tests.world import World

Configure = Callable[..., None]
DATABASE_PAGE = ROOT / "docs" / "database.md"
ADA = "00000000-0000-0000-0000-00000000000a"


@pytest.fixture
def configure(world: World, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Give settings to the functions that publish events; the tick makes them known."""

    def configure(**settings: Any) -> None:
        for name in ("dispatch", "inbound"):
            app = world.functions[name]
            monkeypatch.setitem(app.__dict__, "settings", app.settings.model_copy(update=settings))
        world.dispatch()

    return configure


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Receiver, Path]]:
    """One server for all tests of this file."""
    folder = tmp_path_factory.mktemp("tls")
    with receiver_at_localhost(folder) as receiver:
        yield receiver, folder / "ca.pem"


@pytest.fixture
def receiver(
    world: World, tls_server: tuple[Receiver, Path], configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> Receiver:
    """The owner's server, which receives what people write."""
    receiver, trusted = tls_server
    receiver.reset(lambda: world.now)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setenv("REPLY_WEBHOOK_SECRET", SECRET)
    configure(reply_webhook_url=receiver.url, reply_webhook_private_network=True)
    return receiver


def waiting(world: World) -> list[tuple[str, int, str | None]]:
    """The targets of the events that wait, with their failures."""
    return world.all("SELECT target, failures, error FROM orchestrator.events ORDER BY at, target")


def test_a_text_arrives_signed_at_once_with_ids_and_without_words(world: World, receiver: Receiver) -> None:
    ada = world.person()
    world.writes("Tell me more about it")
    (body,) = receiver.bodies
    (text,) = world.all("SELECT id, conversation_id FROM messages")
    assert body == {
        "type": "reply.received",
        "timestamp": world.now.isoformat(),
        "data": {
            "event_id": receiver.ids[0],
            "at": world.now.isoformat(),
            "user_id": str(ada),
            "external_id": "ada",
            "message_id": str(text[0]),
            "conversation_id": str(text[1]),
            "kind": "conversation",
            "in_reply_to": None,
            "agent_id": None,
            "candidates": None,
        },
    }
    assert receiver.paths == ["/agents?of=texts"]
    assert waiting(world) == []
    world.message()
    world.minute()
    assert len(receiver.bodies) == 1, "only what people write"


def test_words_travel_only_to_the_targets_that_the_owner_names(
    world: World, receiver: Receiver, configure: Configure
) -> None:
    world.person()
    queue = boto3.client("sqs").create_queue(QueueName="texts-of-people")["QueueUrl"]
    configure(reply_queue_url=queue, reply_words_to=frozenset({"queue"}))
    world.writes("Tell me more about it")
    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    data = json.loads(message["Body"])["data"]
    assert data["content"] == "Tell me more about it"
    assert "content" not in receiver.bodies[0]["data"]
    configure(reply_queue_url=None)


@pytest.mark.parametrize(("status", "more"), [(500, {}), (302, {"Location": "https://localhost/elsewhere"}), (410, {})])
def test_a_refused_event_comes_again_later_and_later_with_the_same_id(
    world: World, receiver: Receiver, status: int, more: dict[str, str]
) -> None:
    world.person()
    receiver.answers = [(status, more)] * 3
    world.writes("Hello")
    assert waiting(world) == [("webhook", 1, f"http_{status}")]
    tried = [len(receiver.paths)]
    for _minute in range(8):
        world.wait(minutes=1)
        world.dispatch()
        tried.append(len(receiver.paths))
    assert tried == [1, 2, 2, 3, 3, 3, 3, 4, 4], "after one minute, two, and four"
    assert set(receiver.paths) == {"/agents?of=texts"}, "no redirect is followed"
    assert (len(receiver.bodies), waiting(world)) == (1, [])


def test_each_wait_is_twice_the_one_before_and_ten_minutes_at_the_most(world: World, receiver: Receiver) -> None:
    world.person()
    receiver.answers = [(500, {})] * 7
    world.writes("Hello")
    waits = []
    for _ in range(6):
        ((again_at,),) = world.all("SELECT leased_until FROM orchestrator.events")
        waits.append((again_at - world.now).total_seconds() / 60)
        world.travel_to(again_at)
        world.dispatch()
    assert waits == [1, 2, 4, 8, 10, 10]


def test_a_tick_counts_the_events_that_their_target_took(world: World, receiver: Receiver) -> None:
    world.person()
    receiver.answers = [(500, {})] * 2
    world.writes("One")
    world.writes("Two")
    world.wait(minutes=1)
    events_published = [world.dispatch()["told"] for _ in range(2)]
    assert events_published == [2, 0]


def test_a_receiver_may_ask_for_a_longer_wait(world: World, receiver: Receiver) -> None:
    world.person()
    receiver.answers = [(429, {"Retry-After": "300"})]
    world.writes("Hello")
    world.wait(minutes=4)
    world.dispatch()
    assert len(receiver.paths) == 1
    world.wait(minutes=2)
    world.dispatch()
    assert len(receiver.bodies) == 1


def test_a_failing_receiver_holds_up_no_stop_and_no_text(world: World, receiver: Receiver) -> None:
    world.person()
    waits = world.message(can_delay=False)
    receiver.answers = [(500, {})] * 100
    for text in ("One", "Two", "Three", "Four", "STOP"):
        world.writes(text)
    assert len(receiver.paths) == 3, "after three failures the dispatcher alone tries it"
    assert world.state(waits) == ("cancelled", "opted_out")
    world.person("ben", phone="+12125550102")
    sent = world.message("ben", can_delay=False)
    world.minute()
    assert world.state(sent) == ("sent", None)
    assert len(waiting(world)) == 5
    receiver.answers = []
    for _ in range(4):
        world.wait(minutes=10)
        world.dispatch()
    assert (len(receiver.bodies), waiting(world)) == (5, [])


def test_a_target_that_does_not_answer_takes_no_time_from_the_others(
    world: World, receiver: Receiver, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    class Lambda:
        def invoke(self, **call: Any) -> None:
            calls.append(call)

    world.person()
    monkeypatch.setattr(function, "lambda_client", Lambda)
    monkeypatch.setattr(inbound_procedure, "EVENT_SECONDS", 0.3)
    monkeypatch.setattr(receiver, "delay_seconds", 0.9)
    configure(reply_function="agents")
    world.writes("Hello")
    assert (len(calls), waiting(world)) == (1, [("webhook", 1, "timeout")])


@pytest.mark.parametrize("slow", ["delay_seconds", "drip_seconds"])
def test_an_answer_that_does_not_end_is_waited_for_briefly(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    world.person()
    monkeypatch.setattr(inbound_procedure, "EVENT_SECONDS", 0.3)
    monkeypatch.setattr(receiver, slow, 0.9)
    world.writes("Hello")
    assert waiting(world) == [("webhook", 1, "timeout")]


@pytest.mark.parametrize(
    ("situation", "settings", "error"),
    [
        ("private addresses are not called unless the owner says so", {"reply_webhook_private_network": False}, "private_address"),
        ("the metadata of the host is never called", {"reply_webhook_url": "https://169.254.169.254/latest"}, "private_address"),
        ("nothing listens", {"reply_webhook_url": "https://127.0.0.1:9/"}, "unreachable"),
        ("the certificate is of another host", {"reply_webhook_url": "127.0.0.1"}, "tls"),
        ("no such host", {"reply_webhook_url": "https://nowhere.invalid/"}, "unknown_host"),
    ],
)  # fmt: skip
def test_what_cannot_be_called_is_named(
    world: World, receiver: Receiver, configure: Configure, situation: str, settings: dict[str, Any], error: str
) -> None:
    if settings.get("reply_webhook_url") == "127.0.0.1":
        settings = {"reply_webhook_url": receiver.url.replace("localhost", "127.0.0.1")}
    world.person()
    configure(**settings)
    world.writes("Hello")
    assert waiting(world) == [("webhook", 1, error)], situation
    assert receiver.paths == []


@pytest.mark.parametrize("secret", [None, "whsec_short", "no base64!"])
def test_without_a_key_nothing_is_called_and_everything_else_goes_on(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    world.person()
    monkeypatch.delenv("REPLY_WEBHOOK_SECRET")
    if secret:
        monkeypatch.setenv("REPLY_WEBHOOK_SECRET", secret)
    monkeypatch.setenv("REPLY_WEBHOOK_URL", receiver.url)
    (result,) = key_results()
    assert (result.what, result.grade) == ("REPLY_WEBHOOK_SECRET", "doubtful")
    world.writes("STOP")
    assert waiting(world) == [("webhook", 1, "REPLY_WEBHOOK_SECRET")]
    assert world.all("SELECT count(*) FROM orchestrator.opt_outs") == [(1,)]


@pytest.mark.parametrize(
    ("found", "private_network", "called"),
    [
        (["2606:4700::1111", "1.1.1.1"], False, "1.1.1.1"),
        (["2606:4700::1111"], False, "2606:4700::1111"),
        (["10.0.0.5", "1.1.1.1"], False, "1.1.1.1"),
        (["10.0.0.5"], False, None),
        (["10.0.0.5"], True, "10.0.0.5"),
        (["fd12::1"], True, "fd12::1"),
        (["127.0.0.1"], False, None),
        (["::ffff:10.0.0.5"], False, None),
        (["169.254.169.254"], True, None),
        (["::ffff:169.254.169.254"], True, None),
        (["fe80::1%eth0"], True, None),
        (["64:ff9b::101:101"], False, "64:ff9b::101:101"),
        (["64:ff9b::a00:5"], False, None),
        (["64:ff9b::a9fe:a9fe"], True, None),
        (["2002:a9fe:a9fe::1"], True, None),
        (["fd00:ec2::254"], True, None),
        (["0.0.0.0"], True, None),  # noqa: S104  (an answer of the resolver)
        (["224.0.0.1"], True, None),
    ],
)
def test_the_address_that_was_looked_up_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch, found: list[str], private_network: bool, called: str | None
) -> None:
    families = {True: socket.AF_INET6, False: socket.AF_INET}
    answers = [(families[":" in ip], socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: answers)
    try:
        ip = webhook._find_address("https://agents.example.com/x", private_network=private_network).ip
    except webhook._NotAllowed:
        ip = None
    assert ip == called


def test_the_signature_is_that_of_the_specifications_own_libraries() -> None:
    """The values of the tests of the reference libraries (standard-webhooks, libraries/python/tests/test_webhooks.py)."""
    known = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = webhook.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}', [known, b"b" * 24])
    first, second = headers["webhook-signature"].split(" ")
    assert first == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert second.startswith("v1,"), "during a rotation, the former key signs, too"


def test_a_queue_gets_each_event_once_and_a_missing_queue_gets_them_when_it_is_there(
    world: World, configure: Configure
) -> None:
    world.person()
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="texts")["QueueUrl"]
    configure(reply_queue_url=url.replace("texts", "not-yet"))
    world.writes("Hello")
    ((target, failures, error),) = waiting(world)
    assert (target, failures, "NonExistentQueue" in str(error)) == ("queue", 1, True)
    sqs.create_queue(QueueName="not-yet")
    world.wait(minutes=2)
    world.dispatch()
    (message,) = sqs.receive_message(QueueUrl=url.replace("texts", "not-yet"))["Messages"]
    assert json.loads(message["Body"])["data"]["kind"] == "conversation"
    assert waiting(world) == []


def test_a_function_is_invoked_with_each_event(
    world: World, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    class Lambda:
        def invoke(self, **call: Any) -> dict[str, int]:
            calls.append(call)
            return {"StatusCode": 202}

    world.person()
    monkeypatch.setattr(function, "lambda_client", Lambda)
    configure(reply_function="agents")
    world.writes("Hello")
    (call,) = calls
    assert (call["FunctionName"], call["InvocationType"]) == ("agents", "Event")
    assert json.loads(call["Payload"])["type"] == "reply.received"
    assert waiting(world) == []


def test_targets_do_not_wait_for_each_other_and_what_waits_for_one_goes_with_its_setting(
    world: World, receiver: Receiver, configure: Configure
) -> None:
    world.person()
    configure(reply_event_type="user.message.received")
    world.writes("Hello")
    assert waiting(world) == [("table", 1, "SQLSTATE 42P01")], "this database has no table of that name"
    assert len(receiver.bodies) == 1
    states = {state.target: (state.waiting, state.failed) for state in list_event_targets(world.connection)}
    assert states == {"table": (1, 1), "webhook": (0, 0)}
    configure(reply_event_type=None)
    assert waiting(world) == []


def test_doctor_and_the_metric_name_a_target_that_fails(
    world: World, receiver: Receiver, configure: Configure, run_command: Callable[..., str], capsys: Any
) -> None:
    world.person()
    configure(reply_queue_url=boto3.client("sqs").create_queue(QueueName="healthy")["QueueUrl"])
    receiver.answers = [(503, {})] * 9
    world.writes("Hello")
    world.wait(minutes=7)
    capsys.readouterr()
    world.dispatch()
    published = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "OldestEvent" in line]
    assert {line["target"]: line["OldestEvent"] for line in published if "target" in line} == {"webhook": [420.0]}
    checks = {
        check["what"]: (check["grade"], check["detail"])
        for check in json.loads(run_command("doctor", "--json", code=1))
        if check["what"].startswith("events to")
    }
    assert checks == {
        "events to the webhook": ("doubtful", "1 wait, the oldest for 7 minutes; last error: http_503"),
        "events to the queue": ("good", "taken as they come"),
    }


@pytest.fixture
def former_url(prepared_database: PreparedDatabase) -> str:
    """The former system's database, migrated."""
    return with_own_jobs(prepared_database(migrate_existing))


@pytest.fixture
def former(
    world: World, former_url: str, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    """The former system's database, to which the functions are connected."""
    for name in ("dispatch", "inbound"):
        app = world.functions[name]
        settings = app.settings.model_copy(update={"database_url": SecretStr(former_url)})
        monkeypatch.setitem(app.__dict__, "database", Database(settings))
    configure(reply_event_type="user.message.received")
    with connect(former_url) as connection:
        yield connection


def test_a_row_of_events_reaches_an_agent_that_listens_as_before(former: Connection, world: World) -> None:
    former.execute("LISTEN agent_events")
    world.writes("Tell me more about it")
    notified = [json.loads(notify.payload) for notify in former.notifies(timeout=1, stop_after=1)]
    query = "SELECT event_type, aggregate_type, aggregate_id::text, payload, created_by, id::text FROM events"
    ((event_type, aggregate_type, aggregate_id, payload, created_by, event_id),) = former.execute(query).fetchall()
    assert notified == [{"id": event_id, "event_type": "user.message.received"}]
    assert (event_type, aggregate_type, aggregate_id) == ("user.message.received", "user", ADA)
    assert created_by == "message_orchestrator"
    ((content,),) = former.execute("SELECT content FROM messages WHERE id = %s", (payload["message_id"],)).fetchall()
    assert (content, payload["kind"]) == ("Tell me more about it", "conversation")
    assert payload.keys() - {"in_reply_to", "agent_id", "candidates"} == {
        *("event_id", "at", "user_id", "message_id", "conversation_id", "kind"),
    }


def test_a_trigger_that_fails_on_one_event_holds_up_no_other_and_no_stop(former: Connection, world: World) -> None:
    former.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.payload->>'kind' = 'stop' THEN RAISE 'not this one'; END IF; RETURN NEW; END $$"
    )
    former.execute("CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()")
    callbacks = [
        world.phones.write("+12125550101", text, "https://hooks.example.com/twilio/inbound") for text in ("Hi", "STOP")
    ]
    assert world.twilio_calls(*callbacks) == [200, 200]
    assert world.take_in() == {"batchItemFailures": []}
    assert former.execute("SELECT payload->>'kind' FROM events").fetchall() == [("conversation",)]
    failed = former.execute("SELECT failures, error FROM orchestrator.events").fetchall()
    assert failed == [(1, "SQLSTATE P0001")]
    assert former.execute("SELECT count(*) FROM orchestrator.opt_outs").fetchone() == (1,)
    former.execute("DROP TRIGGER refuse ON events")
    world.wait(minutes=2)
    world.dispatch()
    kinds = former.execute("SELECT payload->>'kind' FROM events ORDER BY payload->>'at', 1").fetchall()
    assert kinds == [("conversation",), ("stop",)]


def test_a_locked_table_is_waited_for_once_and_takes_no_time_from_the_others(
    former: Connection, world: World, former_url: str, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = boto3.client("sqs").create_queue(QueueName="beside-the-table")["QueueUrl"]
    configure(reply_queue_url=queue)
    monkeypatch.setattr(inbound_procedure, "EVENT_SECONDS", 0.4)
    writes = [
        world.phones.write("+12125550101", text, "https://hooks.example.com/twilio/inbound") for text in ("One", "Two")
    ]
    world.twilio_calls(*writes)
    with psycopg.connect(former_url) as owner:
        owner.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        assert world.take_in() == {"batchItemFailures": []}
        assert time.monotonic() - began < 5
    states = {state.target: (state.waiting, state.failed, state.error) for state in list_event_targets(former)}
    assert states == {"table": (2, 2, "SQLSTATE 57014"), "queue": (0, 0, None)}
    configure(reply_queue_url=None)


def test_unknown_senders_become_people_where_the_owner_says_so(
    former: Connection, world: World, configure: Configure
) -> None:
    ben, shortcode = "+12125550198", "72345"
    world.writes("Who is this?", phone="+12125550199")
    assert former.execute("SELECT count(*) FROM users").fetchone() == (3,), "off by default"
    configure(create_unknown_senders=True)
    world.writes("STOP", phone=ben)
    assert former.execute("SELECT source FROM orchestrator.opt_outs").fetchall() == [("keyword",)]
    world.writes("Your code is 1", phone=shortcode)
    assert former.execute("SELECT count(*) FROM users").fetchone() == (3,), (
        "STOP is no word to an agent, and a short code no person"
    )
    world.writes("Tell me more about it", phone=ben)
    ((user_id,),) = former.execute("SELECT id::text FROM users WHERE phone_number = %s", (ben,)).fetchall()
    assert former.execute("SELECT aggregate_id::text FROM events").fetchall() == [(user_id,)]
    opted_out = former.execute("SELECT 1 FROM orchestrator.opt_outs_of(%s, %s)", (user_id, ben)).fetchall()
    assert len(opted_out) == 1, "the STOP of the number holds for the person"


def test_the_role_of_the_functions_needs_what_the_page_grants_and_no_more(
    former: Connection, world: World, former_url: str, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(create_unknown_senders=True)
    former.execute("CREATE POLICY all_texts ON messages TO orchestrator_runtime USING (true)")  # as doctor asks for it
    (grants,) = re.findall(r"```sql\n(GRANT INSERT ON events.*?)```", DATABASE_PAGE.read_text(), re.DOTALL)
    name = f"replies_{os.getpid()}"
    with login_role(former_url, name, f"GRANT {ROLE} TO {{}}"):
        app = world.functions["inbound"]
        settings = app.settings.model_copy(update={"database_url": SecretStr(as_role(former_url, name))})
        monkeypatch.setitem(app.__dict__, "database", Database(settings))
        world.writes("One", phone="+12125550198")
        world.writes("Two")
        assert former.execute("SELECT count(*) FROM orchestrator.strangers").fetchone() == (1,)
        assert former.execute("SELECT error FROM orchestrator.events").fetchall() == [("SQLSTATE 42501",)]
        former.execute(grants.encode())
        world.wait(minutes=1)
        world.writes("Three", phone="+12125550198")
        kinds = former.execute("SELECT payload->>'kind' FROM events").fetchall()
        assert kinds == [("conversation",)]
        # The role can be dropped after its last session.
        with app.database.connection() as connection:
            connection.close()


def test_a_table_that_refuses_new_people_holds_up_no_stop(
    former: Connection, world: World, configure: Configure
) -> None:
    configure(create_unknown_senders=True)
    former.execute("ALTER TABLE users ADD CHECK (email IS NOT NULL) NOT VALID")
    callbacks = [
        world.phones.write(f"+1212555019{n}", text, "https://hooks.example.com/twilio/inbound")
        for n, text in enumerate(("Hi", "STOP"))
    ]
    assert world.twilio_calls(*callbacks) == [200, 200]
    assert world.take_in() == {"batchItemFailures": []}
    assert former.execute("SELECT phone_number FROM orchestrator.opt_outs").fetchall() == [("+12125550191",)]
    assert former.execute("SELECT count(*) FROM orchestrator.strangers").fetchone() == (2,)
