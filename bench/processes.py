"""Runs functions and other programs in processes that start together, and times them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from orchestrator_local.stand_ins import phones

ROOT = Path(__file__).parents[1]
# Seconds after which a measured run counts as hung, and is ended.
MOST_SECONDS = 600
# What happens beside a run: entered when every process is ready, left when all of them have ended.
Beside = AbstractContextManager[Any]


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


def run_functions(
    name: str, url: str, events: Sequence[Sequence[Mapping[str, Any]]], beside: Beside | None = None, **changes: str
) -> float:
    """Run a function in one process for each list of events, side by side. The first event of each list is a warm-up.

    Args:
        name: the function's folder in `functions/`.
        url: the database.
        events: one list for each process.
        beside: what happens meanwhile.
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
        return time_processes(processes, beside)


def start_process(
    command: list[str], environment: Mapping[str, str], folder: Path | None = None
) -> "subprocess.Popen[str]":
    """Start a process that prints `ready`, waits for a line, works, and prints its seconds."""
    return subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def time_processes(processes: "Sequence[subprocess.Popen[str]]", beside: Beside | None = None) -> float:
    """Wait until all processes are ready, start them together, and return the seconds of the slowest.

    Raises:
        RuntimeError: a process failed, and its error is on standard error; or it took longer than `MOST_SECONDS`.
    """
    try:
        for process in processes:
            assert process.stdout
            if process.stdout.readline().strip() != "ready":
                raise RuntimeError(f"a process did not get ready: {process.args!r}")
        with beside or nullcontext():
            for process in processes:
                assert process.stdin
                process.stdin.write("go\n")
                process.stdin.flush()
            ends_at = time.monotonic() + MOST_SECONDS
            return max(_seconds_of(process, ends_at) for process in processes)
    finally:
        for process in processes:
            process.kill()


def _seconds_of(process: "subprocess.Popen[str]", ends_at: float) -> float:
    try:
        output, _ = process.communicate(timeout=max(ends_at - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"a process did not end within {MOST_SECONDS} s: {process.args!r}") from None
    if process.returncode:
        raise RuntimeError(f"a process failed: {process.args!r}")
    return float(output.split()[-1])
