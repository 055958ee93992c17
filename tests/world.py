"""The whole path in one process, and the words in which tests tell their stories."""

import base64
import json
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import boto3
import time_machine
from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.ids import spread_of, uuid7
from orchestrator.store.people import add_user, change_user
from orchestrator_local.stand_ins.claude import Claude
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import ACCOUNT_SID, AUTH_TOKEN, SENDER, Callback, Phones

FUNCTIONS = ("enqueue", "dispatch", "deliver", "webhook", "inbound", "retain", "learn", "query")
WEBHOOK = "https://hooks.example.com"
PRIVACY_KEY = "a key for tests alone"
QUEUES = {
    "ENQUEUE_QUEUE_URL": "enqueue",
    "ENQUEUE_DLQ_URL": "enqueue-dead",
    "DELIVERY_QUEUE_URL": "delivery",
    "DELIVERY_DLQ_URL": "delivery-dead",
    "URGENT_QUEUE_URL": "urgent",
    "INBOUND_QUEUE_URL": "inbound",
    "INBOUND_DLQ_URL": "inbound-dead",
}
# What another thread is about to do happens within this, also on a busy machine.
PATIENCE_SECONDS = 8.0
# Records of the delivery queue in one event, as template.yaml sets it.
WAVE = 50
# A Tuesday, 10:00 in New York: nobody on the continent is in quiet hours but the west coast.
TUESDAY_10_IN_NEW_YORK = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def function_environment(
    database_url: str, queue_urls: Mapping[str, str], twilio_url: str, claude_url: str
) -> dict[str, str]:
    """The variables of all functions."""
    return {
        **queue_urls,
        "DATABASE_URL": database_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_PHONE_NUMBER": SENDER,
        "TWILIO_API_BASE_URL": twilio_url,
        "TWILIO_TIMEOUT_SECONDS": "5",  # a busy machine answers late, and late is an unknown outcome
        "WEBHOOK_BASE_URL": WEBHOOK,
        "SENDER_MESSAGES_PER_SECOND": "1000",  # the pace has tests of its own
        "CLAUDE_DEADLINE_SECONDS": "10",
        "ANTHROPIC_BASE_URL": claude_url,
        "PRIVACY_KEY": PRIVACY_KEY,
    }


@dataclass
class LambdaContext:
    """What Lambda passes beside the event."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:test:live"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """What is left of the invocation."""
        return self.remaining_ms


def sqs_event(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An SQS event as Lambda's poller makes it."""
    return {"Records": list(records)}


EVENTS = Path(__file__).parents[1] / "events"


def http_event(callback: Callback, sample: str = "webhook", **changes: Any) -> dict[str, Any]:
    """A call of Twilio as an HTTP API, or a function URL, passes it on: a sample event with what this call says."""
    where = urlsplit(callback.url)
    event: dict[str, Any] = json.loads((EVENTS / f"{sample}.json").read_text())
    return {
        **event,
        "rawPath": where.path,
        "rawQueryString": where.query,
        "headers": {**event["headers"], "x-twilio-signature": callback.signature},
        "requestContext": {**event["requestContext"], "domainName": where.netloc},
        "body": base64.b64encode(urlencode(callback.fields).encode()).decode(),
        "isBase64Encoded": "body" not in changes,
        **changes,
    }


