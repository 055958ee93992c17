"""Runs functions and other programs in processes that start together, and times them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator_local.stand_ins import phones

ROOT = Path(__file__).parents[1]


def inherited_environment() -> dict[str, str]:
    """The variables that a measured process takes from this one."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}


def function_environment(url: str, **changes: str) -> dict[str, str]:
    """The environment of a measured function: unreachable queues, and a shadow run, which sends nothing.

    Args:
        url: the database.
        changes: variables to set or replace.
    """
    queues = {
        f"{name}_QUEUE_URL": f"http://127.0.0.1:9/{name.lower()}"
        for name in ("ENQUEUE", "DELIVERY", "URGENT", "INBOUND")
    }
    return {
        **inherited_environment(),
        **queues,
        "ENQUEUE_DLQ_URL": "http://127.0.0.1:9/dead",
        "DATABASE_URL": url,
        "TWILIO_ACCOUNT_SID": phones.ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": phones.AUTH_TOKEN,
        "TWILIO_PHONE_NUMBER": phones.SENDER,
        "TWILIO_DAILY_CEILING_USD": "1000000000",
        "BRAKE_FLOOR": "1000000000",
        "SENDING": "shadow",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": str(ROOT),
        **changes,
    }


def run_functions(name: str, url: str, events: Sequence[Sequence[Mapping[str, Any]]], **changes: str) -> float:
    """Run a function in one process for each list of events, side by side. The first event of each list is a warm-up.

    Args:
        name: the function's folder in `functions/`.
        url: the database.
        events: one list for each process.
        changes: environment variables to set or replace.

    Returns:
        Seconds from the common start until the slowest process has finished.
    """
    with tempfile.TemporaryDirectory() as folder:
        processes = []
        for number, own_events in enumerate(events):
            file = Path(folder) / str(number)
            file.write_text("\n".join(json.dumps(event) for event in own_events))
            command = [sys.executable, "-m", "bench.workers.function", name, str(file)]
            processes.append(start_process(command, function_environment(url, **changes)))
        return time_processes(processes)


def start_process(
    command: list[str], environment: Mapping[str, str], folder: Path | None = None
) -> "subprocess.Popen[str]":
    """Start a process that prints `ready`, waits for a line, works, and prints its seconds."""
    return subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def time_processes(processes: "Sequence[subprocess.Popen[str]]") -> float:
    """Wait until all processes are ready, start them together, and return the seconds of the slowest.

    Raises:
        RuntimeError: a process failed; its error is on standard error.
    """
    for process in processes:
        assert process.stdout
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"a process did not get ready: {process.args!r}")
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    seconds = []
    for process in processes:
        output, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"a process failed: {process.args!r}")
        seconds.append(float(output.split()[-1]))
    return max(seconds)
