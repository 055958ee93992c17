"""A day of faults at the handlers, on a moved clock: the parts around the functions fail one after the other.

Traffic of every kind goes on meanwhile. `tests/faults/day_checks.py` holds what was published against what arrived.
"""

import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import boto3
import moto.sqs.models
import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError
from moto.backends import get_backend
from psycopg.conninfo import conninfo_to_dict

from orchestrator.agents import Agent
from orchestrator.aws.clients import secrets_client, sqs_client
from orchestrator.aws.secrets import forget_secrets
from orchestrator.clock import HostClock
from orchestrator.delivery import outage
from orchestrator.delivery.deliver import _settle
from orchestrator.errors import InvocationFailed
from orchestrator.ids import uuid7
from orchestrator.sms.client import twilio_client
from orchestrator.store import database as database_module
from orchestrator.store.agents import set_agent
from orchestrator.store.database import Database
from orchestrator.store.stored_statements import STORED, function_name
from orchestrator_local.stand_ins.claude import API_KEY
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import ACCOUNT_SID, AUTH_TOKEN, twilio_error
from tests.world import WAVE, WEBHOOK, World, http_event, sqs_event, sqs_record

INBOUND = f"{WEBHOOK}/twilio/inbound"
# As template.yaml sets them: the function that a queue feeds, and the seconds for which a received record is hidden.
CONSUMERS = {
    "enqueue": ("enqueue", 182),
    "inbound": ("inbound", 180),
    "urgent": ("deliver", 360),
    "delivery": ("deliver", 361),
}
DEAD_LETTERS = ("enqueue-dead", "delivery-dead", "inbound-dead")
# Twilio repeats a call to a webhook so often within 15 seconds (`#rc=5&rp=all`).
WEBHOOK_TRIES = 6
PEOPLE_PER_FAULT = 12
LANES = ("urgent", "high", "medium", "low")
DOWN = twilio_error(503, 20503, "Service unavailable")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Request:
    """One request for a text that reached Twilio; `was_answered` is false where Twilio failed instead."""

    message_id: UUID | None
    to: str
    body: str
    at: datetime
    during: str
    was_answered: bool


@dataclass
class Log:
    """What happened outside the functions, as the outside saw it.

    Attributes:
        published: each message's body by its id.
        requests: the requests for texts, in order.
        wishes: by number, how many requests there were when the webhook had taken the person's wish to stop.
        lost_wishes: numbers whose wish no try of Twilio could hand over; Twilio itself blocks them.
        withdrawn: messages that were withdrawn.
        bad: bodies that are at fault themselves.
        felt: by fault, the ticks that failed, the batches that came back, and the calls that the webhook refused.
    """

    published: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    wishes: dict[str, int] = field(default_factory=dict)
    lost_wishes: set[str] = field(default_factory=set)
    withdrawn: set[UUID] = field(default_factory=set)
    bad: list[str] = field(default_factory=list)
    felt: Counter[str] = field(default_factory=Counter)


class DayClock(HostClock):
    """The host's clock, compared with the day's true time as with the database's, which a test cannot move."""

    def __init__(self, day: "Day") -> None:
        super().__init__()
        self._day = day

    def compare(self, before: datetime, database_time: datetime, after: datetime) -> None:
        """Compare with the day's time in place of the database's."""
        del database_time
        super().compare(before, self._day.true_now, after)


