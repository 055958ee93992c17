"""The whole stack on one machine: Postgres, SQS, every function in its own process, and what stands in for the rest."""

import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.clock import Clock, clock_from_file, real_time, write_clock_file
from orchestrator.errors import OrchestratorError
from orchestrator.store.database import connect
from orchestrator_local import queues
from orchestrator_local.http_api import http_api
from orchestrator_local.postgres import embedded_postgres
from orchestrator_local.runtime import THIS_ENVIRONMENT, FunctionFailed, FunctionProcess, Runtime
from orchestrator_local.stand_ins import claude as claude_stand_in
from orchestrator_local.stand_ins import phones as twilio_stand_in
from orchestrator_local.stand_ins.claude import Claude
from orchestrator_local.stand_ins.http import serve
from orchestrator_local.stand_ins.phones import Phones
from orchestrator_local.stand_ins.twilio_calls import calling_back
from orchestrator_local.template import Function, read_template, resolve
from orchestrator_local.time_travel import ClockCannotMove, TimeTravel

# The template's queues, by the names of their variables.
_QUEUE_VARIABLES = {
    "ENQUEUE_QUEUE_URL": "EnqueueQueue",
    "DELIVERY_QUEUE_URL": "DeliveryQueue",
    "URGENT_QUEUE_URL": "UrgentQueue",
    "INBOUND_QUEUE_URL": "InboundQueue",
    "ENQUEUE_DLQ_URL": "EnqueueDeadLetterQueue",
}


# What a publishing client needs to reach the stack.
PUBLISHER_VARIABLES = (
    "ENQUEUE_QUEUE_URL",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
)


class AlreadyRuns(OrchestratorError):
    """Another stack uses the same folder."""


@dataclass(frozen=True, slots=True)
class Services:
    """Which outside services are real, and for whom.

    Attributes:
        twilio: TWILIO_* variables of a real account; None means the stand-in.
        anthropic_key: a real key; None means the stand-in.
        phone: the one number that real texts may go to.
    """

    twilio: Mapping[str, str] | None = None
    anthropic_key: str | None = None
    phone: str | None = None

    @property
    def any_real(self) -> bool:
        return self.twilio is not None or self.anthropic_key is not None


