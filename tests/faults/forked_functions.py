"""Function processes that start in a moment."""

import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from orchestrator_local.runtime import FunctionProcess
from tests.forking import FORKING, enter


class ForkedFunction(FunctionProcess):
    """A function under the runtime client, as `FunctionProcess` runs it, but for how its process begins."""

    def _start_process(self) -> "subprocess.Popen[bytes]":
        child = FORKING.Process(
            target=_run, args=(self.function.handler, self.function.folder, self._lambda_environment(), self.log)
        )
        child.start()
        return cast("subprocess.Popen[bytes]", _AsPopen(child))


class _AsPopen:
    """As much of `subprocess.Popen` as is asked of a function's process."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, how: signal.Signals) -> None:
        os.kill(self.pid, how)

    def wait(self, timeout: float | None = None) -> None:
        self._process.join(timeout)

    def kill(self) -> None:
        self._process.kill()


def _run(handler: str, folder: Path, environment: Mapping[str, str], log: Path) -> None:
    enter(environment, folder, log, log)
    sys.path.insert(0, str(folder))
    sys.argv = ["awslambdaric", handler]
    runpy.run_module("awslambdaric", run_name="__main__")
