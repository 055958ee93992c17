"""The whole stack on one machine: Postgres, SQS, every function in a process of its own, and stand-ins.

`local_stack` combines parts. Each part is a context manager that receives what it needs as arguments, so a part cannot
be used before it exists. The functions need the addresses of the webhook and the stand-ins, and those need the
functions: therefore their sockets are opened before the functions start, and served after.
"""

import fcntl
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.clock import Clock, clock_from_file, real_time, write_clock_file
from orchestrator.errors import OrchestratorError
from orchestrator.store.database import connect
from orchestrator_local.http_api import http_api
from orchestrator_local.http_server import listen, url_of
from orchestrator_local.invoke_api import invoke_api
from orchestrator_local.movable_clock import ClockCannotMove, MovableClock
from orchestrator_local.postgres import embedded_postgres
from orchestrator_local.queues import CREDENTIALS, LocalQueues, event_source_mappings, sqs_endpoint
from orchestrator_local.runtime import LIVE, THIS_ENVIRONMENT, FunctionFailed, FunctionProcess, Runtime
from orchestrator_local.services import Services
from orchestrator_local.stand_ins.claude import Claude
from orchestrator_local.stand_ins.http import serve
from orchestrator_local.stand_ins.phones import Phones
from orchestrator_local.stand_ins.twilio_callbacks import twilio_callbacks
from orchestrator_local.template import Function, read_template, resolve

# The variables of the template's queues.
_QUEUE_VARIABLES = {
    "ENQUEUE_QUEUE_URL": "EnqueueQueue",
    "DELIVERY_QUEUE_URL": "DeliveryQueue",
    "URGENT_QUEUE_URL": "UrgentQueue",
    "INBOUND_QUEUE_URL": "InboundQueue",
    "ENQUEUE_DLQ_URL": "EnqueueDeadLetterQueue",
    "INBOUND_DLQ_URL": "InboundDeadLetterQueue",
}

# The variables that an agent's client needs to reach the stack.
PUBLISHER_VARIABLES = (
    "ENQUEUE_QUEUE_URL",
    "QUERY_FUNCTION",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",  # what the SDK for JavaScript reads
)


class AlreadyRuns(OrchestratorError):
    """Another stack uses the same folder."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack.

    Attributes:
        folder: the folder with its database, logs and clock.
        environment: the variables that reach it: database, queues and services.
        functions: the functions' processes by name.
        phones: Twilio's stand-in, with the phones behind it.
        claude: Claude's stand-in.
        clock: the time that every part of the stack shows.
        movable_clock: moves that time; None where services are real.
    """

    folder: Path
    environment: Mapping[str, str]
    functions: Mapping[str, FunctionProcess]
    phones: Phones
    claude: Claude
    clock: Clock
    movable_clock: MovableClock | None

    @property
    def database_url(self) -> str:
        """The URL of the embedded database."""
        return self.environment["DATABASE_URL"]

    def invoke(self, name: str, event: Any) -> Any:
        """Invoke one function; returns its answer.

        Raises:
            FunctionFailed: it raised, its process ended, or it exceeded its timeout.
        """
        return self.functions[name].invoke(event)

    def tick(self) -> dict[str, Any]:
        """Run dispatch once, now; returns its report."""
        result: dict[str, Any] = self.invoke("dispatch", _schedule_event(self.clock()))
        return result

    def write(self, phone: str, text: str) -> None:
        """A person writes a text. Twilio's stand-in calls the webhook in the background."""
        self.phones.write(phone, text, f"{self.environment['WEBHOOK_BASE_URL']}/twilio/inbound")

    def clock_to_move(self) -> MovableClock:
        """The clock, to move it.

        Raises:
            ClockCannotMove: a service is real, so the clock is the real one.
        """
        if self.movable_clock is None:
            raise ClockCannotMove("The clock of a stack with real services cannot be moved.")
        return self.movable_clock


@contextmanager
def local_stack(
    folder: Path,
    services: Services,
    *,
    fresh: bool,
    start_at: datetime | None = None,
    runtime: Runtime = THIS_ENVIRONMENT,
) -> Iterator[Stack]:
    """Run the stack until the block ends. Every process ends with it, also when this process is killed.

    Args:
        folder: the folder for its database, logs and clock.
        services: which outside services are real.
        fresh: delete the database of an earlier run.
        start_at: the time that the clock shows first; by default the real time.
        runtime: the Python that runs the functions.

    Raises:
        AlreadyRuns: another stack uses the folder.
    """
    template = read_template()
    with (
        _own_state(folder, services, fresh=fresh, start_at=start_at) as state,
        embedded_postgres(state.postgres) as database_url,
        sqs_endpoint(state.logs / "sqs.log", state.clock_file) as sqs_address,
        closing(listen()) as twilio_socket,
        closing(listen()) as claude_socket,
        closing(listen()) as webhook_socket,
        closing(listen()) as lambda_socket,
    ):
        queues = LocalQueues(sqs_address, template.queues)
        environment = {
            **CREDENTIALS,
            **services.variables(url_of(twilio_socket), url_of(claude_socket), url_of(webhook_socket)),
            **state.variables,
            "DATABASE_URL": database_url,
            "AWS_ENDPOINT_URL_SQS": sqs_address,
            "AWS_ENDPOINT_URL_LAMBDA": url_of(lambda_socket),
            "QUERY_FUNCTION": f"query:{LIVE}",
        }
        with (
            _running_functions(template.functions, environment, queues.urls, state.logs, runtime) as functions,
            http_api(functions.values(), webhook_socket),
            invoke_api(functions, lambda_socket),
            twilio_callbacks() as call_back,
            serve(phones := Phones(state.clock, call_back), twilio_socket),
            serve(claude := Claude(), claude_socket),
            event_source_mappings(queues, functions.values()),
            _minutes(state, functions, queues, database_url) as movable_clock,
        ):
            queue_urls = {variable: queues.urls[name] for variable, name in _QUEUE_VARIABLES.items()}
            yield Stack(
                folder=folder,
                environment={**environment, **queue_urls},
                functions=functions,
                phones=phones,
                claude=claude,
                clock=state.clock,
                movable_clock=movable_clock,
            )