def sqs_record(
    body: str,
    sent_at: datetime,
    message_id: str | None = None,
    handle: str = "none",
    receives: int = 1,
    queue: str = "delivery",
    attributes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One record of it."""
    return {
        "messageId": message_id or str(uuid4()),
        "receiptHandle": handle,
        "body": body,
        "attributes": {"SentTimestamp": str(int(sent_at.timestamp() * 1000)), "ApproximateReceiveCount": str(receives)},
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"} for name, value in (attributes or {}).items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
    }


@dataclass
class World:
    """Handlers, database, queues, phones and a clock that only the test moves."""

    connection: Connection
    functions: Mapping[str, ModuleType]
    urls: Mapping[str, str]
    phones: Phones
    claude: Claude
    traveller: time_machine.Traveller

    @classmethod
    @contextmanager
    def begin(
        cls,
        connection: Connection,
        functions: Mapping[str, ModuleType],
        urls: Mapping[str, str],
        phones: Phones,
        claude: Claude,
    ) -> Iterator["World"]:
        """Begin on a Tuesday morning, with empty queues."""
        with time_machine.travel(TUESDAY_10_IN_NEW_YORK, tick=False) as traveller:
            world = cls(connection, functions, urls, phones, claude, traveller)
            for variable in QUEUES:
                world.drain_messages(variable)
            yield world

    # The clock -------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def travel_to(self, instant: datetime | str) -> None:
        """Set the clock; a text is ISO 8601 with an offset."""
        self.traveller.move_to(datetime.fromisoformat(instant) if isinstance(instant, str) else instant)

    def wait(self, **duration: float) -> None:
        """Let time pass, such as wait(minutes=5)."""
        self.traveller.shift(timedelta(**duration))

    def wait_in_tick(self, _clock: object, seconds: float) -> bool:
        """While a tick waits during an outage of Twilio, time passes and the deliver function works."""
        self.wait(seconds=seconds)
        self.deliver()
        return True

    # People ----------------------------------------------------------------------------------------------------------

    def person(self, external_id: str = "ada", *, phone: str = "+12125550101", **columns: Any) -> UUID:
        """A person in New York, unless told otherwise."""
        known = {"external_id": external_id, "phone_number": phone, "first_name": "Ada", "timezone": "America/New_York"}
        given = {name: value for name, value in {**known, **columns}.items() if value is not None}
        return add_user(self.connection, given, self.now)

    def person_with_a_past(self, external_id: str = "ada", *, phone: str = "+12125550101", **columns: Any) -> UUID:
        """A person in New York to whom much has happened, so that an ordinary story meets rows that are already there.

        They had another number, on which they said STOP and START; their limits were others on other days; they have two
        open conversations; a text of a moment ago has an unknown outcome, and took one slot of this hour; a sequence
        waits for next week; and another person has the number of before, is opted out, and has limits of their own.
        """
        present, old_number = self.now, f"{phone[:-1]}9"
        self.travel_to(present - timedelta(days=30))
        user_id = self.person(external_id, phone=old_number, **columns)
        self._short_conversation(external_id, old_number)
        self.writes("STOP", phone=old_number)
        self.wait(days=1)
        self.writes("START", phone=old_number)
        change_user(self.connection, external_id, {"phone_number": phone}, self.now)
        other = self.person(f"{external_id}-before", phone=old_number, daily_limit=1, hourly_limit=1)
        self.wait(minutes=1)
        self.writes("STOP", phone=old_number)
        self._limits(user_id, days_ago=20, daily=1, hourly=1, quiet_hours=True)
        self._limits(user_id, days_ago=2, daily=50, hourly=50, quiet_hours=False)
        self._limits(other, days_ago=0, daily=0, hourly=0, quiet_hours=True)
        for days in (9, 8):
            self.travel_to(present - timedelta(days=days))
            self._short_conversation(external_id, phone)
        self.travel_to(present - timedelta(minutes=2))
        sequence = {
            "sequence_id": str(uuid7(self.now)),
            "sequence_total": 2,
            "scheduled_for": present + timedelta(days=7),
        }
        for position in (1, 2):
            words = {"type": "note", "message": f"next week, part {position}"}
            self.message(
                external_id,
                sequence_position=position,
                message_data=words,
                expires_at=present + timedelta(days=9),
                **sequence,
            )
        self.phones.misbehave = lambda _fields: HttpAnswer(201, None, drop=True)
        self._limits(user_id, days_ago=0, daily=50, hourly=50, quiet_hours=False)  # at whatever hour
        self.message(external_id, message_data={"type": "note", "message": "On its way"}, can_delay=False)
        self.minute()
        self.phones.reset()
        self.claude.reset()
        self._limits(user_id, days_ago=0, daily=10, hourly=2, quiet_hours=True)
        self.travel_to(present)
        return user_id

    def _short_conversation(self, external_id: str, phone: str) -> None:
        """A text, delivered, and an answer to it, in a conversation of its own."""
        self.connection.execute("UPDATE conversations SET status = 'closed' WHERE phone_number = %s", (phone,))
        self.message(external_id, message_data={"type": "note", "message": f"On {self.now:%d %B}"}, can_delay=False)
        self.minute()
        self.twilio_calls()
        self.writes("Thanks", phone=phone)
        self.connection.execute("UPDATE conversations SET status = 'active' WHERE phone_number = %s", (phone,))

    def _limits(self, user_id: UUID, *, days_ago: int, daily: int, hourly: int, quiet_hours: bool) -> None:
        """The limits in a person's budget row of one day."""
        self.connection.execute(
            "INSERT INTO user_message_budget (user_id, date, messages_sent, daily_limit, hourly_limit, quiet_hours_enabled)"
            " VALUES (%s, %s, 1, %s, %s, %s) ON CONFLICT (user_id, date) DO UPDATE SET daily_limit = excluded.daily_limit,"
            " hourly_limit = excluded.hourly_limit, quiet_hours_enabled = excluded.quiet_hours_enabled",
            (user_id, (self.now - timedelta(days=days_ago)).date(), daily, hourly, quiet_hours),
        )

    def says(self, user_id: UUID, text: str) -> None:
        """The person writes to us."""
        conversation = uuid4()
        self.connection.execute(
            "INSERT INTO conversations (id, user_id, phone_number)"
            " SELECT %s, id, phone_number FROM users WHERE id = %s",
            (conversation, user_id),
        )
        self.connection.execute(
            "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
            " VALUES (%s, %s, 'user', %s, 'inbound', 'received', %s)",
            (conversation, user_id, text, self.now),
        )

    def writes(self, text: str = "", phone: str = "+12125550101", **fields: str) -> None:
        """The person writes, and Twilio tells us; what comes forward lies in the urgent queue."""
        assert self.twilio_calls(self.phones.write(phone, text, f"{WEBHOOK}/twilio/inbound", **fields)) == [200]
        assert self.take_in() == {"batchItemFailures": []}

    def opts_out(self, phone: str | None = None, user_id: UUID | None = None) -> None:
        """The number, or the person, is opted out."""
        self.connection.execute(
            "INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at) VALUES (%s, %s, 'test', %s)",
            (phone or "+19995550000", user_id, self.now),
        )

    # The path --------------------------------------------------------------------------------------------------------

    def publish(self, *bodies: Mapping[str, Any] | str, sent_at: datetime | None = None) -> dict[str, Any]:
        """Bodies arrive at the enqueue handler as one batch; returns its answer."""
        texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
        # Only what may have to come back needs a receipt handle that SQS knows.
        handles = [self._receive(text) if sent_at else "none" for text in texts]
        records = [sqs_record(t, sent_at or self.now, handle=h) for t, h in zip(texts, handles, strict=True)]
        return self.invoke("enqueue", sqs_event(records))

    def message(self, user: str = "ada", **fields: Any) -> UUID:
        """One good message goes through enqueue; returns its id."""
        # Stories begin at the usual hour: what has the first place of its spread would not wait for it.
        message_id = next(made for made in iter(lambda: uuid7(self.now), None) if spread_of(made) > 0)
        body = {
            "message_id": str(message_id),
            "user_id": user,
            "agent_id": "concierge_main",
            "priority": "high",
            "message_data": {"type": "note", "message": "Hello"},
            "allow_repeat": True,  # most stories send one word several times; R14 has tests of its own
            **fields,
        }
        answer = self.publish(json.dumps(body, default=str))
        assert answer == {"batchItemFailures": []}
        return UUID(body["message_id"])

    def dispatch(self) -> dict[str, Any]:
        """One tick."""
        return self.invoke("dispatch", {"time": self.now.isoformat()})

    def deliver(self) -> dict[str, Any]:
        """Everything in the delivery queues goes through deliver, in their batches; returns the last answer."""
        answer: dict[str, Any] = {"batchItemFailures": []}
        for queue, size in (("URGENT_QUEUE_URL", 10), ("DELIVERY_QUEUE_URL", WAVE)):
            bodies = self.drain(queue)
            for start in range(0, len(bodies), size):
                records = [sqs_record(body, self.now) for body in bodies[start : start + size]]
                answer = self.invoke("deliver", sqs_event(records))
        return answer

    def twilio_calls(self, *callbacks: Callback) -> list[int]:
        """These calls, or all that are outstanding, come to the webhook; returns the answers' statuses."""
        outstanding = list(callbacks) or list(self.phones.callbacks)
        if not callbacks:
            self.phones.callbacks.clear()
        return [self.invoke("webhook", http_event(callback))["statusCode"] for callback in outstanding]

    def take_in(self) -> dict[str, Any]:
        """Everything in the inbound queue goes through inbound; returns the last answer."""
        answer: dict[str, Any] = {"batchItemFailures": []}
        records = self.inbound_records()
        for start in range(0, len(records), 10):
            answer = self.invoke("inbound", sqs_event(records[start : start + 10]))
        return answer

    def inbound_records(self) -> list[dict[str, Any]]:
        """Take everything out of the inbound queue, as the records of an event."""
        return [
            sqs_record(message["Body"], message["SentAt"], queue="inbound")
            for message in self.drain_messages("INBOUND_QUEUE_URL")
        ]

    def night(self) -> dict[str, Any]:
        """One night's retention."""
        return self.invoke("retain", {"time": self.now.isoformat()})

    def learn(self) -> dict[str, Any]:
        """One night's learning, which has a quarter of an hour."""
        event = {"time": self.now.isoformat()}
        return self.invoke("learn", event, LambdaContext(remaining_ms=900_000))

    def minute(self) -> None:
        """One tick, and what it handed over."""
        self.dispatch()
        self.deliver()

    def invoke(self, function: str, event: Mapping[str, Any], context: LambdaContext | None = None) -> dict[str, Any]:
        """Call a handler as Lambda does."""
        try:
            answer: dict[str, Any] = self.functions[function].handler(event, context or LambdaContext())
        except Exception as error:
            # Lambda's runtime logs what leaves a handler. This is printed whole, for the scan of logs.
            print(json.dumps({"errorType": type(error).__name__, "stackTrace": traceback.format_exception(error)}))
            raise
        return answer

    def drain(self, variable: str) -> list[str]:
        """Take everything out of a queue, delayed messages too; returns the bodies."""
        return [message["Body"] for message in self.drain_messages(variable)]

    def drain_messages(self, variable: str) -> list[dict[str, Any]]:
        """Take everything out of a queue, with attributes."""
        from moto.backends import get_backend

        queue = get_backend("sqs")["123456789012"]["us-east-1"].queues[QUEUES[variable]]
        messages = [
            {
                "Body": message.body,
                "MessageAttributes": {name: value["StringValue"] for name, value in message.message_attributes.items()},
                "SentAt": datetime.fromtimestamp((message.sent_timestamp or 0) / 1000, UTC),
                "DelaySeconds": max(0, round(message.delayed_until / 1000 - self.now.timestamp())),
            }
            for message in queue._messages
        ]
        queue._messages.clear()
        return messages

    def _receive(self, body: str) -> str:
        """Put a body on the enqueue queue and take it off again, so that its receipt handle is a real one."""
        sqs = boto3.client("sqs")
        url = self.urls["ENQUEUE_QUEUE_URL"]
        sqs.send_message(QueueUrl=url, MessageBody=body)
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
        return received["Messages"][0]["ReceiptHandle"]

    # What came of it -------------------------------------------------------------------------------------------------

    def has_waiting_sessions(self, number: int, unless: Callable[[], bool] = lambda: False) -> bool:
        """Wait until so many sessions of this database wait for locks; False where they do not come to that.

        Args:
            unless: asked meanwhile; once it is true, no more sessions will come.
        """
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND backend_type = 'client backend'"
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while self.all(waiting)[0][0] < number:
            if unless() or time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def row(self, message_id: UUID) -> dict[str, Any]:
        """The message's row."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute("SELECT * FROM message_queue WHERE id = %s", (message_id,)).fetchone()
        assert found is not None, "no such message"
        return found

    def state(self, message_id: UUID) -> tuple[str, str | None]:
        """Its status and reason."""
        row = self.row(message_id)
        return row["status"], row["reason"]

    def all(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of any query."""
        return self.connection.execute(query.encode(), parameters).fetchall()

    def texts(self, phone: str = "+12125550101") -> list[str]:
        """What arrived on a phone, in order."""
        return [text.body for text in self.phones.texts if text.to == phone]
