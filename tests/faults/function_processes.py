"""The path as real processes under AWS's runtime client, with everything between them in the test's hand."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection

from orchestrator.clock import clock_from_file, write_clock_file
from orchestrator.store.database import connect
from orchestrator_local.queues import CREDENTIALS
from orchestrator_local.runtime import FunctionFailed, FunctionProcess
from orchestrator_local.stand_ins.claude import API_KEY, Claude
from orchestrator_local.stand_ins.http import serve
from orchestrator_local.stand_ins.phones import Phones
from orchestrator_local.template import read_template
from tests.faults.forked_functions import ForkedFunction
from tests.faults.http_proxy import http_proxy
from tests.faults.sqs_server import FaultyQueues, serve_queues
from tests.postgres_proxy import postgres_proxy
from tests.tables import empty_tables
from tests.world import QUEUES, TUESDAY_10_IN_NEW_YORK, WAVE, WEBHOOK, function_environment, http_event

# Which function takes what from which queue.
MAPPINGS = {"enqueue": "enqueue", "urgent": "deliver", "delivery": "deliver", "inbound": "inbound"}

# Called with the name of a process and what is about to cross its border; False cuts the connection there.
Border = Callable[[str, str], bool]


@dataclass
class Rig:
    """Processes by name, such as `deliver` or `deliver 2`, and what lies between them."""

    connection: Connection
    queues: FaultyQueues
    phones: Phones
    processes: Mapping[str, FunctionProcess]
    clock_file: Path
    border: list[Border] = field(default_factory=list)

    # The clock -------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """What every process takes for the time."""
        return self.queues.clock()

    def set_time(self, instant: datetime) -> None:
        """Move the one clock."""
        write_clock_file(self.clock_file, instant)

    # Steps -----------------------------------------------------------------------------------------------------------

    def publish(self, body: Mapping[str, Any]) -> None:
        """An agent publishes."""
        self.queues.send("enqueue", json.dumps(body))

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:
        """Invoke one process; None when it failed or was killed."""
        try:
            return self.processes[name].invoke(event)
        except FunctionFailed:
            return None

    def tick(self, name: str = "dispatch") -> None:
        """One minute's dispatch."""
        self.invoke(name, {"time": self.now.isoformat()})

    def poll(self, queue: str, name: str) -> bool:
        """Act as one event source mapping, once; returns whether there was anything."""
        records = self.queues.receive(queue, WAVE if queue == "delivery" else 10)
        if not records:
            return False
        answer = self.invoke(name, {"Records": records})
        # The acknowledgement may get lost as well: then everything comes again.
        if answer is not None and self.crosses(name, "acknowledgement"):
            back = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            self.queues.delete(queue, {record["messageId"] for record in records} - back)
        return True

    def call_back(self, name: str = "webhook") -> bool:
        """Twilio makes the calls that are outstanding, each once; returns whether there were any."""
        with self.phones_lock:
            outstanding, self.phones.callbacks = self.phones.callbacks, []
        for callback in outstanding:
            self.invoke(name, http_event(callback))
        return bool(outstanding)

    def write(self, phone: str, text: str) -> None:
        """A person writes; Twilio's call is outstanding."""
        callback = self.phones.write(phone, text, f"{WEBHOOK}/twilio/inbound")
        with self.phones_lock:
            self.phones.callbacks.append(callback)

    @property
    def phones_lock(self) -> threading.Lock:
        return self.phones._lock

    def crosses(self, name: str, what: str) -> bool:
        """Whether something may cross the border of a process now."""
        return all(border(name, what) for border in self.border)

    def kill(self, name: str) -> None:
        """End a process as the kernel does when memory runs out."""
        process = self.processes[name]._process
        if process is not None and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)

    def begin_again(self) -> None:
        """Forget everything but the processes."""
        self.border.clear()
        self.queues.clear()
        self.phones.reset()
        self.set_time(TUESDAY_10_IN_NEW_YORK)
        empty_tables(self.connection)
        # Its agents may send more than the start limit.
        self.connection.execute("INSERT INTO orchestrator.agents (prefix) VALUES ('') ON CONFLICT DO NOTHING")

    # What came of it -------------------------------------------------------------------------------------------------

    def unfinished(self) -> int:
        """Messages that have not ended."""
        ((number,),) = self.connection.execute(
            "SELECT count(*) FROM message_queue WHERE status NOT IN"
            " ('sent', 'superseded', 'cancelled', 'expired', 'failed')"
        )
        return int(number)


@contextmanager
def rig(folder: Path, database_url: str, extra: tuple[str, ...] = ()) -> Iterator[Rig]:
    """Start every function as a process, each behind its own proxies.

    Args:
        extra: more processes of a function, such as `deliver 2`.
    """
    clock_file = folder / "clock.json"
    write_clock_file(clock_file, TUESDAY_10_IN_NEW_YORK)
    clock = clock_from_file(clock_file)
    with ExitStack() as parts:
        queues, phones, claude = FaultyQueues(clock), Phones(clock), Claude()
        sqs_url = parts.enter_context(serve_queues(queues))
        twilio_url = parts.enter_context(serve(phones))
        claude_url = parts.enter_context(serve(claude))
        functions = {function.name: function for function in read_template().functions}
        processes: dict[str, FunctionProcess] = {}
        built = Rig(parts.enter_context(connect(database_url)), queues, phones, processes, clock_file)

        def border_of(name: str, service: str) -> Callable[[str], bool]:
            return lambda what: built.crosses(name, f"{service} {what}")

        for name in ("enqueue", "dispatch", "deliver", "webhook", "inbound", *extra):
            environment = function_environment(
                parts.enter_context(postgres_proxy(database_url, border_of(name, "postgres"))),
                {variable: f"{sqs_url}/123456789012/{queue}" for variable, queue in QUEUES.items()},
                parts.enter_context(http_proxy(twilio_url, border_of(name, "twilio"))),
                parts.enter_context(http_proxy(claude_url, border_of(name, "claude"))),
            )
            function = functions[name.partition(" ")[0]]
            if function.name == "dispatch":
                # The age of a marker is real time, and these tests move the clock. Markers have tests of their own.
                environment.pop("INBOUND_QUEUE_URL")
            through = parts.enter_context(http_proxy(sqs_url, border_of(name, "sqs")))
            process = ForkedFunction(
                function,
                {
                    **CREDENTIALS,
                    **environment,
                    "AWS_ENDPOINT_URL_SQS": through,
                    "AWS_MAX_ATTEMPTS": "1",
                    "ANTHROPIC_API_KEY": API_KEY,
                    "ORCHESTRATOR_CLOCK_FILE": str(clock_file.absolute()),
                    "POWERTOOLS_METRICS_DISABLED": "true",
                },
                folder / f"{name}.log",
            )
            processes[name] = process
            parts.callback(process.stop)
            process.start()
        yield built
