"""Runs one function in its own process under AWS's runtime client, and invokes it as Lambda does."""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any
from uuid import uuid4

from orchestrator_local import processes
from orchestrator_local.http_server import HttpHandler, HttpServer, listen, url_of
from orchestrator_local.template import ROOT, Function

# The runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
_API = "/2018-06-01/runtime"


# The alias that events invoke, as in the template.
LIVE = "live"


class FunctionFailed(Exception):
    """The function raised, its process ended, or it exceeded its timeout; the text names which."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The Python that runs a function.

    Attributes:
        python: the interpreter and its options.
        folders: where it imports from, besides its own libraries.
    """

    python: tuple[str, ...]
    folders: tuple[Path, ...]


# This environment, with the package in the source tree.
THIS_ENVIRONMENT = Runtime((sys.executable,), (ROOT / "shared",))


@dataclass(frozen=True, slots=True)
class _Invocation:
    request_id: str
    event: Any
    deadline_ms: int
    alias: str


class FunctionProcess:
    """One function in one process, one invocation at a time. After a crash the next invocation starts a new process.

    Args:
        function: the function as the template describes it.
        environment: its variables, without those that Lambda sets.
        log: the file for its standard output and error.
        runtime: the Python that runs it.

    Attributes:
        init_seconds: seconds from the start of the process until it asked for its first invocation.
    """

    def __init__(
        self, function: Function, environment: Mapping[str, str], log: Path, runtime: Runtime = THIS_ENVIRONMENT
    ) -> None:
        self.function = function
        self.log = log
        self.init_seconds = 0.0
        self._runtime = runtime
        self._started = 0.0
        self._environment = {**_system_environment(), **environment}
        self._next: queue.Queue[_Invocation | None] = queue.Queue()
        self._results: queue.Queue[tuple[str, Any, str | None]] = queue.Queue()
        self._one_at_a_time = threading.Lock()
        listener = listen()
        self._api_address = url_of(listener).removeprefix("http://")
        self._api = HttpServer(self._api_handler(), listener)
        self._api.start()
        self._process: Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, unless it runs. Call it from the main thread, so that the process ends with this one."""
        if self._process is None or self._process.poll() is not None:
            # A request of the ended process may still wait for an invocation, and must not receive the next one.
            self._next.put(None)
            self._next = queue.Queue()
            self._started, self.init_seconds = time.monotonic(), 0.0
            self._process = self._start_process()

    def _start_process(self) -> "Popen[bytes]":
        return processes.start(
            [*self._runtime.python, "-m", "awslambdaric", self.function.handler],
            cwd=self.function.folder,
            environment=self._lambda_environment(),
            log=self.log,
        )

    def invoke(self, event: Any, alias: str = LIVE) -> Any:
        """Invoke the function once and wait for its answer.

        Args:
            alias: the alias or version that is invoked, which the function finds in its context.

        Raises:
            FunctionFailed: it raised, its process ended, or it exceeded its timeout.
        """
        with self._one_at_a_time:
            self.start()
            self._results = queue.Queue()  # the old queue may hold a result of a process that ended
            deadline = time.time() + self.function.timeout_seconds
            self._next.put(_Invocation(str(uuid4()), event, int(deadline * 1000), alias))
            return self._wait_for_result(deadline)

    @property
    def most_memory_mb(self) -> float:
        """The largest resident memory of the process so far, in MB."""
        assert self._process is not None, "the process was never started"
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def kill(self) -> None:
        """End the process at once, as a crash does."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End the process."""
        self._api.stop()
        if self._process is not None:
            processes.stop(self._process)

    def _wait_for_result(self, deadline: float) -> Any:
        assert self._process is not None
        while True:
            try:
                _, payload, error = self._results.get(timeout=0.02)
            except queue.Empty:
                if self._process.poll() is not None:
                    self._discard_invocation()
                    raise FunctionFailed(f"{self.function.name}: its process ended; see {self.log}") from None
                if time.time() > deadline:
                    processes.stop(self._process)
                    self._discard_invocation()
                    raise FunctionFailed(f"{self.function.name}: ran longer than its timeout") from None
                continue
            if error is not None:
                raise FunctionFailed(f"{self.function.name}: {error}")
            return payload

    def _discard_invocation(self) -> None:
        while not self._next.empty():
            self._next.get_nowait()

    def _lambda_environment(self) -> dict[str, str]:
        return {
            **self._environment,
            "AWS_LAMBDA_RUNTIME_API": self._api_address,
            "AWS_LAMBDA_FUNCTION_NAME": self.function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "LAMBDA_TASK_ROOT": str(self.function.folder),
            "PYTHONPATH": os.pathsep.join(str(folder) for folder in self._runtime.folders),
        }

    def _api_handler(process) -> type[HttpHandler]:  # noqa: N805  (`self` is the request below)
        class RuntimeApi(HttpHandler):
            def respond(self) -> None:
                if self.command == "GET":
                    self._next_invocation()
                else:
                    self._receive_result()

            def _next_invocation(self) -> None:
                process.init_seconds = process.init_seconds or time.monotonic() - process._started
                invocation = process._next.get()
                if invocation is None:
                    self.close_connection = True
                    return
                self.reply(
                    200,
                    json.dumps(invocation.event).encode(),
                    {
                        "Content-Type": "application/json",
                        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                        "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
                        "Lambda-Runtime-Invoked-Function-Arn": (
                            f"arn:aws:lambda:us-east-1:000000000000:function:{process.function.name}:{invocation.alias}"
                        ),
                    },
                )

            def _receive_result(self) -> None:
                content = json.loads(self.body() or b"null")
                failed = self.path.endswith("/error")
                error = f"{content.get('errorType')}: {content.get('errorMessage')}" if failed else None
                process._results.put((self.path, content, error))
                self.reply(202, b"")

        return RuntimeApi


def _system_environment() -> dict[str, str]:
    """The variables that any process needs. The shell's settings and secrets do not reach the functions."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}
