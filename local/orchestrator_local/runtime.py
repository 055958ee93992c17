"""A function in its own process under AWS's runtime client, driven as Lambda drives it."""

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
from orchestrator_local.listening import QuietHandler, Server
from orchestrator_local.template import ROOT, Function

# The runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
_API = "/2018-06-01/runtime"


class FunctionFailed(Exception):
    """The function raised, could not start, died or ran out of time; the text says which."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs a function: a Python, and the folders from which it imports beside its own library."""

    python: tuple[str, ...]
    folders: tuple[Path, ...]


# This environment, with the package as it stands in the tree.
THIS_ENVIRONMENT = Runtime((sys.executable,), (ROOT / "shared",))


@dataclass(frozen=True, slots=True)
class _Invocation:
    request_id: str
    event: Any
    deadline_ms: int


class FunctionProcess:
    """One function, one process, one invocation at a time; a process that died is replaced by the next invocation.

    Attributes:
        init_seconds: from the start of the process until it asked for its first invocation.
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
        self._api = Server(("127.0.0.1", 0), self._api_handler())
        threading.Thread(target=self._api.serve_forever, args=[0.02], daemon=True).start()
        self._process: Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process now; call it from the main thread, so that the process ends with this one."""
        if self._process is None or self._process.poll() is not None:
            # A request of the process that died still waits for an invocation, and must not take the next one's.
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

    def invoke(self, event: Any) -> Any:
        """Invoke the function once and wait for its answer.

        Raises:
            FunctionFailed: it raised, could not start, died or ran out of time.
        """
        with self._one_at_a_time:
            self.start()
            self._results = queue.Queue()  # what a process that died left behind is nobody's answer
            deadline = time.time() + self.function.timeout_seconds
            self._next.put(_Invocation(str(uuid4()), event, int(deadline * 1000)))
            return self._wait_for_result(deadline)

    @property
    def most_memory_mb(self) -> float:
        """The most that the process has had in memory, in MB."""
        assert self._process is not None, "it was never started"
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def kill(self) -> None:
        """End the process at once, whatever it does, as a crash would."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End the process."""
        self._api.shutdown()
        self._api.server_close()
        if self._process is not None:
            processes.stop(self._process)

    def _wait_for_result(self, deadline: float) -> Any:
        assert self._process is not None
        while True:
            try:
                _, payload, error = self._results.get(timeout=0.02)
            except queue.Empty:
                if self._process.poll() is not None:
                    self._forget_invocation()
                    raise FunctionFailed(f"{self.function.name}: its process ended; see {self.log}") from None
                if time.time() > deadline:
                    processes.stop(self._process)
                    self._forget_invocation()
                    raise FunctionFailed(f"{self.function.name}: ran longer than its timeout") from None
                continue
            if error is not None:
                raise FunctionFailed(f"{self.function.name}: {error}")
            return payload

    def _forget_invocation(self) -> None:
        while not self._next.empty():
            self._next.get_nowait()

    def _lambda_environment(self) -> dict[str, str]:
        host, port = self._api.server_address[:2]
        return {
            **self._environment,
            "AWS_LAMBDA_RUNTIME_API": f"{host!s}:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "LAMBDA_TASK_ROOT": str(self.function.folder),
            "PYTHONPATH": os.pathsep.join(str(folder) for folder in self._runtime.folders),
        }

    def _api_handler(process) -> type[QuietHandler]:  # noqa: N805  (`self` is the request below)
        class RuntimeApi(QuietHandler):
            def respond(self) -> None:
                if self.command == "GET":
                    self._next_invocation()
                else:
                    self._take_result()

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
                            f"arn:aws:lambda:us-east-1:000000000000:function:{process.function.name}"
                        ),
                    },
                )

            def _take_result(self) -> None:
                content = json.loads(self.body() or b"null")
                failed = self.path.endswith("/error")
                error = f"{content.get('errorType')}: {content.get('errorMessage')}" if failed else None
                process._results.put((self.path, content, error))
                self.reply(202, b"")

        return RuntimeApi


def _system_environment() -> dict[str, str]:
    """What a process needs to run at all; settings and secrets of the shell stay out of the functions."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}
