"""Child processes that end with their parent, however the parent ends."""

import ctypes
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# https://man7.org/linux/man-pages/man2/prctl.2.html
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def start(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    log: Path,
    user: str | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> "subprocess.Popen[bytes]":
    """Start a process that the kernel ends when this process ends, also after a crash.

    Call it from the main thread: the kernel watches the thread that started the child.

    Args:
        command: the program and its arguments.
        cwd: its working directory; by default that of this process.
        environment: its variables; by default those of this process.
        log: the file for its standard output and error.
        user: run as this user and its group; by default as this process.
        death_signal: the signal that the child receives when its parent ends.
    """

    def end_with_parent() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal)

    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only the parent, which stops its children in order
            preexec_fn=end_with_parent,  # noqa: PLW1509  (one prctl call, which takes no lock)
            user=user,
            group=user,
        )


def stop(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGTERM, seconds: float = 5.0) -> None:
    """End a process, with SIGKILL if it still runs after the grace period.

    Args:
        process: the process; it may have ended already.
        how: the first signal.
        seconds: the grace period.
    """
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A TCP port on 127.0.0.1 that no process listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