@dataclass(frozen=True, slots=True)
class _State:
    """What the folder of a stack holds. There is no `clock_file` where services are real, and so is the clock."""

    postgres: Path
    logs: Path
    clock: Clock
    clock_file: Path | None

    @property
    def variables(self) -> dict[str, str]:
        return {"ORCHESTRATOR_CLOCK_FILE": str(self.clock_file.absolute())} if self.clock_file else {}


@contextmanager
def _own_state(folder: Path, services: Services, *, fresh: bool, start_at: datetime | None) -> Iterator[_State]:
    """Lock the folder until the block ends, empty its logs, and start the clock.

    Raises:
        AlreadyRuns: another stack uses the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRuns(f"A stack runs in {folder} already. Stop it first (Ctrl-C where it runs).") from None
        postgres, logs = folder / "postgres", folder / "logs"
        if fresh:
            shutil.rmtree(postgres, ignore_errors=True)
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir()
        clock_file = None if services.any_real else folder / "clock.json"
        if clock_file:
            write_clock_file(clock_file, start_at or real_time())
        yield _State(postgres, logs, clock_from_file(clock_file) if clock_file else real_time, clock_file)


@contextmanager
def _running_functions(
    functions: Sequence[Function],
    environment: Mapping[str, str],
    queue_urls: Mapping[str, str],
    logs: Path,
    runtime: Runtime,
) -> Iterator[dict[str, FunctionProcess]]:
    """Start every function, migrate the database as a deploy does, and stop the functions when the block ends.

    Yields:
        The processes by the functions' names.
    """
    running: dict[str, FunctionProcess] = {}
    with ExitStack() as stops:
        for function in functions:
            variables = {**environment, **_own_variables(function, queue_urls, environment)}
            process = FunctionProcess(function, variables, logs / f"{function.name}.log", runtime)
            stops.callback(process.stop)
            process.start()
            running[function.name] = process
        running["migrate"].invoke({})
        yield running


def _own_variables(function: Function, queue_urls: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """A function's own variables, as the template sets them. Parameters have the values of the stack's variables."""
    parameters = {name.title().replace("_", ""): value for name, value in environment.items()}
    resolved = {name: resolve(value, queue_urls, parameters) for name, value in function.variables.items()}
    if function.name == "dispatch" and "ORCHESTRATOR_CLOCK_FILE" in environment:
        # The age of a marker is real time, and a movable clock may stand for hours.
        resolved.pop("INBOUND_QUEUE_URL")
    return {name: value for name, value in resolved.items() if value}


@contextmanager
def _minutes(
    state: _State, functions: Mapping[str, FunctionProcess], queues: LocalQueues, database_url: str
) -> Iterator[MovableClock | None]:
    """Invoke the scheduled functions each minute until the block ends.

    Yields:
        The clock, to move it; None where the clock is the real one.
    """
    each_minute = partial(_invoke_scheduled, functions.values(), state.clock)
    movable_clock = None
    run: Callable[[threading.Event], None] = partial(_run_in_real_time, each_minute)
    if state.clock_file:
        movable_clock = MovableClock(state.clock_file, each_minute, queues, partial(connect, database_url))
        run = movable_clock.run
    stopping = threading.Event()
    threading.Thread(target=run, args=(stopping,), daemon=True).start()
    try:
        yield movable_clock
    finally:
        stopping.set()


def _run_in_real_time(each_minute: Callable[[], object], stopping: threading.Event) -> None:
    while not stopping.wait(60):
        each_minute()


def _invoke_scheduled(functions: Iterable[FunctionProcess], clock: Clock) -> None:
    for process in functions:
        if process.function.each_minute:
            # As on AWS, the next minute is the retry. The function's log has the reason.
            with suppress(FunctionFailed):
                process.invoke(_schedule_event(clock()))


def _schedule_event(now: datetime) -> dict[str, Any]:
    """The event that EventBridge Scheduler sends each minute."""
    return {"source": "aws.scheduler", "detail-type": "Scheduled Event", "time": now.isoformat(), "detail": {}}