class Day:
    """The day: its traffic, its faults, and a queue service that hides and repeats records as SQS does."""

    def __init__(self, world: World, database_url: str, seed: int) -> None:
        self.world = world
        self.log = Log()
        self.fault = "none"
        self.true_now = world.now
        self.goes_to: Callable[[], str] | None = None
        self.database_url = database_url
        self._dice = random.Random(seed)
        self._people = 0
        self._twilio_fails: HttpAnswer | None = None
        self._sqs = get_backend("sqs")["123456789012"]["us-east-1"]
        world.phones.clock = lambda: self.true_now
        world.phones.misbehave = self._at_twilio

    def milliseconds(self) -> float:
        """The true time in milliseconds since 1970, as SQS gives it."""
        return self.true_now.timestamp() * 1000

    # Time ------------------------------------------------------------------------------------------------------------

    def pass_time(self, duration: timedelta) -> None:
        """Let time pass, for the database too: what it has noted by its own clock grows older."""
        self.true_now += duration
        self.world.travel_to(self.true_now)
        self.world.connection.execute(
            "UPDATE orchestrator.inbound_marker SET read_at = read_at - %(by)s, gap_ended_at = gap_ended_at - %(by)s",
            {"by": duration},
        )

    def wait_in_tick(self, _clock: object, seconds: float) -> bool:
        """While a tick waits during an outage of Twilio, the deliver function works."""
        self.pass_time(timedelta(seconds=seconds))
        self._poll("urgent")
        self._poll("delivery")
        return True

    def minute(self) -> None:
        """One tick and all that follows from it."""
        begin = self.true_now
        try:
            self.world.dispatch()
        except Exception:  # noqa: BLE001  (Lambda counts a failed tick and goes on)
            self.log.felt[self.fault] += 1
        for _ in range(8):
            polls = [self._poll(queue) for queue in CONSUMERS]
            if not any([*polls, self._call_back()]):
                break
        self.pass_time(max(begin + MINUTE - self.true_now, timedelta(seconds=1)))

    # SQS and Twilio --------------------------------------------------------------------------------------------------

    def _poll(self, queue: str) -> bool:
        """Hand one batch of a queue to its function, as Lambda's poller does; False where nothing is visible."""
        function, hidden = CONSUMERS[queue]
        if not self._sqs.queues[queue]._messages:
            return False
        received = [
            message
            for _ in range(WAVE // 10 if queue == "delivery" else 1)  # SQS gives ten a request
            for message in self._sqs.receive_message(queue, 10, 0, hidden, ["All"])
        ]
        if not received:
            return False
        records = [self._record(queue, message) for message in received]
        try:
            answer = self.world.invoke(function, sqs_event(records))
        except Exception:  # noqa: BLE001  (Lambda lets a batch whose invocation failed come back)
            self.log.felt[self.fault] += 1
            return True
        back = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        self.log.felt[self.fault] += bool(back)
        for message in received:
            if message.id not in back:
                self._sqs.delete_message(queue, str(message.receipt_handle))
        return len(back) < len(received)

    @staticmethod
    def _record(queue: str, message: Any) -> dict[str, Any]:
        sent_at = datetime.fromtimestamp(message.sent_timestamp / 1000).astimezone()
        attributes = {name: value["StringValue"] for name, value in message.message_attributes.items()}
        receives = message.approximate_receive_count
        record = sqs_record(message.body, sent_at, message.id, message.receipt_handle, receives, queue, attributes)
        record["attributes"]["ApproximateFirstReceiveTimestamp"] = str(message.approximate_first_receive_timestamp)
        return record

    def _at_twilio(self, fields: dict[str, str]) -> HttpAnswer | None:
        """Note each request for a text, and answer for a service that is down or a person that Twilio blocks."""
        query = parse_qs(urlsplit(fields.get("StatusCallback", "")).query)
        message_id = UUID(query["message_id"][0]) if "message_id" in query else None
        answer = self._twilio_fails
        if answer is None and fields["To"] in self.log.lost_wishes:
            answer = twilio_error(400, 21610, "Attempt to send to unsubscribed recipient")
        was_answered = answer is None or answer.status < 500
        self.log.requests.append(
            Request(message_id, fields["To"], fields["Body"], self.true_now, self.fault, was_answered)
        )
        return answer

    def _call_back(self) -> bool:
        callbacks = list(self.world.phones.callbacks)
        self.world.phones.callbacks.clear()
        for callback in callbacks:
            self._call(callback)
        return bool(callbacks)

    def _call(self, callback: Any) -> bool:
        """Twilio calls the webhook, and again where that fails; returns whether a try succeeded."""
        for _ in range(WEBHOOK_TRIES):
            with suppress(Exception):
                if self.world.invoke("webhook", http_event(callback))["statusCode"] < 400:
                    return True
            self.log.felt[self.fault] += 1
        return False

    # Traffic ---------------------------------------------------------------------------------------------------------

    def publish(self, user: str, **fields: Any) -> UUID:
        """Publish one message with words of its own; returns its id."""
        message_id = uuid7(self.true_now)
        number = len(self.log.published) + 1
        body = {
            "message_id": str(message_id),
            "user_id": user,
            "agent_id": f"agent_{number % 7}",
            "message_data": {"type": "note", "message": f"This is text number {number}"},
            **fields,
        }
        self.log.published[message_id] = body
        self._put("enqueue", json.dumps(body, default=str))
        return message_id

    def _put(self, queue: str, body: str) -> None:
        self._sqs.send_message(queue, body)

    def people(self) -> list[tuple[str, str]]:
        """New people, so that no limit of theirs hides what a fault does; half of them sleep at night."""
        found = []
        for _ in range(PEOPLE_PER_FAULT):
            number, self._people = self._people, self._people + 1
            phone = f"+1{(212, 646, 917, 213, 310, 312)[number // 100]}5550{100 + number % 100}"
            self.world.person(f"p{number}", phone=phone, quiet_hours_enabled=number % 2 == 0)
            found.append((f"p{number}", phone))
        return found

    def burst(self, people: list[tuple[str, str]]) -> None:
        """Messages of every lane, a sequence, one that asks Claude, one that is withdrawn, and a bad one."""
        for place, (user, _) in enumerate(people):
            lane = LANES[place % 4]
            self.publish(user, priority=lane, can_delay=lane == "low")
        first, second = people[0][0], people[1][0]
        sequence = {"sequence_id": str(uuid4()), "sequence_total": 3, "priority": "high"}
        for position in (1, 2, 3):
            self.publish(first, sequence_position=position, **sequence)
        data = {"type": "match", "found": {"name": f"Acme {len(self.log.published)}"}}
        self.publish(second, message_data=data, priority="high", requires_fresh_context=True)
        withdrawn = self.publish(people[2][0], priority="low")
        self.log.withdrawn.add(withdrawn)
        self._put("enqueue", json.dumps({"action": "withdraw", "message_id": str(withdrawn)}))
        bad = json.dumps({"user_id": first, "agent_id": "agent_1", "message_data": {}, "number": len(self.log.bad)})
        self.log.bad.append(bad)
        self._put("enqueue", bad)

    def write(self, people: list[tuple[str, str]]) -> None:
        """One person writes STOP, one in words of their own, and one asks; an agent replies to the last."""
        self._wish(people[3][1], "STOP")
        self._wish(people[4][1], "Please stop texting me")
        user, phone = people[5]
        self._call(self.world.phones.write(phone, "Anything new for me?", INBOUND))
        message_id = uuid7(self.true_now)
        words = f"This is reply number {len(self.log.published) + 1}"
        body = {"action": "reply", "message_id": str(message_id), "user_id": user, "content": words}
        self.log.published[message_id] = body
        self._put("enqueue", json.dumps(body))

    def _wish(self, phone: str, words: str) -> None:
        if self._call(self.world.phones.write(phone, words, INBOUND)):
            self.log.wishes[phone] = len(self.log.requests)
        elif words == "STOP":
            self.log.lost_wishes.add(phone)

    # The faults ------------------------------------------------------------------------------------------------------

    def pass_fault(self, name: str, minutes: int) -> None:
        """Let one fault last for these minutes, with traffic before it, during it and after it."""
        before, during = self.people(), self.people()
        self.burst(before)
        self.fault = name
        with getattr(self, f"_{name}")():
            for minute in range(minutes):
                if minute == 0:
                    self.burst(during)
                if minute == minutes // 2:
                    self.write(during)
                    self.write(before)
                if minute % 3 == 1:
                    user, _ = self._dice.choice(during)
                    self.publish(user, priority=self._dice.choice(LANES), can_delay=self._dice.random() < 0.5)
                if minute == minutes // 2 and name == "secrets_unreadable":
                    self.start_cold()
                self.minute()
        self.fault = "none"

    def start_cold(self) -> None:
        """New environments start: they know no secret and have no connection."""
        forget_secrets()
        for app in self.world.functions.values():
            if "database" in app.__dict__ and app.database._connection is not None:
                app.database._connection.close()

    @contextmanager
    def _database(self, goes_to: Callable[[], str]) -> Iterator[None]:
        self.goes_to = goes_to
        self.start_cold()
        try:
            yield
        finally:
            self.goes_to = None

    @contextmanager
    def _database_away(self) -> Iterator[None]:
        with self._database(lambda: "postgresql://postgres@127.0.0.1:1/none"):
            yield

    @contextmanager
    def _pooler_full(self) -> Iterator[None]:
        with refusing_pooler() as url, self._database(lambda: url):
            yield

    @contextmanager
    def _database_read_only(self) -> Iterator[None]:
        name = conninfo_to_dict(self.database_url)["dbname"]
        self.world.connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        self.start_cold()
        try:
            yield
        finally:
            # The sessions of the functions would stay read-only for ever.
            self.world.connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())

    @contextmanager
    def _database_not_migrated(self) -> Iterator[None]:
        names = [function_name(name) for name in STORED]
        for name in names:
            self._rename(name, f"later_{name}")
        try:
            yield
        finally:
            for name in names:
                self._rename(f"later_{name}", name)

    def _rename(self, function: str, new_name: str) -> None:
        self.world.connection.execute(f"ALTER FUNCTION orchestrator.{function} RENAME TO {new_name}".encode())

    @contextmanager
    def _secrets_unreadable(self) -> Iterator[None]:
        with failing(secrets_client(), "before-call.secrets-manager"):
            yield

    @contextmanager
    def _sqs_away(self) -> Iterator[None]:
        with failing(sqs_client(), "before-call.sqs"):
            yield

    @contextmanager
    def _twilio_503(self) -> Iterator[None]:
        with self._twilio(DOWN):
            yield

    @contextmanager
    def _twilio_429(self) -> Iterator[None]:
        with self._twilio(HttpAnswer(429, {"code": 20429, "status": 429}, {"Retry-After": "30"})):
            yield

    @contextmanager
    def _twilio(self, answer: HttpAnswer) -> Iterator[None]:
        self._twilio_fails = answer
        try:
            yield
        finally:
            self._twilio_fails = None

    @contextmanager
    def _twilio_refuses_connections(self) -> Iterator[None]:
        apps = self.world.functions
        clients: list[Any] = [
            twilio_client(apps["deliver"].sender._settings, apps["deliver"].sender.parallel_calls).http_client,
            twilio_client(apps["dispatch"].message_list._settings, 10).http_client,
        ]
        original = clients[0]._base_url
        for client in clients:
            client._base_url = "http://127.0.0.1:1"  # nothing listens there
        try:
            yield
        finally:
            for client in clients:
                client._base_url = original

    @contextmanager
    def _claude_away(self) -> Iterator[None]:
        self.world.claude.misbehave = lambda _request: HttpAnswer(529, {"type": "error"})
        try:
            yield
        finally:
            self.world.claude.misbehave = None

    @contextmanager
    def _clock_an_hour_ahead(self) -> Iterator[None]:
        """For one tick, and the batches beside it."""
        self._work_with_wrong_clock(3600)
        yield

    @contextmanager
    def _clock_90_seconds_ahead(self) -> Iterator[None]:
        self._work_with_wrong_clock(90)
        yield

    def _work_with_wrong_clock(self, ahead: float) -> None:
        self.burst(self.people())
        with time_machine.travel(self.true_now + timedelta(seconds=ahead), tick=False):
            try:
                self.world.dispatch()
            except InvocationFailed:
                self.log.felt[self.fault] += 1
            for queue in CONSUMERS:
                self._poll(queue)


