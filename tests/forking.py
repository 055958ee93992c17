"""Processes that start in a moment: forked from a server that has the libraries loaded, and nothing else."""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(
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
        "orchestrator_cli.main",
        "orchestrator_cli.service_checks",
        "orchestrator_cli.stack_checks",
        "twilio.request_validator",
        "twilio.rest.api.v2010.account.message",
        "tests.warm",
    ]
)


def enter(environment: Mapping[str, str], folder: Path, stdout: Path, stderr: Path) -> None:
    """Make this process look as if it had been started with this environment, in this folder, with this output."""
    for stream, file in ((1, stdout), (2, stderr)):
        with file.open("ab") as output:
            os.dup2(output.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)


def run_command(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, timeout: float = 60
) -> CompletedProcess[str]:
    """Run the `orchestrator` command as `subprocess.run` does.

    Raises:
        TimeoutExpired: it did not end within `timeout` seconds.
    """
    with tempfile.TemporaryDirectory() as output:
        stdout, stderr = Path(output) / "stdout", Path(output) / "stderr"
        child = FORKING.Process(target=_command, args=(list(arguments), dict(environment), folder, stdout, stderr))
        child.start()
        child.join(timeout)
        if child.exitcode is None:
            child.kill()
            raise TimeoutExpired(arguments, timeout)
        return CompletedProcess(arguments, child.exitcode, stdout.read_text(), stderr.read_text())


def _command(arguments: list[str], environment: Mapping[str, str], folder: Path, stdout: Path, stderr: Path) -> None:
    enter(environment, folder, stdout, stderr)
    sys.argv = ["orchestrator", *arguments]
    from orchestrator_cli.main import run

    run()