def services_from(environment: Mapping[str, str]) -> Services:
    """Real services where their keys and `DEMO_PHONE` are set; stand-ins otherwise."""
    phone = environment.get("DEMO_PHONE")
    if not phone:
        return Services()
    names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER", "TWILIO_MESSAGING_SERVICE_SID")
    twilio = {name: environment[name] for name in names if environment.get(name)}
    has_twilio = {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"} <= twilio.keys() and len(twilio) > 2
    return Services(twilio if has_twilio else None, environment.get("ANTHROPIC_API_KEY") or None, phone)


class Stack:
    """A running stack.

    Attributes:
        time: the clock that can be moved; None where services are real.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        functions: Mapping[str, FunctionProcess],
        phones: Phones,
        claude: Claude,
        clock: Clock,
    ) -> None:
        self.folder = folder
        self.environment = environment
        self.functions = functions
        self.phones = phones
        self.claude = claude
        self.clock = clock
        self.time: TimeTravel | None = None

    @property
    def database_url(self) -> str:
        """The embedded database."""
        return self.environment["DATABASE_URL"]

    def invoke(self, name: str, event: Any) -> Any:
        """Invoke one function."""
        return self.functions[name].invoke(event)

    def tick(self) -> dict[str, Any]:
        """One minute's dispatch, now."""
        result: dict[str, Any] = self.invoke("dispatch", schedule_event(self.clock()))
        return result

    def write(self, phone: str, text: str) -> None:
        """A person writes to us; Twilio's stand-in calls the webhook in the background."""
        self.phones.write(phone, text, f"{self.environment['WEBHOOK_BASE_URL']}/twilio/inbound")

    def set_time(self, shown: datetime) -> None:
        """Move the one clock, between ticks.

        Raises:
            ClockCannotMove: real services are used, on the real clock.
        """
        self.movable_clock().set(shown)

    def movable_clock(self) -> TimeTravel:
        """The one clock, to be moved.

        Raises:
            ClockCannotMove: real services are used, on the real clock.
        """
        if self.time is None:
            raise ClockCannotMove("The clock of a stack with real services cannot be moved.")
        return self.time


def schedule_event(now: datetime) -> dict[str, Any]:
    """What EventBridge Scheduler sends each minute."""
    return {"source": "aws.scheduler", "detail-type": "Scheduled Event", "time": now.isoformat(), "detail": {}}


@contextmanager
def local_stack(
    folder: Path,
    services: Services,
    *,
    fresh: bool,
    start_at: datetime | None = None,
    runtime: Runtime = THIS_ENVIRONMENT,
) -> Iterator[Stack]:
    """Run the stack until the block ends; every process ends with it, also when this one is killed.

    Args:
        folder: where all state lies: database, logs, clock.
        services: what is real.
        fresh: forget what an earlier run left.
        start_at: what the clock shows at first; the real time when left out.
        runtime: what runs the functions.

    Raises:
        AlreadyRuns: another stack uses the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as parts:
        parts.enter_context(_only_one(folder))
        if fresh:
            shutil.rmtree(folder / "postgres", ignore_errors=True)
        logs = folder / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir()
        database_url = parts.enter_context(embedded_postgres(folder / "postgres"))
        clock_file = None if services.any_real else folder / "clock.json"
        if clock_file:
            write_clock_file(clock_file, start_at or real_time())
        clock = clock_from_file(clock_file) if clock_file else real_time
        address = parts.enter_context(queues.sqs_endpoint(logs / "sqs.log", clock_file))
        phones, claude = Phones(), Claude()
        twilio_url = parts.enter_context(serve(phones))
        claude_url = parts.enter_context(serve(claude))
        # Functions have to know its address before there are any.
        routes: dict[tuple[str, str], FunctionProcess] = {}
        webhook_url = parts.enter_context(http_api(routes))

        template = read_template()
        sqs = queues.client(address)
        urls = queues.create_queues(sqs, template.queues)
        phones.clock = clock
        outside = _outside_variables(services, twilio_url, claude_url, webhook_url)
        common = {
            **queues.CREDENTIALS,
            **outside,
            "DATABASE_URL": database_url,
            "AWS_ENDPOINT_URL_SQS": address,
            **({"ORCHESTRATOR_CLOCK_FILE": str(clock_file.absolute())} if clock_file else {}),
        }
        functions = {
            function.name: FunctionProcess(
                function, {**common, **_variables(function, urls, common)}, logs / f"{function.name}.log", runtime
            )
            for function in template.functions
        }
        for process in functions.values():
            parts.callback(process.stop)
            process.start()
        functions["migrate"].invoke({})
        pollers = [
            queues.Poller(address, urls[mapping.queue], mapping, functions[function.name])
            for function in template.functions
            for mapping in function.mappings
        ]
        routes.update({route: functions[function.name] for function in template.functions for route in function.routes})
        phones.call_back = parts.enter_context(calling_back())
        queue_urls = {variable: urls[name] for variable, name in _QUEUE_VARIABLES.items()}
        stack = Stack(folder, {**common, **queue_urls}, functions, phones, claude, clock)
        stopping = threading.Event()
        parts.callback(stopping.set)
        for poller in pollers:
            parts.callback(poller.stop)
            poller.start()
        live: Callable[[threading.Event], None] = partial(_each_minute, stack)
        if clock_file:
            stack.time = TimeTravel(
                clock_file,
                partial(_pass_minute, stack),
                queues.LocalQueues(address, urls),
                lambda: connect(database_url),
            )
            live = stack.time.live
        threading.Thread(target=live, args=(stopping,), daemon=True).start()
        yield stack


def _each_minute(stack: Stack, stopping: threading.Event) -> None:
    while not stopping.wait(60):
        _pass_minute(stack)


def _pass_minute(stack: Stack) -> None:
    for process in stack.functions.values():
        if process.function.each_minute:
            # As on AWS: the next minute is the retry; the function's log says why.
            with suppress(FunctionFailed):
                process.invoke(schedule_event(stack.clock()))


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRuns(f"A stack runs in {folder} already. Stop it first (Ctrl-C where it runs).") from None
        yield


def _outside_variables(services: Services, twilio_url: str, claude_url: str, webhook_url: str) -> dict[str, str]:
    variables: dict[str, str] = {}
    if services.twilio is None:
        variables |= {
            "TWILIO_ACCOUNT_SID": twilio_stand_in.ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": twilio_stand_in.AUTH_TOKEN,
            "TWILIO_PHONE_NUMBER": twilio_stand_in.SENDER,
            "TWILIO_API_BASE_URL": twilio_url,
            # The real Twilio refuses a callback to this machine.
            "WEBHOOK_BASE_URL": webhook_url,
        }
    else:
        variables |= services.twilio
    if services.anthropic_key is None:
        variables |= {"ANTHROPIC_API_KEY": claude_stand_in.API_KEY, "ANTHROPIC_BASE_URL": claude_url}
    else:
        variables["ANTHROPIC_API_KEY"] = services.anthropic_key
    if services.phone:
        variables["RECIPIENT_ALLOWLIST"] = services.phone
    return variables


def _variables(function: Function, urls: Mapping[str, str], common: Mapping[str, str]) -> dict[str, str]:
    """A function's own variables as the template sets them; parameters take their value from the common ones."""
    parameters = {name.title().replace("_", ""): value for name, value in common.items()}
    resolved = {name: resolve(value, urls, parameters) for name, value in function.variables.items()}
    return {name: value for name, value in resolved.items() if value}


def demo_environment() -> dict[str, str]:
    """The variables of this shell and of .env, where real keys may be."""
    from dotenv import dotenv_values

    values = {name: value for name, value in dotenv_values(".env").items() if value}
    return {**values, **os.environ}