FAULTS = (
    "database_away",
    "database_read_only",
    "database_not_migrated",
    "pooler_full",
    "secrets_unreadable",
    "twilio_503",
    "twilio_refuses_connections",
    "twilio_429",
    "claude_away",
    "sqs_away",
    "clock_an_hour_ahead",
    "clock_90_seconds_ahead",
)


@contextmanager
def begin_day(world: World, database_url: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    """The functions with their secrets in Secrets Manager, clocks that are compared, and markers on the inbound queue."""
    with ExitStack() as stack:
        day = Day(world, database_url, seed)
        set_agent(world.connection, Agent(""))  # without a start limit
        for variable, content in (
            ("DATABASE_SECRET_ARN", {"DATABASE_URL": database_url}),
            ("TWILIO_SECRET_ARN", {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}),
            ("ANTHROPIC_SECRET_ARN", {"ANTHROPIC_API_KEY": API_KEY}),
        ):
            secret = boto3.client("secretsmanager").create_secret(Name=str(uuid4()), SecretString=json.dumps(content))
            monkeypatch.setenv(variable, secret["ARN"])
            for name in content:
                monkeypatch.delenv(name, raising=False)
        stack.callback(forget_secrets)
        connect = database_module.connect
        monkeypatch.setattr(database_module, "connect", lambda url: connect(day.goes_to() if day.goes_to else url))
        monkeypatch.setattr(outage, "wait", day.wait_in_tick)
        monkeypatch.setattr(_settle.retry, "sleep", lambda _seconds: None)
        # The clock of SQS is right, whatever the host's shows.
        monkeypatch.setattr(moto.sqs.models, "unix_time", lambda: day.milliseconds() / 1000)
        monkeypatch.setattr(moto.sqs.models, "unix_time_millis", day.milliseconds)
        for app in world.functions.values():
            monkeypatch.setitem(app.__dict__, "clock", DayClock(day))
            if "database" in app.__dict__:
                monkeypatch.setitem(app.__dict__, "database", Database(app.settings, app.clock))
        dispatch = world.functions["dispatch"]
        with_markers = dispatch.settings.model_copy(update={"inbound_queue_url": world.urls["INBOUND_QUEUE_URL"]})
        monkeypatch.setitem(dispatch.__dict__, "settings", with_markers)
        yield day


@contextmanager
def failing(client: Any, event: str) -> Iterator[None]:
    """Each call of this client of AWS finds no connection."""

    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://aws.example.com")

    client.meta.events.register_first(event, fail)
    try:
        yield
    finally:
        client.meta.events.unregister(event, fail)


@contextmanager
def refusing_pooler() -> Iterator[str]:
    """A pooler that is full: it answers each new session with XX000, as PgBouncer does, or 53300, as Postgres does."""
    server = socket.create_server(("127.0.0.1", 0))
    states = ("XX000", "53300")

    def serve() -> None:
        number = 0
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                with client, suppress(OSError):
                    client.recv(4096)  # the start of a session, or a request for TLS, which it answers with an error
                    words = f"SFATAL\0C{states[number % 2]}\0Mno more connections allowed\0\0".encode()
                    client.sendall(b"E" + struct.pack("!I", len(words) + 4) + words)
                number += 1

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"postgresql://postgres@127.0.0.1:{server.getsockname()[1]}/none?sslmode=disable"
    finally:
        server.close()


def dead_letters() -> dict[str, list[str]]:
    """The bodies in each dead-letter queue."""
    queues = get_backend("sqs")["123456789012"]["us-east-1"].queues
    return {name: [message.body for message in queues[name]._messages] for name in DEAD_LETTERS}


def bodies(queue: str, before: datetime) -> list[str]:
    """What lies in a queue, hidden or not, and could be received before a time: a delay of the sender is over by then."""
    queues = get_backend("sqs")["123456789012"]["us-east-1"].queues
    return [message.body for message in queues[queue]._messages if message.delayed_until < before.timestamp() * 1000]
