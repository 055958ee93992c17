"""The local stack as processes: the demo, the end of a stack, and one function invoked by hand."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator_local.template import ROOT

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "COLUMNS": "120"}


def run(folder: Path, *arguments: str, seconds: float = 120, **extra: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **extra},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def processes_in(folder: Path) -> list[str]:
    """Command lines of the processes whose arguments or variables contain the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except (OSError, IndexError):
                continue
            if state != "Z" and (str(folder) in command or str(folder) in environment):
                found.append(command)
    return found


def test_the_demo_ends_with_every_message_as_expected(tmp_path: Path) -> None:
    # The demo never uses a DATABASE_URL of the shell.
    done = run(tmp_path, "-m", "orchestrator_local.demo", DATABASE_URL="postgresql://unused@127.0.0.1:1/unused")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 of 13 messages ended as they should." in done.stdout
    assert "Hi Ada! Here is your solution update" in done.stdout
    assert done.stdout.count("• Shall I introduce you?") == 1
    assert "• Please update your payment method" not in done.stdout.partition("Eve  +16175550105")[2]
    assert done.stderr == ""
    assert processes_in(tmp_path) == []
    written = "".join(log.read_text() for log in (tmp_path / ".local" / "demo" / "logs").glob("*.log"))
    assert '"happened":"accepted"' in written
    assert not re.search(r"\+1\d{10}|See you at the meeting|Acme Corp|Shall I introduce|local-stand-in", written)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_stack_that_ends_leaves_no_process(tmp_path: Path, how: signal.Signals) -> None:
    state = tmp_path / ".local" / "environment.json"
    stack = subprocess.Popen(
        [sys.executable, "-m", "orchestrator_local.serve"],
        cwd=tmp_path,
        env={**ENVIRONMENT, "MARK": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + 60
        while not state.exists():
            assert time.monotonic() < deadline, "the stack did not start"
            assert stack.poll() is None, stack.stdout.read() if stack.stdout else ""
            time.sleep(0.1)
        assert len(processes_in(tmp_path)) > 5
    finally:
        stack.send_signal(how)
        stack.wait(30)
    deadline = time.monotonic() + 20
    while processes_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_in(tmp_path) == []


def test_one_function_is_invoked_by_hand_as_on_lambda(database_url: str) -> None:
    done = run(
        ROOT,
        "-m",
        "orchestrator_cli",
        "invoke",
        "migrate",
        "--event",
        "events/migrate.json",
        DATABASE_URL=database_url,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"applied": []' in done.stdout


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    done = run(ROOT, "-m", "orchestrator_cli", "invoke", "enqueue", "--event", "events/enqueue.json")
    assert done.returncode == 1
    assert "ENQUEUE_DLQ_URL: is not set" in done.stderr


def test_an_unknown_function_is_named(tmp_path: Path) -> None:
    done = run(ROOT, "-m", "orchestrator_cli", "invoke", "nonsense", "--event", "events/migrate.json")
    assert done.returncode != 0
    assert "nonsense" in done.stderr
