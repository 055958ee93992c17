"""Function processes that start in a moment: forked from a server that has the libraries loaded, and nothing else."""

import multiprocessing
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

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(
    [
        "anthropic",
        "aws_lambda_powertools.metrics",
        "boto3",
        "botocore.parsers",
        "botocore.retries.standard",
        "orchestrator.delivery.deliver",
        "orchestrator.delivery.dispatch",
        "orchestrator.intake.enqueue",
        "orchestrator.conversation.inbound",
        "orchestrator.sms.http",
        "orchestrator.conversation.webhook",
        "twilio.request_validator",
        "twilio.rest.api.v2010.account.message",
    ]
)


class ForkedFunction(FunctionProcess):
    """A function under the runtime client, as `FunctionProcess` runs it, but for how its process begins."""

    def _start_process(self) -> "subprocess.Popen[bytes]":
        child = _forking.Process(
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
    with log.open("ab") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = ["awslambdaric", handler]
    runpy.run_module("awslambdaric", run_name="__main__")
