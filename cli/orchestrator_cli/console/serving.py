"""Serves the application of a console on 127.0.0.1."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import uvicorn
from starlette.applications import Starlette

from orchestrator.errors import SettingsError

DEFAULT_PORT = 8400


@contextmanager
def serve_on_loopback(make_app: Callable[[int], Starlette]) -> Iterator[int]:
    """Serve an application until the block ends; yields its port.

    The port is `CONSOLE_PORT`. Without it, 8400, or a free port where 8400 is in use.

    Args:
        make_app: makes the application for a port.

    Raises:
        SettingsError: `CONSOLE_PORT` is not a port, or is in use.
    """
    with closing(_listen()) as listener:
        port: int = listener.getsockname()[1]
        config = uvicorn.Config(make_app(port), log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield port
        finally:
            server.should_exit = True
            thread.join(3)


def _listen() -> socket.socket:
    wanted = os.environ.get("CONSOLE_PORT")
    if wanted is not None and not (wanted.isdigit() and 0 < int(wanted) < 65_536):
        raise SettingsError(f"CONSOLE_PORT: {wanted!r} is not a port. Give a number from 1 to 65535.")
    for port in [int(wanted)] if wanted else [DEFAULT_PORT, 0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            continue
        return listener
    raise SettingsError(f"CONSOLE_PORT: {wanted} is in use. Give another port, or leave it out.")
