"""Child processes that never outlive their parent."""

import ctypes
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

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
    """Start a process that the kernel ends when this one dies, however it dies.

    Call it from the main thread: the kernel watches the thread that started the child.

    Args:
        log: where standard output and error go.
        user: run as this user, with its group.
        death_signal: what the child gets when its parent is gone.
    """

    def die_with_parent() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal)

    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C goes to the parent, which stops its children in order
            preexec_fn=die_with_parent,  # noqa: PLW1509  (one prctl call, which takes no lock)
            user=user,
            group=user,
        )


def stop(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGTERM, seconds: float = 5.0) -> None:
    """Ask a process to end, and make it end if it does not within `seconds`."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
